"""One of several values in one row: arrows change it, Enter shows all of them with a word each."""

from __future__ import annotations

from dataclasses import dataclass

from textual.content import Content
from textual.message import Message
from textual.widget import Widget

from tui.keys.command import acting, bindings
from tui.keys.moving import CHOICE, LIST
from tui.text import one_line, padded


@dataclass(frozen=True, slots=True)
class Option:
    """A value that can be chosen.

    Attributes:
        value: as it goes on the form.
        help: a sentence about it.
        reason: why it cannot be chosen here; empty when it can.
        name: how it is shown in the list, where that is not the value.
    """

    value: str
    help: str = ""
    reason: str = ""
    name: str = ""


class Choice(Widget, can_focus=True):
    """Shows the value; ↑ ↓ ← → change it, Enter opens the list."""

    DEFAULT_CSS = """
    Choice {
        height: 1;
        width: 1fr;
        &:focus { background: $panel; }
    }
    """
    BINDINGS = bindings(
        acting(LIST, up="step(-1)", left="step(-1)", down="step(1)", right="step(1)"),
        acting(CHOICE, open="open", turn="open"),
    )

    class Changed(Message):
        """The user, or the program, chose another value."""

    class Opened(Message):
        """The list of all values is wanted."""

        def __init__(self, choice: Choice) -> None:
            super().__init__()
            self.choice = choice

    def __init__(self, title: str, value: str, options: tuple[Option, ...]) -> None:
        super().__init__()
        self.title = title
        self._value = value
        self.options = options

    @property
    def value(self) -> str:
        return self._value

    @value.setter
    def value(self, value: str) -> None:
        if value != self._value:
            self._value = value
            self.refresh()
            self.post_message(self.Changed())

    def render(self) -> Content:
        width = self.content_size.width
        shown = padded(one_line(self._value, max(1, width - 2)), max(0, width - 1))
        return Content.assemble((shown, "$foreground"), ("▾", "$text-muted"))

    def action_step(self, by: int) -> None:
        """The next value that can be chosen; none beyond the ends."""
        values = [option.value for option in self.options if not option.reason]
        if self._value in values:
            at = values.index(self._value) + by
            if 0 <= at < len(values):
                self.value = values[at]

    def action_open(self) -> None:
        self.post_message(self.Opened(self))

    def on_click(self) -> None:
        self.focus()
        self.action_open()
