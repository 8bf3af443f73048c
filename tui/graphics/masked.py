"""A frame of text without the cells that pictures cover."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import Console
from textual._compositor import ChopsUpdate, CompositorUpdate, LayoutUpdate
from textual.strip import Strip

from tui.graphics.masks import runs, span
from tui.graphics.plates import Masks


class Masked(CompositorUpdate):
    """What another update paints, except for some cells."""

    def __init__(self, update: LayoutUpdate | ChopsUpdate, covered: Masks) -> None:
        self._update, self._covered = update, covered

    def render_segments(self, console: Console) -> str:
        written = []
        at = (-1, -1)
        for y, x, strip in self._pieces():
            if (y, x) != at:
                written.append(f"\x1b[{y + 1};{x + 1}H")
            written.append(strip.render(console))
            at = (y, x + strip.cell_length)
        return "".join(written)

    def _pieces(self) -> Iterator[tuple[int, int, Strip]]:
        for y, x, strip in painted(self._update):
            width = strip.cell_length
            covered = (self._covered.get(y, 0) >> x) & span(0, width)
            if not covered:
                yield y, x, strip
                continue
            for left, right in runs(~covered & span(0, width), width):
                yield y, x + left, strip.crop(left, right)


def painted(update: LayoutUpdate | ChopsUpdate) -> Iterator[tuple[int, int, Strip]]:
    """What an update paints: row, column and strip."""
    if isinstance(update, LayoutUpdate):
        for y, strips in enumerate(update.strips, update.region.y):
            x = update.region.x
            for strip in strips:
                yield y, x, strip
                x += strip.cell_length
        return
    for y, left, right in update.spans:
        for end, (x, chop) in zip(update.chop_ends[y], update.chops[y].items(), strict=False):
            if chop is None or x > right or end <= left:
                continue
            first, last = max(left - x, 0), min(end, right) - x
            if last > first:
                yield y, x + first, chop.crop(first, last)


def overlaps(update: CompositorUpdate, covered: Masks) -> bool:
    """Whether an update would paint some of these cells."""
    if isinstance(update, ChopsUpdate):
        # It paints from where a chop begins, which may be before the span.
        return any(y in covered for y, _, _ in update.spans)
    return isinstance(update, LayoutUpdate)
