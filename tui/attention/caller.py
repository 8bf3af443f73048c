"""Calls the user back to the terminal when something long has ended."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import TYPE_CHECKING

from tui.attention.ends import Ends
from tui.attention.eyes import Eyes
from tui.attention.ways import notice, way_of

if TYPE_CHECKING:
    from textual.app import App

    from engine.events import Event
    from tui.graphics.terminal import Terminal
    from tui.settings import Settings


class Caller:
    """Listens to the engine; where nobody looks, has the terminal show what is over."""

    def __init__(
        self,
        app: App[int],
        eyes: Eyes,
        settings: Callable[[], Settings],
        terminal: Callable[[], Terminal],
    ) -> None:
        """
        Args:
            eyes: know whether the terminal is looked at.
            settings: gives those that count now.
            terminal: gives what is known of the terminal now.
        """
        self._app, self._eyes = app, eyes
        self._settings, self._terminal = settings, terminal
        self._ends = Ends(lambda: settings().notify_after_seconds)

    def __call__(self, event: Event) -> None:
        words = self._ends.hear(event)
        how = self._settings().notify
        if words and how != "off" and not self._eyes.looking:
            terminal = self._terminal()
            if how == "bell":
                self._write(notice(words, "bell"))
            elif terminal.tmux:
                self._app.run_worker(self._through_tmux(words))
            else:
                self._write(notice(words, way_of(terminal.name, os.environ)))

    async def _through_tmux(self, words: str) -> None:
        """To the terminal around tmux where it lets that through; else tmux marks its window."""
        from tui.stock import off_loop
        from tui.tmux import lets_through, passed_on, terminal_around

        way = "bell"
        if await off_loop(lets_through):
            way = way_of(" ".join(await off_loop(terminal_around)), {})
        code = notice(words, way)
        self._write(code if way == "bell" else passed_on(code))

    def _write(self, code: str) -> None:
        driver = self._app._driver
        # While the app is suspended its driver has no thread that writes, and another program has
        # the terminal.
        if driver is not None and getattr(driver, "_writer_thread", True) is not None:
            driver.write(code)
            driver.flush()
