"""The runs that were found as small pictures, beside and below each other."""

from __future__ import annotations

import asyncio
from functools import partial
from math import ceil
from typing import TYPE_CHECKING

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual import work
from textual.cache import LRUCache
from textual.strip import Strip

from engine.errors import SafelightError
from tui.graphics.fit import fitted
from tui.graphics.terminal import Terminal
from tui.ink import ink
from tui.keys.command import acting, bindings
from tui.keys.moving import LIST
from tui.shrunk import Kept, shrunk
from tui.stock import off_loop
from tui.text import WINNER, centred, one_line, seconds
from tui.widgets.history_table import stars
from tui.widgets.run_list import RunList
from tui.widgets.run_table import WORDS

if TYPE_CHECKING:
    from engine.history import Entry

_WIDE = 17
"""Cells of a picture, or somewhat more, so that a row is filled."""
_GAP = 2
_LABELS = 2
_SIDE = 64
"""Pixels that are kept of a picture: more than half blocks show."""
_AT_ONCE = 2


class Thumbnails(RunList):
    """A small picture a run, with its number, rating and time below."""

    BINDINGS = bindings(
        acting(LIST, left="move(-1)", right="move(1)", up="line(-1)", down="line(1)")
    )

    def __init__(self, terminal: Terminal) -> None:
        super().__init__("thumbnails")
        self.terminal = terminal
        self._tile, self._picture_rows = _WIDE, 1
        self._reading = False
        self._kept = Kept()
        self._drawn: LRUCache[tuple[str, int, int], list[Strip]] = LRUCache(400)

    # Where they are

    def lay(self) -> None:
        width = self.scrollable_content_region.width
        self.across = max(1, (width + _GAP) // (_WIDE + _GAP))
        self._tile = max(1, (width + _GAP) // self.across - _GAP)
        self._picture_rows = max(1, ceil(self._tile / self.terminal.cell_ratio))
        self.item_rows = self._picture_rows + _LABELS
        super().lay()

    def item_at(self, x: int, y: int) -> int | None:
        column = min(x // (self._tile + _GAP), self.across - 1)
        item = (y + self.scroll_offset.y) // self.item_rows * self.across + column
        return item if item < self.count else None

    def action_line(self, by: int) -> None:
        """Up or down; from the last but one row to the last run, where none is right below."""
        to = self.cursor + by * self.across
        if to >= self.count and self.cursor // self.across < (self.count - 1) // self.across:
            to = self.count - 1
        if 0 <= to < self.count:
            self.go(to)

    # The pictures

    def on_line_list_seen(self) -> None:
        if not self._reading:  # else it goes on with what is wanted by now
            self._read()

    def _wanted(self) -> list[str]:
        """Pictures on the screen that were not read yet; then those of the rows to come."""
        if self.found is None or not self.count or not self.display:
            return []
        first, last = self.in_sight
        shown = (last - first + 1) or 1
        indices = [*range(first, last + 1), *range(last + 1, last + 1 + shown)]
        entries = [self.found[i] for i in indices if i < self.count]
        paths = [_path(entry) for entry in entries if entry is not None]
        return [path for path in paths if path and self._kept.get(path) is None]

    @work(group="thumbnails")
    async def _read(self) -> None:
        self._reading = True
        try:
            while wanted := self._wanted():
                await asyncio.gather(*map(self._read_one, wanted[:_AT_ONCE]))
                self.refresh()
        finally:
            self._reading = False

    async def _read_one(self, path: str) -> None:
        try:
            self._kept.put(path, await off_loop(partial(shrunk, path, _SIDE)))
        except SafelightError:
            self._kept.put(path, "not there")

    # Drawing

    def render_line(self, y: int) -> Strip:
        width, base = self.scrollable_content_region.width, self.rich_style
        line, row = divmod(y + self.scroll_offset.y, self.item_rows)
        first = line * self.across
        if first >= self.count or self.found is None:
            return self.empty_line(y)
        segments: list[Segment] = []
        for index in range(first, min(first + self.across, self.count)):
            entry = self.found[index]
            segments += self._row(entry, row, index == self.cursor, base)
            segments.append(Segment(" " * _GAP, base))
        return Strip(segments).adjust_cell_length(width, base)

    def _row(self, entry: Entry | None, row: int, here: bool, base: Style) -> list[Segment]:
        if row < self._picture_rows:
            return list(self._picture(entry, base)[row])
        style = base
        if here:
            kind = "block-cursor" if self.has_focus else "block-cursor-blurred"
            style += ink(self, f"{kind}-foreground", f"{kind}-background", bold=True)
        elif row - self._picture_rows:
            style += ink(self, "warning")
        texts = ("", "") if entry is None else self._labels(entry)
        if row - self._picture_rows >= len(texts):
            return [Segment(" " * self._tile, base)]
        text = texts[row - self._picture_rows]
        return [Segment(text + " " * max(0, self._tile - cell_len(text)), style)]

    def _labels(self, entry: Entry) -> tuple[str, str]:
        record = entry.record
        took = WORDS.get(record.status.value) or seconds(record.seconds.total)
        mark = "● " if entry.id in self.selected else ""
        many = f" ×{len(record.images)}" if len(record.images) > 1 else ""
        number = f"{mark}#{entry.id}{many}"
        gap = self._tile - cell_len(number) - cell_len(took)
        first = number + " " * gap + took if gap > 0 else number
        won = f"{WINNER} " if entry.winner else ""
        return _cut(first, self._tile), f"{won}{stars(entry.rating)}"

    def _picture(self, entry: Entry | None, base: Style) -> list[Strip]:
        path = _path(entry) if entry is not None else ""
        kept = self._kept.get(path) if path else None
        words = kept if isinstance(kept, str) else "" if path or entry is None else "no picture"
        if kept is not None and self.terminal.protocol == "none":
            words = words or "not drawn"
            kept = words
        if kept is None or isinstance(kept, str):
            return self._placeholder(words or "…", base)
        key = (path, self._tile, self._picture_rows)
        if (drawn := self._drawn.get(key)) is None:
            from tui.graphics.halfblock import half_blocks

            ratio = self.terminal.cell_ratio
            wide, tall = fitted(*kept.size, self._tile, self._picture_rows, ratio)
            strips = half_blocks(kept, wide, tall)
            drawn = self._framed(strips, wide, base)
            self._drawn[key] = drawn
        return drawn

    def _framed(self, strips: list[Strip], wide: int, base: Style) -> list[Strip]:
        """In the middle of its tile, on its lowest row: labels stand right below."""
        left = (self._tile - wide) // 2
        right = self._tile - wide - left
        blank = [Strip.blank(self._tile, base)] * (self._picture_rows - len(strips))
        sides = (Segment(" " * left, base), Segment(" " * right, base))
        return blank + [Strip([sides[0], *strip, sides[1]], self._tile) for strip in strips]

    def _placeholder(self, words: str, base: Style) -> list[Strip]:
        style = base + ink(self, "text-muted", "panel")
        middle = self._picture_rows // 2
        return [
            Strip([Segment(centred(words if row == middle else "", self._tile), style)])
            for row in range(self._picture_rows)
        ]

    def notify_style_update(self) -> None:
        super().notify_style_update()
        self._drawn.clear()


def _cut(text: str, width: int) -> str:
    """``text``, cut where it is too long."""
    return text if cell_len(text) <= width else one_line(text, width)


def _path(entry: Entry) -> str:
    """The first picture of a run; empty when it has none."""
    return entry.record.images[0].path if entry.record.images else ""
