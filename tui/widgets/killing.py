"""What is deleted in one go can be put back somewhere else, as in emacs and in shells.

The clipboard stays as it is: who deletes a word does not want to lose what was copied.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from textual.binding import Binding

from tui.widgets.in_order import KeysInOrder

_KILLS = {
    *("typing.delete-word-left", "typing.delete-word-right", "typing.delete-line"),
    *("typing.delete-to-start", "typing.delete-to-end"),
}

if TYPE_CHECKING:
    Written = tuple[str, int]
    """A text, and the place of the cursor in it."""


class Killing(KeysInOrder):
    """Put before ``Input`` or ``TextArea`` among the base classes, in place of ``KeysInOrder``."""

    _left_by_kill: Written | None = None

    def written(self) -> Written:
        raise NotImplementedError

    def put(self, text: str) -> None:
        """Put ``text`` in place of what is marked, and the cursor after it."""
        raise NotImplementedError

    async def act(self, binding: Binding) -> None:
        if binding.id not in _KILLS:
            await super().act(binding)
            return
        before, cursor = self.written()
        goes_on = (before, cursor) == self._left_by_kill
        await super().act(binding)
        self._left_by_kill = after, at = self.written()
        gone = before[at : at + len(before) - len(after)]
        if gone:
            app: Any = self.app
            kept = app.killed if goes_on else ""
            app.killed = gone + kept if at < cursor else kept + gone

    def action_yank(self) -> None:
        app: Any = self.app
        self.put(app.killed or app.clipboard)
