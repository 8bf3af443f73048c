"""How far a sweep has come: the state of each cell."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from engine.forecast import warm_seconds
from engine.record import RunRecord, Status
from engine.relief import words
from engine.sweep.sweep import Cell, Sweep


class State(StrEnum):
    """Of a cell. Open: nobody has begun it, and it waits nowhere."""

    OPEN = "open"
    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"
    IMPOSSIBLE = "impossible"


_STATES = {
    Status.FINISHED: State.DONE,
    Status.FAILED: State.FAILED,
    Status.CANCELLED: State.CANCELLED,
    Status.INTERRUPTED: State.CANCELLED,
}


@dataclass(frozen=True, slots=True)
class CellState:
    """One cell, and what has come of it.

    Attributes:
        record: of its run that finished, else of its last one.
        error: why there is no picture, in a sentence; empty while nothing went wrong.
    """

    cell: Cell
    state: State
    record: RunRecord | None = None
    error: str = ""

    @property
    def note(self) -> str:
        """What is to be known of its picture: memory ran out, and it was made in another way."""
        if self.state is not State.DONE or self.record is None or self.cell.spec is None:
            return ""
        asked, made = self.cell.spec.switches, self.record.spec.switches
        other = {name: value for name, value in made.items() if asked.get(name) != value}
        return f"with {words(other)}" if other else ""

    @property
    def seconds(self) -> float:
        """Of its run, with loading and compiling left out: only some cells have them."""
        return warm_seconds(self.record) if self.record is not None else 0.0


@dataclass(frozen=True, slots=True)
class Grid:
    """A sweep, and the state of each of its cells in reading order."""

    sweep: Sweep
    cells: tuple[CellState, ...]

    def at(self, *place: int) -> CellState:
        """The cell at a place on each axis."""
        return self.cells[self.sweep.index(place)]

    def count(self, *states: State) -> int:
        """How many cells are in one of some states."""
        return sum(each.state in states for each in self.cells)

    def left(self, *, failed: bool = False) -> tuple[Cell, ...]:
        """The cells that are still to be queued, in reading order, the interrupted ones last.

        Args:
            failed: those that failed as well, to try them again.
        """
        states = (State.OPEN, State.CANCELLED, *((State.FAILED,) if failed else ()))
        late = self.interrupted
        cells = [each.cell for each in self.cells if each.state in states]
        first = [cell for cell in cells if cell.index not in late]
        return (*first, *(self.cells[index].cell for index in late))

    @property
    def interrupted(self) -> tuple[int, ...]:
        """The cells at which the process ended, the latest last: they may be why it did, and must
        not keep the others from being done.
        """
        found = [
            (each.record.id, each.cell.index)
            for each in self.cells
            if each.state is State.CANCELLED
            and each.record is not None
            and each.record.status is Status.INTERRUPTED
        ]
        return tuple(index for _, index in sorted(found))

    @property
    def over(self) -> bool:
        """Whether no cell is left that could still come by itself, or by going on."""
        return self.count(State.DONE, State.FAILED, State.IMPOSSIBLE) == len(self.cells)

    def to_json(self) -> list[dict[str, Any]]:
        """A plain list of JSON values, one a cell."""
        return [
            {
                "cell": each.cell.index,
                "at": list(each.cell.at),
                "values": [label for _, label in self.sweep.labels(each.cell.at)],
                "state": each.state.value,
                "run": each.record.id if each.record is not None else None,
                "error": each.error,
                "note": each.note,
                "images": [i.to_json() for i in each.record.images] if each.record else [],
                "seconds": each.record.seconds.to_json() if each.record else None,
            }
            for each in self.cells
        ]


def grid(
    sweep: Sweep, records: Mapping[int, RunRecord], waiting: Mapping[int, bool] | None = None
) -> Grid:
    """The state of each cell.

    Args:
        sweep: as it was asked for.
        records: of the cells that have one; see :meth:`engine.history.groups.Groups.cells`.
        waiting: the cells that wait or are on, and whether each is on; see
            :meth:`engine.history.queue.Queue.of_group`.
    """
    queued = waiting or {}
    return Grid(sweep, tuple(_state(cell, records, queued) for cell in sweep.cells()))


def _state(cell: Cell, records: Mapping[int, RunRecord], queued: Mapping[int, bool]) -> CellState:
    record = records.get(cell.index)
    if record is not None and record.status is Status.FINISHED:
        return CellState(cell, State.DONE, record)
    if cell.index in queued:
        state = State.RUNNING if queued[cell.index] else State.WAITING
        return CellState(cell, state, record)
    if cell.spec is None:
        return CellState(cell, State.IMPOSSIBLE, record, cell.error)
    if record is None:
        return CellState(cell, State.OPEN)
    return CellState(cell, _STATES[record.status], record, record.error)
