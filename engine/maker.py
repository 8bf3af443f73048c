"""Makes the pictures of an attempt on the checkpoint in use, and tidies up after one that failed.

Nothing is kept and no end is told here: that is the worker's, or of whoever else wants pictures. On
the engine's thread only.
"""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import Callable, Mapping

from engine.attempt import Attempt
from engine.errors import Cancelled, InvalidSpec, SafelightError
from engine.events import CheckpointDownloading, CheckpointLoaded, CheckpointLoading, Event
from engine.explain import Failure, explain
from engine.loaded import Loaded
from engine.memory import MemorySampler
from engine.pipelines import Pipelines
from engine.record import Status
from engine.spec import RunSpec
from engine.switches import normalised, refuse
from engine.switches.wardrobe import conflict
from engine.transfer import Amount

log = logging.getLogger("safelight.engine")


class Maker:
    """Loads, dresses, runs. Whatever goes wrong comes back as a :class:`Failure`.

    Attributes:
        previews: whether runs emit ``PreviewReady``.
    """

    def __init__(
        self,
        pipelines: Pipelines,
        memory: MemorySampler,
        tell: Callable[[Event], None],
        *,
        previews: bool,
    ) -> None:
        self._pipelines = pipelines
        self._memory = memory
        self._tell = tell
        self.previews = previews

    def attempt(self, attempt: Attempt, work: Callable[[Attempt], object]) -> Failure | None:
        """Do some work for an attempt, such as :meth:`make`; how that failed, or ``None``.

        Sets the attempt's ``status``. When this returns, what the attempt held is free again unless
        it finished.
        """
        attempt.status = Status.FINISHED
        failure = self._attempt(attempt, work)
        # Here, outside of the except block, nothing holds the frames of the exception any more, and
        # with them the tensors that filled the memory.
        if failure is not None:
            attempt.status = Status.FAILED
        if attempt.status is not Status.FINISHED:
            self._recover(attempt, failure)
        return failure

    def load(
        self,
        run_id: int,
        checkpoint: str,
        is_cancelled: Callable[[], bool],
        *,
        switches: Mapping[str, str] | None = None,
        download: bool = True,
    ) -> tuple[Loaded, bool]:
        """A checkpoint, and whether it had to be loaded; see :meth:`Pipelines.get`."""

        def check() -> None:
            if is_cancelled():
                raise Cancelled

        def tell(stage: str | Amount) -> None:
            if isinstance(stage, str):
                self._tell(CheckpointLoading(run_id, checkpoint, stage))
            else:
                done, total = stage.done, stage.total
                self._tell(CheckpointDownloading(run_id, checkpoint, done, total, stage.rate))

        loaded, fresh = self._pipelines.get(
            checkpoint, tell, check, switches=switches, download=download
        )
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

    def ready(self, attempt: Attempt) -> Loaded:
        """The checkpoint of an attempt, loaded as its switches ask; fills in its spec.

        Raises what :meth:`Pipelines.get` does, and ``InvalidSpec`` for switches that do not work.
        """
        job = attempt.job
        attempt.spec = spec = attempt.spec.with_(switches=normalised(attempt.spec.switches))
        name, reason = conflict(spec.switches)
        if name:
            raise InvalidSpec("switches", f"{reason}. Turn one of them off.")
        began = time.perf_counter()
        try:
            loaded, fresh = self.load(
                job.run_id, spec.checkpoint, job.is_cancelled, switches=spec.switches
            )
        finally:
            attempt.load_seconds = time.perf_counter() - began
        if fresh:
            self._memory.reset_peak()  # of the device that is known only now
        else:
            attempt.load_seconds = 0.0
        from engine.devices import device_label, dtype_name  # these import torch

        attempt.loaded = loaded
        attempt.device, attempt.dtype = device_label(loaded.device), dtype_name(loaded.dtype)
        attempt.spec = _filled_in(spec, loaded)
        return loaded

    def make(self, attempt: Attempt, before: Callable[[], object] = lambda: None) -> None:
        """The pictures of an attempt. Raises what a run may raise.

        Args:
            before: is called when all is ready to make them.
        """
        loaded = self.ready(attempt)
        self._dress(attempt, loaded)
        before()
        from engine.runner import Runner  # imports torch

        attempt.runner = runner = Runner(
            attempt.job.run_id,
            attempt.spec,
            loaded,
            self._tell,
            attempt.job.is_cancelled,
            previews=self.previews,
            at_border=self._memory.sample,
        )
        attempt.pictures = runner()

    def give_back(self, *, collect: bool = True) -> None:
        """Give the device back what nobody holds; see :func:`engine.devices.free_memory`."""
        if "torch" in sys.modules:
            from engine.devices import free_memory

            free_memory(collect=collect)

    # One attempt

    def _attempt(self, attempt: Attempt, work: Callable[[Attempt], object]) -> Failure | None:
        try:
            self._memory.reset_peak()
            work(attempt)
        except Cancelled:
            attempt.status = Status.CANCELLED
        except BaseException as error:  # MemoryError and what libraries raise: the engine lives on
            if attempt.job.is_cancelled() and not isinstance(error, SafelightError):
                # A Ctrl+C also reaches what torch has started, such as a compiler.
                log.info("Run %d failed while it was being stopped", attempt.job.run_id)
                attempt.status = Status.CANCELLED
                return None
            loaded = attempt.loaded
            return explain(
                error,
                attempt.job.run_id,
                attempt.spec,
                loaded.place if loaded is not None else self._pipelines.bare_place,
                device=str(loaded.device) if loaded is not None else "",
                phase=attempt.phase,
            )
        return None

    def _dress(self, attempt: Attempt, loaded: Loaded) -> None:
        """Turn the switches; what takes time counts as loading."""
        spec = attempt.spec
        refuse(spec.switches, loaded.place)

        def tell(stage: str) -> None:
            self._tell(CheckpointLoading(attempt.job.run_id, spec.checkpoint, stage))

        began, before = time.perf_counter(), loaded.wardrobe.worn()
        loaded.wardrobe.dress(loaded, spec.switches, spec, tell)
        if loaded.wardrobe.worn() != before:
            attempt.load_seconds += time.perf_counter() - began

    def _recover(self, attempt: Attempt, failure: Failure | None) -> None:
        """Free what an attempt that did not finish held. The checkpoint stays loaded.

        Where memory ran out, switches come off too: some keep copies of weights, or graphs with
        memory of their own.
        """
        try:
            if attempt.loaded is not None:
                attempt.loaded.pipeline.maybe_free_model_hooks()
                if failure is not None and failure.out_of_memory:
                    attempt.loaded.wardrobe.undress()
                    offload = attempt.loaded.build.get("offload", "none")
                    if offload not in ("none", "model"):
                        # What was fetched is not sent back after a failure: only a load does it.
                        attempt.loaded = None
                        self._pipelines.drop()
            # A cancel leaves no cycles behind, and the next run is waiting.
            self.give_back(collect=failure is not None)
        except Exception:  # the device may be lost; the next run tells
            log.warning("Could not tidy up after run %d", attempt.job.run_id, exc_info=True)


def _filled_in(spec: RunSpec, loaded: Loaded) -> RunSpec:
    """The spec with nothing left to the checkpoint, so that it can be run again anywhere."""
    from engine.schedulers import name_of

    own = loaded.own_scheduler
    return spec.with_(
        checkpoint=loaded.name,
        width=spec.width or loaded.width,
        height=spec.height or loaded.height,
        scheduler=spec.scheduler or name_of(type(own).__name__, own.config) or None,
    )
