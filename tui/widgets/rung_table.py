"""The rungs of a ladder as a table: a row each, figures lined up by their decimal point."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual.content import Content
from textual.message import Message
from textual.strip import Strip

from engine.ladder.request import LadderResult, Rung
from tui.bars import bar
from tui.ink import ink
from tui.studies import ladder_words as words
from tui.text import by_point, one_line
from tui.widgets.line_list import LineList

_TITLE, _MOST_TITLE = 20, 30
_LEAST_CHANGES, _MOST_CHANGES = 14, 28
_WORD = 8
_LEAST_BAR, _MOST_BAR = 5, 24


@dataclass(frozen=True, slots=True)
class _Column:
    """A column of figures.

    Attributes:
        least: how wide the table must be for it, in cells.
        settles: it changes until a rung is measured to its end.
    """

    head: str
    width: int
    text: Callable[[LadderResult, int], str]
    least: int = 0
    settles: bool = False


def _seconds(result: LadderResult, at: int) -> str:
    return by_point(words.took(result, at), 3, 3)


def _rate(result: LadderResult, at: int) -> str:
    return by_point(words.rate(result, at), 4, 2)


def _memory(result: LadderResult, at: int) -> str:
    return words.memory(result.rungs[at]).rjust(7)


def _before(result: LadderResult, at: int) -> str:
    return by_point(words.times(result.rungs[at].before), 2, 4)


def _likeness(result: LadderResult, at: int) -> str:
    return words.likeness(result.rungs[at].likeness_first)


_COLUMNS = (
    _Column(" s/image", 8, _seconds, settles=True),
    _Column("img/min", 7, _rate, least=96, settles=True),
    _Column(" Memory", 7, _memory),
    _Column("vs before", 9, _before, least=96, settles=True),
    _Column("SSIM 1st", 9, _likeness),
)
HEADS_HELP = """s/image, img/min: as beside the first rung: its time, times the ratio that was \
measured in turns. What a rung took in its own turns is told below.
Memory: the peak.
vs before: how many times as fast as the rung it stands on.
SSIM 1st: how alike its picture is to that of the first rung; 1 for the same.
vs 1st: how many times as fast as the first rung; the bar is its share of the first's time."""


@dataclass(frozen=True, slots=True)
class _Layout:
    """What there is room for: columns, and the widths of title, changes (or 0) and bar (or 0)."""

    columns: list[_Column]
    title: int
    changes: int
    bar: int


class RungTable(LineList):
    """Shows a ladder as far as it has come.

    Attributes:
        result: what is shown.
        is_on: whether it is being climbed.
    """

    class Laid(Message):
        """The columns were laid out for a width; ``heads`` is the line above them."""

        def __init__(self, heads: Content) -> None:
            super().__init__()
            self.heads = heads

    def __init__(self) -> None:
        super().__init__("rungs")
        self.result = LadderResult(())
        self.is_on = False

    @property
    def count(self) -> int:
        return len(self.result.rungs)

    @property
    def current(self) -> Rung | None:
        """The rung under the cursor."""
        return self.result.rungs[self.cursor] if self.cursor < self.count else None

    def show(self, result: LadderResult, *, is_on: bool) -> None:
        """Show a ladder. The cursor stays where it is."""
        self.result, self.is_on = result, is_on
        self.lay()

    def lay(self) -> None:
        super().lay()
        self.post_message(self.Laid(self._heads()))

    # Drawing

    def _layout(self) -> _Layout:
        width = self.scrollable_content_region.width
        shown = [column for column in _COLUMNS if width >= column.least]
        used = 5 + sum(column.width + 1 for column in shown) + _WORD + 7
        longest = max((cell_len(rung.title) for rung in self.result.rungs), default=_TITLE)
        title = min(max(_TITLE, longest), _MOST_TITLE, max(width - used - 1 - _LEAST_BAR, _TITLE))
        left = width - used - title - 1
        changes = min(_MOST_CHANGES, left - 2 * _LEAST_BAR - 1)
        changes = changes if changes >= _LEAST_CHANGES else 0
        left -= changes + 1 if changes else 0
        return _Layout(shown, title, changes, min(left, _MOST_BAR) if left >= _LEAST_BAR else 0)

    def _heads(self) -> Content:
        laid = self._layout()
        figures = "".join(f"{column.head:<{column.width}} " for column in laid.columns)
        first = "vs 1st its time" if laid.bar > 7 else "vs 1st"
        changes = f"{'What changes':<{laid.changes}} " if laid.changes else ""
        return Content(f"   # {'Rung':<{laid.title}} {changes}{'':<{_WORD}}{figures}{first}")

    def render_line(self, y: int) -> Strip:
        index = y + self.scroll_offset.y
        width, base = self.scrollable_content_region.width, self.rich_style
        if index >= self.count:
            return Strip.blank(width, base)
        here = index == self.cursor
        if here:
            kind = "block-cursor" if self.has_focus else "block-cursor-blurred"
            base += ink(self, f"{kind}-foreground", f"{kind}-background", bold=True)
        cells = Strip(list(self._cells(index, base, plain=here)))
        return cells.adjust_cell_length(width, base)

    def _cells(self, index: int, base: Style, *, plain: bool) -> Iterator[Segment]:
        rung = self.result.rungs[index]
        mark = words.mark(self.result, index, is_on=self.is_on)
        is_dim = bool(rung.skipped) or mark.sign == "○"

        def style(tone: str) -> Style:
            return base if plain or not tone else base + ink(self, tone)

        laid = self._layout()
        yield Segment(f"{mark.sign} ", style(mark.tone))
        yield Segment(f"{index + 1:>2} ", style("text-muted"))
        dim = "text-disabled" if is_dim else ""
        yield Segment(_fit(rung.title, laid.title) + " ", style(dim))
        if laid.changes:
            yield Segment(_fit(rung.changes, laid.changes) + " ", style(dim or "text-muted"))
        yield Segment(f"{mark.word:<{_WORD}}", style(mark.tone))
        is_open = words.is_open(rung)
        for column in laid.columns:
            tone = "text-muted" if column.least else ""
            waits = is_open and column.settles
            text = ("  …" if self.is_on else "") if waits else column.text(self.result, index)
            yield Segment(_fit(text, column.width) + " ", style(tone))
        if is_open:
            return
        yield from self._against_first(rung, index, laid.bar, style)

    def _against_first(
        self, rung: Rung, index: int, bars: int, style: Callable[[str], Style]
    ) -> Iterator[Segment]:
        """How many times as fast as the first, and its time as a share of the first's."""
        if rung.side is None or not rung.side.samples:
            return
        ratio = 1.0 if index == 0 else rung.first.ratio if rung.first is not None else 0.0
        if not ratio:
            return
        yield Segment(f"{by_point(words.times(rung.first), 2, 4):<7}", style(""))
        is_slower = rung.first is not None and rung.first.differs and ratio > 1
        is_known = rung.first is not None and rung.first.differs
        tone = "error" if is_slower else "accent" if is_known else "text-muted"
        yield Segment(bar(ratio, bars), style(tone))


def _fit(text: str, width: int) -> str:
    """``text`` in exactly ``width`` cells. Blanks in front stay: they line figures up."""
    fitting = text if cell_len(text) <= width else one_line(text, width)
    return fitting + " " * (width - cell_len(fitting))
