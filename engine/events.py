"""What the engine tells: past-tense facts, frozen, plain, in the order they happened.

An event never holds a tensor: pictures cross the thread as PIL images, everything else as numbers
and text, so that the engine can one day live in another process behind the same words.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from engine.record import RunRecord
from engine.spec import RunSpec
from engine.study import Study, StudyResult
from engine.switches.base import NOWHERE, Place

if TYPE_CHECKING:
    from PIL import Image


@dataclass(frozen=True, slots=True)
class Event:
    """Any fact the engine tells."""


@dataclass(frozen=True, slots=True)
class RunQueued(Event):
    """A spec was accepted. ``waiting`` runs, this one included, have not started.

    Attributes:
        group, cell: as in its record.
    """

    run_id: int
    spec: RunSpec
    waiting: int
    group: str = ""
    cell: int = 0


@dataclass(frozen=True, slots=True)
class QueueChanged(Event):
    """The queue was paused, or goes on, or holds other specs or another order.

    Attributes:
        waiting: the runs that wait, in their order, each with its spec.
        paused: nothing is begun.
    """

    waiting: tuple[tuple[int, RunSpec], ...]
    paused: bool


@dataclass(frozen=True, slots=True)
class CheckpointLoading(Event):
    """Loading began, or went on to another part of it (``stage`` says which, for the user).

    ``run_id`` is 0 while warming up, when no run has asked for the checkpoint yet.
    """

    run_id: int
    checkpoint: str
    stage: str


@dataclass(frozen=True, slots=True)
class CheckpointDownloading(Event):
    """More of a checkpoint has come from the hub.

    Attributes:
        done_bytes: on this machine now, also from earlier downloads that were stopped.
        total_bytes: of all the files that are needed.
        rate: bytes a second, over the last few; 0 while unknown.
    """

    run_id: int
    checkpoint: str
    done_bytes: int
    total_bytes: int
    rate: float


@dataclass(frozen=True, slots=True)
class CheckpointLoaded(Event):
    """A checkpoint is ready.

    Attributes:
        family: ``"sd"``, ``"sdxl"``, ``"sd3"``, ``"flux"`` or the pipeline's class name.
        schedulers: names that can be chosen, the checkpoint's own first.
        width, height: the checkpoint's own size in pixels.
        uses_negative_prompt: whether the family reads one.
        place: what switches can work on it.
    """

    checkpoint: str
    family: str
    device: str
    dtype: str
    schedulers: tuple[str, ...]
    width: int
    height: int
    uses_negative_prompt: bool
    seconds: float
    place: Place = NOWHERE


@dataclass(frozen=True, slots=True)
class RunStarted(Event):
    """A run left the queue. ``spec`` is as it was asked for."""

    run_id: int
    spec: RunSpec
    waiting: int
    group: str = ""
    cell: int = 0


@dataclass(frozen=True, slots=True)
class StepCompleted(Event):
    """One denoising step was done.

    Attributes:
        step: from 1; ``steps`` is how many there will be (timesteps of the scheduler).
        evaluations: calls of the denoising model so far.
        rate: steps a second, over the last few steps; 0 while unknown.
        eta_seconds: until the last step; 0 while unknown.
        elapsed_seconds: since denoising began.
    """

    run_id: int
    step: int
    steps: int
    evaluations: int
    rate: float
    eta_seconds: float
    elapsed_seconds: float


@dataclass(frozen=True, slots=True)
class PreviewReady(Event):
    """What the pictures look like so far: small images, one of each seed, from predicted x0."""

    run_id: int
    step: int
    images: tuple[Image.Image, ...]


@dataclass(frozen=True, slots=True)
class RunCompiling(Event):
    """The denoiser is being compiled, by a few steps that are thrown away and not timed."""

    run_id: int


@dataclass(frozen=True, slots=True)
class RunDecoding(Event):
    """Denoising is done; the VAE is turning latents into pictures."""

    run_id: int


@dataclass(frozen=True, slots=True)
class RunRetried(Event):
    """Memory ran out, and the run began again by itself with more switches.

    Attributes:
        switches: that were added.
        reason: what was needed and what there was, in a sentence.
    """

    run_id: int
    switches: Mapping[str, str]
    reason: str


@dataclass(frozen=True, slots=True)
class RunFinished(Event):
    """A run is done and its pictures are on disk."""

    run_id: int
    record: RunRecord
    images: tuple[Image.Image, ...]


@dataclass(frozen=True, slots=True)
class RunCancelled(Event):
    """A run was stopped. A run that never started has a record with no steps and is not kept."""

    run_id: int
    record: RunRecord


@dataclass(frozen=True, slots=True)
class RunFailed(Event):
    """A run ended in a failure; ``record.error`` is the sentence for the user.

    ``images`` is empty, unless the pictures were made but could not be kept. Where they are
    ``held`` they can be kept later; see :meth:`engine.api.EngineAPI.keep`.
    """

    run_id: int
    record: RunRecord
    images: tuple[Image.Image, ...] = ()
    held: bool = False


@dataclass(frozen=True, slots=True)
class FillQueued(Event):
    """A search for the largest batch was accepted; ``waiting`` as in :class:`RunQueued`."""

    run_id: int
    spec: RunSpec
    waiting: int


@dataclass(frozen=True, slots=True)
class FillStarted(Event):
    """A search left the queue."""

    run_id: int
    spec: RunSpec
    waiting: int


@dataclass(frozen=True, slots=True)
class FillTried(Event):
    """A batch was made, or did not fit. What is tried next lies between the two."""

    run_id: int
    batch: int
    fits: bool


@dataclass(frozen=True, slots=True)
class FillFound(Event):
    """The largest batch that fits. ``remembered``: from an earlier search, nothing was tried."""

    run_id: int
    batch: int
    remembered: bool = False


@dataclass(frozen=True, slots=True)
class FillEnded(Event):
    """A search ended without an answer: ``error`` is a sentence, or empty when it was stopped."""

    run_id: int
    error: str = ""


@dataclass(frozen=True, slots=True)
class StudyQueued(Event):
    """Something to be measured was accepted; ``waiting`` as in :class:`RunQueued`."""

    run_id: int
    study: Study
    waiting: int


@dataclass(frozen=True, slots=True)
class StudyStarted(Event):
    """A study left the queue."""

    run_id: int
    study: Study
    waiting: int


@dataclass(frozen=True, slots=True)
class StudyProgressed(Event):
    """A study goes on to its next turn.

    Attributes:
        done: turns that are over; ``of`` is how many there will be, as far as is known by now.
        what: is done next, in words for the user: ``"B, 2 of 5"``, ``"warming up half precision"``.
        eta_seconds: until the end; 0 while unknown.
    """

    run_id: int
    done: int
    of: int
    what: str
    eta_seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class StudyUpdated(Event):
    """Something of a study is known: all of its result as far as it has come."""

    run_id: int
    result: StudyResult


@dataclass(frozen=True, slots=True)
class StudyFinished(Event):
    """A study is done; its result is in the history, in the group ``group``."""

    run_id: int
    result: StudyResult
    group: str


@dataclass(frozen=True, slots=True)
class StudyEnded(Event):
    """A study ended before its end: ``error`` is a sentence, or empty when it was stopped.

    What was measured by then is in ``result``, and in the history when ``group`` says where.
    """

    run_id: int
    error: str = ""
    result: StudyResult | None = None
    group: str = ""


@dataclass(frozen=True, slots=True)
class EngineIdle(Event):
    """The queue is empty and nothing runs."""


@dataclass(frozen=True, slots=True)
class MemorySampled(Event):
    """Memory now, in bytes.

    Attributes:
        kind: ``"vram"`` on CUDA, ``"rss"`` elsewhere.
        used: allocated by torch on the device, or the process's resident set.
        reserved: held by torch's allocator; equal to ``used`` for RSS.
        device_used: in use on the card by everyone; for RSS, in use on the machine.
        total: of the card, or of the machine.
    """

    kind: str
    used: int
    reserved: int
    device_used: int
    total: int
