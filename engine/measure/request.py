"""What is to be measured, and what came of it."""

from __future__ import annotations

from dataclasses import dataclass

from engine.measure.verdict import Spread, Verdict
from engine.spec import RunSpec

REPEATS = 7
"""Timed turns of each side, when nobody says how many."""


@dataclass(frozen=True, slots=True)
class Measurement:
    """Specs to be measured against each other, in turns.

    Attributes:
        specs: two or more; the first is the reference.
        labels: a word or two for each, such as ``"fp16"``; empty for A, B, C.
        repeats: timed turns of each.
    """

    specs: tuple[RunSpec, ...]
    labels: tuple[str, ...] = ()
    repeats: int = REPEATS


@dataclass(frozen=True, slots=True)
class Sample:
    """One timed turn: seconds of the bare call, which are its three phases, and the peak of memory.

    Loading, compiling and saving are not in it.
    """

    encode: float
    denoise: float
    decode: float
    memory_peak_bytes: int

    @property
    def seconds(self) -> float:
        return self.encode + self.denoise + self.decode


@dataclass(frozen=True, slots=True)
class Side:
    """One spec, measured.

    Attributes:
        label: what it is called.
        spec: as it was run, with nothing left to the checkpoint.
        run_id: of the run in the history that has its pictures; 0 while there is none.
        samples: its timed turns, in their order.
        load_seconds, compile_seconds: of its first load and compile; 0 when there was none.
        memory_kind: ``"vram"`` or ``"rss"``.
        error: why there are no (more) samples, in a sentence; empty when nothing went wrong.
    """

    label: str
    spec: RunSpec
    run_id: int = 0
    samples: tuple[Sample, ...] = ()
    load_seconds: float = 0.0
    compile_seconds: float = 0.0
    memory_kind: str = "rss"
    device: str = ""
    dtype: str = ""
    error: str = ""

    @property
    def seconds(self) -> Spread | None:
        """Of a turn; ``None`` while there is none."""
        return Spread.of([s.seconds for s in self.samples]) if self.samples else None

    @property
    def seconds_an_image(self) -> Spread | None:
        """Seconds by picture."""
        count = len(self.spec.pictures)
        return Spread.of([s.seconds / count for s in self.samples]) if self.samples else None

    @property
    def memory_peak_bytes(self) -> int:
        """The median of the peaks; 0 while there is none."""
        if not self.samples:
            return 0
        return round(Spread.of([s.memory_peak_bytes for s in self.samples]).median)


@dataclass(frozen=True, slots=True)
class MeasurementResult:
    """What came of a measurement, so far.

    Attributes:
        verdicts: of each side against the first, by seconds a picture; ``None`` while unknown, and
            for the first itself.
    """

    sides: tuple[Side, ...]
    verdicts: tuple[Verdict | None, ...]
    repeats: int
