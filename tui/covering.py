"""An app that covers itself where the terminal is too small for it.

The cover is a screen on top of all others. Those below are not told of the small size, so that
all is as before when there is room again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from textual.await_complete import AwaitComplete
from textual.events import Resize

from tui.graphics.painting import PlatedApp

if TYPE_CHECKING:
    from tui.screens.too_small import TooSmall

LEAST_COLUMNS, LEAST_ROWS = 60, 20


class CoveringApp(PlatedApp[int]):
    """What is opened or closed meanwhile is so below the cover; of the keys only quitting works."""

    def on_resize(self, event: Resize) -> None:
        small = event.size.width < LEAST_COLUMNS or event.size.height < LEAST_ROWS
        cover = self._cover
        if small and cover is None:
            self._put_cover()
        elif not small and cover is not None:
            if self.screen is not cover:
                self.screen.dismiss(False)  # the question whether to quit; it can be asked again
            super().pop_screen()

    @property
    def _cover(self) -> TooSmall | None:
        """The cover, where there is one."""
        if not self._screen_stack or len(self.screen_stack) < 2:
            return None
        from tui.screens.too_small import TooSmall

        return next((screen for screen in self.screen_stack if isinstance(screen, TooSmall)), None)

    def _put_cover(self) -> None:
        from tui.screens.too_small import TooSmall

        super().push_screen(TooSmall())

    def push_screen(self, screen: Any, *arguments: Any, **more: Any) -> Any:
        """As Textual's; below the cover, unless it is the question whether to quit."""
        cover = self._cover
        if cover is None or cover is not self.screen or getattr(screen, "over_all", False):
            return super().push_screen(screen, *arguments, **more)
        super().pop_screen()
        pushed = super().push_screen(screen, *arguments, **more)
        self._put_cover()
        return pushed

    def pop_screen(self) -> AwaitComplete:
        """As Textual's; what is popped is the screen below the cover."""
        if self._cover is not self.screen:
            return super().pop_screen()
        super().pop_screen()
        popped = super().pop_screen()
        self._put_cover()
        return popped

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Whether an action may be done now."""
        if self._screen_stack and self._cover is self.screen:
            return "quit" in action
        return super().check_action(action, parameters)
