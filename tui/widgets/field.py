"""One setting in one row: a dim label, a bright value, and below it what is wrong with it."""

from __future__ import annotations

from collections.abc import Callable

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.content import Content
from textual.events import Paste
from textual.message import Message
from textual.reactive import reactive
from textual.widget import Widget
from textual.widgets import Input, Static

from tui.keys.command import acting, bindings
from tui.keys.moving import LIST
from tui.text import clean
from tui.widgets.choice import Choice, Option
from tui.widgets.editors import Line

Nudge = Callable[[str, int], str | None]
"""Gives the text after ``direction`` (+1 or -1) steps, or None when it is not a number."""


class Field(Horizontal):
    """A labelled value. Its name is the field's name in the form.

    The app shows many of these in its first frame, so each is as few widgets as it can be.
    """

    DEFAULT_CSS = """
    Field {
        height: 1;
        &.-wrong {
            height: auto;
            layout: grid;
            grid-size: 2;
            grid-columns: 14 1fr;
            grid-rows: auto;
        }
        & > .label { width: 14; color: $text-muted; }
        & > .problem { column-span: 2; color: $error; padding: 0 0 0 2; height: auto; }
        &.-wrong > .label { color: $error; }
        &:focus-within > .label { color: $accent; }
        & > Input { width: 1fr; background: transparent; padding: 0; }
        & > Input:focus { background: $panel; }
    }
    """

    problem = reactive("", init=False)
    differs = reactive(False, init=False)

    class Changed(Message):
        """The value of a field changed."""

        def __init__(self, field: Field) -> None:
            super().__init__()
            self.field = field

    class Left(Message):
        """The focus has left a field; its value is what the user wants for now."""

        def __init__(self, field: Field) -> None:
            super().__init__()
            self.field = field

    def __init__(self, name: str, label: str, tooltip: str) -> None:
        super().__init__(name=name, id=f"field-{name.replace('_', '-')}")
        self._label = label
        self.tooltip = tooltip

    def compose(self) -> ComposeResult:
        yield Static(f"  {self._label}", classes="label", markup=False)
        yield self.editor()

    def editor(self) -> Widget:
        """The widget that takes the value."""
        raise NotImplementedError

    @property
    def value(self) -> str:
        raise NotImplementedError

    @value.setter
    def value(self, text: str) -> None:
        raise NotImplementedError

    async def watch_problem(self, problem: str) -> None:
        """Say below the value what is wrong with it."""
        self.set_class(bool(problem), "-wrong")
        await self.query(".problem").remove()
        if problem:
            await self.mount(Static(Content(clean(problem)), classes="problem"))

    def watch_differs(self, differs: bool) -> None:
        mark = ("• ", "$accent") if differs else "  "
        self.query_one(".label", Static).update(Content.assemble(mark, self._label))


class NumberInput(Line):
    """An input whose value ↑ and ↓ change."""

    BINDINGS = bindings(acting(LIST, up="nudge(1)", down="nudge(-1)"))

    def __init__(self, value: str, nudge: Nudge | None, placeholder: str) -> None:
        super().__init__(value, compact=True, placeholder=placeholder, select_on_focus=True)
        self._nudge = nudge

    def action_nudge(self, direction: int) -> None:
        text = self._nudge(self.value, direction) if self._nudge else None
        if text is not None:
            self.value = text
            self.cursor_position = len(text)

    def on_paste(self, event: Paste) -> None:
        # The base class's own handler comes after this one and takes the text from the event.
        event.text = clean(event.text).strip()


class TextField(Field):
    """A field that is typed into. ↑ and ↓ change a number, Enter goes to the next field."""

    def __init__(
        self,
        name: str,
        label: str,
        tooltip: str,
        *,
        value: str,
        placeholder: str = "",
        nudge: Nudge | None = None,
    ) -> None:
        super().__init__(name, label, tooltip)
        self._input = NumberInput(clean(value), nudge, placeholder)

    def editor(self) -> Widget:
        return self._input

    @property
    def value(self) -> str:
        return self._input.value

    @value.setter
    def value(self, text: str) -> None:
        self._input.value = clean(text)

    @property
    def hint(self) -> str:
        """What is shown while the field is empty."""
        return self._input.placeholder

    @hint.setter
    def hint(self, text: str) -> None:
        self._input.placeholder = text

    @on(Input.Changed)
    def _changed(self, event: Input.Changed) -> None:
        event.stop()
        self.problem = ""
        self.post_message(self.Changed(self))

    @on(Input.Blurred)
    def _blurred(self, event: Input.Blurred) -> None:
        event.stop()
        self.post_message(self.Left(self))

    @on(Input.Submitted)
    def _submitted(self, event: Input.Submitted) -> None:
        event.stop()
        self.screen.focus_next()


class ChoiceField(Field):
    """A field with a list of choices."""

    def __init__(
        self, name: str, label: str, tooltip: str, *, value: str, options: tuple[Option, ...]
    ) -> None:
        super().__init__(name, label, tooltip)
        self._choice = Choice(label, value, _with(options, value))

    def editor(self) -> Widget:
        return self._choice

    @property
    def value(self) -> str:
        return self._choice.value

    @value.setter
    def value(self, text: str) -> None:
        self._choice.options = _with(self._choice.options, text)
        self._choice.value = text

    @property
    def options(self) -> tuple[Option, ...]:
        return self._choice.options

    def offer(self, options: tuple[Option, ...]) -> None:
        """Replace the choices. The present value stays, offered last when it is not among them."""
        self._choice.options = _with(options, self.value)

    @on(Choice.Changed)
    def _changed(self, event: Choice.Changed) -> None:
        event.stop()
        self.problem = ""
        self.post_message(self.Changed(self))


def _with(options: tuple[Option, ...], value: str) -> tuple[Option, ...]:
    known = any(option.value == value for option in options)
    return options if known else (*options, Option(value))


def step_by(step: float, low: float, high: float) -> Nudge:
    """A nudge by ``step`` that stays within ``low`` and ``high``. A whole step: whole numbers."""

    def nudge(text: str, direction: int) -> str | None:
        try:
            value = int(text) if isinstance(step, int) else float(text.replace(",", "."))
        except ValueError:
            return None
        return str(min(max(value + direction * step, low), high))

    return nudge
