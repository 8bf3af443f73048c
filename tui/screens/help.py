"""Help: the focused panel first, then every key. Made from the table of commands."""

from __future__ import annotations

import textwrap
from itertools import groupby

from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.content import Content
from textual.events import Resize
from textual.screen import ModalScreen
from textual.widgets import Static

from tui.keys.command import Command, acting, bindings
from tui.keys.moving import DIALOG, FOCUS
from tui.keys.panels import PANEL_HELP
from tui.keys.studio import APP, STUDIO

_WIDE = 76
_AROUND = 7
"""Columns of the border, its padding and the bar that scrolls."""
_KEY = 7
_LEAST = 12
_FIXED = (
    ("Tab", "Next field; Shift+Tab the one before."),
    ("^P", "Every command by name, and the themes."),
    ("^Z ^Y", "In a prompt: undo, redo."),
)


class HelpScreen(ModalScreen[None], inherit_bindings=False):
    """Keys and what they do."""

    DEFAULT_CSS = """
    HelpScreen {
        align: center middle;
        background: $background 60%;
        & > VerticalScroll {
            width: 76;
            max-width: 96%;
            height: auto;
            max-height: 92%;
            border: round $border;
            border-title-color: $accent;
            border-subtitle-color: $text-muted;
            background: $surface;
            padding: 0 2;
            scrollbar-size-vertical: 1;
        }
    }
    """
    BINDINGS = bindings(acting(DIALOG, close="dismiss", accept="dismiss"), FOCUS)

    def __init__(self, panel: str, commands: tuple[Command, ...] = STUDIO) -> None:
        super().__init__()
        self._panel, self._commands = panel, commands

    def compose(self) -> ComposeResult:
        with VerticalScroll() as box:
            box.border_title = "Help"
            box.border_subtitle = "Esc closes"
            yield Static()

    def on_resize(self, event: Resize) -> None:
        width = min(_WIDE, event.size.width * 96 // 100) - _AROUND
        self.query_one(Static).update(help_text(self._panel, self._commands, width))


def help_text(panel: str, of_screen: tuple[Command, ...], width: int) -> Content:
    """The whole text, beginning with the panel that had the focus, then the screen's commands.

    What a key does is wrapped to ``width`` columns, beside its key.
    """
    lines: list[Content] = []
    if panel in PANEL_HELP:
        lines.append(Content.styled("Here", "bold $accent"))
        lines.extend(Content(line) for line in PANEL_HELP[panel])
        lines.append(Content(""))

    def group_of(command: Command) -> str:
        return command.group

    for group, commands in groupby((*of_screen, *APP), group_of):
        lines.append(Content.styled(group, "bold $accent"))
        lines.extend(_line(command.shown_key, command.help, width) for command in commands)
        lines.append(Content(""))
    lines.append(Content.styled("Everywhere", "bold $accent"))
    lines.extend(_line(key, text, width) for key, text in _FIXED)
    return Content("\n").join(lines)


def _line(key: str, text: str, width: int) -> Content:
    room = max(width - _KEY, _LEAST)
    wrapped = f"\n{'':{_KEY}}".join(textwrap.wrap(text, room))
    return Content.assemble((f"{key:<{_KEY}}", "$foreground"), (wrapped, "$text-muted"))
