"""The switches on the form: one row that says what is turned; Enter shows all of them."""

from __future__ import annotations

from textual.content import Content
from textual.message import Message
from textual.widget import Widget

from engine.errors import InvalidSpec
from tui.form import read_switches
from tui.keys.command import acting, bindings
from tui.keys.moving import CHOICE, LIST
from tui.keys.shown import with_keys
from tui.text import clean, padded
from tui.widgets.field import Field


class SwitchesField(Field):
    """A field whose value is a text such as ``precision=fp16 vae_tiling=on``."""

    class Opened(Message):
        """All switches are wanted."""

    def __init__(self, value: str) -> None:
        super().__init__(
            "switches",
            "Switches",
            with_keys(
                "What is turned besides: precision, attention, memory, speed. {studio.switches} "
                "shows all of them."
            ),
        )
        self._summary = _Summary(clean(value))

    def editor(self) -> Widget:
        return self._summary

    @property
    def value(self) -> str:
        return self._summary.text

    @value.setter
    def value(self, text: str) -> None:
        if text != self._summary.text:
            self._summary.text = clean(text)
            self._summary.refresh()
            self.problem = ""
            self.post_message(self.Changed(self))

    def open(self) -> None:
        self.post_message(self.Opened())

    def clear(self) -> None:
        """Everything back at its default."""
        self.value = ""


class _Summary(Widget, can_focus=True):
    DEFAULT_CSS = """
    _Summary {
        height: 1;
        width: 1fr;
        &:focus { background: $panel; }
    }
    """
    BINDINGS = bindings(
        acting(LIST, right="open"), acting(CHOICE, open="open", turn="open", clear="clear")
    )

    def __init__(self, text: str) -> None:
        super().__init__()
        self.text = text

    def render(self) -> Content:
        width = max(0, self.content_size.width - 1)
        words, colour = self._words()
        return Content.assemble((padded(words, width), colour), ("▾", "$text-muted"))

    def _words(self) -> tuple[str, str]:
        if not self.text:
            return "none", "$text-muted"
        from tui.switchboard import in_words

        try:
            return in_words(read_switches(self.text)) or "none", "$foreground"
        except InvalidSpec:
            return self.text, "$warning"  # of another version; the run says what is wrong

    def action_open(self) -> None:
        if isinstance(self.parent, SwitchesField):
            self.parent.open()

    def action_clear(self) -> None:
        if isinstance(self.parent, SwitchesField):
            self.parent.clear()

    def on_click(self) -> None:
        self.focus()
        self.action_open()
