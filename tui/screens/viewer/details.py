"""All that is known of a run, beside its picture."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widgets import Static

from tui.text import clean

if TYPE_CHECKING:
    from engine.record import RunRecord

_LONGEST = 4000


class Details(VerticalScroll, can_focus=False):
    """Names and values, one below the other."""

    def __init__(self) -> None:
        super().__init__()
        self._record: RunRecord | None = None

    def compose(self) -> ComposeResult:
        yield Static("")

    def tell(self, record: RunRecord | None) -> None:
        """Tell of a run, or that it is not over."""
        if not self.display or (record is not None and record == self._record):
            return
        self._record = record
        self.query_one(Static).update(_told(record))
        self.scroll_home(animate=False)


def _told(record: RunRecord | None) -> Content:
    from engine.history import Entry
    from tui.headless.run_lines import facts

    if record is None:
        return Content.styled("This run is not over yet.", "$text-muted")
    lines = []
    for name, value in facts(Entry(record)):
        name = clean(name.replace("_", " "))
        text = clean(str(value)[:_LONGEST])
        lines.append(Content.assemble((f"{name}  ", "$text-muted"), text))
    return Content("\n").join(lines)
