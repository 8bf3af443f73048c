"""Opens a comparison: which runs are meant, and what is said when there are too few."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from engine.record import RunRecord
from tui.graphics.terminal import Terminal

if TYPE_CHECKING:
    from textual.screen import Screen

    from engine.compare import Comparison
    from tui.engine_room import EngineRoom

TOO_FEW = "There is no other run with a picture yet. Make one more, and compare again."
MOST = 4


def shown(records: Sequence[RunRecord | None]) -> list[RunRecord]:
    """The records that have pictures, the newest first."""
    found = {record.id: record for record in records if record is not None and record.images}
    return [found[run] for run in sorted(found, reverse=True)]


def this_and_another(records: Sequence[RunRecord], chosen: int | None) -> Comparison:
    """The newest run and the one that is chosen; else the one before.

    The older one is the reference.

    Args:
        records: as of :func:`shown`.
        chosen: the run that is looked at.

    Raises:
        ValueError: there are not two; the text is a sentence for the user.
    """
    if not records:
        raise ValueError("There is no run with a picture yet.")
    newest = records[0]
    other = next((r for r in records[1:] if r.id == chosen), None)
    other = other or (records[1] if len(records) > 1 else None)
    if other is not None:
        return of_runs([other, newest])
    if len(newest.images) > 1:
        return of_runs([newest])
    raise ValueError(TOO_FEW)


def of_runs(records: Sequence[RunRecord]) -> Comparison:
    """The first pictures of some runs; of one run alone, its pictures. Raises ``ValueError``."""
    from engine.compare import Comparison, Side
    from tui.screens.compare.sides import batch_of

    if len(records) == 1:
        return batch_of(records[0])
    if len(records) > MOST:
        raise ValueError(f"{len(records)} runs are selected. Four at most are compared.")
    return Comparison(tuple(Side(record) for record in records))


def open_comparison(
    screen: Screen[Any],
    make: Callable[[], Comparison],
    runs: Sequence[RunRecord],
    room: EngineRoom,
    terminal: Terminal,
    done: Callable[[RunRecord | None], None],
) -> None:
    """Open what ``make`` gives, or say why there is nothing to be compared.

    Args:
        runs: those that a side can be changed to.
        done: gets the run whose settings go to the form, or ``None``.
    """
    from tui.screens.compare.screen import CompareScreen

    try:
        comparison = make()
    except ValueError as error:
        screen.notify(str(error), timeout=5)
        return
    screen.app.push_screen(CompareScreen(comparison, runs, room, terminal), done)
