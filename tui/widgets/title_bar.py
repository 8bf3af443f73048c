"""The first line: what the app is, which checkpoint on which device, and the memory gauge."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.content import Content
from textual.events import Resize
from textual.widgets import Static

from tui.text import one_line
from tui.widgets.memory import MemoryGauge

if TYPE_CHECKING:
    from engine.events import MemorySampled

_NAME = Content.styled("safelight", "bold $accent")


class TitleBar(Horizontal):
    """One line across the top."""

    DEFAULT_CSS = """
    TitleBar {
        height: 1;
        padding: 0 1;
        & .place { width: 1fr; }
    }
    """

    def compose(self) -> ComposeResult:
        yield Static(_NAME, classes="place")
        yield MemoryGauge()

    def on_resize(self, event: Resize) -> None:
        self.query_one(MemoryGauge).take_room(event.size.width)

    def show_place(self, checkpoint: str, device: str, dtype: str) -> None:
        """Show what is loaded, and where."""
        parts = (one_line(part, 60) for part in (checkpoint, device, dtype) if part)
        place = (f"  {' · '.join(parts)}", "$text-muted")
        self.query_one(".place", Static).update(Content.assemble(_NAME, place))

    def show_memory(self, sample: MemorySampled) -> None:
        self.query_one(MemoryGauge).add(sample)
