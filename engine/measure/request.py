"""What is to be measured, and what came of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from engine.measure.verdict import Spread, Verdict
from engine.spec import RunSpec

REPEATS = 9
"""Timed turns of each side, when nobody says how many: the fewest of which signed ranks can tell
that there is a difference, and be wrong about that once in 250 times."""
LEAST_REPEATS, MOST_REPEATS = 2, 1000
"""Of one turn nobody knows what the next would have been."""


@dataclass(frozen=True, slots=True)
class Measurement:
    """Specs to be measured against each other, in turns.

    Attributes:
        specs: two or more; the first is the reference.
        labels: a word or two for each, such as ``"fp16"``; empty for A, B, C.
        repeats: timed turns of each, two or more; up to 32 times as many where that leaves it
            undecided.
    """

    specs: tuple[RunSpec, ...]
    labels: tuple[str, ...] = ()
    repeats: int = REPEATS

    @property
    def names(self) -> tuple[str, ...]:
        """What each is called."""
        return self.labels or tuple(chr(ord("A") + at) for at in range(len(self.specs)))

    @property
    def first(self) -> RunSpec:
        """The reference."""
        return self.specs[0]

    def to_json(self) -> dict[str, Any]:
        """A plain dictionary of JSON values."""
        return {
            "specs": [spec.to_json() for spec in self.specs],
            "labels": list(self.names),
            "repeats": self.repeats,
        }

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Measurement:
        """Raises ``KeyError``, ``TypeError``, ``ValueError`` or
        :class:`~engine.errors.InvalidSpec` for what is none."""
        specs = tuple(RunSpec.from_json(spec) for spec in values["specs"])
        return cls(specs, tuple(map(str, values["labels"])), int(values["repeats"]))


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

    def to_json(self) -> dict[str, Any]:
        phases = {name: round(getattr(self, name), 6) for name in ("encode", "denoise", "decode")}
        return {**phases, "memory_peak_bytes": self.memory_peak_bytes}

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Sample:
        encode, denoise, decode = (float(values[name]) for name in ("encode", "denoise", "decode"))
        return cls(encode, denoise, decode, int(values["memory_peak_bytes"]))


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

    def to_json(self) -> dict[str, Any]:
        values = {name: getattr(self, name) for name in self.__slots__}
        samples = [sample.to_json() for sample in self.samples]
        return {**values, "spec": self.spec.to_json(), "samples": samples}

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Side:
        return cls(
            label=str(values["label"]),
            spec=RunSpec.from_json(values["spec"]),
            run_id=int(values["run_id"]),
            samples=tuple(Sample.from_json(sample) for sample in values["samples"]),
            load_seconds=float(values["load_seconds"]),
            compile_seconds=float(values["compile_seconds"]),
            memory_kind=str(values["memory_kind"]),
            device=str(values["device"]),
            dtype=str(values["dtype"]),
            error=str(values["error"]),
        )


@dataclass(frozen=True, slots=True)
class MeasurementResult:
    """What came of a measurement, so far.

    Attributes:
        verdicts: of each side against the first, by seconds a picture; ``None`` while unknown, and
            for the first itself.
        repeats: the turns that were asked for; of a side there are as many as it has samples.
        note: how the turns were taken, where that is not one after the other; a sentence, or empty.
    """

    sides: tuple[Side, ...]
    verdicts: tuple[Verdict | None, ...]
    repeats: int
    note: str = ""

    def to_json(self) -> dict[str, Any]:
        """A plain dictionary of JSON values."""
        return {
            "sides": [side.to_json() for side in self.sides],
            "verdicts": [verdict and verdict.to_json() for verdict in self.verdicts],
            "repeats": self.repeats,
            "note": self.note,
        }

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> MeasurementResult:
        """Raises ``KeyError``, ``TypeError``, ``ValueError`` or
        :class:`~engine.errors.InvalidSpec` for what is none."""
        return cls(
            sides=tuple(Side.from_json(side) for side in values["sides"]),
            verdicts=tuple(one and Verdict.from_json(one) for one in values["verdicts"]),
            repeats=int(values["repeats"]),
            note=str(values.get("note", "")),
        )
