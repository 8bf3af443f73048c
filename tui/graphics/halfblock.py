"""Pictures from half blocks: two pixels a cell, in any terminal with 24-bit colour."""

from __future__ import annotations

from bisect import bisect_left
from functools import cache, lru_cache

from PIL import Image
from rich.color import Color, ColorType
from rich.color_triplet import ColorTriplet
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from tui.colourless import PICTURE

BYTES_A_CELL = 20
"""That a picture takes on the link, at most: 36 KB for 60 x 30 cells."""
COARSE_BYTES = 5_000
PREVIEW_BYTES = 13_000
_LEAST_BYTES = 2_000
_BLOCK_BYTES = 23
_TOLERANCES = (0, 2, 3, 4, 6, 8, 10, 13, 16, 20, 25, 32)
"""Levels, of 255, that colours of neighbours may differ."""
_WEIGHTS = 9
_DIGITS = tuple(len(str(level)) for level in range(256))

_Run = tuple[int, bytes, bytes]

_BLOCK = "▀"
_MARK = Style(meta={PICTURE: True})._meta
_BACKGROUND = "48;2;{};{};{}"
_BOTH = "38;2;{};{};{};48;2;{};{};{}"


def half_blocks(
    image: Image.Image,
    columns: int,
    rows: int,
    *,
    most: int | None = None,
) -> list[Strip]:
    """``image`` stretched to ``columns`` x ``2 * rows`` pixels, as ``rows`` strips.

    Cells of equal colours that stand next to each other become one segment, and of nearly equal
    ones where it would be too long else. A small picture, as previews are, gets twice its own
    pixels and no more: the rest would be time and bytes only.

    Args:
        most: bytes, about, that it should take.
    """
    wide = max(1, columns // (2 * image.width))  # cells that share a colour
    tall = 2 if rows >= 2 * image.height else 1  # pixels, of the two in a cell
    across = -(-columns // wide)
    pixels = resized(image, across, rows * 2 // tall).tobytes()
    if most is None:
        most = max(columns * rows * BYTES_A_CELL, _LEAST_BYTES)
    lines = [(row * 2 // tall * across * 3, tall) for row in range(rows)]

    @cache
    def drawn(step: int) -> list[list[_Run]]:
        return [_runs(pixels, at, across, tall, _TOLERANCES[step]) for at, tall in lines]

    def fits(step: int) -> bool:
        return sum(_length(run) for line in drawn(step) for run in line) <= most

    # Halving: each try takes milliseconds of the interpreter's lock, for which the screen waits.
    last = len(_TOLERANCES) - 1
    strips = []
    for line in drawn(bisect_left(range(last), True, key=fits)):
        segments = []
        at = 0
        for count, upper, lower in line:
            cells = min(count * wide, columns - at)
            at += cells
            text = (" " if upper == lower else _BLOCK) * cells
            segments.append(Segment(text, _styled(upper, lower)))
        strips.append(Strip(segments, columns))
    return strips


def coarse(
    image: Image.Image,
    columns: int,
    rows: int,
    *,
    most: int = COARSE_BYTES,
) -> list[Strip]:
    """``image`` in blocks of one colour, in few bytes: it is soon replaced, or lies below pixels.

    Args:
        most: bytes, about, that it should take.
    """
    across = max(1, min(columns, 2 * image.width, most // (max(rows, 1) * _BLOCK_BYTES)))
    pixels = resized(image, across, rows).tobytes()
    edges = [column * columns // across for column in range(across + 1)]
    strips = []
    for row in range(rows):
        segments = []
        start = 0
        for column in range(1, across + 1):
            at, to = (row * across + start) * 3, (row * across + column) * 3
            if column < across and pixels[at : at + 3] == pixels[to : to + 3]:
                continue
            colour = pixels[at : at + 3]
            segments.append(Segment(" " * (edges[column] - edges[start]), _styled(colour, colour)))
            start = column
        strips.append(Strip(segments, columns))
    return strips


def _runs(pixels: bytes, at: int, across: int, tall: int, tolerance: int) -> list[_Run]:
    """Cells of a row that may share their colours: how many, and the two colours."""
    lower_at = at if tall == 2 else at + across * 3
    limit = tolerance * tolerance * _WEIGHTS
    found: list[_Run] = []
    count, upper, lower = 0, b"", b""
    for column in range(0, across * 3, 3):
        above = pixels[at + column : at + column + 3]
        below = pixels[lower_at + column : lower_at + column + 3]
        if count and (
            (above == upper and below == lower)
            or (limit and _apart(above, upper) <= limit and _apart(below, lower) <= limit)
        ):
            count += 1
            continue
        if count:
            found.append((count, upper, lower))
        if limit and above != below and _apart(above, below) <= limit:
            # One colour for both halves: half the bytes.
            above = below = bytes((a + b) // 2 for a, b in zip(above, below, strict=True))
        count, upper, lower = 1, above, below
    found.append((count, upper, lower))
    return found


def _apart(one: bytes, other: bytes) -> int:
    """How different two colours look: squares, of which green counts most."""
    red, green, blue = one[0] - other[0], one[1] - other[1], one[2] - other[2]
    return 2 * red * red + 4 * green * green + 3 * blue * blue


def _length(run: _Run) -> int:
    """Bytes, with what Textual writes after each segment."""
    count, upper, lower = run
    if upper == lower:
        return 14 + count + _DIGITS[upper[0]] + _DIGITS[upper[1]] + _DIGITS[upper[2]]
    return 22 + 3 * count + sum(_DIGITS[level] for level in upper + lower)


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
    style = Style.from_color(None if upper == lower else _colour(upper), _colour(lower))
    style._meta = _MARK
    return style


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
