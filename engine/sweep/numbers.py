"""Numbers of an axis: lists and ranges, exact in decimals."""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal

from engine.errors import InvalidAxis

MAX_VALUES = 200
"""Of one axis."""
_NUMBER = r"[+-]?\d{1,19}(?:\.\d{1,9})?"
_RANGE = re.compile(rf"({_NUMBER})\s*\.\.\s*({_NUMBER})\s*(?::\s*({_NUMBER})\s*)?", re.ASCII)
_ONE = re.compile(rf"{_NUMBER}|[+-]?\.\d{{1,9}}", re.ASCII)


def is_range(text: str) -> bool:
    """Whether a value is written as a range: ``4..8``, ``4..8:0.5``."""
    return _RANGE.fullmatch(text) is not None


def expanded(text: str) -> Iterator[Decimal]:
    """The numbers of a range, both ends among them where the step meets the last.

    Raises :class:`InvalidAxis` when it is too long, or never comes to its end.
    """
    match = _RANGE.fullmatch(text)
    if match is None:
        raise InvalidAxis(f"“{text[:80]}” is not a range, such as 4..8 or 4..8:0.5.")
    first, last = Decimal(match[1]), Decimal(match[2])
    step = Decimal(match[3]) if match[3] else Decimal(1)
    if not step:
        raise InvalidAxis(f"The step of {text} is 0, so it has no end.")
    if last < first:  # 8..4:1 counts down as well as 8..4:-1
        step = -abs(step)
    elif step < 0 and last > first:
        raise InvalidAxis(f"{text} goes up, but its step is {step}.")
    count = int((last - first) / step) + 1
    if count > MAX_VALUES:
        raise InvalidAxis(f"{text} are {count:,} values; {MAX_VALUES} at most on an axis.")
    for number in range(count):
        yield first + number * step


def number(text: str, label: str) -> Decimal:
    """One number. Raises :class:`InvalidAxis`."""
    if not _ONE.fullmatch(text):
        raise InvalidAxis(f"{label} takes numbers and ranges such as 4..8:1, not “{text[:80]}”.")
    return Decimal(text)


def whole(value: Decimal, label: str) -> int:
    """A whole number. Raises :class:`InvalidAxis`."""
    if value != int(value):
        raise InvalidAxis(f"{label} takes whole numbers, not {value}.")
    return int(value)
