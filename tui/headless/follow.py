"""Follows a run, or a search for the largest batch, to its end; tells stderr how it goes."""

from __future__ import annotations

import sys
from queue import SimpleQueue

from engine import events
from engine.api import EngineAPI
from engine.measure.request import LEAST_REPEATS, MOST_REPEATS
from engine.record import RunRecord, Status
from engine.relief import words
from engine.spec import RunSpec
from engine.study import Study
from tui.headless.checkpoints import DownloadLines
from tui.headless.interrupts import Interrupts
from tui.headless.output import BadArguments, end_progress, tell
from tui.headless.streams import write_over
from tui.lab import Lab
from tui.text import clean, one_line, seconds

Told = SimpleQueue[events.Event]


class Before:
    """Tells of what comes before a run: loading, downloading, compiling."""

    def __init__(
        self, compiling: str = "Compiling, once for this size, batch and scheduler"
    ) -> None:
        self._compiling, self._download = compiling, DownloadLines()

    def show(self, event: events.Event) -> None:
        """Tell of an event, if it is one of these."""
        match event:
            case events.CheckpointLoading():
                end_progress()
                tell(f"Loading {clean(event.checkpoint)}: {event.stage}")
            case events.CheckpointDownloading():
                self._download.show(event)
            case events.RunCompiling():
                end_progress()
                tell(self._compiling)


def make(engine: EngineAPI, spec: RunSpec, told: Told, interrupts: Interrupts) -> RunRecord:
    """Make one run and wait for its end."""
    run_id = engine.submit(spec)
    if interrupts.count:
        engine.cancel(run_id)  # asked to stop before there was anything to stop
    before = Before()
    while True:
        event = told.get()
        before.show(event)
        match event:
            case events.StepCompleted():
                _step(event)
            case events.RunRetried():
                tell(f"{event.reason} Trying with {words(event.switches)}.")
            case (
                events.RunFinished(record=record)
                | events.RunCancelled(record=record)
                | events.RunFailed(record=record)
            ) if event.run_id == run_id:
                if record.status is not Status.FAILED:
                    tell(f"{record.status.value} in {seconds(record.seconds.total)}")
                return record


def search(
    engine: EngineAPI, spec: RunSpec, told: Told, interrupts: Interrupts
) -> events.FillFound | events.FillEnded:
    """Look for the largest batch that fits and wait for the answer."""
    run_id = engine.fill(spec)
    if interrupts.count:
        engine.cancel(run_id)
    before = Before()
    while True:
        event = told.get()
        before.show(event)
        match event:
            case events.FillTried():
                tell(f"A batch of {event.batch} {'fits' if event.fits else 'does not fit'}.")
            case events.FillFound():
                known = ", as was found before" if event.remembered else ""
                tell(f"The largest batch that fits is {event.batch}{known}.")
                return event
            case events.FillEnded():
                return event


def study(
    engine: EngineAPI, study: Study, told: Told, interrupts: Interrupts
) -> events.StudyFinished | events.StudyEnded:
    """Measure something and wait for its end."""
    run_id = engine.study(study)
    if interrupts.count:
        engine.cancel(run_id)
    before = Before("Compiling, which is in no figure")
    turns = 0
    while True:
        event = told.get()
        if not (turns and isinstance(event, events.CheckpointLoading)):
            before.show(event)  # changing sides loads again and again, of which the line tells
        match event:
            case events.StudyProgressed():
                turns = event.done
                _progress(event)
            case events.StudyFinished() | events.StudyEnded() if event.run_id == run_id:
                end_progress()
                return event


def check_repeats(repeats: int) -> None:
    """Raises :class:`BadArguments` for what ``--repeats`` cannot be."""
    if not LEAST_REPEATS <= repeats <= MOST_REPEATS:
        raise BadArguments(f"--repeats is a number from {LEAST_REPEATS} to {MOST_REPEATS:,}.")


def study_in(lab: Lab, asked: Study) -> events.StudyFinished | events.StudyEnded:
    """Measure something with an engine of its own, which Ctrl+C stops; the lab stays open."""
    told: Told = SimpleQueue()
    engine = lab.open(told.put)
    if lab.repaired:
        tell(lab.repaired)
    with Interrupts(engine) as interrupts:
        engine.start()
        ended = study(engine, asked, told, interrupts)
        engine.stop()
    return ended


def _progress(event: events.StudyProgressed) -> None:
    """One line that is written over on a terminal; elsewhere only what begins something new."""
    if not sys.stderr.isatty():
        if ", turn " not in event.what:
            tell(f"{event.done + 1} of {event.of}: {event.what}")
    else:
        left = f", {seconds(event.eta_seconds)} left" if event.eta_seconds else ""
        line = one_line(f"{event.done + 1} of {event.of}: {event.what}{left}", 78)
        write_over(line)


def _step(event: events.StepCompleted) -> None:
    """One line that is written over on a terminal, and left out elsewhere."""
    if sys.stderr.isatty():
        end = "\n" if event.step == event.steps else ""
        rate = f"{event.rate:.1f} it/s" if event.rate else ""
        write_over(f"step {event.step}/{event.steps}  {rate}", end)
