"""The runs that were found, whichever way they are drawn: cursor, selection, what is said."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.segment import Segment
from textual.strip import Strip

from tui.found import Found
from tui.ink import ink
from tui.keys.command import bindings
from tui.keys.runs import SELECT
from tui.text import clean, one_line
from tui.widgets.line_list import LineList

if TYPE_CHECKING:
    from engine.history import Entry


class RunList(LineList):
    """Shows what was found, as far as it is here.

    Attributes:
        selected: numbers of runs; what is done is done to all of them.
    """

    BINDINGS = bindings(SELECT)

    class SelectionChanged(LineList.Told):
        """Other runs are selected."""

    def __init__(self, widget_id: str) -> None:
        super().__init__(widget_id)
        self.found: Found | None = None
        self.selected: set[int] = set()
        self._words = ""

    @property
    def count(self) -> int:
        return len(self.found) if self.found is not None else 0

    @property
    def current(self) -> Entry | None:
        """The run under the cursor, when it is here."""
        return self.found[self.cursor] if self.found is not None and self.count else None

    def show(self, found: Found, words: str = "") -> None:
        """Show what was found; ``words`` are for when that is nothing."""
        self.found, self._words = found, words
        self.lay()
        self.follow()

    def action_select(self) -> None:
        """Take the run under the cursor into the selection, or out of it, and go on."""
        if self.current is not None:
            self.selected ^= {self.current.id}
            self.post_message(self.SelectionChanged(self))
            self.action_move(1)
            self.refresh()

    def empty_line(self, y: int) -> Strip:
        """A row of a list with nothing in it."""
        width, base = self.scrollable_content_region.width, self.rich_style
        if y == 0 and self.found is not None and not self.count:
            words = one_line(clean(self._words), width)
            cells = Strip([Segment(words, base + ink(self, "text-muted"))])
            return cells.adjust_cell_length(width, base)
        return Strip.blank(width, base)
