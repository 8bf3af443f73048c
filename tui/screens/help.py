"""Help: the focused panel first, then every key. Made from the table of commands."""

from __future__ import annotations

from itertools import groupby
from typing import ClassVar

from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Static

from tui.commands import APP, PANEL_HELP, STUDIO, Command

_FIXED = (
    ("Tab", "Next field; Shift+Tab the one before."),
    ("^P", "Every command by name, and the themes."),
    ("^Z ^Y", "In a prompt: undo, redo."),
)


class HelpScreen(ModalScreen[None]):
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
    BINDINGS: ClassVar = [("escape,q,enter", "dismiss", "Close")]

    def __init__(self, panel: str, commands: tuple[Command, ...] = STUDIO) -> None:
        super().__init__()
        self._panel, self._commands = panel, commands

    def compose(self) -> ComposeResult:
        with VerticalScroll() as box:
            box.border_title = "Help"
            box.border_subtitle = "Esc closes"
            yield Static(help_text(self._panel, self._commands))


def help_text(panel: str, of_screen: tuple[Command, ...] = STUDIO) -> Content:
    """The whole text, beginning with the panel that had the focus, then the screen's commands."""
    lines: list[Content] = []
    if panel in PANEL_HELP:
        lines.append(Content.styled("Here", "bold $accent"))
        lines.extend(Content(line) for line in PANEL_HELP[panel])
        lines.append(Content(""))

    def group_of(command: Command) -> str:
        return command.group

    for group, commands in groupby((*of_screen, *APP), group_of):
        lines.append(Content.styled(group, "bold $accent"))
        lines.extend(_line(command.shown_key, command.help) for command in commands)
        lines.append(Content(""))
    lines.append(Content.styled("Everywhere", "bold $accent"))
    lines.extend(_line(key, text) for key, text in _FIXED)
    return Content("\n").join(lines)


def _line(key: str, text: str) -> Content:
    return Content.assemble((f"{key:<7}", "$foreground"), (text, "$text-muted"))
