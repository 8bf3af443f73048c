"""What the stage of a comparison shows: prints, and the rows that they stand in."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

if TYPE_CHECKING:
    from PIL import Image

Part = tuple[str, str]
"""Some words and their colour: a name of the theme's, with ``bold `` before it or not."""


@dataclass(frozen=True, slots=True)
class Print:
    """One picture to be shown.

    Attributes:
        key: names the picture.
        size: gives its size in pixels, as far as it is known by now.
        make: gives it, in a thread. Raises ``SafelightError``.
        label: above it.
        words: instead of it; empty when there is a picture.
    """

    key: Hashable
    size: Callable[[], tuple[int, int]]
    make: Callable[[], Image.Image]
    label: tuple[Part, ...] = ()
    words: str = ""


def joined(pieces: Sequence[tuple[int, Strip]], columns: int, paper: Style) -> Strip:
    """A row of pieces, each with where it begins, and blanks between them; none over another.

    Pieces that were made for a wider row end where this one does.
    """
    segments: list[Segment] = []
    at = 0
    for x, strip in sorted(pieces, key=_left):
        if x < at or x >= columns:
            continue
        strip = strip.crop(0, min(strip.cell_length, columns - x))
        segments.append(Segment(" " * (x - at), paper))
        segments.extend(strip)
        at = x + strip.cell_length
    segments.append(Segment(" " * (columns - at), paper))
    return Strip(segments, columns)


def _left(piece: tuple[int, Strip]) -> int:
    return piece[0]
