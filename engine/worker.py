"""Runs one spec from start to record: load, make, save, keep, tell. On the engine's thread only."""

from __future__ import annotations

import logging
import sys
import time
import traceback
from collections.abc import Callable
from dataclasses import replace

from engine.attempt import Attempt, Job
from engine.errors import Cancelled, HistoryError, InvalidSpec, SafelightError
from engine.events import (
    CheckpointDownloading,
    CheckpointLoaded,
    CheckpointLoading,
    Event,
    RunCancelled,
    RunFailed,
    RunFinished,
)
from engine.explain import explain
from engine.history import History
from engine.loaded import Loaded
from engine.memory import MemorySampler
from engine.pipelines import Pipelines
from engine.record import RunRecord, Status, now
from engine.spec import RunSpec
from engine.switches import Build, build_of, normalised, unavailable
from engine.switches.wardrobe import conflict
from engine.transfer import Amount

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
    ) -> None:
        self._tell = tell
        self._history = history
        self._memory = memory
        self._previews = previews
        self._pipelines = Pipelines(device, previews=previews)
        self._now: Attempt | None = None

    def warm_up(self, checkpoint: str, is_cancelled: Callable[[], bool]) -> None:
        """Load a checkpoint that is on this machine already; nothing is downloaded before a run.

        A failure is only logged, because the run that needs the checkpoint will tell.
        """
        try:
            self._load(0, checkpoint, is_cancelled, download=False)
        except (SafelightError, Cancelled) as error:
            log.info("Warm-up: %s", error)
        except BaseException:
            log.warning("Warm-up failed:\n%s", traceback.format_exc())

    def run(self, job: Job) -> None:
        """Do one run and tell how it ended."""
        attempt = Attempt(job, job.spec, now(), time.perf_counter())
        self._now = attempt
        try:
            self._run(attempt)
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
        job, failed = attempt.job, None
        try:
            self._memory.reset_peak()
            self._attempt(attempt)
        except Cancelled:
            attempt.status = Status.CANCELLED
        except SafelightError as error:
            failed = str(error)
        except BaseException as error:  # MemoryError and what libraries raise: the engine lives on
            failed = explain(error, job.run_id, attempt.spec, attempt.loaded)
        # Here, outside the except block, nothing holds the frames of the exception any more, and
        # with them the tensors that filled the memory.
        if failed is not None:
            attempt.status, attempt.error = Status.FAILED, failed
        if attempt.status is not Status.FINISHED:
            self._recover(attempt)
        attempt.total_seconds = time.perf_counter() - attempt.started
        attempt.settled = True
        if attempt.claim():
            self._conclude(attempt, attempt.record(self._peak(), self._memory.kind))

    def _attempt(self, attempt: Attempt) -> None:
        job, spec = attempt.job, attempt.job.spec
        spec = spec.with_(switches=normalised(spec.switches))
        name, reason = conflict(spec.switches)
        if name:
            raise InvalidSpec("switches", f"{reason}. Turn one of them off.")
        began = time.perf_counter()
        try:
            loaded, fresh = self._load(
                job.run_id, spec.checkpoint, job.is_cancelled, build=build_of(spec.switches)
            )
        finally:
            attempt.load_seconds = time.perf_counter() - began
        if fresh:
            self._memory.reset_peak()  # of the device that is known only now
        else:
            attempt.load_seconds = 0.0
        from engine.devices import device_label, dtype_name  # these import torch
        from engine.runner import Runner

        attempt.loaded = loaded
        attempt.device, attempt.dtype = device_label(loaded.device), dtype_name(loaded.dtype)
        attempt.spec = spec = self._filled_in(spec, loaded)
        self._dress(attempt, loaded)

        attempt.runner = runner = Runner(
            job.run_id,
            spec,
            loaded,
            self._tell,
            job.is_cancelled,
            previews=self._previews,
            at_border=self._memory.sample,
        )
        attempt.pictures = runner()
        attempt.saving_since = time.perf_counter()
        try:
            self._save(attempt)
        finally:
            attempt.save_seconds = time.perf_counter() - attempt.saving_since

    def _dress(self, attempt: Attempt, loaded: Loaded) -> None:
        """Turn the switches; what takes time counts as loading."""
        spec = attempt.spec
        for name, reason in unavailable(spec.switches, loaded.place).items():
            raise InvalidSpec("switches", f"{name} {spec.switches[name]} cannot be used: {reason}.")

        def tell(stage: str) -> None:
            self._tell(CheckpointLoading(attempt.job.run_id, spec.checkpoint, stage))

        began, before = time.perf_counter(), loaded.wardrobe.worn()
        loaded.wardrobe.dress(loaded, spec.switches, spec, tell)
        if loaded.wardrobe.worn() != before:
            attempt.load_seconds += time.perf_counter() - began

    def _load(
        self,
        run_id: int,
        checkpoint: str,
        is_cancelled: Callable[[], bool],
        *,
        build: Build | None = None,
        download: bool = True,
    ) -> tuple[Loaded, bool]:
        def check() -> None:
            if is_cancelled():
                raise Cancelled

        def tell(stage: str | Amount) -> None:
            if isinstance(stage, str):
                self._tell(CheckpointLoading(run_id, checkpoint, stage))
            else:
                done, total = stage.done, stage.total
                self._tell(CheckpointDownloading(run_id, checkpoint, done, total, stage.rate))

        loaded, fresh = self._pipelines.get(checkpoint, tell, check, build=build, download=download)
        if fresh:
            from engine.devices import dtype_name

            self._memory.use_device(str(loaded.device))
            self._tell(
                CheckpointLoaded(
                    checkpoint=checkpoint,
                    family=loaded.family,
                    device=str(loaded.device),
                    dtype=dtype_name(loaded.dtype),
                    schedulers=loaded.schedulers,
                    width=loaded.width,
                    height=loaded.height,
                    uses_negative_prompt=loaded.uses_negative_prompt,
                    seconds=loaded.seconds,
                    place=loaded.place,
                )
            )
        return loaded, fresh

    def _filled_in(self, spec: RunSpec, loaded: Loaded) -> RunSpec:
        """The spec with nothing left to the checkpoint, so that it can be run again anywhere."""
        from engine.schedulers import name_of

        own = loaded.own_scheduler
        return spec.with_(
            checkpoint=loaded.name,
            width=spec.width or loaded.width,
            height=spec.height or loaded.height,
            scheduler=spec.scheduler or name_of(type(own).__name__, own.config) or None,
        )

    def _save(self, attempt: Attempt) -> None:
        """Each picture as a PNG that tells the whole run; without a history only in memory."""
        folder = self._history.folder if self._history is not None else None
        for index, picture in enumerate(attempt.pictures):
            if attempt.job.is_cancelled():
                raise Cancelled
            with attempt.writing:
                attempt.save(index, picture, folder)

    # How it ended

    def _conclude(self, attempt: Attempt, record: RunRecord) -> None:
        """Keep the record and tell the end; only for who has claimed the attempt."""
        run_id = attempt.job.run_id
        try:
            if self._history is not None:
                self._history.add(record)
        except HistoryError as error:
            log.error("Run %d was not kept: %s", run_id, error)
            if record.status is Status.FINISHED:
                record = replace(record, status=Status.FAILED, error=str(error))
        finally:  # a reader that is slow to listen need not be waited for
            attempt.ended.set()
        end: Event
        if record.status is Status.FINISHED:
            end = RunFinished(run_id, record, attempt.pictures)
        elif record.status is Status.CANCELLED:
            end = RunCancelled(run_id, record)
        else:
            end = RunFailed(run_id, record, attempt.pictures)
        self._tell(end)

    def _peak(self) -> int:
        try:
            return self._memory.peak()
        except Exception:  # the device may be lost; the run's own error tells of it
            return 0

    def _recover(self, attempt: Attempt) -> None:
        """Free what a run that did not finish held. The checkpoint stays loaded."""
        try:
            if attempt.loaded is not None:
                attempt.loaded.pipeline.maybe_free_model_hooks()
            if "torch" in sys.modules:
                from engine.devices import free_memory

                # A cancel leaves no cycles behind, and the next run is waiting.
                free_memory(collect=attempt.status is Status.FAILED)
        except Exception:  # the device may be lost; the next run tells
            log.warning("Could not tidy up after run %d", attempt.job.run_id, exc_info=True)
