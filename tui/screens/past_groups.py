"""What was asked for together before, to choose one of."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import OptionList

from engine.group import Group
from tui.widgets.group_list import GroupList, Told


class PastGroupsScreen(ModalScreen[Group | None]):
    """Gives the one that was chosen, or ``None``."""

    DEFAULT_CSS = """
    PastGroupsScreen {
        align: center middle;
        background: $background 60%;
        & > Vertical {
            width: 96;
            max-width: 96%;
            height: auto;
            max-height: 80%;
            border: round $border;
            border-title-color: $accent;
            border-subtitle-color: $text-muted;
            background: $surface;
            padding: 0 2;
        }
    }
    """
    BINDINGS: ClassVar = [("escape,p,q", "dismiss", "Close")]

    def __init__(self, title: str, told: Sequence[Told]) -> None:
        super().__init__()
        self._title, self._told = title, told

    def compose(self) -> ComposeResult:
        with Vertical() as box:
            box.border_title = self._title
            box.border_subtitle = "Enter opens · Esc goes back"
            yield GroupList()

    def on_mount(self) -> None:
        listed = self.query_one(GroupList)
        listed.show(self._told)
        listed.focus()

    @on(OptionList.OptionSelected)
    def _selected(self, event: OptionList.OptionSelected) -> None:
        event.stop()
        self.dismiss(self.query_one(GroupList).current)
