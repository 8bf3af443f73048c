"""What the user does with a ladder: begins, stops, takes, compares and writes what it gave."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from textual import on, work
from textual.screen import Screen

from engine.errors import SafelightError
from engine.ladder.table import lowest
from tui.keys.command import acting, bindings
from tui.keys.contexts import with_keys
from tui.keys.moving import FOCUS, LIST
from tui.keys.studies import LADDER
from tui.screens.ladder.desk import LadderDesk, State
from tui.screens.report_asking import ask_where
from tui.stock import off_loop
from tui.widgets.line_list import LineList

if TYPE_CHECKING:
    from engine.compare import Comparison
    from engine.group import Group
    from engine.history import Entry
    from engine.measure.request import Side
    from engine.record import RunRecord
    from engine.spec import RunSpec
    from tui.graphics.terminal import Terminal
    from tui.screens.viewer.hearing import Left
    from tui.widgets.rung_table import RungTable

_COMPARED = 2


class LadderActions(Screen["RunSpec | None"], inherit_bindings=False):
    """Does what the keys say; how it looks is for the screen.

    Attributes:
        desk: keeps the ladder.
        spec: of the form.
        entries: the runs of the rungs, by their number, as far as they were fetched.
        was_going: whether it went on when it was shown last.
    """

    BINDINGS = bindings(LADDER, acting(LIST, up="move(-1)", down="move(1)"), FOCUS)

    def __init__(self, desk: LadderDesk, spec: RunSpec, terminal: Terminal) -> None:
        super().__init__()
        self.desk, self.spec, self.terminal = desk, spec, terminal
        self.entries: dict[int, Entry | None] = {}
        self.was_going = False

    @property
    def table(self) -> RungTable:
        """The rungs."""
        raise NotImplementedError

    def show(self) -> None:
        """Show how far the ladder is."""
        raise NotImplementedError

    @on(LineList.Chosen)
    def _chosen(self, event: LineList.Chosen) -> None:
        event.stop()
        self.action_go()

    def action_go(self) -> None:
        """Start; of one that is over, take the rung under the cursor."""
        desk = self.desk
        if desk.state is State.NONE:
            desk.start(self.spec)
        elif not desk.is_going:
            self._take(self.table.cursor)

    def action_take(self) -> None:
        """Take what is recommended."""
        best = self.desk.result.best
        if best < 0:
            self.notify(
                with_keys(
                    "Nothing is recommended yet. {ladder.go} takes the rung under the cursor."
                )
            )
        else:
            self._take(best)

    def _take(self, at: int) -> None:
        rungs = self.desk.result.rungs
        side = rungs[at].side if at < len(rungs) else None
        if side is None:
            self.notify("This rung was not measured, so it has no settings to take.", timeout=4)
        else:
            self.dismiss(side.spec)

    def _records(self) -> tuple[list[RunRecord | None], RunRecord | None]:
        """Of all rungs, and of the one under the cursor."""
        at = self.table.cursor
        entries = [
            self.entries.get(rung.side.run_id) if rung.side is not None else None
            for rung in self.desk.result.rungs
        ]
        records = [entry.record if entry is not None else None for entry in entries]
        return records, records[at] if at < len(records) else None

    def action_look(self) -> None:
        """Show the picture of the rung as large as the terminal."""
        from tui.screens.viewer.opening import view_runs

        def done(left: Left) -> None:
            if left.restore and left.record is not None:
                self.dismiss(left.record.spec)

        view_runs(self, *self._records(), self.terminal, done)

    def action_fetch(self) -> None:
        """Say how to fetch the picture of the rung."""
        from tui.screens.fetch import fetch

        fetch(self, [self._records()[1]])

    def action_compare(self) -> None:
        """Compare the rung under the cursor with the first."""
        from tui.screens.compare.opening import of_runs, open_comparison, shown

        result, at = self.desk.result, self.table.cursor
        sides = [rung.side for rung in result.rungs]
        first = lowest(result)
        here = sides[at] if at < len(sides) and at != first else None

        def record_of(side: Side | None) -> RunRecord | None:
            entry = self.entries.get(side.run_id) if side is not None else None
            return entry.record if entry is not None else None

        meant = shown([record_of(here), record_of(sides[first] if first >= 0 else None)])[::-1]

        def make() -> Comparison:
            if len(meant) < _COMPARED:
                raise ValueError(
                    "This is the first rung, which others are compared with: choose another."
                    if at == first
                    else "This rung has no picture to be compared with that of the first."
                )
            return of_runs(meant)

        def done(record: RunRecord | None) -> None:
            if record is not None:
                self.dismiss(record.spec)

        runs = shown([record_of(side) for side in sides])
        open_comparison(self, make, runs, self.desk.room, self.terminal, done)

    def action_write(self) -> None:
        """Write it to a file, as far as it is."""
        desk = self.desk
        if not any(rung.side is not None for rung in desk.result.rungs):
            self.notify("Nothing was measured yet.", timeout=3)
            return
        kinds = {".html": "a page", ".md": "Markdown, with its pictures beside"}
        name = f"ladder-{desk.group}" if desk.group else "ladder"
        ask_where(self, "Write the ladder to", name, kinds, lambda: desk.room.history, self._write)

    @work(group="writing")
    async def _write(self, to: Path) -> None:
        try:
            place = await off_loop(partial(self.desk.write, to))
        except SafelightError as error:
            self.notify(str(error), severity="error", timeout=10)
        else:
            self.notify(f"Written to {place}.", timeout=10)

    def action_go_on(self) -> None:
        self.desk.room.go_on()

    def action_stop(self) -> None:
        if not self.desk.stop():
            self.notify("Nothing is on here.", timeout=2)

    def action_view(self) -> None:
        """The pictures, or the table."""
        self.toggle_class("-pictures")

    def action_past(self) -> None:
        """Choose among the ladders that were climbed before."""
        from tui.screens.past_groups import PastGroupsScreen

        desk = self.desk
        if desk.is_going:
            self.notify(
                with_keys("The ladder is being climbed; {ladder.stop} stops it."), timeout=3
            )
            return

        def done(chosen: Group | None) -> None:
            if chosen is not None and desk.open(chosen):
                self.was_going = True  # so that the cursor goes to the best
                self.show()

        nothing = with_keys(
            "No ladder was climbed yet. {dialog.close}, then {ladder.go} starts one."
        )
        self.app.push_screen(PastGroupsScreen("Ladders there were", nothing, desk.past), done)

    def action_move(self, by: int) -> None:
        """Over the rungs also where only their pictures are shown."""
        self.table.action_move(by)

    def action_again(self) -> None:
        """Back to what is to be done, to start anew."""
        if self.desk.is_going:
            self.notify(
                with_keys("The ladder is being climbed; {ladder.stop} stops it."), timeout=3
            )
        else:
            self.desk.forget()
            self.show()

    def action_back(self) -> None:
        if self.has_class("-pictures"):
            self.action_view()
        else:
            self.dismiss(None)
