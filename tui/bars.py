"""Bars made of letters, to half a cell."""

from __future__ import annotations


def bar(share: float, width: int) -> str:
    """A bar over ``share`` (0 to 1) of ``width`` cells, filled up with blanks.

    What is not nothing is at least half a cell long.
    """
    halves = round(min(max(share, 0.0), 1.0) * width * 2)
    if share > 0 and width > 0:
        halves = max(halves, 1)
    return ("━" * (halves // 2) + "╸" * (halves % 2)).ljust(width)
