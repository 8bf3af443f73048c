"""Help: the focused panel first, then every key, and a line that searches them."""

from __future__ import annotations

from collections.abc import Sequence

from textual import on
from textual.app import ComposeResult
from textual.containers import Vertical, VerticalScroll
from textual.events import Paste, Resize
from textual.screen import ModalScreen
from textual.widgets import Input, Static

from tui.keys.command import Command, acting, bindings
from tui.keys.contexts import with_keys
from tui.keys.guide import drawn, elsewhere, matching, sections
from tui.keys.moving import DIALOG, FOCUS, OFFER
from tui.text import clean, one_line
from tui.widgets.editors import Line

_WIDE = 76
_AROUND = 7
"""Columns of the border, its padding and the bar that scrolls."""


class HelpLine(Line):
    """What is looked for. Keys that move scroll the help."""

    BINDINGS = bindings(
        acting(
            OFFER,
            next="screen.scroll_help(1)",
            previous="screen.scroll_help(-1)",
            page_down="screen.page_help(1)",
            page_up="screen.page_help(-1)",
        )
    )

    def on_paste(self, event: Paste) -> None:
        # The base class's own handler comes after this one and takes the text from the event.
        event.text = clean(event.text).strip()


class HelpScreen(ModalScreen[None], inherit_bindings=False):
    """Keys and what they do."""

    DEFAULT_CSS = """
    HelpScreen {
        align: center middle;
        background: $background 60%;
        & > Vertical {
            width: 76;
            max-width: 96%;
            height: 92%;
            border: round $border;
            border-title-color: $accent;
            border-subtitle-color: $text-muted;
            background: $surface;
            padding: 0 1 0 2;
        }
        & HelpLine { background: transparent; padding: 0; height: 1; margin: 0 0 1 0; }
        & VerticalScroll { height: 1fr; scrollbar-size-vertical: 1; }
    }
    """
    BINDINGS = bindings(acting(DIALOG, leave="back"), FOCUS)

    def __init__(self, panel: str, here: Sequence[Command]) -> None:
        """
        Args:
            panel: id of the one that had the focus.
            here: the commands that work there, those of the focused widget first.
        """
        super().__init__()
        self._here = sections(panel, here)
        self._elsewhere = elsewhere(here)
        self._columns = _WIDE - _AROUND

    def compose(self) -> ComposeResult:
        with Vertical() as box:
            box.border_title = "Help"
            box.border_subtitle = with_keys(
                "{offer.previous}{offer.next} scroll · {dialog.leave} closes"
            )
            yield HelpLine(placeholder="type to search all keys", compact=True)
            with VerticalScroll(can_focus=False):
                yield Static()

    def on_resize(self, event: Resize) -> None:
        self._columns = min(_WIDE, event.size.width * 96 // 100) - _AROUND
        self._show()

    @on(Input.Changed)
    def _typed(self, event: Input.Changed) -> None:
        event.stop()
        self._show()
        self._scroller.scroll_home(animate=False)

    @on(Input.Submitted)
    def _submitted(self, event: Input.Submitted) -> None:
        event.stop()
        self.dismiss()

    @property
    def _scroller(self) -> VerticalScroll:
        return self.query_one(VerticalScroll)

    def _show(self) -> None:
        """Show what has the words that are typed; without any, what works here."""
        typed = self.query_one(HelpLine).value.strip()
        found = self._here
        if typed:
            found = matching([*self._here, *self._elsewhere], typed)
        text = drawn(found, self._columns, with_ids=bool(typed))
        nothing = f"Nothing has “{one_line(typed, 30)}”." if typed and not found else ""
        self.query_one(Static).update(nothing or text)

    def action_scroll_help(self, by: int) -> None:
        self._scroller.scroll_relative(y=by, animate=False)

    def action_page_help(self, by: int) -> None:
        rows = max(1, self._scroller.size.height - 1)
        self._scroller.scroll_relative(y=by * rows, animate=False)

    def action_back(self) -> None:
        """Clear what was typed, else close."""
        line = self.query_one(HelpLine)
        if line.value:
            line.value = ""
        else:
            self.dismiss()
