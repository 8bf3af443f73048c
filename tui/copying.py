"""An app whose copies reach the terminal also through tmux and screen, and can be put back.

Textual's own app writes the plain sequence, which those two keep to themselves or cut off.
"""

from __future__ import annotations

from functools import partial

from textual import work
from textual.app import App


class CopyingApp(App[int]):
    """What is copied is in ``clipboard`` at once, and on its way to the user's own machine.

    Attributes:
        killed: what was deleted in one go last, when that was after the last copy.
    """

    killed = ""

    def copy_to_clipboard(self, text: str) -> None:
        self._clipboard, self.killed = text, ""
        self._send_copy(text)

    @work(exclusive=True, group="copying")
    async def _send_copy(self, text: str) -> None:
        from tui.clipboard import copying
        from tui.stock import off_loop

        done = await off_loop(partial(copying, text))
        if done.sequence and self._driver is not None:
            self._driver.write(done.sequence)
        if done.hint or not done.reaches:
            self.notify(" ".join(filter(None, (done.said, done.hint))), timeout=6)
