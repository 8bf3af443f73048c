"""A frame of text without the cells that pictures cover, and those that are there already."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import Console
from textual._compositor import ChopsUpdate, CompositorUpdate, LayoutUpdate
from textual.strip import Strip

from tui.graphics.masks import Masks, runs, span
from tui.graphics.shadow import Shadow


class Masked(CompositorUpdate):
    """What another update paints, except for some cells."""

    def __init__(self, update: LayoutUpdate | ChopsUpdate, covered: Masks, shadow: Shadow) -> None:
        self._update, self._covered, self._shadow = update, covered, shadow

    def render_segments(self, console: Console) -> str:
        """For the terminal, which shows it from now on."""
        written = []
        at = (-1, -1)
        for y, x, strip in self._seen():
            for start, part in self._shadow.changed(y, x, strip):
                if (y, start) != at:
                    written.append(f"\x1b[{y + 1};{start + 1}H")
                written.append(part.render(console))
                at = (y, start + part.cell_length)
        return "".join(written)

    def _seen(self) -> Iterator[tuple[int, int, Strip]]:
        for y, x, strip in painted(self._update):
            width = strip.cell_length
            covered = (self._covered.get(y, 0) >> x) & span(0, width) if self._covered else 0
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
            if chop is not None and x < right and end > left:
                yield y, x, chop.crop(0, min(end, right) - x)
