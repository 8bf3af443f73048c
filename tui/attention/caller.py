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
    from tui.settings import Settings


class Caller:
    """Listens to the engine; where nobody looks, has the terminal show what is over."""

    def __init__(self, app: App[int], eyes: Eyes, settings: Callable[[], Settings]) -> None:
        """
        Args:
            eyes: know whether the terminal is looked at.
            settings: gives those that count now.
        """
        self._app, self._eyes, self._settings = app, eyes, settings
        self._ends = Ends(lambda: settings().notify_after_seconds)

    def __call__(self, event: Event) -> None:
        words = self._ends.hear(event)
        how = self._settings().notify
        if words and how != "off" and not self._eyes.looking:
            way = "bell" if how == "bell" else way_of("", os.environ)
            self._write(notice(words, way))

    def _write(self, code: str) -> None:
        driver = self._app._driver
        # While the app is suspended its driver has no thread that writes, and another program has
        # the terminal.
        if driver is not None and getattr(driver, "_writer_thread", True) is not None:
            driver.write(code)
            driver.flush()
