"""A sweep as a grid: values of the first axis across, of the second down, of the third as pages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual.content import Content
from textual.message import Message
from textual.reactive import reactive
from textual.strip import Strip

from engine.sweep import CellState, State, Sweep
from tui.graphics.fit import fitted
from tui.graphics.terminal import Terminal
from tui.ink import ink
from tui.keys.command import acting, bindings
from tui.keys.moving import LIST
from tui.studies.sweep_signs import SIGNS, badge
from tui.text import centred, one_line
from tui.widgets.line_list import LineList

if TYPE_CHECKING:
    from PIL import Image

_GAP = 1
_LEAST, _GOOD, _MOST = 9, 24, 64
"""Cells of a picture's width. Lines run out of sight rather than that it is less than good."""
_LINES = 2
"""So many are always seen, where there are so many."""
_MOST_HEAD = 18
_ACROSS, _DOWN = "→", "↓"


class SweepGrid(LineList):
    """Draws one page of a sweep. One axis alone runs on from line to line.

    Attributes:
        page: which value of the third axis is shown.
        marked: cells that are to be compared, by number.
        with_pictures: else a line a cell.
    """

    BINDINGS = bindings(
        acting(LIST, left="across(-1)", right="across(1)", up="line(-1)", down="line(1)")
    )

    page = reactive(0)
    with_pictures = reactive(True)

    class Laid(Message):
        """It was laid out; ``heads`` stand above it."""

        def __init__(self, heads: Content) -> None:
            super().__init__()
            self.heads = heads

    class Marked(LineList.Told):
        """Other cells are marked."""

    def __init__(self, sweep: Sweep, terminal: Terminal) -> None:
        super().__init__("grid")
        self.sweep, self.terminal = sweep, terminal
        self.marked: list[int] = []
        self._cells: Sequence[CellState] = ()
        self._pictures: Mapping[int, Image.Image] = {}
        self._percents: Mapping[int, int] = {}
        self._wide, self._head, self._first, self._shown = _LEAST, 0, 0, 1
        self._drawn: dict[int, tuple[Image.Image, int, list[Strip]]] = {}

    # What it shows

    @property
    def columns(self) -> int:
        """Values of the first axis."""
        return self.sweep.shape[0]

    @property
    def is_flow(self) -> bool:
        """Whether there is one axis only."""
        return len(self.sweep.axes) == 1

    @property
    def pages(self) -> int:
        """Values of the third axis."""
        return self.sweep.shape[2] if len(self.sweep.axes) > 2 else 1

    @property
    def count(self) -> int:
        """Cells of one page."""
        return len(self._cells) // self.pages

    def number(self, item: int) -> int:
        """The number of the cell that an item of this page is."""
        return self.page * self.count + item

    @property
    def current(self) -> CellState | None:
        """The cell under the cursor."""
        at = self.number(self.cursor)
        return self._cells[at] if at < len(self._cells) else None

    def show(
        self,
        cells: Sequence[CellState],
        pictures: Mapping[int, Image.Image],
        percents: Mapping[int, int],
    ) -> None:
        """Show how far it is."""
        is_first = not self._cells
        self._cells, self._pictures, self._percents = cells, pictures, percents
        if is_first:
            self.lay()
        self.refresh()

    def watch_page(self) -> None:
        self.refresh()
        self.post_message(self.Moved(self))

    def watch_with_pictures(self) -> None:
        self.lay()
        self.follow()

    def use(self, terminal: Terminal) -> None:
        """Draw for this terminal from now on."""
        self.terminal = terminal
        self.lay()

    # Where the cells are

    @property
    def _picture_rows(self) -> int:
        return max(1, int(self._wide / self.terminal.cell_ratio)) if self.with_pictures else 0

    def lay(self) -> None:
        width = self.scrollable_content_region.width
        axes = self.sweep.axes
        self._head = 0
        if not self.is_flow:
            longest = max(cell_len(one_line(v.label, _MOST_HEAD)) for v in axes[1].values)
            self._head = min(max(longest, cell_len(axes[1].label) + 2), _MOST_HEAD) + 1
        room = max(width - self._head, 1)
        least = _LEAST if self.with_pictures else 11
        most = max(1, (room + _GAP) // (least + _GAP))
        self._shown = min(self.columns, most)
        most_wide = self._best_width(room) if self.with_pictures else 16
        self._wide = max(1, min((room + _GAP) // self._shown - _GAP, most_wide))
        if self.is_flow and self.with_pictures:
            self._shown = min(self.columns, max(1, (room + _GAP) // (self._wide + _GAP)))
        self.across = self._shown if self.is_flow else self.columns
        self.item_rows = self._picture_rows + (2 if self.is_flow else 1)
        self._show_column()
        super().lay()
        self.post_message(self.Laid(self._heads()))

    def _best_width(self, room: int) -> int:
        """As wide as lets all lines be seen, if that is wide enough to see something."""
        rows, ratio = self._rows, self.terminal.cell_ratio
        if self.is_flow:
            wide = _MOST
            while wide > _LEAST:
                across = max(1, (room + _GAP) // (wide + _GAP))
                if -(-self.columns // across) * (int(wide / ratio) + 2) <= rows:
                    break
                wide -= 1
        else:
            fair = (room + _GAP) // self.columns - _GAP  # more is no use
            for lines in range(self.sweep.shape[1], 0, -1):
                wide = int((rows // lines - 1) * ratio)
                if wide >= min(_GOOD, fair) or lines <= _LINES:
                    break
        return min(max(wide, _LEAST), _MOST, room)

    def _show_column(self) -> None:
        """Let the first column that is shown follow the cursor."""
        if self.is_flow:
            self._first = 0
            return
        at = self.cursor % self.columns
        first = min(max(self._first, at - self._shown + 1), at)
        self._first = min(first, max(self.columns - self._shown, 0))

    def watch_cursor(self) -> None:
        self._show_column()
        self.post_message(self.Laid(self._heads()))
        super().watch_cursor()

    def action_across(self, by: int) -> None:
        """Along the row; in a flow on to the next line."""
        column = self.cursor % self.across
        if self.is_flow or 0 <= column + by < self.columns:
            self.go(self.cursor + by)

    def action_line(self, by: int) -> None:
        to = self.cursor + by * self.across
        if to >= self.count and self.cursor // self.across < (self.count - 1) // self.across:
            to = self.count - 1
        if 0 <= to < self.count:
            self.go(to)

    def action_mark(self) -> None:
        """Mark the cell under the cursor, or take its mark away."""
        number = self.number(self.cursor)
        if number in self.marked:
            self.marked.remove(number)
        elif self.current is not None and self.current.record is not None:
            self.marked.append(number)
        self.refresh()
        self.post_message(self.Marked(self))

    def turn(self, by: int) -> None:
        """The next page, or the one before; after the last comes the first."""
        self.page = (self.page + by) % self.pages

    def item_at(self, x: int, y: int) -> int | None:
        column = (x - self._head) // (self._wide + _GAP)
        if x < self._head or not 0 <= column < self._shown:
            return None
        item = (y + self.scroll_offset.y) // self.item_rows * self.across + self._first + column
        return item if item < self.count else None

    # Drawing

    def _heads(self) -> Content:
        """What the columns and the rows are, and below it the values of the columns."""
        axes = self.sweep.axes
        if self.is_flow:
            return Content(one_line(axes[0].label, self.size.width))
        corner = f"{one_line(axes[1].label, self._head - 3)} {_DOWN}"
        above = f"{one_line(axes[0].label, self.size.width - self._head - 2)} {_ACROSS}"
        corner += " " * (self._head - cell_len(corner))
        shown = axes[0].values[self._first : self._first + self._shown]
        here = self.cursor % self.columns - self._first
        names: list[tuple[str, str]] = []
        for column, value in enumerate(shown):
            name = one_line(value.label, self._wide)
            pad = " " * (self._wide - cell_len(name) + _GAP)
            names.append((name + pad, "$foreground bold" if column == here else "$text-muted"))
        more = "›" if self._first + self._shown < self.columns else ""
        labels = f"{corner}{above}\n{' ' * self._head}"
        return Content.assemble((labels, "$text-muted"), *names, (more, "$accent"))

    def render_line(self, y: int) -> Strip:
        width, base = self.scrollable_content_region.width, self.rich_style
        line, row = divmod(y + self.scroll_offset.y, self.item_rows)
        start = line * self.across + self._first
        if line * self.across >= self.count:
            return Strip.blank(width, base)
        segments = [self._row_head(line, row, base)] if self._head else []
        for item in range(start, min(start + self._shown, (line + 1) * self.across, self.count)):
            segments += self._row(item, row, base)
            segments.append(Segment(" " * _GAP, base))
        return Strip(segments).adjust_cell_length(width, base)

    def _row_head(self, line: int, row: int, base: Style) -> Segment:
        label = self.sweep.axes[1].values[line].label if row == 0 else ""
        here = line == self.cursor // self.across
        style = base + ink(self, "foreground" if here else "text-muted", bold=here)
        text = one_line(label, self._head - 1)
        return Segment(text + " " * (self._head - cell_len(text)), style)

    def _row(self, item: int, row: int, base: Style) -> list[Segment]:
        number = self.number(item)
        each = self._cells[number]
        if row < self._picture_rows:
            return list(self._picture(number, each, base)[row])
        style = base
        if item == self.cursor:
            kind = "block-cursor" if self.has_focus else "block-cursor-blurred"
            style += ink(self, f"{kind}-foreground", f"{kind}-background", bold=True)
        if self.is_flow and row == self._picture_rows:
            text = one_line(self.sweep.axes[0].values[item].label, self._wide)
            return [Segment(text + " " * (self._wide - cell_len(text)), style)]
        sign, _, tone = SIGNS[each.state]
        coloured = style if item == self.cursor else style + ink(self, tone)
        mark = "◉" if number in self.marked else sign
        words = one_line(badge(each, self._percents.get(number, 0)), self._wide - 2)
        if each.state is State.IMPOSSIBLE and self._picture_rows:
            words = ""  # it is said in place of the picture
        pad = " " * (self._wide - 2 - cell_len(words))
        plain = style if each.state is State.DONE else coloured
        accent = style + ink(self, "accent") if number in self.marked else coloured
        return [Segment(f"{mark} ", accent), Segment(words + pad, plain)]

    def _picture(self, number: int, each: CellState, base: Style) -> list[Strip]:
        image = self._pictures.get(number)
        if image is None or self.terminal.protocol == "none":
            return self._placeholder(each, base)
        known = self._drawn.get(number)
        if known is not None and known[0] is image and known[1] == self._wide:
            return known[2]
        from tui.graphics.halfblock import half_blocks

        ratio = self.terminal.cell_ratio
        wide, tall = fitted(*image.size, self._wide, self._picture_rows, ratio)
        strips = half_blocks(image, wide, tall)
        left = (self._wide - wide) // 2
        sides = (Segment(" " * left, base), Segment(" " * (self._wide - wide - left), base))
        blank = [Strip.blank(self._wide, base)] * (self._picture_rows - len(strips))
        drawn = [Strip([sides[0], *strip, sides[1]], self._wide) for strip in strips] + blank
        self._drawn[number] = (image, self._wide, drawn)
        return drawn

    def _placeholder(self, each: CellState, base: Style) -> list[Strip]:
        style = base + ink(self, "text-muted", "panel")
        middle = self._picture_rows // 2
        words = {State.FAILED: "✗", State.IMPOSSIBLE: "cannot be", State.DONE: "…"}
        word = words.get(each.state, "")
        return [
            Strip([Segment(centred(word if row == middle else "", self._wide), style)])
            for row in range(self._picture_rows)
        ]

    def notify_style_update(self) -> None:
        super().notify_style_update()
        self._drawn.clear()
