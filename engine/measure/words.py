"""A verdict in words: the one place for tables, reports and screens. Pure."""

from __future__ import annotations

from math import inf

from engine.measure.verdict import FLOOR, Verdict

SAME, UNDECIDED = "no difference", "undecided"
_MUCH = 1.5


def speed(ratio: float) -> str:
    """A ratio of times: ``"7.1x faster"``, ``"12% slower"``, or ``"as fast"``."""
    if 1 / (1 + FLOOR) <= ratio <= 1 + FLOOR:
        return "as fast"
    by = 1 / ratio if ratio < 1 else ratio
    much = f"{by:.1f}x" if by >= _MUCH else f"{100 * (by - 1):.2g}%"
    return f"{much} {'faster' if ratio < 1 else 'slower'}"


def in_a_word(verdict: Verdict | None) -> str:
    """``"12% faster"``, ``"no difference"``, ``"undecided"``; empty for none."""
    if verdict is None:
        return ""
    if verdict.differs:
        return speed(verdict.ratio)
    return SAME if verdict.is_same else UNDECIDED


def in_words(verdict: Verdict | None, whom: str = "") -> str:
    """A verdict, and between which the ratio is: ``"5.1x faster (4.90 to 5.3)"``.

    Args:
        whom: against whom it is, to be named: ``"5.1x faster than rung 1 (4.90 to 5.3)"``.
    """
    if verdict is None:
        return ""
    if verdict.is_undecided:
        against = f" against {whom}" if whom else ""
        low, high = _times(verdict.low), _times(verdict.high)
        return f"{UNDECIDED}{against}: between {low}x and {high}x the time"
    low_high = verdict.low, verdict.high
    if verdict.differs and verdict.ratio < 1:
        low_high = 1 / verdict.high, 1 / verdict.low if verdict.low > 0 else inf
    than = f" {'than' if verdict.differs else 'to'} {whom}" if whom else ""
    return f"{in_a_word(verdict)}{than} ({' to '.join(map(_times, low_high))})"


def _times(ratio: float) -> str:
    return f"{ratio:.{2 if ratio < 2 else 1 if ratio < 10 else 0}f}"
