"""The little statistics that a forecast needs: a typical figure, and a curve through figures."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass

Point = tuple[float, float, float]
"""x, y and a weight above 0."""

_FADE = 0.7  # weight of a setting against the one that was run after it
_KEPT = 5  # figures of one setting
_SPREAD = 1.2  # largest by smallest x: below it, noise tilts a line too much


@dataclass(frozen=True, slots=True)
class Curve:
    """A line, bent to pass through what is known. It never falls, and is never below 0.

    Attributes:
        base, slope: of the line, neither below 0.
        xs, ys: what is known, both rising.
    """

    base: float
    slope: float
    xs: tuple[float, ...]
    ys: tuple[float, ...]

    def at(self, x: float) -> float:
        """y at ``x``: what is known, else the line, kept between its neighbours."""
        right = bisect_left(self.xs, x)
        if right < len(self.xs) and self.xs[right] == x:
            return self.ys[right]
        y = self.base + self.slope * x
        if right > 0:
            y = max(y, self.ys[right - 1])
        if right < len(self.ys):
            y = min(y, self.ys[right])
        return y


def typical(newest_first: Sequence[float]) -> float:
    """A median in which newer figures weigh more: of five they weigh 5, 4, 3, 2 and 1.

    One figure that is off changes little; the newest two of a new kind win.

    Raises:
        ValueError: there are no figures.
    """
    count = len(newest_first)
    weighted = sorted((value, count - index) for index, value in enumerate(newest_first))
    half = count * (count + 1) / 4
    so_far = 0
    for value, weight in weighted:
        so_far += weight
        if so_far >= half:
            return value
    raise ValueError("There are no figures.")


def curve(newest_first: Sequence[Point], base: float = 0.0) -> Curve:
    """The curve through points; newer settings weigh more.

    Points of one x are one setting, whose typical figure counts, of those that weigh most. The line
    is that of least squares. Where the points tell none that begins at 0 or above (all are of about
    one x, or curved), it begins at ``base``, or lower if a point is lower.

    Args:
        newest_first: at least one point, each x and y at least 0.
        base: y at 0, where the points do not tell it.
    """
    points = _settings(newest_first)
    line = _least_squares(points) or _from_base(points, base)
    xs, ys = _rising(points)
    return Curve(*line, xs, ys)


def _settings(newest_first: Sequence[Point]) -> list[Point]:
    """One point for each x, newest first."""
    found: dict[float, tuple[float, list[float]]] = {}
    for x, y, weight in newest_first:
        best, ys = found.get(x, (0.0, []))
        if weight > best:
            found[x] = weight, [y]
        elif weight == best and len(ys) < _KEPT:
            ys.append(y)
    return [
        (x, typical(ys), weight * _FADE**age) for age, (x, (weight, ys)) in enumerate(found.items())
    ]


def _least_squares(points: Sequence[Point]) -> tuple[float, float] | None:
    """Base and slope of the best line, or ``None`` where there is no sensible one."""
    xs = [x for x, _, _ in points]
    if max(xs) <= _SPREAD * min(xs):
        return None
    total = sum(w for _, _, w in points)
    mean_x = sum(w * x for x, _, w in points) / total
    mean_y = sum(w * y for _, y, w in points) / total
    variance = sum(w * (x - mean_x) ** 2 for x, _, w in points) / total
    covariance = sum(w * (x - mean_x) * (y - mean_y) for x, y, w in points) / total
    slope = max(covariance / variance, 0.0)  # what seems to fall is flat, and noisy
    start = mean_y - slope * mean_x
    return (max(start, 0.0), slope) if start >= -1e-9 * mean_y else None


def _from_base(points: Sequence[Point], base: float) -> tuple[float, float]:
    base = min([base, *(y for _, y, _ in points)])
    squares = sum(w * x * x for x, _, w in points)
    slope = sum(w * x * (y - base) for x, y, w in points) / squares if squares else 0.0
    return base, max(slope, 0.0)


def _rising(points: Sequence[Point]) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """The points by x, with every fall levelled to its mean.

    Source: the pool-adjacent-violators algorithm; Ayer et al., "An empirical distribution function
    for sampling with incomplete information", Annals of Mathematical Statistics 26(4), 1955.
    """
    blocks: list[tuple[float, float, list[float]]] = []  # mean of y, weight, its xs
    for x, y, weight in sorted(points):
        xs = [x]
        while blocks and blocks[-1][0] > y:
            mean, heavy, before = blocks.pop()
            y = (y * weight + mean * heavy) / (weight + heavy)
            weight += heavy
            xs = before + xs
        blocks.append((y, weight, xs))
    flat = [(x, y) for y, _, xs in blocks for x in xs]
    return tuple(x for x, _ in flat), tuple(y for _, y in flat)
