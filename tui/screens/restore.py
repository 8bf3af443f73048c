"""Asks for a picture, or for settings as another program wrote them."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from textual import on, work
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.events import Paste
from textual.message import Message
from textual.screen import ModalScreen
from textual.widgets import Static, TextArea

from engine.errors import SafelightError
from tui import form as forms
from tui.keys.command import acting, bindings
from tui.keys.contexts import with_keys
from tui.keys.moving import DIALOG, FOCUS
from tui.keys.typing import LINE
from tui.restoring import lines
from tui.stock import off_loop
from tui.text import clean, one_line
from tui.widgets.editors import Text

if TYPE_CHECKING:
    from engine.restore import Restored
    from tui.screens.studio.screen import StudioScreen

Found = tuple["Restored", str]
"""What was restored, and what to call where it came from."""


class _Pasted(Text):
    """Takes lines by paste; Enter sends them."""

    BINDINGS = bindings(acting(LINE, submit="send"))

    class Sent(Message):
        """Enter was pressed."""

    def on_paste(self, event: Paste) -> None:
        # The base class's own handler comes after this one and takes the text from the event.
        event.text = clean(event.text, lines=True)

    def action_send(self) -> None:
        self.post_message(self.Sent())


class RestoreScreen(ModalScreen[Found | None], inherit_bindings=False):
    """Gives what was restored, or ``None``."""

    DEFAULT_CSS = """
    RestoreScreen {
        align: center middle;
        background: $background 60%;
        & > Vertical {
            width: 84;
            max-width: 96%;
            height: auto;
            max-height: 96%;
            border: round $border;
            border-title-color: $accent;
            border-subtitle-color: $text-muted;
            background: $surface;
            padding: 0 2;
        }
        & #hint { color: $text-muted; height: auto; }
        & #problem { color: $error; height: auto; }
        & TextArea {
            height: 8;
            border: none;
            padding: 0;
            margin: 1 0;
            & .text-area--cursor-line { background: transparent; }
        }
    }
    """
    BINDINGS = bindings(acting(DIALOG, leave="dismiss"), FOCUS)
    HINT = (
        "The path of a picture, or its settings as A1111 and others write them: drop or paste here."
    )

    def __init__(self, text: str, restore: Callable[[str], Found]) -> None:
        """
        Args:
            text: to begin with.
            restore: called off the event loop; raises ``SafelightError`` with what is wrong.
        """
        super().__init__()
        self._text, self._restore = text, restore

    def compose(self) -> ComposeResult:
        with Vertical() as box:
            box.border_title = "Open picture"
            box.border_subtitle = with_keys("{typing.submit} takes it · {dialog.leave} goes back")
            yield Static(Content(self.HINT), id="hint")
            yield _Pasted(
                clean(self._text, lines=True),
                compact=True,
                soft_wrap=True,
                tab_behavior="focus",
                show_line_numbers=False,
                highlight_cursor_line=False,
            )
            yield Static("", id="problem")

    def on_mount(self) -> None:
        area = self.query_one(_Pasted)
        area.focus()
        area.move_cursor(area.document.end)

    @on(TextArea.Changed)
    def _changed(self, event: TextArea.Changed) -> None:
        event.stop()
        self._say("")

    @on(_Pasted.Sent)
    @work(exclusive=True, group="restoring")
    async def _sent(self, event: _Pasted.Sent) -> None:
        event.stop()
        text = self.query_one(_Pasted).text
        if not text.strip():
            self._say("Give a path, or paste settings.")
            return
        try:
            found = await off_loop(lambda: self._restore(text))
        except SafelightError as error:
            self._say(str(error))
        else:
            self.dismiss(found)

    def _say(self, problem: str) -> None:
        self.query_one("#problem", Static).update(Content(clean(problem)))


def put_on_form(studio: StudioScreen, found: Found) -> None:
    """Put what was restored on the form, and say what of it could not be."""
    restored, name = found
    form = studio.spec_form
    values = dict(forms.form_of(restored.spec))
    if restored.source != "safelight" and not restored.spec.prompt.strip():
        for field in ("prompt", "negative_prompt"):  # a line of settings says nothing of them
            values[field] = form.values[field]
    form.values = values
    form.offer_what_fits()
    said = list(lines(restored))
    for line in said:
        studio.say(one_line(line, 1000), "warning")
    parts = [f"The settings of {one_line(name, 60)} are on the form."]
    parts += [one_line(line, 160) for line in said[:1]]
    parts += [f"More of this is in Messages ({len(said) - 1})."] if len(said) > 1 else []
    studio.notify(
        " ".join(parts),
        severity="warning" if said else "information",
        timeout=6 if said else 3,
    )
    form.prompt.focus()
