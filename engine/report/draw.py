"""Text on pictures: letters that the font has, cut and broken to a width."""

from __future__ import annotations

import unicodedata
from functools import cache

from PIL import ImageFont

Font = ImageFont.FreeTypeFont | ImageFont.ImageFont
PAPER, INK, DIM = (250, 250, 248), (20, 20, 20), (100, 100, 100)
EMPTY, LINE = (225, 225, 222), (205, 202, 196)
GOOD, BAD = (44, 122, 75), (179, 64, 42)
_LONGEST = 400
_ON_OTHERS = ("Mn", "Me", "Cf")
"""Categories of accents, and of what only says how another letter is to be drawn."""
_PLAIN = str.maketrans("–—×“”‘’", "--x\"\"''")


@cache
def font(size: int) -> Font:
    """Pillow's own font, which needs no file of the system."""
    return ImageFont.load_default(size)


def drawable(text: str) -> str:
    """``text`` in the letters that Pillow's own font has: accents go, others become ``?``."""
    plain = unicodedata.normalize("NFKD", text).translate(_PLAIN)
    seen = (c for c in plain if unicodedata.category(c) not in _ON_OTHERS)
    letters = (c if c.isascii() or c == "·" else "?" for c in seen)
    return " ".join("".join(c if c.isprintable() else " " for c in letters).split())


def wrapped(text: str, font: Font, width: int, lines: int) -> list[str]:
    """``text`` on at most so many lines of ``width`` pixels, broken between words."""
    words = text.split()
    found: list[str] = []
    while words and len(found) < lines - 1:
        count = 1
        while count < len(words) and font.getlength(" ".join(words[: count + 1])) <= width:
            count += 1
        found.append(cut(" ".join(words[:count]), font, width))
        words = words[count:]
    return [*found, cut(" ".join(words), font, width)] if words else found


def cut(text: str, font: Font, width: int) -> str:
    """``text`` no wider than ``width`` pixels, with ``…`` where it was cut."""
    if len(text) < _LONGEST and font.getlength(text) <= width:
        return text
    low, high = 0, min(len(text), _LONGEST)
    while low < high:
        middle = (low + high + 1) // 2
        if font.getlength(text[:middle].rstrip() + "…") <= width:
            low = middle
        else:
            high = middle - 1
    return text[:low].rstrip() + "…"
