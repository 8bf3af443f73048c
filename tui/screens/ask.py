"""Asks for one line of text, which is checked as it is typed."""

from __future__ import annotations

from collections.abc import Callable

from textual import on
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.events import Paste
from textual.screen import ModalScreen
from textual.widgets import Input, Static

from tui.keys.command import acting, bindings
from tui.keys.contexts import with_keys
from tui.keys.moving import DIALOG, FOCUS
from tui.text import clean
from tui.widgets.editors import Line


class _Line(Line):
    def on_paste(self, event: Paste) -> None:
        event.text = clean(event.text).strip()


class AskScreen(ModalScreen[str | None], inherit_bindings=False):
    """Gives what was typed, or ``None``."""

    DEFAULT_CSS = """
    AskScreen {
        align: center middle;
        background: $background 60%;
        & > Vertical {
            width: 72;
            max-width: 96%;
            height: auto;
            border: round $border;
            border-title-color: $accent;
            border-subtitle-color: $text-muted;
            background: $surface;
            padding: 0 2;
        }
        & #problem { color: $error; height: auto; }
        & #hint { color: $text-muted; height: auto; }
    }
    """
    BINDINGS = bindings(acting(DIALOG, leave="dismiss"), FOCUS)

    def __init__(self, title: str, hint: str, text: str, check: Callable[[str], str]) -> None:
        """``check`` gives a sentence about what is wrong with a text, or nothing."""
        super().__init__()
        self._title, self._hint, self._text, self._check = title, hint, text, check

    def compose(self) -> ComposeResult:
        with Vertical() as box:
            box.border_title = self._title
            box.border_subtitle = with_keys("{typing.submit} takes it · {dialog.leave} goes back")
            yield Static(Content(self._hint), id="hint")
            yield _Line(clean(self._text), compact=True)
            yield Static("", id="problem")

    @on(Input.Changed)
    def _changed(self, event: Input.Changed) -> None:
        event.stop()
        self.query_one("#problem", Static).update("")

    @on(Input.Submitted)
    def _submitted(self, event: Input.Submitted) -> None:
        event.stop()
        text = event.value.strip()
        problem = self._check(text)
        if problem:
            self.query_one("#problem", Static).update(Content(clean(problem)))
        else:
            self.dismiss(text)
