"""Writes a comparison to a file that the user names."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from engine.errors import SafelightError
from tui.screens.ask import AskScreen
from tui.stock import off_loop

if TYPE_CHECKING:
    from engine.compare import Comparison
    from engine.measure.request import MeasurementResult
    from tui.screens.compare_desk import CompareDesk
    from tui.widgets.compare_measured import Measured

FOLDER = "reports"
"""In Safelight's own folder."""
_HINT = "A file. Its ending says what it is: .html a page, .png a picture, .md Markdown."


def ask_where(desk: CompareDesk, write: Callable[[Path], object]) -> None:
    """Ask for a place, and write there."""

    def done(text: str | None) -> None:
        if text is not None:
            write(Path(text).expanduser())

    place = str(suggested(desk.comparison, _folder(desk)))
    desk.app.push_screen(AskScreen("Write the comparison to", _HINT, place, wrong_place), done)


def wrong_place(text: str) -> str:
    """What is wrong with a place, in a sentence; empty when nothing is."""
    from engine.compare.report import FORMS

    path = Path(text).expanduser()
    if path.suffix.lower() not in FORMS or not path.stem:
        return f"The name must end in {', '.join(FORMS[:-1])} or {FORMS[-1]}."
    if os.path.lexists(path):
        return f"{path} is there already. Choose another name."
    return ""


def _folder(desk: CompareDesk) -> Path:
    try:
        return desk.room.history.folder / FOLDER
    except SafelightError:
        return Path.cwd()


def suggested(comparison: Comparison, folder: Path) -> Path:
    """A name that is free: ``compare-41-42.html``."""
    names = "-".join(name.lstrip("#") for name in comparison.names)
    place, number = folder / f"compare-{names}.html", 2
    while os.path.lexists(place):
        place, number = folder / f"compare-{names}-{number}.html", number + 1
    return place


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
