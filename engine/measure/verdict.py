"""Whether two series of times differ, and by how much. Pure.

Times are compared in pairs that were taken one right after the other, by the logarithm of their
ratio: what slows the whole machine slows both of a pair. When nothing differs, each logarithm is as
likely to be above zero as below. The estimate is Hodges and Lehmann's, the middle of all averages
of two of the logarithms, which a few disturbed turns do not move; the interval is the exact one of
Wilcoxon's signed ranks. Too few pairs for that are judged by Student's t, which says little of
few pairs that disagree, and rightly so.

Source: Hollander, Wolfe and Chicken, "Nonparametric Statistical Methods", 3rd edition, 3.1 to 3.3.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import exp, inf, log, sqrt
from statistics import fmean, median, stdev
from typing import Any

FLOOR = 0.015
"""A ratio that is off by less is no difference, however sure it is."""
CLOSE = 0.08
"""Of what is at most this far off, and no difference, there is none that matters."""
LEVEL = 0.004
"""How often the interval of the fewest pairs that are ranked may miss the truth."""
LATER_LEVEL = 0.002
"""Likewise of twice as many and more.

A measurement that is undecided goes on and is judged again, six times in all: of a hundred where
nothing differs, about one is then called different. What is bearable is one of twenty.
"""
FEWEST_RANKED = 9
"""Pairs that allow for this: 2 of 2^9 outcomes are all on one side."""
_STUDENT = (63.657, 9.925, 5.841, 4.604, 4.032, 3.707, 3.499)
"""The 0.995 quantile of Student's t with 1 to 7 degrees of freedom."""
_FARTHEST = 13.8
"""Beyond a millionfold nothing is known: of two pairs the interval can be absurdly wide."""


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

    @classmethod
    def of(cls, reference: Sequence[float], other: Sequence[float]) -> Verdict | None:
        """Compare series of times above 0 whose items belong together in pairs.

        What has no partner is left out. ``None`` for fewer than two pairs, which tell nothing.
        """
        logs = [log(b / a) for a, b in zip(reference, other, strict=False)]
        if len(logs) < 2:
            return None
        middle, low, high = _ranked(logs) if len(logs) >= FEWEST_RANKED else _student(logs)
        return cls._from_logs(middle, low, high)

    @classmethod
    def _from_logs(cls, middle: float, low: float, high: float) -> Verdict:
        differs = (low > 0 or high < 0) and abs(middle) > log(1 + FLOOR)
        low, high = max(low, -_FARTHEST), min(high, _FARTHEST)
        return cls(exp(middle), exp(low), exp(high), differs)

    def times(self, other: Verdict) -> Verdict:
        """How a thing compares with the reference of ``other``, which compares its own reference.

        They were measured apart, so what each may be off by adds up in squares.
        """
        one, two = log(self.ratio), log(other.ratio)
        below = sqrt((one - log(self.low)) ** 2 + (two - log(other.low)) ** 2)
        above = sqrt((log(self.high) - one) ** 2 + (log(other.high) - two) ** 2)
        return self._from_logs(one + two, one + two - below, one + two + above)

    @property
    def is_settled(self) -> bool:
        """Whether more turns would hardly change it."""
        close = abs(log(self.ratio)) <= log(1 + FLOOR)
        return self.differs or (close and self.is_same)

    @property
    def is_same(self) -> bool:
        """Whether there is no difference, or none that would matter."""
        return not self.differs and self.low >= 1 / (1 + CLOSE) and self.high <= 1 + CLOSE

    @property
    def is_undecided(self) -> bool:
        """Whether there may be a difference that matters, and may be none."""
        return not self.differs and not self.is_same

    def to_json(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in self.__slots__}

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Verdict:
        """Raises ``KeyError``, ``TypeError`` or ``ValueError`` for what is none."""
        ratio, low, high = (float(values[name]) for name in ("ratio", "low", "high"))
        if not all(0 < value < inf for value in (ratio, low, high)):
            raise ValueError("A ratio of times is above zero.")
        return cls(ratio, low, high, bool(values["differs"]))


def _ranked(logs: Sequence[float]) -> tuple[float, float, float]:
    """Hodges and Lehmann's estimate, and the interval of signed ranks around it."""
    count = len(logs)
    averages = sorted((logs[i] + logs[j]) / 2 for i in range(count) for j in range(i, count))
    leave = _left_out(count)
    return median(averages), averages[leave], averages[-1 - leave]


@lru_cache(maxsize=64)
def _left_out(count: int) -> int:
    """How many averages lie outside of the interval at each end.

    The sum of the ranks above zero takes each value as often as it is a sum of some of 1 … count.
    """
    ways = [1]
    for rank in range(1, count + 1):
        longer = ways + [0] * rank
        for total, number in enumerate(ways):
            longer[total + rank] += number
        ways = longer
    below, leave = 0, 0
    level = LEVEL if count < 2 * FEWEST_RANKED else LATER_LEVEL
    while 2 * (below + ways[leave]) <= level * 2**count:
        below += ways[leave]
        leave += 1
    return max(0, leave - 1)


def _student(logs: Sequence[float]) -> tuple[float, float, float]:
    """The mean, and Student's interval around it."""
    middle = fmean(logs)
    reach = _STUDENT[len(logs) - 2] * stdev(logs) / sqrt(len(logs))
    return middle, middle - reach, middle + reach
