"""Pictures made ready for the terminal ahead of time, so that showing one is writing it."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tui.graphics.terminal import Terminal
from tui.graphics.viewport import Box

if TYPE_CHECKING:
    # At run time only once there is a picture.
    from PIL import Image
    from textual.strip import Strip

_PLAIN = 4.0
"""Pixels of the terminal for one of the picture, from which on each is shown as a square."""
_MOST_BYTES = 48_000_000
_STRIP_BYTES = 150  # of a cell, about: its segment; styles are shared


@dataclass(frozen=True, slots=True)
class Shot:
    """A part of a picture at a size in cells.

    Attributes:
        picture: names the picture.
    """

    picture: Hashable
    columns: int
    rows: int
    box: Box


@dataclass(frozen=True, slots=True)
class Frame:
    """A shot, ready: half blocks as strips, or a sixel sequence over blanks."""

    strips: tuple[Strip, ...] = ()
    sixels: str = ""

    @property
    def weight(self) -> int:
        """About how many bytes of memory it takes."""
        cells = sum(len(strip._segments) for strip in self.strips)
        return len(self.sixels) + cells * _STRIP_BYTES


def develop(image: Image.Image, shot: Shot, terminal: Terminal, *, truecolor: bool) -> Frame:
    """Make a shot of ``image`` ready. Takes up to some tenths of a second: in a thread."""
    if terminal.protocol == "sixel":
        from tui.graphics.sixel import sixels

        size = shot.columns * terminal.cell_width, shot.rows * terminal.cell_height
        return Frame(sixels=sixels(cut_out(image, shot.box, *size), *size))
    from tui.graphics.halfblock import half_blocks

    image = cut_out(image, shot.box, shot.columns, shot.rows * 2)
    return Frame(tuple(half_blocks(image, shot.columns, shot.rows, truecolor=truecolor)))


def cut_out(image: Image.Image, box: Box, width: int, height: int) -> Image.Image:
    """A part of a picture at ``width`` x ``height`` pixels.

    Far enlarged it shows the picture's own pixels, as squares: who looks so near wants to see them.
    """
    from PIL import Image

    left, top, right, bottom = box
    part = left * image.width, top * image.height, right * image.width, bottom * image.height
    times = width / (part[2] - part[0])
    if times >= _PLAIN:
        method = Image.Resampling.NEAREST
    else:
        method = Image.Resampling.BICUBIC if times > 1 else Image.Resampling.LANCZOS
    rgb = image if image.mode == "RGB" else image.convert("RGB")
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
