"""A frame of text without what need not be written, or not yet.

Not the cells that pictures in pixels cover, nor those that are there already; and of pictures in
half blocks no more than the link takes at once: a whole one is 36 KB, and on a slow link the echo
of a key would wait behind it.
"""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import Console
from textual._compositor import ChopsUpdate, CompositorUpdate, LayoutUpdate
from textual.geometry import Region
from textual.strip import Strip

from tui.colourless import PICTURE
from tui.graphics.masks import Masks, runs, span
from tui.graphics.shadow import Shadow

_NOWHERE = (-1, -1)
_MARK = PICTURE.encode()
"""Of the meta of a style, which Rich keeps as bytes."""
_DENSE, _MANY = 3, 8
"""Cells to a segment, and segments, from which on a row looks like one of a picture."""


class Masked(CompositorUpdate):
    """What another update paints, except for some cells.

    Attributes:
        left: where parts of pictures have been left for another frame.
    """

    def __init__(
        self,
        update: LayoutUpdate | ChopsUpdate,
        covered: Masks,
        shadow: Shadow,
        room: float = float("inf"),
    ) -> None:
        """``room`` is how many bytes of pictures, about, may be written."""
        self._update, self._covered, self._shadow, self._room = update, covered, shadow, room
        self.left: list[Region] = []
        self._is_limited = room < float("inf")
        self._begun = False

    def render_segments(self, console: Console) -> str:
        """For the terminal, which shows it from now on."""
        written = []
        at = _NOWHERE
        for y, x, strip in self._seen():
            for start, part, is_sure in self._shadow.changed(y, x, strip):
                text = part.render(console)
                if self._is_limited and _is_of_picture(part) and not self._has_room(len(text)):
                    self.left.append(Region(start, y, part.cell_length, 1))
                    continue
                if (y, start) != at:
                    written.append(f"\x1b[{y + 1};{start + 1}H")
                written.append(text)
                at = (y, start + part.cell_length) if is_sure else _NOWHERE
        for region in self.left:
            self._shadow.forget_cells({region.y: span(region.x, region.right)})
        return "".join(written)

    def _has_room(self, size: int) -> bool:
        """Whether a part of a picture may go, after which there is less room."""
        # The first may be larger: one that always is would never be seen.
        fits = self._room > 0 and (size <= self._room or not self._begun)
        self._begun, self._room = True, self._room - size if fits else 0.0
        return fits

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


def _is_of_picture(strip: Strip) -> bool:
    segments = strip._segments
    # By its price too: below a dialog Textual takes the mark off. Text of as many colours may wait
    # as well.
    if len(segments) >= _MANY and len(segments) * _DENSE > strip.cell_length:
        return True
    return any(s.style is not None and s.style._meta and _MARK in s.style._meta for s in segments)
