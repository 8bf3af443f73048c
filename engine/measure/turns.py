"""One turn: a run for its figures, and for each side once for its pictures.

On the engine's thread only.
"""

from __future__ import annotations

import gc
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, replace

from PIL import Image

from engine.attempt import Attempt, Job
from engine.errors import Cancelled, HistoryError
from engine.events import (
    CheckpointDownloading,
    CheckpointLoaded,
    CheckpointLoading,
    Event,
    RunCompiling,
)
from engine.fill import forget_unfit
from engine.fits import Fits
from engine.history import History
from engine.maker import Maker
from engine.measure.order import is_costly
from engine.measure.request import Sample
from engine.memory import MemorySampler
from engine.pictures.output import Output
from engine.pipelines import Pipelines
from engine.record import Status, now
from engine.spec import RunSpec

log = logging.getLogger("safelight.engine")

_LOADING = (CheckpointDownloading, CheckpointLoading, CheckpointLoaded, RunCompiling)


class TurnFailed(Exception):
    """A turn could not be made; its text is the sentence for the user."""

    def __init__(self, sentence: str, *, out_of_memory: bool = False) -> None:
        super().__init__(sentence)
        self.out_of_memory = out_of_memory


@dataclass(frozen=True, slots=True)
class Turn:
    """What came of a turn; nothing in it holds the pipeline.

    Attributes:
        spec: as it was run, with nothing left to the checkpoint.
        picture: its first.
        run_id: of the run in the history, when it was kept; else 0.
        unkept: why it could not be, in a sentence.
    """

    spec: RunSpec
    sample: Sample
    picture: Image.Image
    load_seconds: float
    compile_seconds: float
    memory_kind: str
    device: str
    dtype: str
    run_id: int = 0
    unkept: str = ""


class Turns:
    """Takes turns on the checkpoint in use."""

    def __init__(
        self,
        job: Job,
        pipelines: Pipelines,
        memory: MemorySampler,
        tell: Callable[[Event], None],
        history: History | None,
        output: Output,
    ) -> None:
        """``history`` and ``output``: where and how a run is kept."""
        self._job = job
        self._memory = memory
        self._tell = tell
        self._history = history
        self._output = output
        self._last: RunSpec | None = None
        self._maker = Maker(pipelines, memory, self._tell_loading, previews=False)

    def take(self, spec: RunSpec, *, cell: int | None = None) -> Turn:
        """Make the pictures of a spec, with figures that are this turn's alone.

        Args:
            cell: keep it in the history, in this place of the group.

        Raises:
            Cancelled: the user asked to stop.
            TurnFailed: whatever else went wrong; what it held is free again.
        """
        if self._last is None or is_costly(self._last, spec):
            gc.unfreeze()  # what a load lets go of is to be found again
        self._last = spec
        attempt = Attempt(self._job, spec, now(), time.perf_counter())
        try:
            failure = self._maker.attempt(attempt, self._make)
        finally:
            gc.enable()
        if attempt.status is Status.CANCELLED:
            raise Cancelled
        if failure is not None:
            if failure.out_of_memory and attempt.loaded is not None and self._history is not None:
                forget_unfit(Fits(self._history.folder), attempt)
            gc.unfreeze()
            raise TurnFailed(failure.sentence, out_of_memory=failure.out_of_memory)
        peak = self._memory.peak()
        assert attempt.runner is not None
        phases = attempt.runner.clock.seconds
        seconds = {name: round(value, 6) for name, value in phases.items()}
        turn = Turn(
            spec=attempt.spec,
            sample=Sample(seconds["encode"], seconds["denoise"], seconds["decode"], peak),
            picture=attempt.pictures[0],
            load_seconds=attempt.load_seconds,
            compile_seconds=seconds["compile"],
            memory_kind=self._memory.kind,
            device=attempt.device,
            dtype=attempt.dtype,
        )
        if cell is None or self._history is None:
            return turn
        try:
            return replace(turn, run_id=self._keep(attempt, self._history, cell, peak))
        except HistoryError as error:
            log.error("A run of study %d was not kept: %s", self._job.run_id, error)
            return replace(turn, unkept=str(error))

    def is_ready_for(self, spec: RunSpec) -> bool:
        """Whether a turn of ``spec`` would load nothing and compile nothing anew."""
        return self._last is not None and not is_costly(self._last, spec)

    @staticmethod
    def end() -> None:
        """No more turns are taken: leave things as they were."""
        gc.unfreeze()

    def _make(self, attempt: Attempt) -> None:
        self._maker.make(attempt, self._begin_afresh)

    def _begin_afresh(self) -> None:
        """Leave nothing of earlier turns to this one: no garbage, no holes in main memory.

        What a card's allocator holds stays: its peak is of what is in use, and to fetch it again
        would take time that an ordinary run does not need.
        """
        if self._memory.kind == "rss":
            self._maker.give_back()
        else:
            gc.collect()
        gc.freeze()  # else to look at all that there is would take longer than many a turn
        gc.disable()  # else it comes in one turn and not in the next
        self._memory.reset_peak()

    def _keep(self, attempt: Attempt, history: History, cell: int, peak: int) -> int:
        """Write the pictures, then the row. Raises :class:`HistoryError`."""
        run_id = history.new_id()
        attempt.job = replace(self._job, run_id=run_id, cell=cell)
        attempt.saving_since = time.perf_counter()
        for index, picture in enumerate(attempt.pictures):
            attempt.save(index, picture, history.folder, self._output, peak, self._memory.kind)
        attempt.save_seconds = time.perf_counter() - attempt.saving_since
        attempt.total_seconds = time.perf_counter() - attempt.started
        attempt.settled = True
        history.add(attempt.record(peak, self._memory.kind))
        return run_id

    def _tell_loading(self, event: Event) -> None:
        """Of the turns themselves nobody need see the steps."""
        if isinstance(event, _LOADING):
            self._tell(event)
