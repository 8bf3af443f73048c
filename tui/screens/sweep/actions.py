"""What the user does with a sweep: opens, marks, compares and writes cells, stops and goes on."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from textual import on, work
from textual.screen import Screen

from engine.errors import SafelightError
from engine.record import RunRecord
from engine.sweep import State
from tui.keys.command import bindings
from tui.keys.contexts import with_keys
from tui.keys.moving import FOCUS
from tui.keys.studies import SWEEP
from tui.screens.report_asking import ask_where
from tui.screens.sweep.desk import SweepDesk, write_grid
from tui.stock import off_loop
from tui.widgets.line_list import LineList

if TYPE_CHECKING:
    from engine.compare import Comparison
    from tui.graphics.terminal import Terminal
    from tui.screens.viewer.hearing import Left
    from tui.widgets.sweep_grid import SweepGrid

_LEAST_COMPARED = 2


class SweepActions(Screen["RunRecord | None"], inherit_bindings=False):
    """Does what the keys say; how it looks is for the screen.

    Attributes:
        desk: keeps the sweep.
    """

    BINDINGS = bindings(SWEEP, FOCUS)

    def __init__(self, desk: SweepDesk, terminal: Terminal) -> None:
        super().__init__()
        self.desk, self.terminal = desk, terminal

    @property
    def grid(self) -> SweepGrid:
        """The cells."""
        raise NotImplementedError

    @property
    def record(self) -> RunRecord | None:
        """Of the cell under the cursor."""
        return self.grid.current.record if self.grid.current is not None else None

    @on(LineList.Chosen)
    def _chosen(self, event: LineList.Chosen) -> None:
        event.stop()
        self.action_open()

    def action_back(self) -> None:
        self.dismiss(None)

    def action_mark(self) -> None:
        """Mark the cell under the cursor; the grid's own key does it first."""
        self.grid.action_mark()

    def action_open(self) -> None:
        """Open the run of the cell under the cursor in the studio."""
        if self.record is not None:
            self.dismiss(self.record)
        else:
            self.notify("There is no run of this cell to open.", timeout=3)

    def action_pause(self) -> None:
        self.desk.toggle_pause()

    def action_cancel(self) -> None:
        if not self.desk.cancel():
            self.notify("Nothing of this sweep waits or is on.", timeout=3)

    def action_resume(self, failed: bool) -> None:
        """Queue what is left; ``failed``: and what failed."""
        cells = self.desk.left(failed=failed)
        if not cells and not failed and self.desk.count(State.WAITING):
            self.desk.room.go_on()
            self.notify("The cells that are left wait in the queue. It goes on.", timeout=3)
        elif not cells:
            self.notify("Nothing failed." if failed else "Nothing is left to do.", timeout=3)
        elif self.desk.submit(cells) and self.desk.paused:
            self.notify(
                with_keys("The queue is paused: {sweep.pause} goes on with it."),
                severity="warning",
                timeout=5,
            )

    def action_view(self) -> None:
        """Pictures, or a line a cell."""
        self.grid.with_pictures = not self.grid.with_pictures

    def action_turn(self, by: int) -> None:
        self.grid.turn(by)

    def action_compare(self) -> None:
        """Compare the cells that are marked, the first of them the reference; else this and one."""
        from tui.screens.compare.opening import of_runs, open_comparison, shown

        numbers = list(self.grid.marked)
        here = self.grid.current
        if len(numbers) < _LEAST_COMPARED and here is not None and here.cell.index not in numbers:
            numbers.append(here.cell.index)
        cells = self.desk.cells
        meant = [r for number in numbers if (r := cells[number].record) is not None and r.images]

        def make() -> Comparison:
            if len(meant) < _LEAST_COMPARED:
                raise ValueError(
                    with_keys("Mark the cells to be compared with {sweep.mark}, two to four.")
                )
            return of_runs(meant)

        def done(record: RunRecord | None) -> None:
            if record is not None:
                self.dismiss(record)

        runs = shown([each.record for each in cells])
        open_comparison(self, make, runs, self.desk.room, self.terminal, done)

    def action_look(self) -> None:
        """Show the picture of the cell as large as the terminal."""
        from tui.screens.viewer.opening import view_runs

        def done(left: Left) -> None:
            if left.restore:
                self.dismiss(left.record)

        records = [each.record for each in self.desk.cells]
        view_runs(self, records, self.record, self.terminal, done)

    def action_fetch(self) -> None:
        """Say how to fetch the pictures of the cells that are marked."""
        from tui.screens.fetch import fetch

        marked = [self.desk.cells[number].record for number in self.grid.marked]
        fetch(self, marked or [self.record])

    def action_write(self) -> None:
        """Write the grid to a file."""
        kinds = {".html": "a page", ".png": "one picture, or several"}
        name = f"sweep-{self.desk.group}"
        ask_where(self, "Write the sweep to", name, kinds, self.desk.history, self._write)

    @work(group="writing")
    async def _write(self, to: Path) -> None:
        try:
            written = await off_loop(partial(write_grid, self.desk, to))
        except SafelightError as error:
            self.notify(str(error), severity="error", timeout=10)
        else:
            self.notify(f"Written to {', '.join(written)}.", timeout=10)
