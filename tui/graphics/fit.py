"""How large a picture can be shown."""

from __future__ import annotations


def fitted(width: int, height: int, columns: int, rows: int, cell_ratio: float) -> tuple[int, int]:
    """The largest ``(columns, rows)`` that show ``width`` x ``height`` pixels unstretched.

    Args:
        width, height: of the picture, in pixels.
        columns, rows: the room there is.
        cell_ratio: height of a cell divided by its width; 2 in most terminals.
    """
    if min(width, height, columns, rows) <= 0:
        return 0, 0
    wide = columns
    tall = columns * height / width / cell_ratio
    if tall > rows:
        tall = rows
        wide = round(rows * cell_ratio * width / height)
    return max(1, min(columns, wide)), max(1, min(rows, round(tall)))
