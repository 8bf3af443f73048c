"""The runs that are over, in the studio: looked at, brought back, marked, deleted."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from textual import on, work

from engine.errors import SafelightError
from tui import form as forms
from tui.keys.shown import key_of
from tui.screens.studio.doors import Doors
from tui.widgets.picture import Picture
from tui.widgets.run_table import Row, RunTable

if TYPE_CHECKING:
    from PIL import Image

    from engine.history import Entry, History
    from engine.record import RunRecord
    from engine.spec import RunSpec

RUNS_SHOWN = 500
"""Older ones are in the history screen."""
_NO_PICTURE = {
    "failed": "This run failed.",
    "cancelled": "This run was stopped.",
    "interrupted": "This run was cut off.",
}


class PastRuns(Doors):
    """What the studio does with its list of runs, and which pictures it shows.

    Attributes:
        following: whether the picture panel follows the run that is on. Looking at an older run
            ends it, asking for a new run begins it again.
    """

    following = True
    knows_history = False
    _wanted = 0  # Counts what was asked to be shown.
    _version = 0  # Of the history, when it was looked at last.

    def show_history(self, entries: Iterable[Entry]) -> None:
        """Fill the list with runs of earlier sessions and show the newest one's pictures."""
        studio = self._studio
        rows = [Row.of_entry(entry) for entry in entries]
        studio.runs.load(rows)
        if not rows and not studio.picture.images and not studio.runs.rows:
            from tui.screens.studio.first_start import first_words

            studio.picture.say(*first_words())
        if rows and not studio.picture.images:
            newest = rows[0]
            studio.mark_against(newest.spec)
            self.show_run(newest)
        self.knows_history = True
        studio.foresight.soon()

    @work(exclusive=True, group="syncing")
    async def sync(self) -> None:
        """Bring the list up to date with the history: others write it, and other screens do."""
        from tui.stock import off_loop

        studio = self._studio
        before = {row.id for row in studio.runs.rows if row.record is not None}
        try:
            entries = await off_loop(partial(studio.host.past_runs, RUNS_SHOWN))
        except SafelightError:
            return  # whoever needs it is told
        gone = before - set(studio.host.unkept)  # what is not kept yet is not gone
        there = {entry.id: entry for entry in entries}
        oldest, newest = min(there, default=0), max(there, default=0)
        known = {row.id for row in studio.runs.rows}
        for row in studio.runs.rows:
            entry = there.get(row.id)
            if entry is not None and (entry.rating, entry.winner) != (row.rating, row.winner):
                studio.runs.update(row.id, rating=entry.rating, winner=entry.winner)
            elif entry is None and row.id in gone and oldest < row.id <= newest:
                studio.runs.drop(row.id)
        fresh = [Row.of_entry(entry) for entry in entries if entry.id not in known]
        if fresh:
            studio.runs.load(fresh)

    @work(exclusive=True, group="others")
    async def look_for_others(self) -> None:
        """See whether another Safelight has written into the history."""
        from tui.stock import off_loop

        try:
            version = await off_loop(lambda: self._studio.host.history.version)
        except SafelightError:
            return
        before, self._version = self._version, version
        if before not in (0, version):
            self.sync()

    @on(RunTable.Looked)
    def _looked(self, event: RunTable.Looked) -> None:
        self.following = event.row.status in ("running", "queued")
        self._studio.show_keys()  # those of a run that waits are others
        if event.row.record is not None:
            self.show_run(event.row)

    @on(RunTable.Chosen)
    def _chosen(self, event: RunTable.Chosen) -> None:
        self.bring_back(event.row)

    def bring_back(self, row: Row) -> None:
        """Put a run's settings on the form and show its pictures."""
        self._looked(RunTable.Looked(row))
        self._studio.spec_form.values = forms.form_of(row.spec)
        self.notify(f"The settings of #{row.id} are back on the form.", timeout=3)
        self._studio.spec_form.prompt.focus()

    # What is said of them

    @on(RunTable.Asked)
    def _asked(self, event: RunTable.Asked) -> None:
        row, waiting = event.row, self._studio.waiting
        waits = row.status == "queued"
        match event.what:
            case "move":
                waiting.move(row, event.by)
            case "edit":
                waiting.edit(row)
            case "clear":
                waiting.clear()
            case "drop" if waits:
                waiting.remove(row)
            case "drop" if row.record is not None:
                self._trash(row)
            case "undo":
                self._take_back()
            case "rate" if row.record is not None:
                self._rate(row, event.by)
            case "win" if row.record is not None:
                self._win(row)

    @work(group="marks")
    async def _rate(self, row: Row, rating: int) -> None:
        if await self._write(lambda history: history.marks.rate([row.id], rating)):
            self._studio.runs.update(row.id, rating=rating)

    @work(group="marks")
    async def _win(self, row: Row) -> None:
        if await self._write(lambda history: history.marks.win([row.id], not row.winner)):
            self._studio.runs.update(row.id, winner=not row.winner)

    @work(group="marks")
    async def _trash(self, row: Row) -> None:
        if await self._write(lambda history: history.trash.put([row.id])):
            self._studio.runs.drop(row.id)
            self._studio.deleted.append(row)
            self.notify(
                f"#{row.id} is in the trash. {key_of('runs.undo')} takes it back.", timeout=4
            )

    @work(group="marks")
    async def _take_back(self) -> None:
        if not self._studio.deleted:
            self.notify("Nothing was deleted here.", timeout=2)
            return
        row = self._studio.deleted.pop()
        if isinstance(row, list):
            for spec in row:
                self._studio.host.submit(spec)
        elif await self._write(lambda history: history.trash.take_back([row.id])):
            self._studio.runs.load([row])

    async def _write(self, work: Callable[[History], None]) -> bool:
        """Write into the history, off the event loop; whether that worked."""
        from tui.stock import off_loop

        try:
            history = self._studio.host.history
            await off_loop(partial(work, history))
        except SafelightError as error:
            self.notify(str(error), severity="error", timeout=8)
            return False
        return True

    # What is shown

    @on(Picture.Picked)
    def _picked(self) -> None:
        self._studio.painter.caption()

    def show_run(self, row: Row) -> None:
        """Show the pictures of a run that is over, read from its files."""
        record = row.record
        if record is None or not record.images:
            error = (record.error if record else "") or ""
            words = _NO_PICTURE.get(row.status, "No picture.")
            self._studio.picture.say(words, "", error)
            self._studio.painter.caption(row.spec, row.id)
            return
        self._wanted += 1
        self._read_pictures(self._wanted, row, record)

    @work(thread=True, exclusive=True, group="pictures", exit_on_error=False)
    def _read_pictures(self, request: int, row: Row, record: RunRecord) -> None:
        """Off the event loop: a disk may be slow."""
        from engine.pictures.load import load_image

        try:
            images = tuple(load_image(Path(image.path)) for image in record.images)
        except SafelightError as error:
            self.app.call_from_thread(self._show_read, request, row, (), str(error))
        else:
            self.app.call_from_thread(self._show_read, request, row, images, "")

    def _show_read(
        self, request: int, row: Row, images: tuple[Image.Image, ...], error: str
    ) -> None:
        if request != self._wanted:
            return  # Something else is shown by now.
        if error:
            self._studio.picture.say(error)
            self._studio.painter.caption(row.spec, row.id)
        else:
            self.show_pictures(images, row.spec, row.id)

    def show_pictures(
        self, images: tuple[Image.Image, ...], spec: RunSpec, run_id: int, *, live: bool = False
    ) -> None:
        """Show pictures, and say below them what they are."""
        self._wanted += 1  # Whatever is still being read comes too late.
        labels = tuple(prompt for prompt, _ in spec.pictures) if len(spec.prompts) > 1 else ()
        self._studio.picture.show(images, spec.seeds, labels=labels, live=live)
        self._studio.painter.caption(spec, run_id)
