"""A sweep as it fills in: the grid, the picture under the cursor, and what can be done with it."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import TYPE_CHECKING

from rich.cells import cell_len
from textual import on, work
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.widgets import Static

from engine.errors import SafelightError
from engine.history import Entry
from engine.sweep import CellState, State
from tui.screens.sweep.actions import SweepActions
from tui.screens.sweep.desk import SIDE, SweepDesk, grid_of
from tui.shrunk import shrunk
from tui.stock import off_loop
from tui.studies.sweep_words import about, counts, progress
from tui.text import one_line
from tui.widgets.key_bar import Hint, KeyBar
from tui.widgets.line_list import LineList
from tui.widgets.progress import ProgressLines
from tui.widgets.run_details import RunDetails
from tui.widgets.run_preview import RunPreview
from tui.widgets.sweep_grid import SweepGrid

if TYPE_CHECKING:
    from tui.graphics.terminal import Terminal

_AT_ONCE = 2
OTHERS_SECONDS = 2.0
"""Between two looks whether another Safelight has written."""


class SweepScreen(SweepActions):
    """Shows a sweep, whether it goes on or is over. Gives the run that is to be opened."""

    CSS_PATH = "sweep.tcss"
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (100, "-normal"), (160, "-wide")]
    AUTO_FOCUS = "SweepGrid"

    def __init__(self, desk: SweepDesk, terminal: Terminal) -> None:
        super().__init__(desk, terminal)
        self._reading = self._is_stale = False
        self._unreadable: set[int] = set()
        self._version = 0  # of the history, when it was looked at last

    def compose(self) -> ComposeResult:
        with Horizontal(classes="top"):
            title = Content.assemble(("safelight", "bold $accent"), ("  sweep", "$text-muted"))
            yield Static(title, classes="title")
            yield Static("", classes="sum")
        with Horizontal(classes="body"):
            with Vertical(id="sweep", classes="panel"):
                yield Static("", classes="heads")
                yield SweepGrid(self.desk.sweep, self.terminal)
            with Vertical(id="beside"):
                preview = RunPreview(self.terminal)
                preview.can_focus = False  # the arrows go over the cells
                yield preview
                with VerticalScroll(can_focus=False):
                    yield RunDetails()
        yield Static("", classes="about")
        yield ProgressLines(id="progress")
        bar = KeyBar()
        bar.here = (("sweep.back", "Back"),)
        yield bar

    def on_mount(self) -> None:
        self.desk.changed = self._changed
        self.set_interval(OTHERS_SECONDS, self.look_for_others)
        base = self.desk.sweep.base
        room = max(self.size.width - 24, 10)
        text = one_line(f"{self.desk.group} · {base.checkpoint} · {base.prompt}", room)
        self.query_one(".sum", Static).update(Content(text))
        self.grid.with_pictures = self.size.height >= 20 and self.size.width >= 60
        self.show()

    def on_unmount(self) -> None:
        self.desk.changed = lambda: None

    @property
    def grid(self) -> SweepGrid:
        return self.query_one(SweepGrid)

    def flush(self) -> bool:
        """Wait no longer for the cursor to come to rest; whether it was moving."""
        return self.query_one(RunPreview).flush()

    # What is shown

    def _changed(self) -> None:
        """Show it soon: a thousand cells may be stopped at once."""
        if not self._is_stale:
            self._is_stale = True
            self.call_later(self.show)

    def show(self) -> None:
        """Show how far it is."""
        self._is_stale = False
        if not self.query(RunDetails):
            return  # it was left meanwhile
        desk = self.desk
        self.grid.show(desk.cells, desk.pictures, desk.percents)
        self.query_one(ProgressLines).state = progress(desk)
        self.tell()
        if not self._reading:
            self._read()

    def tell(self) -> None:
        """Tell of the cell under the cursor."""
        each, grid = self.grid.current, self.grid
        panel = self.query_one("#sweep")
        axes = self.desk.sweep.axes
        room = max(panel.size.width - 4, 20)
        if grid.pages > 1:
            value = axes[2].values[grid.page]
            page = f"{grid.page + 1} of {grid.pages}"
            title = one_line(f"{axes[2].label}: {value.label}", room - len(page) - 3) + f" ({page})"
        else:
            title = one_line(self.desk.sweep.title, room)
        panel.border_title = Content(title)  # labels may hold what looks like markup
        marked = f"{len(grid.marked)} marked" if grid.marked else ""
        panel.border_subtitle = " · ".join(
            part for part in (marked, counts(desk=self.desk)) if part
        )
        self._say_keys()
        if each is None:
            return
        room = max(self.size.width - 4, 10)
        labels, said = about(self.desk.sweep, each)
        text = f"{one_line(labels, room)}\n{one_line(said, room)}"
        self.query_one(".about", Static).update(Content(text), layout=False)
        is_again = each.state in (State.WAITING, State.RUNNING)  # what was before is past
        entry = Entry(each.record) if each.record is not None and not is_again else None
        preview = self.query_one(RunPreview)
        preview.title = self._title_of(each, preview.size.width - 4)
        preview.border_title = Content(preview.title)
        preview.show_entry(entry)
        if entry is None:
            preview.say(said)
        self.query_one(RunDetails).show_entry(entry)

    def _title_of(self, each: CellState, room: int) -> str:
        """Where a cell is, within so many columns: its values say more than half of a name."""
        labels = self.desk.sweep.labels(each.cell.at)
        whole = " · ".join(f"{name} {value}" for name, value in labels)
        if cell_len(whole) > room > 0:
            whole = " · ".join(value for _, value in labels)
        return one_line(whole, max(room, 10))

    def on_resize(self) -> None:
        """The titles may have more room, or less."""
        self.call_after_refresh(self.show)

    def _say_keys(self) -> None:
        desk = self.desk
        keys: list[Hint] = [("sweep.open", "Open")] if self.record is not None else []
        if desk.is_going:
            keys.append(("sweep.pause", "Go on" if desk.paused else "Pause"))
            keys.append(("sweep.cancel", "Stop"))
        if desk.left():
            keys.append(("sweep.resume", "Go on with the rest"))
        if desk.count(State.FAILED):
            keys.append(("sweep.retry", "Try failed again"))
        if self.grid.pages > 1:
            keys.append(("sweep.page", "Next page"))
        keys += [("sweep.mark", "Mark"), ("sweep.compare", "Compare"), ("sweep.write", "Write")]
        keys += [("sweep.view", "Pictures"), ("sweep.back", "Back"), ("app.help", "Help")]
        self.query_one(KeyBar).here = tuple(keys)

    @on(LineList.Moved)
    @on(SweepGrid.Marked)
    def _moved(self, event: LineList.Told) -> None:
        event.stop()
        self.tell()
        if not self._reading:  # another page may have come
            self._read()

    @on(SweepGrid.Laid)
    def _laid(self, event: SweepGrid.Laid) -> None:
        self.query_one(".heads", Static).update(event.heads)

    # The pictures of cells that were done before

    @on(LineList.Seen)
    def _seen(self) -> None:
        if not self._reading:
            self._read()

    def _wanted(self) -> list[CellState]:
        grid = self.grid
        if not grid.with_pictures or not grid.count:
            return []
        first, last = grid.in_sight
        numbers = range(grid.number(first), grid.number(min(last, grid.count - 1)) + 1)
        known = self.desk.pictures.keys() | self._unreadable
        cells = [self.desk.cells[number] for number in numbers if number not in known]
        return [c for c in cells if c.state is State.DONE and c.record and c.record.images]

    @work(group="thumbnails")
    async def _read(self) -> None:
        self._reading = True
        try:
            while wanted := self._wanted():
                await asyncio.gather(*map(self._read_one, wanted[:_AT_ONCE]))
                self.grid.refresh()
        finally:
            self._reading = False

    async def _read_one(self, each: CellState) -> None:
        assert each.record is not None
        number, path = each.cell.index, each.record.images[0].path
        try:
            image = await off_loop(partial(shrunk, path, SIDE))
        except SafelightError:
            self._unreadable.add(number)
        else:
            self.desk.pictures.setdefault(number, image)

    # What other Safelights do

    @work(exclusive=True, group="others")
    async def look_for_others(self) -> None:
        """Show what another Safelight makes of the sweep, if it has written anything."""
        desk = self.desk
        try:
            version = await off_loop(lambda: desk.history().version)
            before, self._version = self._version, version
            if before not in (0, version):
                found = await off_loop(lambda: grid_of(desk.history(), desk.group, desk.sweep))
                desk.load(found)
                self.show()
        except SafelightError:
            return  # the next time, perhaps
