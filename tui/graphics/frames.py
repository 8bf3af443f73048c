"""Pictures made ready for the terminal ahead of time, so that showing one is writing it."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tui.graphics.terminal import Terminal
from tui.graphics.viewport import WHOLE, Box

if TYPE_CHECKING:
    # At run time only once there is a picture.
    from PIL import Image
    from textual.strip import Strip

    from tui.graphics.pixels import Pixels

_PLAIN = 4.0
"""Pixels of the terminal for one of the picture, from which on each is shown as a square."""
_MOST_BYTES = 48_000_000
_STRIP_BYTES = 150  # of a cell, about: its segment; styles are shared


_SLOW = 2.0
"""Worth of pictures up to which the link may be slow: what lies below pixels is coarse then. It is
seen dimmed, behind dialogs."""
FULL = float("inf")
"""As good as the terminal shows it, in however many bytes."""


@dataclass(frozen=True, slots=True)
class Shot:
    """A part of a picture at a size in cells.

    Attributes:
        picture: names the picture.
        worth: times the usual bytes that it may take on the link; :data:`FULL` is without limit.
    """

    picture: Hashable
    columns: int
    rows: int
    box: Box
    worth: float = 1.0


@dataclass(frozen=True, slots=True)
class Frame:
    """A shot, ready: cells as strips, and in terminals that have them the pixels over them.

    Attributes:
        worth: as the shot's.
    """

    strips: tuple[Strip, ...] = ()
    pixels: Pixels | None = None
    worth: float = 1.0

    @property
    def is_fine(self) -> bool:
        """Whether its cells are a picture too, not only coarse blocks below pixels."""
        return self.pixels is None or self.worth > _SLOW

    @property
    def weight(self) -> int:
        """About how many bytes of memory it takes."""
        cells = sum(len(strip._segments) for strip in self.strips)
        return (self.pixels.weight if self.pixels else 0) + cells * _STRIP_BYTES


def could_be_better(frame: Frame | str | None) -> bool:
    """Whether it is in pixels, and in fewer bytes than the terminal could show."""
    return isinstance(frame, Frame) and frame.pixels is not None and frame.worth < FULL


def develop(image: Image.Image, shot: Shot, terminal: Terminal) -> Frame | str:
    """Make a shot of ``image`` ready. Takes up to some tenths of a second: in a thread.

    Some words instead, where no pictures are to be drawn.
    """
    if terminal.protocol == "none":
        return in_words(image)
    from tui.graphics.halfblock import coarse, half_blocks

    cells = shot.columns, shot.rows
    if terminal.has_pixels:
        from tui.graphics.pixels import pixels

        width, height = terminal.cell
        part = cut_out(image, shot.box, shot.columns * width, shot.rows * height, larger=False)
        ready = pixels(part, *cells, terminal, shot.worth)
        if ready is not None:
            below = coarse(part, *cells)
            if shot.worth > _SLOW:
                below = half_blocks(cut_out(image, shot.box, cells[0], cells[1] * 2), *cells)
            return Frame(tuple(below), ready, shot.worth)
    part = cut_out(image, shot.box, shot.columns, shot.rows * 2)
    return Frame(tuple(half_blocks(part, *cells)))


def in_words(image: Image.Image) -> str:
    """What stands for a picture where none is drawn."""
    return f"{image.width}x{image.height} pixels, not drawn"


def cut_out(
    image: Image.Image, box: Box, width: int, height: int, *, larger: bool = True
) -> Image.Image:
    """A part of a picture at ``width`` x ``height`` pixels.

    Far enlarged it shows the picture's own pixels, as squares: who looks so near wants to see them.

    Args:
        larger: else it is at most at its own size, unless it is far enlarged.
    """
    from PIL import Image

    left, top, right, bottom = box
    part = left * image.width, top * image.height, right * image.width, bottom * image.height
    times = width / (part[2] - part[0])
    if not larger and 1 < times < _PLAIN:
        width = max(1, min(width, round(part[2] - part[0])))
        height = max(1, min(height, round(part[3] - part[1])))
        times = 1.0
    if times >= _PLAIN:
        method = Image.Resampling.NEAREST
    else:
        method = Image.Resampling.BICUBIC if times > 1 else Image.Resampling.LANCZOS
    rgb = image if image.mode == "RGB" else image.convert("RGB")
    if rgb.size == (width, height) and box == WHOLE:
        return rgb
    return rgb.resize((width, height), method, box=part)


class Frames:
    """The frames that were used last, or why there is none."""

    def __init__(self, most_bytes: int = _MOST_BYTES) -> None:
        self._most, self._bytes = most_bytes, 0
        self._frames: OrderedDict[Shot, Frame | str] = OrderedDict()

    def get(self, shot: Shot) -> Frame | str | None:
        """A frame that is here, a sentence why there is none, or ``None``: not made yet."""
        if shot in self._frames:
            self._frames.move_to_end(shot)
        return self._frames.get(shot)

    def put(self, shot: Shot, frame: Frame | str) -> None:
        """Keep a frame, and let go of those that were not used for longest."""
        if (before := self._frames.pop(shot, None)) is not None:
            self._bytes -= _weight(before)
        self._frames[shot] = frame
        self._bytes += _weight(frame)
        while self._bytes > self._most and len(self._frames) > 8:
            _, gone = self._frames.popitem(last=False)
            self._bytes -= _weight(gone)

    def clear(self) -> None:
        """Forget all: they were for another terminal."""
        self._frames.clear()
        self._bytes = 0


def _weight(frame: Frame | str) -> int:
    return frame.weight if isinstance(frame, Frame) else len(frame)
