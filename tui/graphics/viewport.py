"""Which part of a picture is seen, and how large. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import ceil

from tui.graphics.fit import fitted

ZOOMS = (1.0, 1.5, 2.0, 3.0, 4.0, 6.0, 8.0, 12.0, 16.0)
"""Times as large as it fits."""
_STEP = 0.25
"""Of what is seen, by which the view is moved at once."""

Box = tuple[float, float, float, float]
"""Left, top, right and bottom as parts of the picture, from 0 to 1."""
WHOLE: Box = (0.0, 0.0, 1.0, 1.0)


@dataclass(frozen=True, slots=True)
class Seen:
    """A part of a picture in a room: how many cells it takes, and which part it is."""

    columns: int
    rows: int
    box: Box


@dataclass(frozen=True, slots=True)
class Viewport:
    """How far all pictures are enlarged, and where the middle of what is seen lies.

    Attributes:
        zoom: 1 is the whole picture, as large as it fits.
        x, y: as parts of the picture, so that pictures of unequal size move together.
    """

    zoom: float = 1.0
    x: float = 0.5
    y: float = 0.5

    def seen(self, width: int, height: int, columns: int, rows: int, cell_ratio: float) -> Seen:
        """What is seen of ``width`` x ``height`` pixels in ``columns`` x ``rows`` cells.

        Never stretched: what does not fit is cut off on both sides.
        """
        if min(width, height, columns, rows) <= 0:
            return Seen(0, 0, WHOLE)
        wide = fitting(width, height, columns, rows, cell_ratio) * self.zoom
        tall = wide * height / width / cell_ratio
        across, down = _cells(wide, columns), _cells(tall, rows)
        left, right = _part(self.x, across / wide if wide > columns else 1.0)
        top, bottom = _part(self.y, down / tall if tall > rows else 1.0)
        return Seen(across, down, (left, top, right, bottom))

    def enlarged(self, by: int) -> Viewport:
        """A step nearer (1) or further away (-1)."""
        at = min(range(len(ZOOMS)), key=lambda i: abs(ZOOMS[i] - self.zoom))
        return replace(self, zoom=ZOOMS[min(max(at + by, 0), len(ZOOMS) - 1)])

    def moved(self, x: int, y: int, box: Box) -> Viewport:
        """Moved by a step; ``box`` is what is seen now, of the picture that shows least."""
        left, top, right, bottom = box
        return replace(
            self,
            x=_middle((left + right) / 2 + x * _STEP * (right - left), right - left),
            y=_middle((top + bottom) / 2 + y * _STEP * (bottom - top), bottom - top),
        )


def fitting(width: int, height: int, columns: int, rows: int, cell_ratio: float) -> float:
    """Columns that a picture takes when it is as large as it fits, not rounded to whole ones."""
    return min(columns, rows * cell_ratio * width / height)


def _cells(length: float, room: int) -> int:
    return max(1, min(room, round(length)))


def _part(middle: float, share: float) -> tuple[float, float]:
    share = min(share, 1.0)
    first = min(max(middle - share / 2, 0.0), 1.0 - share)
    return first, first + share


def _middle(wanted: float, share: float) -> float:
    return min(max(wanted, share / 2), 1 - share / 2)


@dataclass(frozen=True, slots=True)
class Pane:
    """Where one picture stands, in cells, with its label in the row above."""

    x: int
    y: int
    columns: int
    rows: int
    box: Box
    label_x: int
    label_columns: int


LABEL_COLUMNS = 18
"""So wide a label may be above a picture that is smaller, where there is room."""
GAP = 1


def panes(
    sizes: Sequence[tuple[int, int]],
    columns: int,
    rows: int,
    cell_ratio: float,
    view: Viewport,
    *,
    labels: bool = True,
) -> list[Pane]:
    """Panes for pictures of ``sizes`` pixels, together as large as they get, in reading order.

    They stand next to each other, in one row or more, without more room between than a cell, so
    that the eye has not far to go.

    Args:
        labels: leave a row above each for its label.
    """
    if not sizes or columns < 1 or rows < 1 + labels:
        return []

    def worth(across: int) -> float:
        room_x, room_y = _room(len(sizes), across, columns, rows, labels)
        fits = [fitted(*size, room_x, room_y, cell_ratio) for size in sizes]
        # A full last row is worth slightly smaller pictures.
        return sum(x * y for x, y in fits) * (1 if len(sizes) % across == 0 else 0.8)

    across = max(range(1, len(sizes) + 1), key=lambda n: (worth(n), n))
    room_x, room_y = _room(len(sizes), across, columns, rows, labels)
    down = ceil(len(sizes) / across)
    seen = [view.seen(*size, room_x, room_y, cell_ratio) for size in sizes]
    wide = max([*(part.columns for part in seen), min(room_x, LABEL_COLUMNS) if labels else 0])
    tall = max(part.rows for part in seen)
    left = (columns - across * wide - (across - 1) * GAP) // 2
    top = max(0, (rows - down * (tall + labels)) // 2)
    found = []
    for i, part in enumerate(seen):
        x = left + i % across * (wide + GAP)
        y = top + i // across * (tall + labels) + labels
        inset = (wide - part.columns) // 2, (tall - part.rows) // 2
        found.append(Pane(x + inset[0], y + inset[1], part.columns, part.rows, part.box, x, wide))
    return found


def _room(count: int, across: int, columns: int, rows: int, labels: bool) -> tuple[int, int]:
    down = ceil(count / across)
    return max(0, (columns - (across - 1) * GAP) // across), max(0, rows // down - labels)
