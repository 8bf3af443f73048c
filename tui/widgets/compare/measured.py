"""What was measured anew, as rows of the facts of a comparison."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from textual.content import Content

from engine.measure.words import in_words
from tui.text import clean, seconds, size
from tui.widgets.compare.rows import BAD, GOOD, MUTED, Styled, bar_cell, column_of, fit, row_of

if TYPE_CHECKING:
    from engine.measure.request import MeasurementResult
    from engine.measure.verdict import Verdict


@dataclass(frozen=True, slots=True)
class Measured:
    """What was measured anew.

    Attributes:
        runs: the run of each of its sides; the first is its reference.
        is_whole: nothing more will come.
    """

    runs: tuple[int, ...]
    result: MeasurementResult
    is_whole: bool = True


def measured_lines(measured: Measured, runs: Sequence[int], width: int) -> list[Content]:
    """Medians and their spread, and whether there is a difference at all, for some runs."""
    column = column_of(len(runs), width)
    sides, verdicts = measured.result.sides, measured.result.verdicts
    if not any(side.samples or side.error for side in sides):
        return []
    found = [_place(measured, run) for run in runs]
    spreads = [sides[at].seconds_an_image if at is not None else None for at in found]
    top = max((spread.median for spread in spreads if spread is not None), default=0.0)
    rows: list[list[list[Styled]]] = [[], [], [], []]
    for at, spread in zip(found, spreads, strict=True):
        if at is None or spread is None:
            error = sides[at].error if at is not None else ""
            rows[0].append([(fit(f"  {clean(error) or '–'}", column), BAD if error else MUTED)])
            for row in rows[1:]:
                row.append([(" " * column, "")])
            continue
        verdict = verdicts[at] if at < len(verdicts) else None
        style = _verdict_tone(verdict)
        ratio = f"{verdict.ratio:.2f}x" if verdict is not None and verdict.differs else ""
        share = spread.median / top if top else 0.0
        rows[0].append(bar_cell(share, seconds(spread.median), ratio, style, column))
        between = f"  {seconds(spread.low)} to {seconds(spread.high)}" if spread.count > 1 else ""
        rows[1].append([(fit(between, column), MUTED)])
        said = (in_words(verdict) or "not known yet") if at else "reference"
        rows[2].append([(fit(f"  {said}", column), style if at else MUTED)])
        peak = sides[at].memory_peak_bytes
        rows[3].append([(fit(f"  {size(peak)}" if peak else "", column), MUTED)])
    turns = max((len(side.samples) for side in sides), default=0)
    names = ("Measured", f"{turns} turns", "Verdict", "Peak memory")
    lines = [row_of(name, cells, column) for name, cells in zip(names, rows, strict=True)]
    return [*lines, Content("")]


def _place(measured: Measured, run: int) -> int | None:
    return measured.runs.index(run) if run in measured.runs else None


def _verdict_tone(verdict: Verdict | None) -> str:
    if verdict is None or not verdict.differs:
        return ""
    return GOOD if verdict.ratio < 1 else BAD
