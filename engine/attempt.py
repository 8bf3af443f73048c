"""One run in the worker's hands: what is known of it so far, and the record made of that."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from PIL import Image

from engine.pictures.output import Output
from engine.record import ImageRecord, RunRecord, Seconds, Status
from engine.secrets import without_secrets
from engine.spec import RunSpec
from engine.unkept import write_picture
from engine.versions import versions

if TYPE_CHECKING:
    from engine.loaded import Loaded
    from engine.runner import Runner


@dataclass
class Job:
    """A spec in the queue, and the question of cancel, asked at every step."""

    run_id: int
    spec: RunSpec
    is_cancelled: Callable[[], bool]
    group: str = ""
    cell: int = 0


@dataclass
class Attempt:
    """What is known of a run so far; a record is made of it however the run ends.

    A run that climbs begins again, with more switches, as often as it must.

    Attributes:
        spec: as it is run now, with what has been filled in and turned since ``job.spec``.
        settled: ``status`` is how it ended; before that it may still end otherwise.
        notes: what the user should know of it besides.
        advice: switches that may let it work, when it failed.
        climbed: switches that it turned itself, after memory had run out without them.
        writing: held while a picture is written.
        ended: its record was kept, as far as it could be.
    """

    job: Job
    spec: RunSpec
    created_at: str
    started: float
    loaded: Loaded | None = None
    device: str = ""
    dtype: str = ""
    runner: Runner | None = None
    load_seconds: float = 0.0
    save_seconds: float = 0.0
    saving_since: float = 0.0
    total_seconds: float = 0.0
    retried_seconds: float = 0.0
    status: Status = Status.FINISHED
    error: str = ""
    notes: list[str] = field(default_factory=list)
    advice: Mapping[str, str] = field(default_factory=dict)
    climbed: dict[str, str] = field(default_factory=dict)
    pictures: tuple[Image.Image, ...] = ()
    saved: list[ImageRecord] = field(default_factory=list)
    settled: bool = False
    writing: threading.Lock = field(default_factory=threading.Lock)
    ended: threading.Event = field(default_factory=threading.Event)
    _claim: threading.Lock = field(default_factory=threading.Lock)

    def claim(self) -> bool:
        """Whether the caller is the one to conclude it: true for the first who asks."""
        return self._claim.acquire(blocking=False)

    @property
    def phase(self) -> str:
        """Where it is, or where it failed, as :func:`engine.relief.next_rung` names it."""
        if self.loaded is None:
            return "load"
        if self.runner is None:
            return "dress"
        return "save" if self.saving_since else self.runner.clock.broken

    def climb(self, rung: Mapping[str, str]) -> None:
        """Begin again with more switches. Lets go of all that the attempt before it held.

        Its times are forgotten but for their sum: figures are those of the attempt that works.
        """
        self.climbed.update(rung)
        self.spec = self.spec.with_(switches={**self.spec.switches, **rung})
        self.loaded = self.runner = None
        self.pictures, self.load_seconds = (), 0.0
        self.retried_seconds = time.perf_counter() - self.started

    def record(self, memory_peak: int, memory_kind: str) -> RunRecord:
        """What is known now; of a run that is still on, with the phase that is on until now."""
        runner, present = self.runner, time.perf_counter()
        load, save = self.load_seconds, self.save_seconds
        if not self.settled and self.loaded is None:
            load = present - self.started - self.retried_seconds
        elif not self.settled and self.saving_since and not save:
            save = present - self.saving_since
        seconds = {
            "load": load,
            "save": save,
            "total": self.total_seconds or present - self.started,
            "retried": self.retried_seconds,
            **(runner.clock.so_far() if runner else {}),
        }
        return RunRecord(
            id=self.job.run_id,
            status=self.status,
            spec=self.spec,
            created_at=self.created_at,
            images=tuple(self.saved),
            seconds=Seconds(**{name: round(value, 6) for name, value in seconds.items()}),
            evaluations=runner.evaluations if runner else 0,
            steps=runner.steps if runner else 0,
            memory_peak_bytes=memory_peak,
            memory_kind=memory_kind,
            device=self.device,
            dtype=self.dtype,
            versions=versions(),
            error=self.error,
            notes=tuple(map(without_secrets, (*self.notes, *(runner.notes if runner else ())))),
            advice=self.advice,
            group=self.job.group,
            cell=self.job.cell,
        )

    def save(
        self,
        index: int,
        picture: Image.Image,
        folder: Path | None,
        output: Output,
        memory_peak: int = 0,
        memory_kind: str = "rss",
    ) -> None:
        """Write one picture below ``folder``, whole or not at all, and note it as saved.

        Its metadata tell what is known of the run by now. Without a folder nothing is written.
        """
        record = self.record(memory_peak, memory_kind)
        self.saved.append(write_picture(index, picture, folder, output, record))
