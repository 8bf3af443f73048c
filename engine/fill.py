"""Fill the card: the largest batch that fits, found by trying. On the engine's thread only.

Two steps at full size, with the decode, tell as much of memory as twenty. On a card a batch that is
too large fails, and nothing is lost. Main memory is given away more than there is of it, and then
the system ends the program: there, each try is weighed before it is made.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence

from engine.attempt import Attempt, Job
from engine.errors import Cancelled
from engine.events import (
    CheckpointDownloading,
    CheckpointLoaded,
    CheckpointLoading,
    Event,
    FillEnded,
    FillFound,
    FillTried,
)
from engine.explain import Failure
from engine.fits import Fit, Fits, key_of
from engine.main_memory import available_bytes
from engine.maker import Maker
from engine.memory import MemorySampler
from engine.pipelines import Pipelines
from engine.record import Status, now
from engine.spec import MAX_BATCH, MAX_SEED

STEPS = 2
SHARE = 0.8
"""Of the main memory that is available, what a try may be expected to take."""

_LOADING = (CheckpointDownloading, CheckpointLoading, CheckpointLoaded)

Try = tuple[int, int]
"""A batch that was made, and the peak of memory in bytes."""


def largest(fits: Callable[[int], bool], top: int) -> int:
    """The largest number from 1 to ``top`` that fits; 0 when not even 1 does.

    Doubles until one does not, then halves what lies between. What fits, fits when smaller too.
    """
    good, bad = 0, top + 1
    while good < top:
        middle = (good + bad) // 2 if bad <= top else min(max(1, 2 * good), top)
        if middle == good:
            break
        if fits(middle):
            good = middle
        else:
            bad = middle
    return good


def expected_bytes(tries: Sequence[Try], batch: int) -> int:
    """Peak memory of a batch, on the line through the two largest that were made.

    Args:
        tries: two or more, the smallest first; a batch of 0 is the memory before any.
    """
    (few, low), (many, high) = tries[-2:]
    each = max(0.0, (high - low) / (many - few))
    return round(high + each * (batch - many))


def is_affordable(expected: int) -> bool:
    """Whether main memory has room for this process to grow to so many bytes."""
    import psutil

    more = expected - psutil.Process().memory_info().rss
    return more <= SHARE * available_bytes()


class Filling:
    """One search. It ends in exactly one ``FillFound`` or ``FillEnded``."""

    def __init__(
        self,
        job: Job,
        pipelines: Pipelines,
        memory: MemorySampler,
        fits: Fits,
        tell: Callable[[Event], None],
        *,
        top: int = MAX_BATCH,
    ) -> None:
        """``top``: no larger batch is tried."""
        self._job = job
        self._top = top
        self._memory = memory
        self._fits = fits
        self._tell = tell
        self._maker = Maker(pipelines, memory, self._tell_loading, previews=False)
        self._tries: list[Try] = []
        self._shortage: Failure | None = None
        self._claim = threading.Lock()

    def run(self) -> None:
        """Search, and tell."""
        try:
            end = self._end()
        except Cancelled:
            end = FillEnded(self._job.run_id)
        self._conclude(end)

    def abandon(self) -> None:
        """Tell that it is stopped; for another thread, when nobody waits for the device."""
        self._conclude(FillEnded(self._job.run_id))

    def _conclude(self, end: Event) -> None:
        if self._claim.acquire(blocking=False):
            self._tell(end)

    def _end(self) -> Event:
        run_id, spec = self._job.run_id, self._job.spec
        first = self._attempt(1)
        if failure := self._done(first, self._maker.ready):
            return FillEnded(run_id, failure.sentence)
        assert first.loaded is not None
        key = key_of(first.spec, first.loaded, first.device)
        known = self._fits.get(key)
        if known is not None and self._may_try(known.peak_bytes):
            return FillFound(run_id, known.batch, remembered=True)
        self._tries = [(0, self._memory.sample().used)]
        try:
            batch = largest(self._fits_here, min(self._top, MAX_BATCH // len(spec.prompts)))
        except _Failed as failed:
            return FillEnded(run_id, failed.sentence)
        if not batch:
            return FillEnded(run_id, self._shortage.sentence if self._shortage else "")
        if batch < self._top or self._top == MAX_BATCH:  # else a larger one may fit
            self._fits.put(key, Fit(batch, self._tries[-1][1]))
        return FillFound(run_id, batch)

    def _fits_here(self, batch: int) -> bool:
        """Make a batch; whether there was memory for it."""
        if len(self._tries) > 1 and not self._may_try(expected_bytes(self._tries, batch)):
            return False
        failure = self._done(self._attempt(batch), self._maker.make)
        if failure is not None and not failure.out_of_memory:
            raise _Failed(failure.sentence)
        self._shortage = failure
        if failure is None:
            self._tries.append((batch, self._memory.peak()))
            self._maker.give_back(collect=False)  # the next one begins as a run would
        self._tell(FillTried(self._job.run_id, batch, failure is None))
        return failure is None

    def _may_try(self, expected: int) -> bool:
        """A card refuses what it has no room for. Main memory does not: better not to ask."""
        return self._memory.kind == "vram" or is_affordable(expected)

    def _attempt(self, batch: int) -> Attempt:
        spec = self._job.spec
        changed = spec.with_(
            batch_size=batch,
            num_inference_steps=min(STEPS, spec.num_inference_steps),
            seed=min(spec.seed, MAX_SEED - MAX_BATCH),
        )
        return Attempt(self._job, changed, now(), time.perf_counter())

    def _done(self, attempt: Attempt, work: Callable[[Attempt], object]) -> Failure | None:
        """Raises :class:`Cancelled` when it was."""
        failure = self._maker.attempt(attempt, work)
        if attempt.status is Status.CANCELLED:
            raise Cancelled
        return failure

    def _tell_loading(self, event: Event) -> None:
        """Of the tries themselves nobody need see the steps."""
        if isinstance(event, _LOADING):
            self._tell(event)


class _Failed(Exception):
    """A try failed for another reason than memory."""

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence)
        self.sentence = sentence


def forget_unfit(fits: Fits, attempt: Attempt) -> None:
    """Forget the answer that a run has just proved wrong: its memory ran out."""
    assert attempt.loaded is not None
    key = key_of(attempt.spec, attempt.loaded, attempt.device)
    fit = fits.get(key)
    if fit is not None and attempt.spec.batch_size <= fit.batch:
        fits.forget(key)
