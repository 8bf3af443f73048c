"""The first line: what the app is, which checkpoint on which device, and the memory gauge."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.content import Content
from textual.widgets import Static

from engine.events import MemorySampled
from tui.text import one_line
from tui.widgets.memory import MemoryGauge


class TitleBar(Horizontal):
    """One line across the top."""

    DEFAULT_CSS = """
    TitleBar {
        height: 1;
        padding: 0 1;
        & .name { width: auto; color: $accent; text-style: bold; }
        & .place { width: 1fr; padding: 0 2; color: $text-muted; }
    }
    """

    def compose(self) -> ComposeResult:
        yield Static("safelight", classes="name", markup=False)
        yield Static("", classes="place", markup=False)
        yield MemoryGauge()

    def show_place(self, checkpoint: str, device: str, dtype: str) -> None:
        """Show what is loaded, and where."""
        parts = (one_line(part, 60) for part in (checkpoint, device, dtype) if part)
        self.query_one(".place", Static).update(Content(" · ".join(parts)))

    def show_memory(self, sample: MemorySampled) -> None:
        self.query_one(MemoryGauge).add(sample)
