"""One setting in one row: a dim label, a bright value, and below it what is wrong with it."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.events import Paste
from textual.message import Message
from textual.reactive import reactive
from textual.widget import Widget
from textual.widgets import Input, Select, Static

from tui.text import clean

Nudge = Callable[[str, int], str | None]
"""Gives the text after ``direction`` (+1 or -1) steps, or None when it is not a number."""


class Field(Vertical):
    """A labelled value. Its name is the field's name in the form."""

    DEFAULT_CSS = """
    Field {
        height: auto;
        & > Horizontal { height: 1; }
        & .label { width: 12; color: $text-muted; }
        & .mark { width: 2; color: $accent; }
        & .problem { display: none; color: $error; padding: 0 0 0 2; height: auto; }
        &.-wrong .problem { display: block; }
        &.-wrong .label { color: $error; }
        &:focus-within .label { color: $accent; }
        & Input { width: 1fr; background: transparent; padding: 0; }
        & Input:focus { background: $panel; }
        & Select { width: 1fr; }
    }
    """

    problem = reactive("", init=False)
    differs = reactive(False, init=False)

    class Changed(Message):
        """The value of a field changed."""

    def __init__(self, name: str, label: str, tooltip: str) -> None:
        super().__init__(name=name, id=f"field-{name.replace('_', '-')}")
        self.label = label
        self.tooltip = tooltip

    def compose(self) -> ComposeResult:
        with Horizontal():
            yield Static("", classes="mark", markup=False)
            yield Static(self.label, classes="label", markup=False)
            yield self.editor()
        yield Static("", classes="problem", markup=False)

    def editor(self) -> Widget:
        """The widget that takes the value."""
        raise NotImplementedError

    @property
    def value(self) -> str:
        raise NotImplementedError

    @value.setter
    def value(self, text: str) -> None:
        raise NotImplementedError

    def watch_problem(self, problem: str) -> None:
        self.set_class(bool(problem), "-wrong")
        self.query_one(".problem", Static).update(Content(clean(problem)))

    def watch_differs(self, differs: bool) -> None:
        self.query_one(".mark", Static).update("•" if differs else "")


class NumberInput(Input):
    """An input whose value ↑ and ↓ change."""

    BINDINGS: ClassVar = [
        Binding("up", "nudge(1)", "More", show=False),
        Binding("down", "nudge(-1)", "Less", show=False),
    ]

    def __init__(self, nudge: Nudge | None, placeholder: str) -> None:
        super().__init__(compact=True, placeholder=placeholder, select_on_focus=True)
        self._nudge = nudge

    def action_nudge(self, direction: int) -> None:
        text = self._nudge(self.value, direction) if self._nudge else None
        if text is not None:
            self.value = text
            self.cursor_position = len(text)

    def _on_paste(self, event: Paste) -> None:
        event.text = clean(event.text).strip()
        super()._on_paste(event)


class TextField(Field):
    """A field that is typed into. ↑ and ↓ change a number, Enter goes to the next field."""

    def __init__(
        self, name: str, label: str, tooltip: str, *, placeholder: str = "", nudge: Nudge | None
    ) -> None:
        super().__init__(name, label, tooltip)
        self._input = NumberInput(nudge, placeholder)

    def editor(self) -> Widget:
        return self._input

    @property
    def value(self) -> str:
        return self._input.value

    @value.setter
    def value(self, text: str) -> None:
        self._input.value = clean(text)

    @on(Input.Changed)
    def _changed(self, event: Input.Changed) -> None:
        event.stop()
        self.problem = ""
        self.post_message(self.Changed())

    @on(Input.Submitted)
    def _submitted(self, event: Input.Submitted) -> None:
        event.stop()
        self.screen.focus_next()


class ChoiceField(Field):
    """A field with a list of choices."""

    def __init__(self, name: str, label: str, tooltip: str, choices: tuple[str, ...]) -> None:
        super().__init__(name, label, tooltip)
        self._select: Select[str] = Select(
            self._options(choices), value=choices[0], allow_blank=False, compact=True
        )
        self._choices = choices

    @staticmethod
    def _options(choices: tuple[str, ...]) -> list[tuple[Content, str]]:
        return [(Content(clean(choice)), choice) for choice in choices]

    def editor(self) -> Widget:
        return self._select

    @property
    def value(self) -> str:
        return str(self._select.value)

    @value.setter
    def value(self, text: str) -> None:
        if text not in self._choices:
            self.offer((*self._choices, text))
        self._select.value = text

    def offer(self, choices: tuple[str, ...]) -> None:
        """Replace the choices. The present value stays, offered last when it is not among them."""
        present = self.value
        self._choices = choices if present in choices else (*choices, present)
        with self.prevent(Select.Changed):
            self._select.set_options(self._options(self._choices))
            self._select.value = present

    @on(Select.Changed)
    def _changed(self, event: Select.Changed) -> None:
        event.stop()
        self.problem = ""
        self.post_message(self.Changed())


def step_by(step: float, low: float, high: float, *, decimals: int = 0) -> Nudge:
    """A nudge by ``step`` that stays within ``low`` and ``high``."""

    def nudge(text: str, direction: int) -> str | None:
        try:
            value = float(text) if decimals else int(text)
        except ValueError:
            return None
        moved = min(max(value + direction * step, low), high)
        return f"{moved:.{decimals}f}" if decimals else str(int(moved))

    return nudge
