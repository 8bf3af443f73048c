"""Bars made of letters, to an eighth of a cell."""

from __future__ import annotations

_PARTS = " ▏▎▍▌▋▊▉"


def bar(share: float, width: int) -> str:
    """A bar over ``share`` (0 to 1) of ``width`` cells, filled up with blanks.

    What is not nothing is at least an eighth of a cell long.
    """
    eighths = round(min(max(share, 0.0), 1.0) * width * 8)
    if share > 0 and width > 0:
        eighths = max(eighths, 1)
    full, part = divmod(eighths, 8)
    return ("█" * full + (_PARTS[part] if part else "")).ljust(width)
