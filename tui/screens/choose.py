"""All the values of a choice, each with a sentence; those that do not work here say why."""

from __future__ import annotations

from rich.cells import cell_len
from textual import on
from textual.app import ComposeResult
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import OptionList
from textual.widgets.option_list import Option as Entry

from tui.keys.command import acting, bindings
from tui.keys.contexts import with_keys
from tui.keys.moving import DIALOG, FOCUS
from tui.text import clean, padded
from tui.widgets.choice import Option
from tui.widgets.editors import Options


class ChooseScreen(ModalScreen[str | None], inherit_bindings=False):
    """Gives the value that was chosen, or ``None``."""

    DEFAULT_CSS = """
    ChooseScreen {
        align: center middle;
        background: $background 60%;
        & > OptionList {
            width: 84;
            max-width: 96%;
            height: auto;
            max-height: 90%;
            border: round $border;
            border-title-color: $accent;
            border-subtitle-color: $text-muted;
            background: $surface;
            padding: 0 1;
            scrollbar-size-vertical: 1;
            &:focus { border: round $border; }
        }
    }
    """
    BINDINGS = bindings(acting(DIALOG, close="dismiss"), FOCUS)

    def __init__(self, title: str, options: tuple[Option, ...], value: str) -> None:
        super().__init__()
        self._title = title
        self._options = options
        self._value = value

    def compose(self) -> ComposeResult:
        width = max((cell_len(_name(option)) for option in self._options), default=0)
        width = min(width, 20)
        entries = [
            Entry(_line(option, width, option.value == self._value), disabled=bool(option.reason))
            for option in self._options
        ]
        listed = Options(*entries, markup=False)
        listed.border_title = self._title
        listed.border_subtitle = with_keys("{list.choose} chooses · {dialog.close} goes back")
        yield listed

    def on_mount(self) -> None:
        listed = self.query_one(OptionList)
        values = [option.value for option in self._options]
        if self._value in values:
            listed.highlighted = values.index(self._value)
        listed.focus()

    @on(OptionList.OptionSelected)
    def _selected(self, event: OptionList.OptionSelected) -> None:
        event.stop()
        self.dismiss(self._options[event.option_index].value)


def _name(option: Option) -> str:
    return clean(option.name or option.value)


def _line(option: Option, width: int, chosen: bool) -> Content:
    mark = ("• ", "$accent") if chosen else "  "
    name = padded(_name(option), width)
    if option.reason:
        return Content.assemble(mark, (name, "$text-disabled"), "  ", option.reason)
    return Content.assemble(mark, (name, "bold"), "  ", (option.help, "$text-muted"))
