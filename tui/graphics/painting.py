"""Painting no faster than the terminal takes it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import RenderableType
from textual.app import App, ReturnType
from textual.screen import Screen

if TYPE_CHECKING:
    from tui.graphics.driver import Driver


class PacedApp(App[ReturnType]):
    """An app that, while its last frame waits for a slow link, paints no other.

    What changes meanwhile is painted once, as it is then. Frames that pile up would show, for
    seconds, what was true seconds ago.
    """

    _held = False
    _missed = False
    """Whether something was to be painted at once, which cannot be taken up later in parts."""

    def _display(self, screen: Screen[object], renderable: RenderableType | None) -> None:
        if self._held:
            self._missed = True
        driver = self._paced
        if driver is None:
            super()._display(screen, renderable)
            return
        with driver.frame():
            super()._display(screen, renderable)
        if driver.is_behind and not self._held:
            self._held = True
            self._begin_batch()

    def paint_again(self) -> None:
        """The terminal has taken what waited. On the event loop."""
        if not self._held:
            return
        self._held, missed = False, self._missed
        self._missed = False
        self._end_batch()
        if not self.screen_stack:
            return
        if missed:
            self.screen.refresh()
        else:
            self.screen.check_idle()

    def come_back(self) -> None:
        """The terminal is ours again and shows nothing of us: paint all of it.

        Who draws pictures subscribes to ``app_resume_signal`` and sends them again.
        """
        self.paint_again()
        self._resume_signal()
        for screen in self.screen_stack:
            screen.refresh(layout=True)

    @property
    def _paced(self) -> Driver | None:
        driver = self._driver
        return driver if hasattr(driver, "frame") else None  # type: ignore[return-value]
