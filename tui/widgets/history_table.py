"""The runs that were found as a table: a row each, figures lined up by their decimal point."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual.content import Content
from textual.message import Message
from textual.strip import Strip

from tui.ink import ink
from tui.switchboard import in_words
from tui.text import WINNER, by_point, one_line, padded, seconds, size
from tui.widgets.run_list import RunList
from tui.widgets.run_table import SIGNS, WORDS

if TYPE_CHECKING:
    from engine.history import Entry

_LONGEST = 4000
"""Characters of a prompt that are looked at: no row shows more."""
_MARK = 2
_GAP = " "


@dataclass(frozen=True, slots=True)
class Column:
    """One column.

    Attributes:
        head: above it.
        width: in cells.
        text: what a run has there.
        tone: a colour of the theme, ``""`` for that of the text.
        least: the list must be so wide for it, in cells.
    """

    head: str
    width: int
    text: Callable[[Entry], str]
    tone: str = ""
    least: int = 0


def time_of(entry: Entry) -> str:
    """How long a run took, or in a word how it ended instead."""
    record = entry.record
    return WORDS.get(record.status.value) or by_point(seconds(record.seconds.total), 3, 3)


def speed_of(entry: Entry) -> str:
    """Denoising steps a second."""
    rate = entry.record.steps_per_second
    return by_point(f"{rate:.1f}" if rate else "", 4, 2)


def memory_of(entry: Entry) -> str:
    """The peak of memory."""
    peak = entry.record.memory_peak_bytes
    return by_point(size(peak), 4, 2) if peak else ""


def stars(rating: int) -> str:
    """``★★★``; nothing for no rating."""
    return "★" * rating


def marks_of(entry: Entry) -> str:
    """The stars, and whether it is a winner."""
    return stars(entry.rating) + (WINNER if entry.winner else "")


def seed_of(entry: Entry) -> str:
    """The first seed, and how many pictures there are of each prompt."""
    spec = entry.record.spec
    return f"{spec.seed}" if spec.batch_size == 1 else f"{spec.seed} ×{spec.batch_size}"


def _steps(entry: Entry) -> str:
    spec = entry.record.spec
    return f"{spec.num_inference_steps:>4} {padded(spec.scheduler or 'own', 12)}"


_COLUMNS = (
    Column("  Time", 10, time_of),
    Column("  it/s", 6, speed_of, "text-muted", least=104),
    Column("  Memory", 9, memory_of, "text-muted"),
    Column("Rating", 6, marks_of, "warning"),
    Column("Seed", 9, seed_of),
    Column("Steps, scheduler", 17, _steps, "text-muted", least=88),
)


class HistoryTable(RunList):
    """A row a run."""

    class Laid(Message):
        """The columns were laid out for a width; ``heads`` is the line above them."""

        def __init__(self, heads: Content) -> None:
            super().__init__()
            self.heads = heads

    def __init__(self) -> None:
        super().__init__("history")

    @property
    def _digits(self) -> int:
        """The width of the numbers: that of the highest at the ends of what was fetched."""
        found = self.found
        if found is None:
            return 2
        ends = [entry.id for part in (found.head, found.tail) for entry in (*part[:1], *part[-1:])]
        return max(3, *(len(str(number)) for number in ends), 0)

    def lay(self) -> None:
        super().lay()
        columns = _shown(self.scrollable_content_region.width)
        self.post_message(self.Laid(_heads(columns, self._digits)))

    def render_line(self, y: int) -> Strip:
        index = y + self.scroll_offset.y
        if index >= self.count or self.found is None:
            return self.empty_line(y)
        width, base = self.scrollable_content_region.width, self.rich_style
        at_cursor = index == self.cursor
        if at_cursor:
            kind = "block-cursor" if self.has_focus else "block-cursor-blurred"
            base += ink(self, f"{kind}-foreground", f"{kind}-background", bold=True)
        entry = self.found[index]
        if entry is None:  # on its way
            return Strip([Segment("  …", base)]).adjust_cell_length(width, base)
        cells = Strip(self._cells(entry, width, base, plain=at_cursor))
        return cells.adjust_cell_length(width, base)

    def _cells(self, entry: Entry, width: int, base: Style, *, plain: bool) -> Iterable[Segment]:
        def style(tone: str) -> Style:
            return base if plain or not tone else base + ink(self, tone)  # dim on the cursor: no

        sign, tone = SIGNS.get(entry.record.status.value, ("?", "text-muted"))
        ended_badly = tone == "error"
        mark = "● " if entry.id in self.selected else "  "
        cells = [
            Segment(mark.ljust(_MARK), style("accent")),
            Segment(f"#{entry.id}".rjust(self._digits + 1) + " ", style("text-muted")),
            Segment(f"{sign} ", style(tone)),
        ]
        for column in _shown(width):
            text = _cell(column.text(entry), column.width)
            bad = ended_badly and column.text is time_of
            cells.append(Segment(text + _GAP, style("error" if bad else column.tone)))
        room = width - sum(cell.cell_length for cell in cells)
        if (what := in_words(entry.record.spec.switches)) and room > 8:
            text = one_line(what, max(room // 2, 8)) + "  "
            cells.append(Segment(text, base))
            room -= cell_len(text)
        if room > 4:
            prompt = one_line(entry.record.spec.prompt[:_LONGEST], room)
            cells.append(Segment(prompt, style("text-muted")))
        return cells


def _cell(text: str, width: int) -> str:
    """``text`` in exactly ``width`` cells. Blanks in front stay: they line figures up."""
    fitting = text if cell_len(text) <= width else one_line(text, width)
    return fitting + " " * (width - cell_len(fitting))


def _shown(width: int) -> list[Column]:
    return [column for column in _COLUMNS if width >= column.least]


def _heads(columns: Iterable[Column], digits: int) -> Content:
    names = "".join(f"{column.head:<{column.width}}{_GAP}" for column in columns)
    return Content(f"{' ' * _MARK}{'#'.rjust(digits + 1)}   {names}Prompt")
