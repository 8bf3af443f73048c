"""One question, answered with one key."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Static

from tui.keys.command import acting, bindings
from tui.keys.contexts import key_of
from tui.keys.moving import DIALOG, FOCUS


class ConfirmScreen(ModalScreen[bool], inherit_bindings=False):
    """A question with a yes and a no. Gives whether the answer was yes."""

    DEFAULT_CSS = """
    ConfirmScreen {
        align: center middle;
        background: $background 60%;
        & > Vertical {
            width: 52;
            max-width: 90%;
            height: auto;
            border: round $border;
            border-title-color: $accent;
            background: $surface;
            padding: 1 2;
        }
        & .keys { color: $text-muted; padding: 1 0 0 0; }
    }
    """
    BINDINGS = bindings(
        acting(
            DIALOG,
            accept="dismiss(True)",
            yes="dismiss(True)",
            leave="dismiss(False)",
            no="dismiss(False)",
        ),
        FOCUS,
    )

    def __init__(self, title: str, question: str, yes: str, no: str) -> None:
        super().__init__()
        self._title, self._question = title, question
        self._keys = Content.assemble(
            (f"{key_of('dialog.accept')} ", "$accent"),
            f"{yes}    ",
            (f"{key_of('dialog.leave')} ", "$accent"),
            no,
        )

    def compose(self) -> ComposeResult:
        with Vertical() as box:
            box.border_title = self._title
            yield Static(self._question, markup=False)
            yield Static(self._keys, classes="keys")


class QuitQuestion(ConfirmScreen):
    """Whether to quit: another Ctrl+Q is a yes to this one, and to no other question."""

    over_all = True
    """Also over the words that the terminal is too small: quitting always works."""


class LateQuestion(ConfirmScreen, inherit_bindings=False):
    """A question that may come while something is being typed, so that letters answer nothing."""

    BINDINGS = bindings(acting(DIALOG, accept="dismiss(True)", leave="dismiss(False)"), FOCUS)
