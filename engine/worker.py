"""Runs one spec from start to record: load, make, save, keep, tell. On the engine's thread only."""

from __future__ import annotations

import logging
import time
import traceback
from collections.abc import Callable
from dataclasses import replace

from engine.attempt import Attempt, Job
from engine.errors import Cancelled, HistoryError, SafelightError
from engine.events import Event, RunCancelled, RunFailed, RunFinished, RunRetried
from engine.explain import Failure
from engine.fill import Filling, forget_unfit
from engine.fits import Fits
from engine.history import History
from engine.ladder.climbing import Climbing
from engine.ladder.request import Ladder
from engine.maker import Maker
from engine.manner import Manner
from engine.measure.measuring import Measuring
from engine.memory import MemorySampler
from engine.pipelines import Pipelines
from engine.record import RunRecord, Status, now
from engine.relief import words
from engine.study import Study
from engine.unkept import Unkept

log = logging.getLogger("safelight.engine")


class Worker:
    """Owns the pipelines. Every run ends in exactly one event, and leaves the worker ready."""

    def __init__(
        self,
        tell: Callable[[Event], None],
        history: History | None,
        memory: MemorySampler,
        *,
        device: str | None,
        previews: bool,
        unkept: Unkept | None = None,
    ) -> None:
        """
        Args:
            previews: whether there are any at all.
            unkept: takes what was made and could not be written.
        """
        self._tell = tell
        self._history = history
        self._memory = memory
        self._manner = Manner(previews)
        self._pipelines = Pipelines(device, previews=previews)
        self._maker = Maker(self._pipelines, memory, tell, previews=previews)
        self._fits = Fits(history.folder if history is not None else None)
        self._now: Attempt | Filling | Measuring | Climbing | None = None
        self._unkept = unkept

    def go_by(self, manner: Manner) -> None:
        """Make runs like this from now on."""
        self._manner = manner
        self._maker.previews = manner.previews

    def warm_up(self, checkpoint: str, is_cancelled: Callable[[], bool]) -> None:
        """Load a checkpoint that is on this machine already; nothing is downloaded before a run.

        A failure is only logged, because the run that needs the checkpoint will tell.
        """
        try:
            self._maker.load(0, checkpoint, is_cancelled, download=False)
        except (SafelightError, Cancelled) as error:
            log.info("Warm-up: %s", error)
        except BaseException:
            log.warning("Warm-up failed:\n%s", traceback.format_exc())
        else:
            return
        self._maker.give_back()  # outside of the except block: its frames hold what was loaded

    def run(self, job: Job) -> None:
        """Do one run and tell how it ended."""
        attempt = Attempt(job, job.spec, now(), time.perf_counter())
        self._now = attempt
        try:
            self._run(attempt)
        finally:
            self._now = None

    def fill(self, job: Job) -> None:
        """Search for the largest batch that fits, and tell."""
        self._now = filling = Filling(job, self._pipelines, self._memory, self._fits, self._tell)
        try:
            filling.run()
        finally:
            self._now = None

    def study(self, job: Job, study: Study) -> None:
        """Measure, and tell."""
        with_ = (self._pipelines, self._memory, self._tell, self._history, self._manner.output)
        studying: Measuring | Climbing
        if isinstance(study, Ladder):
            studying = Climbing(job, study, *with_)
        else:
            studying = Measuring(job, study, *with_)
        self._now = studying
        try:
            studying.run()
        finally:
            self._now = None

    def abandon(self, patience: float) -> None:
        """Conclude the run that is on, as far as it came. For another thread, when time is up.

        The device may be deep in a step, and the process about to end. A picture that is being
        written is let finish first, for ``patience`` seconds.
        """
        attempt = self._now
        if attempt is None:
            return
        if isinstance(attempt, (Filling, Measuring, Climbing)):
            attempt.abandon()
            return
        quiet = attempt.writing.acquire(timeout=patience)
        try:
            if not attempt.claim():
                attempt.ended.wait(patience)
                return
            record = attempt.record(self._memory.seen_peak, self._memory.kind)
            if not attempt.settled and len(attempt.saved) < len(attempt.spec.pictures):
                record = replace(record, status=Status.CANCELLED)
            self._conclude(attempt, record)
        finally:
            if quiet:
                attempt.writing.release()

    # The run

    def _run(self, attempt: Attempt) -> None:
        failure = self._try(attempt)
        while failure is not None and self._manner.climb and failure.advice:
            if attempt.job.is_cancelled():
                attempt.status, failure = Status.CANCELLED, None
                break
            attempt.climb(failure.advice)
            self._tell(RunRetried(attempt.job.run_id, failure.advice, failure.reason))
            failure = self._try(attempt)
        if failure is not None:
            attempt.error, attempt.advice = failure.sentence, failure.advice
        if attempt.climbed:
            attempt.notes.append(_climbed_words(attempt))
        attempt.total_seconds = time.perf_counter() - attempt.started
        attempt.settled = True
        if attempt.claim():
            self._conclude(attempt, attempt.record(self._peak(), self._memory.kind))

    def _try(self, attempt: Attempt) -> Failure | None:
        failure = self._maker.attempt(attempt, self._make)
        if failure is not None and failure.out_of_memory and attempt.loaded is not None:
            forget_unfit(self._fits, attempt)
        return failure

    def _make(self, attempt: Attempt) -> None:
        self._maker.make(attempt)
        self._save(attempt)

    def _save(self, attempt: Attempt) -> None:
        """Each picture as a file that tells the whole run; without a history only in memory."""
        folder = self._history.folder if self._history is not None else None
        memory = self._peak(), self._memory.kind
        attempt.saving_since = time.perf_counter()
        try:
            for index, picture in enumerate(attempt.pictures):
                if attempt.job.is_cancelled():
                    raise Cancelled
                with attempt.writing:
                    attempt.save(index, picture, folder, self._manner.output, *memory)
        finally:
            attempt.save_seconds = time.perf_counter() - attempt.saving_since

    # How it ended

    def _conclude(self, attempt: Attempt, record: RunRecord) -> None:
        """Keep the record and tell the end; only for who has claimed the attempt."""
        run_id = attempt.job.run_id
        unwritten = record.status is Status.FAILED and attempt.saving_since > 0
        try:
            if self._history is not None:
                self._history.add(record)
        except HistoryError as error:
            log.error("Run %d was not kept: %s", run_id, error)
            if record.status is Status.FINISHED:
                record = replace(record, status=Status.FAILED, error=str(error))
                unwritten = True
        finally:  # a reader that is slow to listen need not be waited for
            attempt.ended.set()
        end: Event
        if record.status is Status.FINISHED:
            end = RunFinished(run_id, record, attempt.pictures)
        elif record.status is Status.CANCELLED:
            end = RunCancelled(run_id, record)
        else:
            held = unwritten and bool(attempt.pictures) and self._unkept is not None
            if held and self._unkept is not None:
                self._unkept.hold(record, attempt.pictures)
            end = RunFailed(run_id, record, attempt.pictures, held)
        self._tell(end)

    def _peak(self) -> int:
        try:
            return self._memory.peak()
        except Exception:  # the device may be lost; the run's own error tells of it
            return 0


def _climbed_words(attempt: Attempt) -> str:
    """Which rungs a run took."""
    rungs = words(attempt.climbed)
    if attempt.status is Status.FINISHED:
        return f"Ran out of memory at first; made with {rungs}."
    return f"Ran out of memory at first; went on with {rungs}."
