"""Contact sheets: small pictures in a grid, with what tells them apart below each."""

from __future__ import annotations

import io
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import ceil

from PIL import Image, ImageDraw, ImageFont

COLUMNS, ROWS = 5, 6
CELL = 256
"""Pixels of the square that a picture fits into."""
_GAP, _LINES = 16, 3
_SIZE, _LINE = 14, 18
_PLACEHOLDER = 64
_PAPER, _INK, _DIM, _EMPTY = (250, 250, 248), (20, 20, 20), (100, 100, 100), (225, 225, 222)


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
    page = Image.new("RGB", (width, ceil(len(cells) / columns) * high + _GAP), _PAPER)
    draw, font = ImageDraw.Draw(page), ImageFont.load_default(_SIZE)
    for number, (cell, small) in enumerate(zip(cells, smalls, strict=True)):
        left = _GAP + number % columns * (CELL + _GAP)
        below = _GAP + number // columns * high + tallest
        if small is not None:
            page.paste(small, (left, below - small.height))
        else:
            draw.rectangle((left, below - _PLACEHOLDER, left + CELL - 1, below - 1), fill=_EMPTY)
            draw.text((left + 8, below - _PLACEHOLDER + 8), "missing", fill=_DIM, font=font)
        below += 3
        draw.text((left, below), _cut(drawable(cell.title), font), fill=_INK, font=font)
        for line, text in enumerate(_wrapped(drawable(cell.caption), font, _LINES - 1), 1):
            draw.text((left, below + line * _LINE), text, fill=_DIM, font=font)
    return page


def _small(picture: bytes) -> Image.Image:
    small = Image.open(io.BytesIO(picture)).convert("RGB")
    small.thumbnail((CELL, CELL))
    return small


def drawable(text: str) -> str:
    """``text`` in the letters that Pillow's own font has: accents go, others become ``?``."""
    plain = unicodedata.normalize("NFKD", text).replace("–", "-").replace("×", "x")
    letters = (c if c.isascii() or c == "·" else "?" for c in plain if not unicodedata.combining(c))
    return " ".join("".join(c if c.isprintable() else " " for c in letters).split())


_Font = ImageFont.FreeTypeFont | ImageFont.ImageFont


def _wrapped(text: str, font: _Font, lines: int) -> list[str]:
    """``text`` on at most so many lines as wide as a cell, broken between words."""
    words = text.split()
    found: list[str] = []
    while words and len(found) < lines - 1:
        count = 1
        while count < len(words) and font.getlength(" ".join(words[: count + 1])) <= CELL:
            count += 1
        found.append(_cut(" ".join(words[:count]), font))
        words = words[count:]
    return [*found, _cut(" ".join(words), font)] if words else found


def _cut(text: str, font: _Font) -> str:
    """``text`` no wider than a cell, with ``…`` where it was cut."""
    if len(text) < 400 and font.getlength(text) <= CELL:
        return text
    low, high = 0, min(len(text), 400)
    while low < high:
        middle = (low + high + 1) // 2
        if font.getlength(text[:middle].rstrip() + "…") <= CELL:
            low = middle
        else:
            high = middle - 1
    return text[:low].rstrip() + "…"
