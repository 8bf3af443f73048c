"""Contact sheets: small pictures in a grid, with what tells them apart below each."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import ceil

from PIL import Image, ImageDraw

from engine.report.draw import DIM, EMPTY, INK, PAPER, cut, drawable, font, wrapped

COLUMNS, ROWS = 5, 6
CELL = 256
"""Pixels of the square that a picture fits into."""
_GAP, _LINES = 16, 3
_SIZE, _LINE = 14, 18
_PLACEHOLDER = 64


@dataclass(frozen=True, slots=True)
class Cell:
    """One picture of a sheet.

    Attributes:
        picture: small already, as a file that Pillow reads; empty when it is missing.
        title: its number, seed and time.
        caption: what tells it from the others; cut where it is too long.
    """

    picture: bytes
    title: str
    caption: str


def pages(cells: Sequence[Cell]) -> Iterator[Image.Image]:
    """The sheets, up to 30 pictures on each; one at a time."""
    for start in range(0, len(cells), COLUMNS * ROWS):
        yield _page(cells[start : start + COLUMNS * ROWS])


def _page(cells: Sequence[Cell]) -> Image.Image:
    columns = min(COLUMNS, len(cells))
    smalls = [_small(cell.picture) if cell.picture else None for cell in cells]
    tallest = max(small.height if small else _PLACEHOLDER for small in smalls)
    high = tallest + _LINES * _LINE + _GAP
    width = columns * (CELL + _GAP) + _GAP
    page = Image.new("RGB", (width, ceil(len(cells) / columns) * high + _GAP), PAPER)
    draw, letters = ImageDraw.Draw(page), font(_SIZE)
    for number, (cell, small) in enumerate(zip(cells, smalls, strict=True)):
        left = _GAP + number % columns * (CELL + _GAP)
        below = _GAP + number // columns * high + tallest
        if small is not None:
            page.paste(small, (left, below - small.height))
        else:
            draw.rectangle((left, below - _PLACEHOLDER, left + CELL - 1, below - 1), fill=EMPTY)
            draw.text((left + 8, below - _PLACEHOLDER + 8), "missing", fill=DIM, font=letters)
        below += 3
        draw.text((left, below), cut(drawable(cell.title), letters, CELL), fill=INK, font=letters)
        for line, text in enumerate(wrapped(drawable(cell.caption), letters, CELL, _LINES - 1), 1):
            draw.text((left, below + line * _LINE), text, fill=DIM, font=letters)
    return page


def _small(picture: bytes) -> Image.Image:
    small = Image.open(io.BytesIO(picture)).convert("RGB")
    small.thumbnail((CELL, CELL))
    return small
