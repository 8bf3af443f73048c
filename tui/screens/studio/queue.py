"""The queue in the studio: what is shown of it, and what the user does with it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine import events
from engine.spec import RunSpec
from tui import form as forms
from tui.keys.contexts import key_of, with_keys
from tui.widgets.progress import Progress, ProgressLines
from tui.widgets.run_table import Row

if TYPE_CHECKING:
    from engine.api import QueueAPI
    from tui.screens.studio.screen import StudioScreen


class QueueDesk:
    """Knows in which order runs wait.

    Attributes:
        paused: nothing is begun.
        editing: the waiting run whose settings are on the form, to be put back; ``None`` when none.
    """

    def __init__(self, studio: StudioScreen) -> None:
        self._studio = studio
        self._order: list[int] = []
        self._is_stale = False
        self.paused = False
        self.editing: int | None = None

    def __len__(self) -> int:
        return len(self._order)

    @property
    def words(self) -> str:
        """How many wait, in words; empty when none."""
        if not self._order:
            return ""
        if self.paused:
            return f"{len(self._order)} waiting, paused: {key_of('pause')} goes on"
        return f"{len(self._order)} waiting"

    # What the engine tells

    def added(self, run_id: int) -> None:
        """A run waits, behind the others."""
        self._order.append(run_id)
        self._studio.runs.update(run_id, place=len(self._order), paused=self.paused)
        if self.paused:
            self._studio.say(f"The queue is paused. {key_of('pause')} goes on with it.", "warning")

    def left(self, run_id: int) -> None:
        """A run does not wait any more."""
        if run_id in self._order:
            self._order.remove(run_id)
            self._show_places_soon()
        if run_id == self.editing:
            self.stop_editing()
            self._studio.notify(
                f"#{run_id} has begun as it was; what is on the form is a new run.",
                severity="warning",
            )

    def changed(self, event: events.QueueChanged) -> None:
        """Another order, other specs, a pause, or the end of one."""
        was, self.paused = self.paused, event.paused
        known = {row.id for row in self._studio.runs.rows}
        for run_id, spec in event.waiting:
            if run_id in known:
                self._studio.runs.update(run_id, spec=spec)
        self._order = [run_id for run_id, _ in event.waiting]
        self._show_places()
        if self.paused != was:
            self._studio.say("The queue is paused." if self.paused else "The queue goes on.")

    def _show_places_soon(self) -> None:
        """A thousand may leave at once, and each moves all behind it."""
        if not self._is_stale:
            self._is_stale = True
            self._studio.call_later(self._show_places)

    def _show_places(self) -> None:
        self._is_stale = False
        places = {run_id: place for place, run_id in enumerate(self._order, 1)}
        self._studio.runs.show_places(places, paused=self.paused)

    def rest(self) -> None:
        """Nothing is on: say that something waits, when it does."""
        if self.paused:
            state = Progress(
                "The queue is paused",
                detail=self.words or f"{key_of('pause')} goes on",
                tone="warning",
            )
            self._studio.query_one(ProgressLines).state = state

    # What the user does

    @property
    def _queue(self) -> QueueAPI | None:
        return self._studio.host.queue

    def toggle(self) -> None:
        """Pause, or go on."""
        if (queue := self._queue) is None:
            return
        if self.paused:
            queue.resume()
        else:
            queue.pause()

    def move(self, row: Row, by: int) -> None:
        """Let a waiting run begin earlier or later."""
        if self._queue is not None and row.status == "queued":
            self._queue.move(row.id, by)

    def edit(self, row: Row) -> None:
        """Put a waiting run's settings on the form, to be put back into its place."""
        if row.status != "queued":
            words = "Only a run that waits can be edited. {list.choose} brings back any."
            self._studio.notify(with_keys(words))
            return
        if self.editing == row.id:
            self.stop_editing()
            self._studio.notify(f"#{row.id} stays as it was.", timeout=3)
            return
        self.editing = row.id
        self._studio.spec_form.values = forms.form_of(row.spec)
        self._studio.runs.border_subtitle = f"editing #{row.id} · {key_of('run')} puts it back"
        self._studio.spec_form.prompt.focus()

    def stop_editing(self) -> None:
        """What is on the form is a run of its own again."""
        self.editing = None
        self._studio.runs.border_subtitle = ""

    def put_back(self, spec: RunSpec) -> bool:
        """Put what was edited into its place; whether there was such a thing."""
        run_id, queue = self.editing, self._queue
        if run_id is None or queue is None:
            return False
        self.stop_editing()
        if not queue.replace(run_id, spec):
            self._studio.say(f"#{run_id} has begun meanwhile; this is a new run.", "warning")
            return False
        self._studio.notify(f"#{run_id} is changed, and waits in its place.", timeout=3)
        return True

    def remove(self, row: Row) -> None:
        """Take a waiting run out of the queue."""
        if self._studio.host.cancel(row.id):
            self._taken_out([row.spec])

    def stop_all(self) -> bool:
        """Stop the run that is on and empty the queue; whether there was anything."""
        host, fill = self._studio.host, self._studio.relief.fill
        cleared = self._queue is not None and self._queue.clear() > 0
        stopped = fill is not None and host.cancel(fill)
        studies = [host.cancel(run_id) for run_id in tuple(self._studio.studies.waiting)]
        return host.cancel() or cleared or stopped or any(studies)

    def clear(self) -> None:
        """Take all that wait out of the queue; the run that is on goes on."""
        specs = {row.id: row.spec for row in self._studio.runs.rows if row.status == "queued"}
        gone = [specs[run_id] for run_id in self._order if run_id in specs]
        if self._queue is None or not self._queue.clear():
            self._studio.notify("Nothing waits.", timeout=2)
        else:
            self._taken_out(gone)

    def _taken_out(self, specs: list[RunSpec]) -> None:
        self._studio.deleted.append(specs)
        runs = "1 run" if len(specs) == 1 else f"{len(specs)} runs"
        self._studio.notify(f"{runs} taken out of the queue. u brings back what was.", timeout=5)
