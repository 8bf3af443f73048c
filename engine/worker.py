"""Runs one spec from start to record: load, make, save, keep, tell. On the engine's thread only."""

from __future__ import annotations

import logging
import sys
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from PIL import Image

from engine import images as files
from engine.errors import Cancelled, HistoryError, InvalidSpec, SafelightError
from engine.events import (
    CheckpointLoaded,
    CheckpointLoading,
    Event,
    RunCancelled,
    RunFailed,
    RunFinished,
)
from engine.explain import explain
from engine.history import History
from engine.memory import MemorySampler
from engine.pipelines import Loaded, Pipelines
from engine.record import ImageRecord, RunRecord, Seconds, Status, now
from engine.spec import RunSpec
from engine.versions import versions

if TYPE_CHECKING:
    from engine.runner import Runner

log = logging.getLogger("safelight.engine")


@dataclass
class Job:
    """A spec in the queue, and the question of cancel, asked at every step."""

    run_id: int
    spec: RunSpec
    is_cancelled: Callable[[], bool]


@dataclass
class _Attempt:
    """What is known of a run so far; a record is made of it however the run ends."""

    job: Job
    spec: RunSpec
    created_at: str
    started: float
    loaded: Loaded | None = None
    runner: Runner | None = None
    load_seconds: float = 0.0
    save_seconds: float = 0.0
    total_seconds: float = 0.0
    status: Status = Status.FINISHED
    error: str = ""
    pictures: tuple[Image.Image, ...] = ()
    saved: list[ImageRecord] = field(default_factory=list)


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

    def warm_up(self, checkpoint: str, is_cancelled: Callable[[], bool]) -> None:
        """Load a checkpoint; a failure is only logged, because the run that needs it will tell."""
        try:
            self._load(0, checkpoint, is_cancelled)
        except (SafelightError, Cancelled) as error:
            log.info("Warm-up: %s", error)
        except BaseException:
            log.warning("Warm-up failed:\n%s", traceback.format_exc())

    def run(self, job: Job) -> None:
        """Do one run and tell how it ended."""
        attempt = _Attempt(job, job.spec, now(), time.perf_counter())
        failed = None
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
        self._conclude(attempt)

    # The run

    def _attempt(self, attempt: _Attempt) -> None:
        job, spec = attempt.job, attempt.job.spec
        for name in spec.switches:
            raise InvalidSpec("switches", f"Safelight has no switch called “{name}”.")
        began = time.perf_counter()
        try:
            loaded, fresh = self._load(job.run_id, spec.checkpoint, job.is_cancelled)
        finally:
            attempt.load_seconds = time.perf_counter() - began
        if fresh:
            self._memory.reset_peak()  # of the device that is known only now
        else:
            attempt.load_seconds = 0.0
        attempt.loaded = loaded
        attempt.spec = spec = self._filled_in(spec, loaded)
        from engine.runner import Runner  # imports torch

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
        began = time.perf_counter()
        try:
            self._save(attempt)
        finally:
            attempt.save_seconds = time.perf_counter() - began

    def _load(
        self, run_id: int, checkpoint: str, is_cancelled: Callable[[], bool]
    ) -> tuple[Loaded, bool]:
        def check() -> None:
            if is_cancelled():
                raise Cancelled

        def tell(stage: str) -> None:
            self._tell(CheckpointLoading(run_id, checkpoint, stage))

        loaded, fresh = self._pipelines.get(checkpoint, tell, check)
        if fresh:
            self._memory.use_device(str(loaded.device))
            self._tell(
                CheckpointLoaded(
                    checkpoint=checkpoint,
                    family=loaded.family,
                    device=str(loaded.device),
                    dtype=str(loaded.dtype).removeprefix("torch."),
                    schedulers=loaded.schedulers,
                    width=loaded.width,
                    height=loaded.height,
                    uses_negative_prompt=loaded.uses_negative_prompt,
                    seconds=loaded.seconds,
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

    def _save(self, attempt: _Attempt) -> None:
        """Each picture as a PNG that tells the whole run; without a history only in memory."""
        spec, job = attempt.spec, attempt.job
        for index, (picture, seed) in enumerate(zip(attempt.pictures, spec.seeds, strict=True)):
            path = ""
            if self._history is not None:
                name = files.image_name(attempt.created_at, job.run_id, index, seed)
                metadata = {
                    "run": job.run_id,
                    "seed": seed,
                    "index": index,
                    "created_at": attempt.created_at,
                    "spec": spec.to_json(),
                    "device": self._device_label(attempt),
                    "dtype": self._dtype(attempt),
                    "versions": versions(),
                }
                path = str(files.save_image(picture, self._history.folder / name, metadata))
            attempt.saved.append(ImageRecord(path, seed, picture.width, picture.height))

    # How it ended

    def _conclude(self, attempt: _Attempt) -> None:
        job = attempt.job
        record = self._record(attempt)
        try:
            if self._history is not None:
                self._history.add(record)
        except HistoryError as error:
            log.error("Run %d was not kept: %s", job.run_id, error)
            if attempt.status is Status.FINISHED:
                attempt.status, attempt.error = Status.FAILED, str(error)
                record = self._record(attempt)
        if attempt.status is Status.FINISHED:
            self._tell(RunFinished(job.run_id, record, attempt.pictures))
        elif attempt.status is Status.CANCELLED:
            self._tell(RunCancelled(job.run_id, record))
        else:
            self._tell(RunFailed(job.run_id, record, attempt.pictures))

    def _record(self, attempt: _Attempt) -> RunRecord:
        runner = attempt.runner
        seconds = {
            "load": attempt.load_seconds,
            "save": attempt.save_seconds,
            "total": attempt.total_seconds,
            **(runner.clock.seconds if runner else {}),
        }
        return RunRecord(
            id=attempt.job.run_id,
            status=attempt.status,
            spec=attempt.spec,
            created_at=attempt.created_at,
            images=tuple(attempt.saved),
            seconds=Seconds(**{name: round(value, 6) for name, value in seconds.items()}),
            evaluations=runner.evaluations if runner else 0,
            steps=runner.steps if runner else 0,
            memory_peak_bytes=self._peak(),
            memory_kind=self._memory.kind,
            device=self._device_label(attempt),
            dtype=self._dtype(attempt),
            versions=versions(),
            error=attempt.error,
            notes=tuple(runner.notes) if runner else (),
        )

    def _peak(self) -> int:
        try:
            return self._memory.peak()
        except Exception:  # the device may be lost; the run's own error tells of it
            return 0

    def _device_label(self, attempt: _Attempt) -> str:
        if attempt.loaded is None:
            return ""
        from engine.devices import device_label

        return device_label(attempt.loaded.device)

    def _dtype(self, attempt: _Attempt) -> str:
        return str(attempt.loaded.dtype).removeprefix("torch.") if attempt.loaded else ""

    def _recover(self, attempt: _Attempt) -> None:
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
