"""Measuring what is compared, and what came of it in words."""

from __future__ import annotations

from engine.compare.comparison import Comparison
from engine.measure.request import REPEATS, Measurement, MeasurementResult, Side
from engine.measure.verdict import Spread, Verdict
from engine.units import seconds

NOT_MEASURED = "Times are those of one run each: measure them to know whether a difference is real."
Found = tuple[Side, Verdict | None]


def measurement_of(comparison: Comparison, repeats: int = REPEATS) -> Measurement:
    """What to ask the engine for, to measure the runs of a comparison, the reference's first.

    Raises:
        ValueError: they are pictures of one run; its text is a sentence for the user.
    """
    sides = [comparison.sides[comparison.reference], *comparison.sides]
    runs = {side.record.id: side.record for side in sides}
    if len(runs) < 2:
        raise ValueError("Pictures of one run took the same time: there is nothing to measure.")
    names = tuple(f"#{number}" for number in runs)
    return Measurement(tuple(run.spec for run in runs.values()), names, repeats)


def by_side(comparison: Comparison, result: MeasurementResult) -> tuple[Found | None, ...]:
    """For each side of a comparison what came of its run, by the names that it was given."""
    pairs = zip(result.sides, result.verdicts, strict=True)
    found = {side.label: (side, verdict) for side, verdict in pairs}
    return tuple(found.get(f"#{side.record.id}") for side in comparison.sides)


def kind_of(verdict: Verdict | None) -> str:
    """``good``, ``bad``, or empty where there is no difference."""
    if verdict is None or not verdict.differs:
        return ""
    return "good" if verdict.ratio < 1 else "bad"


def spread_text(spread: Spread | None) -> str:
    """The median with its quartiles: ``"0.52 s (0.51 s – 0.53 s)"``."""
    if spread is None:
        return "–"
    return f"{seconds(spread.median)} ({seconds(spread.low)} – {seconds(spread.high)})"


def turns_text(side: Side) -> str:
    """How often a side was measured: ``"7 turns"``."""
    count = len(side.samples)
    return f"{count} turn{'' if count == 1 else 's'}"
