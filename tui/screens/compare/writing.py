"""Writes a comparison to a file that the user names."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from engine.errors import SafelightError
from tui.screens import report_asking
from tui.stock import off_loop

if TYPE_CHECKING:
    from engine.compare import Comparison
    from engine.measure.request import MeasurementResult
    from tui.screens.compare.desk import CompareDesk
    from tui.widgets.compare.measured import Measured


def ask_where(desk: CompareDesk, write: Callable[[Path], object]) -> None:
    """Ask for a place, and write there."""
    names = "-".join(name.lstrip("#") for name in desk.comparison.names)
    kinds = {".html": "a page", ".png": "a picture", ".md": "Markdown"}
    report_asking.ask_where(
        desk, "Write the comparison to", f"compare-{names}", kinds, lambda: desk.room.history, write
    )


async def write(desk: CompareDesk, to: Path) -> None:
    """Write it, in a thread; say where it is, or why it is not."""
    work = partial(
        _write,
        desk.comparison,
        in_order(desk.comparison, desk.measuring.measured),
        desk.winners,
        to,
    )
    try:
        place, missing = await off_loop(work)
    except SafelightError as error:
        desk.notify(str(error), severity="error", timeout=10)
        return
    desk.notify(" ".join([f"Written to {place}.", *missing]), timeout=10)


def _write(
    comparison: Comparison, measured: MeasurementResult | None, winners: set[int], to: Path
) -> tuple[Path, tuple[str, ...]]:
    from engine.compare.report import Contents, write_report

    contents = Contents.of(comparison, measured=measured, winners=winners)
    return write_report(contents, to), contents.missing


def in_order(comparison: Comparison, measured: Measured | None) -> MeasurementResult | None:
    """What was measured, in the order of the sides; ``None`` when it is not of just these."""
    if measured is None or not measured.is_whole:
        return None
    runs = [side.record.id for side in comparison.sides]
    if sorted(runs) != sorted(measured.runs) or runs[comparison.reference] != measured.runs[0]:
        return None
    places = [measured.runs.index(run) for run in runs]
    result = measured.result
    return replace(
        result,
        sides=tuple(result.sides[at] for at in places),
        verdicts=tuple(result.verdicts[at] for at in places),
    )
