"""What is typed into, and lists and texts that scroll, with keys that a keymap can change."""

from __future__ import annotations

from textual.containers import VerticalScroll
from textual.widgets import Input, OptionList, TextArea

from tui.keys.command import acting, bindings
from tui.keys.moving import LIST
from tui.keys.shown import key_of
from tui.keys.typing import LINE, TEXT
from tui.widgets.killing import Killing


class Line(Killing, Input, inherit_bindings=False):
    """One line that is typed into."""

    BINDINGS = bindings(LINE)

    def written(self) -> tuple[str, int]:
        return self.value, self.cursor_position

    def put(self, text: str) -> None:
        self.replace(" ".join(text.splitlines()), *sorted(self.selection))

    def action_paste(self) -> None:
        self.put(self.app.clipboard)


class Text(Killing, TextArea, inherit_bindings=False):
    """A text of many lines."""

    BINDINGS = bindings(TEXT)

    def written(self) -> tuple[str, int]:
        row, column = self.cursor_location
        return self.text, sum(len(self.document[each]) + 1 for each in range(row)) + column

    def put(self, text: str) -> None:
        if put := self._replace_via_keyboard(text, *self.selection):
            self.move_cursor(put.end_location)

    def action_undo(self) -> None:
        if self.history.undo_stack:
            super().action_undo()
        else:
            palette = key_of("app.palette")
            self.notify(f"Nothing to undo here. Suspend is in the palette ({palette}).", timeout=3)

    def on_resize(self) -> None:
        # The base class wraps anew, but paints only where the number of lines has changed.
        self.refresh()


class Scroll(VerticalScroll, inherit_bindings=False):
    """What does not fit is scrolled to."""

    BINDINGS = bindings(
        acting(LIST, up="scroll_up", down="scroll_down", page_up="page_up", page_down="page_down"),
        acting(LIST, first="scroll_home", last="scroll_end"),
    )


class Options(OptionList, inherit_bindings=False):
    """A list to choose from."""

    BINDINGS = bindings(
        acting(LIST, up="cursor_up", down="cursor_down", page_up="page_up", page_down="page_down"),
        acting(LIST, first="first", last="last", choose="select"),
    )
