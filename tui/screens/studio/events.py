"""What the studio shows of each thing the engine tells."""

from __future__ import annotations

from functools import singledispatchmethod
from typing import TYPE_CHECKING

from engine import events
from engine.record import RunRecord
from engine.relief import words
from engine.spec import RunSpec
from tui.screens.studio.studies import StudyEvent
from tui.text import fitting, one_line, seconds, size
from tui.widgets.progress import Progress, ProgressLines
from tui.widgets.run_table import Row
from tui.widgets.title_bar import TitleBar

if TYPE_CHECKING:
    from tui.screens.studio.screen import StudioScreen


_FRAME = 6
"""Columns that the border takes from the words in it."""


class EventPainter:
    """Turns engine events into what the studio's panels show."""

    def __init__(self, studio: StudioScreen) -> None:
        self._studio = studio
        self._spec: RunSpec | None = None
        self._shown: tuple[RunSpec, int] | None = None
        self._waiting = 0
        self._running = False
        self._is_stopping = False

    def caption(self, spec: RunSpec | None = None, run_id: int | None = None) -> None:
        """Say below the picture what it is. Without arguments: of what is shown already."""
        if spec is not None and run_id is not None:
            self._shown = (spec, run_id)
        picture = self._studio.picture
        if self._shown is None:
            return
        spec, run_id = self._shown
        parts = [f"#{run_id}"]
        if picture.seed is not None:
            parts.append(f"seed {picture.seed}")
        if len(picture.images) > 1:
            parts.append(f"{picture.picked + 1} of {len(picture.images)}")
        if spec.width and spec.height:
            parts.append(f"{spec.width}x{spec.height}")
        text = fitting(parts, picture.size.width - _FRAME)
        if picture.border_subtitle != text:
            picture.border_subtitle = text

    @property
    def shown(self) -> tuple[RunSpec, int] | None:
        """Whose pictures are shown, when some are: what was asked for, and its number."""
        return self._shown

    def _progress(self, progress: Progress) -> None:
        self._studio.query_one(ProgressLines).state = progress

    def stopping(self) -> None:
        """Say that the run was asked to stop; it does so at the end of its step."""
        if self._running:
            self._progress(Progress("Stopping after this step", detail=self._queue_text()))
            self._is_stopping = True

    def _queue_text(self) -> str:
        return self._studio.waiting.words or (f"{self._waiting} waiting" if self._waiting else "")

    @singledispatchmethod
    def show(self, event: events.Event) -> None:
        """Show one event. Kinds that concern no panel are passed over."""

    @show.register
    def _(self, event: events.RunQueued) -> None:
        self._waiting = event.waiting
        self._studio.runs.put(Row(event.run_id, event.spec, "queued"))
        self._studio.waiting.added(event.run_id)
        if event.waiting > 1 and not event.group:  # the grid of a sweep tells of its cells
            self._studio.say(f"#{event.run_id} waits, {event.waiting} in the queue.")

    @show.register
    def _(self, event: events.QueueChanged) -> None:
        self._studio.waiting.changed(event)
        if not self._running:
            self._progress(Progress("Ready"))
            self._studio.waiting.rest()

    @show.register
    def _(self, event: events.CheckpointLoading) -> None:
        name = one_line(event.checkpoint, 40)
        self._progress(Progress(f"Loading {name}", detail=event.stage))

    @show.register
    def _(self, event: events.CheckpointDownloading) -> None:
        if self._is_stopping:
            return
        done, total = event.done_bytes, event.total_bytes
        details = [one_line(event.checkpoint, 40)]
        if event.rate:
            details.append(f"{seconds((total - done) / event.rate)} to go")
        if self._waiting:
            details.append(self._queue_text())
        self._progress(
            Progress(
                "Downloading",
                done,
                total,
                detail=" · ".join(details),
                counted=f"{size(done)} of {size(total)}",
                speed=f"{size(event.rate)}/s" if event.rate else "",
            )
        )

    @show.register
    def _(self, event: events.CheckpointLoaded) -> None:
        studio = self._studio
        studio.query_one(TitleBar).show_place(event.checkpoint, event.device, event.dtype)
        studio.foresight.loaded(event)
        # The form may have gone on to another checkpoint meanwhile.
        if studio.spec_form.values["checkpoint"].strip() == event.checkpoint:
            studio.spec_form.fit_to(event)
        name = one_line(event.checkpoint, 60)
        studio.say(f"Loaded {name} on {event.device} in {seconds(event.seconds)}.")
        if not self._running:
            detail = f"Pictures of {event.width}x{event.height} unless you say otherwise"
            self._progress(Progress("Ready", detail=detail))
            studio.waiting.rest()

    @show.register
    def _(self, event: events.RunStarted) -> None:
        studio = self._studio
        self._waiting = event.waiting
        self._spec = event.spec
        self._running, self._is_stopping = True, False
        studio.waiting.left(event.run_id)
        studio.mark_against(event.spec)
        studio.runs.put(Row(event.run_id, event.spec, "running"))
        if studio.following and not studio.picture.images:
            studio.picture.say("The picture is on its way.")
        self._progress(Progress(f"#{event.run_id} starting", detail=self._queue_text()))

    @show.register
    def _(self, event: events.StepCompleted) -> None:
        if self._is_stopping:
            return
        details = [f"denoise {seconds(event.elapsed_seconds)}"]
        if event.eta_seconds:
            details.append(f"{seconds(event.eta_seconds)} to go")
        if event.evaluations != event.step:
            details.append(f"{event.evaluations} evaluations")
        if self._waiting:
            details.append(self._queue_text())
        self._progress(Progress("step", event.step, event.steps, event.rate, " · ".join(details)))
        percent = 100 * event.step // max(event.steps, 1)
        self._studio.runs.update(event.run_id, percent=percent)

    @show.register
    def _(self, event: events.PreviewReady) -> None:
        if self._studio.following and self._spec is not None:
            self._studio.show_pictures(event.images, self._spec, event.run_id, live=True)

    @show.register
    def _(self, event: events.RunCompiling) -> None:
        words = "once for this size, batch and scheduler; told apart in the times"
        self._progress(Progress(f"#{event.run_id} compiling", detail=words))

    @show.register
    def _(self, event: events.RunRetried) -> None:
        rungs = words(event.switches)
        self._studio.say(f"#{event.run_id} ran out of memory; trying with {rungs}.", "warning")
        if not self._is_stopping:
            self._progress(Progress(f"#{event.run_id} again with {rungs}", detail=event.reason))

    @show.register
    def _(self, event: events.RunDecoding) -> None:
        self._progress(Progress(f"#{event.run_id} decoding", detail=self._queue_text()))

    @show.register
    def _(self, event: events.RunFinished) -> None:
        studio, record = self._studio, event.record
        self._over(record)
        if studio.following:
            studio.show_pictures(event.images, record.spec, event.run_id)
        elif not record.group:  # the grid of a sweep shows it
            studio.notify(f"#{event.run_id} is done.", timeout=3)
        took = seconds(record.seconds.total)
        each = len(event.images)
        per = f" ({seconds(record.seconds.total / each)} a picture)" if each > 1 else ""
        self._progress(
            Progress(f"✓ #{event.run_id} took {took}{per}", detail=phases(record), tone="good")
        )
        studio.say(f"#{event.run_id} done in {took}{per}.", "good")
        for note in record.notes:
            studio.say(note, "warning")

    @show.register
    def _(self, event: events.RunCancelled) -> None:
        studio, record = self._studio, event.record
        if record.steps or record.seconds.total:
            self._over(record)
            if studio.following and record.images:
                studio.show_run(Row.of(record))  # stopped while its pictures were being kept
            steps = f"after {record.steps} step{'' if record.steps == 1 else 's'}"
            self._progress(Progress(f"– #{event.run_id} stopped {steps}", tone="warning"))
            studio.say(f"#{event.run_id} stopped {steps}.", "warning")
        else:
            self._waiting = max(0, self._waiting - 1)
            studio.waiting.left(event.run_id)
            studio.runs.drop(event.run_id)
            if not record.group:
                studio.say(f"#{event.run_id} taken out of the queue.", "warning")

    @show.register
    def _(self, event: events.RunFailed) -> None:
        studio, record = self._studio, event.record
        self._over(record)
        if studio.following and event.images:
            # Made, but not kept: the disk was full, say. At least they can be seen.
            studio.show_pictures(event.images, record.spec, event.run_id)
        elif studio.following:
            studio.show_run(Row.of(record))
        invitation = studio.relief.invitation(record, held=event.held)
        failed = " · ".join(part for part in (f"✗ #{event.run_id} failed", invitation) if part)
        self._progress(Progress(failed, detail=record.error, tone="bad"))
        studio.say(f"#{event.run_id} failed: {record.error} {invitation}".rstrip(), "bad")
        if record.group and not event.held:
            return  # of many cells many may fail, and their grid says so
        studio.notify(
            f"{record.error} {invitation}".rstrip(),
            title=f"#{event.run_id} failed",
            severity="error",
        )

    @show.register(events.FillQueued)
    @show.register(events.FillStarted)
    @show.register(events.FillTried)
    @show.register(events.FillFound)
    @show.register(events.FillEnded)
    def _(self, event: events.Event) -> None:
        relief = self._studio.relief
        if isinstance(event, events.FillStarted):
            self._running, self._is_stopping = True, False
        if isinstance(event, (events.FillQueued, events.FillStarted)):
            self._waiting = event.waiting
        is_over = isinstance(event, (events.FillFound, events.FillEnded))
        if is_over and relief.is_filling:
            self._running = False
        elif is_over:  # it never started
            self._waiting = max(0, self._waiting - 1)
        if not (isinstance(event, events.FillTried) and self._is_stopping):
            relief.show(event)

    @show.register(events.StudyQueued)
    @show.register(events.StudyStarted)
    @show.register(events.StudyProgressed)
    @show.register(events.StudyUpdated)
    @show.register(events.StudyFinished)
    @show.register(events.StudyEnded)
    def _(self, event: StudyEvent) -> None:
        studies = self._studio.studies
        if isinstance(event, events.StudyStarted):
            self._running, self._is_stopping = True, False
        if isinstance(event, (events.StudyQueued, events.StudyStarted)):
            self._waiting = event.waiting
        if isinstance(event, (events.StudyFinished, events.StudyEnded)):
            if studies.current == event.run_id:
                self._running = False
            else:  # it never started
                self._waiting = max(0, self._waiting - 1)
        if not (isinstance(event, events.StudyProgressed) and self._is_stopping):
            studies.show(event)

    @show.register
    def _(self, event: events.MemorySampled) -> None:
        self._studio.query_one(TitleBar).show_memory(event)
        self._studio.foresight.sampled(event)

    def _over(self, record: RunRecord) -> None:
        self._studio.runs.put(Row.of(record))
        self._studio.show_keys()
        self._running = False
        # The record knows what was filled in: size and scheduler of the checkpoint.
        self._spec = record.spec
        self._studio.mark_against(record.spec)
        self._studio.foresight.soon()
        self._studio.run_is_over()


def phases(record: RunRecord) -> str:
    """Where the time went, largest first, and the peak of memory."""
    times = record.seconds
    named: tuple[tuple[str, float], ...] = (
        *(("load", times.load), ("compile", times.compile)),
        *(("encode", times.encode), ("denoise", times.denoise)),
        *(("decode", times.decode), ("save", times.save)),
    )
    if times.retried:
        named = (("ran out of memory", times.retried), *named)
    parts = [f"{name} {seconds(value)}" for name, value in named if value >= 0.0005]
    if record.memory_peak_bytes:
        parts.append(f"peak {size(record.memory_peak_bytes)}")
    return " · ".join(parts)
