"""Whether two series of times differ, and by how much. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any


@dataclass(frozen=True, slots=True)
class Spread:
    """Some figures of one thing: the middle one, and how far they lie apart.

    Attributes:
        low, high: the quartiles.
    """

    median: float
    low: float
    high: float
    count: int

    @classmethod
    def of(cls, values: Sequence[float]) -> Spread:
        """Raises ``ValueError`` when there are none."""
        if not values:
            raise ValueError("There are no figures.")
        ordered = sorted(values)
        half = (len(ordered) + 1) // 2  # the middle one belongs to both halves (Tukey's hinges)
        return cls(median(ordered), median(ordered[:half]), median(ordered[-half:]), len(ordered))


@dataclass(frozen=True, slots=True)
class Verdict:
    """How one thing compares with the reference.

    Attributes:
        ratio: of its time by the reference's, below 1 where it is faster.
        low, high: between which the ratio is, as far as was measured.
        differs: whether that is a difference; else it is within the spread.
    """

    ratio: float
    low: float
    high: float
    differs: bool

    def to_json(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in self.__slots__}

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Verdict:
        """Raises ``KeyError``, ``TypeError`` or ``ValueError`` for what is none."""
        ratio, low, high = (float(values[name]) for name in ("ratio", "low", "high"))
        return cls(ratio, low, high, bool(values["differs"]))
