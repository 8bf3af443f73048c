"""Pictures from half blocks: two pixels a cell, in any terminal with 24-bit colour."""

from __future__ import annotations

from functools import lru_cache

from PIL import Image
from rich.color import Color
from rich.color_triplet import ColorTriplet
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

_BLOCK = "▀"


def half_blocks(image: Image.Image, columns: int, rows: int) -> list[Strip]:
    """``image`` stretched to ``columns`` x ``2 * rows`` pixels, as ``rows`` strips.

    Cells of equal colours that stand next to each other become one segment.
    """
    pixels = resized(image, columns, rows * 2).tobytes()
    stride = columns * 3
    strips = []
    for row in range(rows):
        upper = pixels[row * 2 * stride : (row * 2 + 1) * stride]
        lower = pixels[(row * 2 + 1) * stride : (row * 2 + 2) * stride]
        segments: list[Segment] = []
        start = 0
        for column in range(1, columns + 1):
            here = slice(start * 3, start * 3 + 3)
            there = slice(column * 3, column * 3 + 3)
            if column < columns and upper[here] == upper[there] and lower[here] == lower[there]:
                continue
            segments.append(_cells(upper[here], lower[here], column - start))
            start = column
        strips.append(Strip(segments, columns))
    return strips


def _cells(upper: bytes, lower: bytes, count: int) -> Segment:
    return Segment((" " if upper == lower else _BLOCK) * count, _style(upper, lower))


@lru_cache(maxsize=16384)
def _style(upper: bytes, lower: bytes) -> Style:
    below = Color.from_triplet(ColorTriplet(*lower))
    if upper == lower:
        return Style(bgcolor=below)
    return Style(color=Color.from_triplet(ColorTriplet(*upper)), bgcolor=below)


def resized(image: Image.Image, width: int, height: int) -> Image.Image:
    """``image`` in RGB at a new size in pixels.

    Small pictures are enlarged smoothly: a preview of 16 x 16 then reads as a blurred picture,
    which is what it is, not as tiles.
    """
    rgb = image.convert("RGB")
    if rgb.size == (width, height):
        return rgb
    shrinks = width < rgb.width or height < rgb.height
    method = Image.Resampling.LANCZOS if shrinks else Image.Resampling.BICUBIC
    return rgb.resize((width, height), method)
