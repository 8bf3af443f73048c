"""Columns of a row of cells as the bits of a number: which are seen, which are covered."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

Masks = Mapping[int, int]
"""By row of the screen: columns, as bits."""

_ONES = re.compile("1+")


def span(left: int, right: int) -> int:
    """The columns from ``left`` up to ``right``, which is not among them."""
    left = max(left, 0)
    return ((1 << (right - left)) - 1) << left if right > left else 0


def runs(mask: int, columns: int) -> Iterator[tuple[int, int]]:
    """Where the columns stand together: first, and the one after the last."""
    if not mask:
        return
    digits = f"{mask:0{columns}b}"[::-1]
    for found in _ONES.finditer(digits):
        yield found.span()
