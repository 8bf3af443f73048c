"""Something that is measured, from its start to its end. On the engine's thread only."""

from __future__ import annotations

import logging
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import replace
from typing import ClassVar, Generic, TypeVar

from engine.attempt import Job
from engine.errors import Cancelled, HistoryError
from engine.events import Event, StudyEnded, StudyFinished, StudyProgressed, StudyUpdated
from engine.group import Group, Kind, new_group_id
from engine.history import History
from engine.ladder.request import Ladder
from engine.measure.request import Measurement
from engine.measure.turns import Turns
from engine.memory import MemorySampler
from engine.pictures.output import Output
from engine.pipelines import Pipelines
from engine.record import now
from engine.study import StudyResult

log = logging.getLogger("safelight.engine")

S = TypeVar("S", Measurement, Ladder)

_WRITE_SECONDS = 2.0
"""What is known goes to disk no more often than this, and at the end."""


class Studying(ABC, Generic[S]):
    """One study. It ends in exactly one ``StudyFinished`` or ``StudyEnded``.

    What is known of it is in the history all along, so that a crash takes little of it.
    """

    kind: ClassVar[Kind]

    def __init__(
        self,
        job: Job,
        study: S,
        pipelines: Pipelines,
        memory: MemorySampler,
        tell: Callable[[Event], None],
        history: History | None,
        output: Output,
    ) -> None:
        self._history = history
        self._tell = tell
        self._group = new_group_id() if history is not None else ""
        self._job = replace(job, group=self._group)
        self._study: S = study
        self._pipelines = pipelines
        self._memory = memory
        self._turns = Turns(self._job, pipelines, memory, tell, history, output)
        self._result: StudyResult | None = None
        self._written = 0.0
        self._claim = threading.Lock()

    @property
    @abstractmethod
    def title(self) -> str:
        """What it is, in a line."""

    @abstractmethod
    def work(self) -> str:
        """Measure; returns why there is no whole result, in a sentence, or nothing.

        Calls :meth:`update` on the way. Raises :class:`~engine.errors.Cancelled`.
        """

    def run(self) -> None:
        """Measure, and tell."""
        try:
            self._open()
            error = self.work()
        except Cancelled:
            self._conclude("", finished=False)
        except HistoryError as unwritten:
            self._conclude(str(unwritten), finished=False)
        else:
            self._conclude(error, finished=not error)
        finally:
            self._turns.end()

    def abandon(self) -> None:
        """Tell that it is stopped; for another thread, when nobody waits for the device."""
        self._conclude("", finished=False)

    def update(self, result: StudyResult) -> None:
        """Tell what is known by now, and write it down."""
        self._result = result
        self._tell(StudyUpdated(self._job.run_id, result))
        if time.monotonic() - self._written > _WRITE_SECONDS:
            self._write()

    def progress(self, done: int, of: int, what: str, eta_seconds: float) -> None:
        """Tell how far it is."""
        self._tell(StudyProgressed(self._job.run_id, done, of, what, round(eta_seconds, 3)))

    def _open(self) -> None:
        """Raises :class:`HistoryError`: nothing is measured that could not be kept."""
        if self._history is not None:
            plan = self._study.to_json()
            self._history.groups.add(Group(self._group, self.kind, now(), self.title, plan))

    def _write(self) -> None:
        if self._history is None or self._result is None:
            return
        try:
            self._history.groups.set_result(self._group, self._result.to_json())
            self._written = time.monotonic()
        except HistoryError as error:
            log.error("What study %d has measured was not kept: %s", self._job.run_id, error)

    def _conclude(self, error: str, *, finished: bool) -> None:
        if not self._claim.acquire(blocking=False):
            return
        self._write()
        run_id, result = self._job.run_id, self._result
        if finished and result is not None:
            self._tell(StudyFinished(run_id, result, self._group))
        else:
            self._tell(StudyEnded(run_id, error, result, self._group))
