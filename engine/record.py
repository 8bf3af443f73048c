"""What happened: a :class:`RunRecord`, frozen and JSON-able."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from engine.spec import RunSpec


def now() -> str:
    """The time as records have it: ISO 8601 in UTC, with milliseconds."""
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


class Status(StrEnum):
    """How a run ended. Interrupted: the process ended with it."""

    FINISHED = "finished"
    CANCELLED = "cancelled"
    FAILED = "failed"
    INTERRUPTED = "interrupted"


@dataclass(frozen=True, slots=True)
class ImageRecord:
    """One picture of a run: where it is, and the seed that makes it again.

    ``prompt`` is given when the run had several; else it is the run's, and empty here.
    """

    path: str
    seed: int
    width: int
    height: int
    prompt: str = ""

    def to_json(self) -> dict[str, Any]:
        values = {"path": self.path, "seed": self.seed, "width": self.width, "height": self.height}
        return {**values, "prompt": self.prompt} if self.prompt else values


@dataclass(frozen=True, slots=True)
class Seconds:
    """Wall-clock seconds by phase. ``total`` is from the run's start to its pictures on disk.

    ``load`` is zero when the checkpoint was already there, ``compile`` when nothing new had to be
    compiled. Every clock is stopped only after the device has finished its work. ``retried`` went
    into attempts that ran out of memory, before the one that the other phases are of.
    """

    load: float = 0.0
    encode: float = 0.0
    denoise: float = 0.0
    decode: float = 0.0
    save: float = 0.0
    total: float = 0.0
    compile: float = 0.0
    retried: float = 0.0

    def to_json(self) -> dict[str, float]:
        return {name: round(getattr(self, name), 6) for name in self.__slots__}


@dataclass(frozen=True, slots=True)
class RunRecord:
    """One run, after it happened.

    Attributes:
        id: number of the run in the history, from 1.
        spec: as it was run: size, scheduler and checkpoint filled in.
        images: those that were saved, in the order of their seeds; fewer than asked, or none, when
            cancelled or failed.
        evaluations: calls of the denoising model (one call serves a whole batch; guidance does
            not count twice). PNDM makes 21 of them for "20 steps".
        steps: denoising steps done; fewer than asked when cancelled.
        memory_peak_bytes: on CUDA the peak allocated on the device, elsewhere the peak resident
            set of the process.
        memory_kind: which of the two: ``"vram"`` or ``"rss"``.
        device: as torch names it, with the card's name on CUDA.
        dtype: of the denoising model, for example ``"float16"``.
        versions: of the libraries that made the picture.
        created_at: when the run started, ISO 8601 in UTC.
        error: the sentence the user saw, for a failed run.
        notes: what the user should know of this run besides.
        advice: for a run that failed, switches that may let it work; empty when none is known.
        group: the id of the :class:`~engine.group.Group` it belongs to; empty when to none.
        cell: its place in that, from 0; several runs may have had one place.
    """

    id: int
    status: Status
    spec: RunSpec
    created_at: str
    images: tuple[ImageRecord, ...] = ()
    seconds: Seconds = Seconds()
    evaluations: int = 0
    steps: int = 0
    memory_peak_bytes: int = 0
    memory_kind: str = "rss"
    device: str = "cpu"
    dtype: str = "float32"
    versions: Mapping[str, str] = field(default_factory=dict)
    error: str = ""
    notes: tuple[str, ...] = ()
    advice: Mapping[str, str] = field(default_factory=dict)
    group: str = ""
    cell: int = 0

    @property
    def steps_per_second(self) -> float:
        """Denoising steps a second; 0 when nothing was denoised."""
        return self.steps / self.seconds.denoise if self.seconds.denoise > 0 else 0.0

    def to_json(self) -> dict[str, Any]:
        """A plain dictionary of JSON values."""
        member = {"group": self.group, "cell": self.cell} if self.group else {}
        return {
            "id": self.id,
            "status": self.status.value,
            "spec": self.spec.to_json(),
            "images": [image.to_json() for image in self.images],
            "seconds": self.seconds.to_json(),
            "evaluations": self.evaluations,
            "steps": self.steps,
            "memory_peak_bytes": self.memory_peak_bytes,
            "memory_kind": self.memory_kind,
            "device": self.device,
            "dtype": self.dtype,
            "versions": dict(self.versions),
            "created_at": self.created_at,
            "error": self.error,
            "notes": list(self.notes),
            "advice": dict(self.advice),
            **member,
        }

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> RunRecord:
        """The record of :meth:`to_json`.

        Raises ``KeyError``, ``TypeError``, ``ValueError`` or :class:`~engine.errors.InvalidSpec`
        when the values are not a record.
        """
        seconds = {k: float(v) for k, v in values["seconds"].items() if k in Seconds.__slots__}
        return cls(
            id=int(values["id"]),
            status=Status(values["status"]),
            spec=RunSpec.from_json(values["spec"]),
            created_at=str(values["created_at"]),
            images=tuple(
                ImageRecord(
                    str(i["path"]),
                    int(i["seed"]),
                    int(i["width"]),
                    int(i["height"]),
                    str(i.get("prompt", "")),
                )
                for i in values["images"]
            ),
            seconds=Seconds(**seconds),
            evaluations=int(values["evaluations"]),
            steps=int(values["steps"]),
            memory_peak_bytes=int(values["memory_peak_bytes"]),
            memory_kind=str(values["memory_kind"]),
            device=str(values["device"]),
            dtype=str(values["dtype"]),
            versions={str(k): str(v) for k, v in values["versions"].items()},
            error=str(values["error"]),
            notes=tuple(str(note) for note in values["notes"]),
            advice={str(k): str(v) for k, v in values.get("advice", {}).items()},
            group=str(values.get("group", "")),
            cell=int(values.get("cell", 0)),
        )
