"""What waits in the engine's queue, and what is told of it before the worker has it."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from engine.attempt import Job
from engine.events import (
    Event,
    FillEnded,
    FillQueued,
    FillStarted,
    RunCancelled,
    RunFailed,
    RunQueued,
    RunStarted,
    StudyEnded,
    StudyQueued,
    StudyStarted,
)
from engine.record import RunRecord, Status, now
from engine.spec import RunSpec
from engine.study import Study

if TYPE_CHECKING:
    from engine.worker import Worker


@dataclass
class Waiting:
    """A run in the queue.

    Attributes:
        group: the id of the group it belongs to; empty when to none.
        cell: its place in that.
        kept: whether the history has a row of it when it is over.
    """

    run_id: int
    spec: RunSpec
    group: str = ""
    cell: int = 0
    cancelled: threading.Event = field(default_factory=threading.Event)
    kept = True

    @property
    def job(self) -> Job:
        return Job(self.run_id, self.spec, self.cancelled.is_set, self.group, self.cell)

    def queued(self, waiting: int) -> Event:
        return RunQueued(self.run_id, self.spec, waiting, self.group, self.cell)

    def started(self, waiting: int) -> Event:
        return RunStarted(self.run_id, self.spec, waiting, self.group, self.cell)

    def do(self, worker: Worker) -> None:
        worker.run(self.job)

    def never_started(self) -> Event:
        return RunCancelled(self.run_id, self.blank(Status.CANCELLED))

    def broken(self, record: RunRecord) -> Event:
        """It failed where nobody could tell how; ``record`` has the sentence."""
        return RunFailed(self.run_id, record)

    def blank(self, status: Status, error: str = "") -> RunRecord:
        """The record of a run of which nothing is known but how it ended."""
        return RunRecord(
            self.run_id,
            status,
            self.spec,
            now(),
            device="",
            dtype="",
            error=error,
            group=self.group,
            cell=self.cell,
        )


@dataclass
class WaitingFill(Waiting):
    """A search for the largest batch that fits. Of it nothing is kept."""

    kept = False

    def queued(self, waiting: int) -> Event:
        return FillQueued(self.run_id, self.spec, waiting)

    def started(self, waiting: int) -> Event:
        return FillStarted(self.run_id, self.spec, waiting)

    def do(self, worker: Worker) -> None:
        worker.fill(self.job)

    def never_started(self) -> Event:
        return FillEnded(self.run_id)

    def broken(self, record: RunRecord) -> Event:
        return FillEnded(self.run_id, record.error)


@dataclass
class WaitingStudy(Waiting):
    """Something to be measured. The history has its runs and its result, and no row of it."""

    study: Study = field(kw_only=True)
    kept = False

    def queued(self, waiting: int) -> Event:
        return StudyQueued(self.run_id, self.study, waiting)

    def started(self, waiting: int) -> Event:
        return StudyStarted(self.run_id, self.study, waiting)

    def do(self, worker: Worker) -> None:
        worker.study(self.job, self.study)

    def never_started(self) -> Event:
        return StudyEnded(self.run_id)

    def broken(self, record: RunRecord) -> Event:
        return StudyEnded(self.run_id, record.error)
