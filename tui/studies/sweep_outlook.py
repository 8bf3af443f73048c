"""What a sweep will be, in sentences, before it begins."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from engine.record import RunRecord
from engine.spec import RunSpec
from engine.sweep import Cell, Sweep, order
from engine.sweep.outlook import Outlook, outlook
from engine.sweep.places import anchored
from engine.sweep.possible import checked
from engine.switches.base import NOWHERE, Place
from engine.switches.precision import DTYPES


@dataclass(frozen=True, slots=True)
class Ground:
    """What is known here of the machine.

    Attributes:
        place: of the checkpoint on the form.
        records: the runs that were made, newest first.
        loaded: the last run, when its checkpoint is still loaded.
        free_bytes: memory that a run can have; ``None`` while it is not known.
    """

    place: Place = NOWHERE
    records: Sequence[RunRecord] = ()
    loaded: RunSpec | None = None
    free_bytes: int | None = None

    @property
    def auto(self) -> str:
        """The precision that is meant when none is said."""
        dtype = self.place.auto_dtype
        return next((name for name, known in DTYPES.items() if known == dtype), "")


def prepared(sweep: Sweep, ground: Ground) -> tuple[Sweep, tuple[Cell, ...]]:
    """A sweep with what cannot be done refused, and the others in the order that costs least."""
    sweep = checked(anchored(sweep), ground.place.device)
    cells = sweep.cells()
    return sweep, tuple(cells[index] for index in order(cells, ground.loaded, ground.auto))


def expected(sweep: Sweep, todo: Sequence[Cell], ground: Ground) -> Outlook:
    """What cells will take, in the order in which they are to be made. In a thread."""
    return outlook(
        sweep,
        todo,
        ground.records,
        loaded=ground.loaded,
        auto=ground.auto,
        free_bytes=ground.free_bytes,
    )


def foretell(sweep: Sweep, ground: Ground) -> list[str]:
    """How many runs, how long they take, whether they fit, and what cannot be. In a thread."""
    sweep, todo = prepared(sweep, ground)
    told = expected(sweep, todo, ground)
    wrong = [cell for cell in sweep.cells() if cell.spec is None]
    lines = [_without_impossible(told).sentence]
    if told.fits:
        lines.append(told.fits)
    if wrong:
        who = "1 cell cannot be" if len(wrong) == 1 else f"{len(wrong):,} cells cannot be"
        lines.append(f"{who}: {wrong[0].error}")
    return lines + [note for axis in sweep.axes for note in axis.notes]


def _without_impossible(told: Outlook) -> Outlook:
    return replace(told, impossible=0)  # a line of its own says why
