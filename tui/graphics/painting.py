"""Painting no faster than the terminal takes it, and pictures after their text."""

from __future__ import annotations

import os
from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

import textual.screen
from rich.console import RenderableType
from textual.app import App, ReturnType
from textual.events import Resize
from textual.geometry import Region, Size
from textual.screen import Screen

from tui.graphics.outgoing import outgoing

if TYPE_CHECKING:
    from textual.timer import Timer

    # What the first frame does not need is imported when it is used.
    from tui.graphics.driver import Driver
    from tui.graphics.listening import TerminalAnswered
    from tui.graphics.plates import Plates
    from tui.graphics.shadow import Shadow


_PERIOD = 0.004
"""Seconds between two frames, at least.

After a frame that takes longer than Textual's 1/60 s nothing is painted for up to two of these
periods, and the echo of a key that came meanwhile waits. How often there is something to paint is
limited by those who tell of it, and by what the terminal takes.
"""
_LOOK_SECONDS = 0.03
"""Between two looks whether there is room for what was left."""
_LEAST_ROOM = 3_000
"""Bytes for which parts of pictures that were left are taken up again."""


class PacedApp(App[ReturnType]):
    """An app that, while its last frame waits for a slow link, paints no other.

    What changes meanwhile is painted once, as it is then. Frames that pile up would show, for
    seconds, what was true seconds ago.
    """

    _held = False
    _missed = False
    """Whether something was to be painted at once, which cannot be taken up later in parts."""

    def __init__(self, *args: Any, **options: Any) -> None:
        if "TEXTUAL_FPS" not in os.environ:  # it goes for animations too
            vars(textual.screen)["UPDATE_PERIOD"] = _PERIOD
        super().__init__(*args, **options)

    def _build_driver(self, *args: Any, **options: Any) -> Any:
        driver = super()._build_driver(*args, **options)
        if (paced := self._paced) is not None and self.console.color_system != "truecolor":
            from tui.graphics.depth import depth, fewer

            replaced = fewer(self.console)
            paced.fewer = None if depth(paced.heard, os.environ).is_full else replaced
        return driver

    @cached_property
    def _shadow(self) -> Shadow:
        from tui.graphics.shadow import Shadow

        return Shadow()

    def on_terminal_answered(self, event: TerminalAnswered) -> None:
        """Paint in 24-bit colours from now on, where it has them after all."""
        driver = self._paced
        if driver is None or driver.fewer is None:
            return
        from tui.graphics.depth import depth

        if depth(event.heard, os.environ).is_full:
            driver.fewer = None
            self._shadow.forget()
            if self.screen_stack:
                self.screen.refresh()

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


class PlatedApp(PacedApp[ReturnType]):
    """An app whose widgets may have pictures in pixels standing over them.

    Attributes:
        heard: what the terminal has answered since the start.
    """

    heard = ""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._left: set[Region] = set()
        self._looks: Timer | None = None
        self._painted = Size(0, 0)

    @cached_property
    def plates(self) -> Plates:
        """Those pictures. Made when there is one, which is after the first frame."""
        from tui.graphics.plates import Plates

        return Plates()

    @property
    def _has_plates(self) -> bool:
        return "plates" in vars(self) and not self.plates.is_idle

    def _display(self, screen: Screen[object], renderable: RenderableType | None) -> None:
        if renderable is None or self._batch_count:
            super()._display(screen, renderable)
            return
        from textual._compositor import ChopsUpdate, LayoutUpdate

        from tui.graphics.masked import Masked

        has_plates, out = self._has_plates, outgoing(self)
        covered = self.plates.before(screen, out) if has_plates else {}
        if screen._compositor.size != self._painted:
            # A last frame of the old size, painted on a terminal that has its new one, is anywhere.
            self._painted = screen._compositor.size
            self._shadow.forget()
        if isinstance(renderable, (ChopsUpdate, LayoutUpdate)):
            masked = Masked(renderable, covered, self._shadow, out.room)
            super()._display(screen, masked)  # type: ignore[arg-type]
            self._put_off(masked.left)
        else:
            self._shadow.forget()
            super()._display(screen, renderable)
        if has_plates:
            self._shadow.forget_cells(self.plates.after(out))

    @property
    def has_parts_left(self) -> bool:
        """Whether there are parts of pictures for which the link had no room yet."""
        return bool(self._left)

    def _put_off(self, parts: Sequence[Region]) -> None:
        self._left.update(parts)
        if self._left and self._looks is None:
            self._looks = self.set_interval(_LOOK_SECONDS, self._paint_what_is_left)

    def _paint_what_is_left(self) -> None:
        if self._left and self.screen_stack and outgoing(self).room < _LEAST_ROOM:
            return
        left, self._left = self._left, set()
        if self._looks is not None:
            self._looks.stop()
            self._looks = None
        if left and self.screen_stack:
            self.screen.refresh(*left)

    def show_plates(self) -> None:
        """Draw what was laid by now, though no text has changed."""
        if self.screen_stack and self.screen.is_attached and not self._batch_count:
            out = outgoing(self)
            self.plates.before(self.screen, out)
            self._shadow.forget_cells(self.plates.after(out))

    def on_mount(self) -> None:
        self.app_resume_signal.subscribe(self, self._lost_all, immediate=True)
        if (driver := self._paced) is not None:
            driver.last_words = self._farewell

    def on_app_focus(self) -> None:
        """Somebody comes back, who may have cleared the screen: what is painted next is painted."""
        self._shadow.forget()

    def on_resize(self, event: Resize) -> None:
        del event
        self._lost_all()

    def _lost_all(self, _: object = None) -> None:
        """The terminal may show nothing of us any more; what is painted from now on is written."""
        self._shadow.forget()
        if "plates" in vars(self):
            self.plates.forget()

    def action_redraw(self) -> None:
        """Paint all of it again: somebody else has written on the terminal."""
        self._lost_all()
        self.screen.refresh()

    def _farewell(self) -> str:
        return self.plates.farewell() if "plates" in vars(self) else ""
