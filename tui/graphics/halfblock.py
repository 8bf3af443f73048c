"""Pictures from half blocks: two pixels a cell, in any terminal with 24-bit colour."""

from __future__ import annotations

from functools import lru_cache

from PIL import Image
from rich.color import Color, ColorType
from rich.color_triplet import ColorTriplet
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

_BLOCK = "▀"
_BACKGROUND = "48;2;{};{};{}"
_BOTH = "38;2;{};{};{};48;2;{};{};{}"


def half_blocks(
    image: Image.Image, columns: int, rows: int, *, truecolor: bool = True
) -> list[Strip]:
    """``image`` stretched to ``columns`` x ``2 * rows`` pixels, as ``rows`` strips.

    Cells of equal colours that stand next to each other become one segment. A small picture, as
    previews are, gets twice its own pixels and no more: the rest would be time and bytes only.

    Args:
        truecolor: whether the terminal takes 24-bit colours; else Rich finds the nearest.
    """
    wide = max(1, columns // (2 * image.width))  # cells that share a colour
    tall = 2 if rows >= 2 * image.height else 1  # pixels, of the two in a cell
    across = -(-columns // wide)
    sized = resized(image, across, rows * 2 // tall)
    pixels = sized.tobytes()
    stride = across * 3
    style = _styled if truecolor else _style
    strips = []
    for row in range(rows):
        at = row * 2 // tall * stride
        upper = pixels[at : at + stride]
        lower = upper if tall == 2 else pixels[at + stride : at + 2 * stride]
        segments: list[Segment] = []
        start = 0
        for column in range(1, across + 1):
            here = slice(start * 3, start * 3 + 3)
            there = slice(column * 3, column * 3 + 3)
            if column < across and upper[here] == upper[there] and lower[here] == lower[there]:
                continue
            count = min(column * wide, columns) - start * wide
            text = (" " if upper[here] == lower[here] else _BLOCK) * count
            segments.append(Segment(text, style(upper[here], lower[here])))
            start = column
        strips.append(Strip(segments, columns))
    return strips


@lru_cache(maxsize=16384)
def _styled(upper: bytes, lower: bytes) -> Style:
    # The escape codes at once: thousands of cells are drawn for one picture, and what Rich does
    # for each of them holds up the keys, and the engine, for tens of milliseconds.
    style = _style(upper, lower)
    if upper == lower:
        style._ansi = _BACKGROUND.format(*lower)
    else:
        style._ansi = _BOTH.format(*upper, *lower)
    return style


def _style(upper: bytes, lower: bytes) -> Style:
    return Style.from_color(None if upper == lower else _colour(upper), _colour(lower))


def _colour(rgb: bytes) -> Color:
    return Color(f"#{rgb.hex()}", ColorType.TRUECOLOR, None, ColorTriplet(*rgb))


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
