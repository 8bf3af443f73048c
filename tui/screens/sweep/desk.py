"""One sweep as it goes on: the state of each cell, kept when nobody looks."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from engine import events
from engine.errors import HistoryError
from engine.record import RunRecord
from engine.sweep import Cell, CellState, Grid, State, Sweep, order
from engine.sweep.pace import seconds_to_go

if TYPE_CHECKING:
    from PIL import Image

    from engine.history import History
    from engine.sweep.outlook import Outlook
    from tui.engine_room import EngineRoom

SIDE = 64
"""Pixels that are kept of a picture of a cell."""


class SweepDesk:
    """Asks for the cells of a sweep and hears what comes of them.

    Attributes:
        room: the engine.
        group: its id in the history.
        cells: in reading order.
        pictures: by cell, small; of one that is on its preview, of one that is done its first.
        percents: of the cells that are on.
        doing: what goes on before the next step, such as loading, in words; empty for nothing.
        foretold: what the cells are expected to take, when that was looked into.
        changed: called after each event that changed something; whoever looks sets it.
    """

    def __init__(self, room: EngineRoom, group: str, sweep: Sweep, cells: Grid) -> None:
        self.room = room
        self.group, self.sweep = group, sweep
        self.cells: list[CellState] = list(cells.cells)
        self.pictures: dict[int, Image.Image] = {}
        self.percents: dict[int, int] = {}
        self.doing = ""
        self._why = ""
        self.foretold: Outlook | None = None
        self.changed: Callable[[], object] = lambda: None
        self._runs: dict[int, int] = {}
        room.listen(self._hear)

    def history(self) -> History:
        """Where it is kept. Raises ``SafelightError``."""
        return self.room.history

    def load(self, grid: Grid) -> None:
        """Take the state of each cell from the history; what is told meanwhile counts more."""
        ours = set(self._runs.values())
        alive = (State.WAITING, State.RUNNING)
        for index, each in enumerate(grid.cells):
            if index not in ours or self.cells[index].state not in (*alive, State.DONE):
                self.cells[index] = each

    # What may be asked for

    def submit(self, cells: Iterable[Cell]) -> bool:
        """Queue cells; whether they were taken. Those that wait or are done are left out."""
        wanted = [(cell.index, cell.spec) for cell in cells if cell.spec is not None]
        return bool(wanted) and self.room.submit_many(self.group, wanted)

    def cancel(self) -> bool:
        """Take out what waits and stop what is on; whether there was anything."""
        queue = self.room.queue
        cleared = queue is not None and queue.clear(self.group) > 0
        on = [run for run, cell in self._runs.items() if self.cells[cell].state is State.RUNNING]
        stopped = [self.room.cancel(run) for run in on]
        return any(stopped) or cleared

    @property
    def paused(self) -> bool:
        """Whether the queue is, whichever runs wait in it."""
        return self.room.standing.paused

    @property
    def waits_for(self) -> str:
        """What is on that is none of its cells, in words; empty when there is no such thing."""
        standing = self.room.standing
        return standing.name if standing.on and standing.on not in self._runs else ""

    def toggle_pause(self) -> None:
        """Pause the queue, or go on with it."""
        queue = self.room.queue
        if queue is not None:
            (queue.resume if self.paused else queue.pause)()

    # How far it is

    def count(self, *states: State) -> int:
        """How many cells are in one of some states."""
        return sum(each.state in states for each in self.cells)

    @property
    def is_going(self) -> bool:
        """Whether a cell waits or is on."""
        return self.count(State.WAITING, State.RUNNING) > 0

    def left(self, *, failed: bool = False) -> tuple[Cell, ...]:
        """The cells that could be queued: those that nobody has begun, or that were stopped.

        In the order that costs least; what ended the process the last time comes last.
        """
        known = Grid(self.sweep, tuple(self.cells))
        places = order(known.left(failed=failed), last=known.interrupted)
        return tuple(self.cells[place].cell for place in places)

    def to_come(self) -> tuple[Cell, ...]:
        """The cells that are not done, whether they wait or not, in the order that costs least."""
        over = (State.DONE, State.IMPOSSIBLE)
        cells = [each.cell for each in self.cells if each.state not in over]
        return tuple(self.cells[place].cell for place in order(cells))

    @property
    def eta_seconds(self) -> float:
        """Until the end; see :func:`engine.sweep.pace.seconds_to_go`."""
        alive = (State.WAITING, State.RUNNING)
        left = (
            (each.cell.index, each.cell.spec, 1 - self.percents.get(each.cell.index, 0) / 100)
            for each in self.cells
            if each.state in alive and each.cell.spec is not None
        )
        done = (each.record for each in self.cells if each.state is State.DONE and each.record)
        return seconds_to_go(self.foretold, left, done)

    # What the engine tells

    def _hear(self, event: events.Event) -> None:
        if self._why != (why := self.room.standing.why):
            self._why = why
            self.changed()
        if isinstance(event, (events.RunQueued, events.RunStarted)) and event.group == self.group:
            self._runs[event.run_id] = event.cell
        ends = (events.RunFinished, events.RunFailed, events.RunCancelled)
        if isinstance(event, ends) and event.record.group == self.group:
            self._runs[event.run_id] = event.record.cell  # of one that began before we listened
        cell = self._runs.get(getattr(event, "run_id", 0))
        if cell is not None and self._hear_of(cell, event):
            self.changed()

    def _hear_of(self, cell: int, event: events.Event) -> bool:
        """An event of one cell; whether it changed anything."""
        match event:
            case events.RunQueued():
                self._put(cell, State.WAITING)
            case events.RunStarted():
                self._put(cell, State.RUNNING)
                self.percents[cell] = 0
            case events.CheckpointLoading():
                self.doing = f"loading {event.checkpoint}: {event.stage}"
            case events.RunCompiling():
                self.doing = "compiling"
            case events.StepCompleted():
                self.doing = ""
                self.percents[cell] = 100 * event.step // max(event.steps, 1)
            case events.PreviewReady():
                self.pictures[cell] = event.images[0]
            case events.RunFinished():
                self._over(cell, State.DONE, event.record)
                self.pictures[cell] = _small(event.images[0])
            case events.RunFailed():
                self._over(cell, State.FAILED, event.record)
            case events.RunCancelled():
                began = self.cells[cell].state is State.RUNNING
                self._over(cell, State.CANCELLED, event.record if began else None)
            case _:
                return False
        return True

    def _put(self, cell: int, state: State) -> None:
        self.cells[cell] = CellState(self.cells[cell].cell, state, self.cells[cell].record)

    def _over(self, cell: int, state: State, record: RunRecord | None) -> None:
        self.doing = ""
        self.percents.pop(cell, None)
        self.pictures.pop(cell, None)
        error = record.error if record is not None else ""
        self.cells[cell] = CellState(self.cells[cell].cell, state, record, error)


def _small(image: Image.Image) -> Image.Image:
    small = image.copy()
    small.thumbnail((SIDE, SIDE), reducing_gap=2.0)
    return small


def grid_of(history: History, group: str, sweep: Sweep) -> Grid:
    """How far a sweep is, as the history has it. Takes as long as the disk: in a thread.

    Raises ``HistoryError``.
    """
    from engine.sweep import grid

    records: Mapping[int, RunRecord] = history.groups.cells(group)
    return grid(sweep, records, history.queue.of_group(group))


def write_grid(desk: SweepDesk, to: Path) -> list[str]:
    """Write how far a sweep is, as the ending of ``to`` says; where it was put. In a thread.

    Raises ``SafelightError``.
    """
    from engine.sweep.files import write_html, write_png

    group = desk.history().groups.get(desk.group)
    if group is None:
        raise HistoryError(f"The sweep {desk.group} is not in the history any more.")
    write = write_png if to.suffix.lower() == ".png" else write_html
    return write(Grid(desk.sweep, tuple(desk.cells)), group, str(to))
