"""The engine's queue: tasks in their order, in memory and, with a history, on disk.

Whoever needs both locks takes the one of telling first: what the queue does and what is told of it
keep one order. What is written to the disk is written outside of both.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable, Sequence
from itertools import count

from engine.errors import HistoryError
from engine.events import Event, QueueChanged
from engine.history import History
from engine.history.queue import Queue
from engine.record import RunRecord
from engine.spec import RunSpec
from engine.study import Study
from engine.waiting import Waiting, WaitingStudy

log = logging.getLogger("safelight.engine")


class RunQueue:
    """See :class:`engine.api.QueueAPI` for what may be called from any thread.

    Attributes:
        changed: the lock of all that is here and of the engine's state; notified of changes.
        telling: held while an event is told.
        owes_idle: whether something was queued since the engine said that it is idle.
        closed: nothing more is taken.
    """

    def __init__(
        self, history: History | None, telling: threading.RLock, tell: Callable[[Event], None]
    ) -> None:
        self._history = history
        self._tell = tell
        self._tasks: list[Waiting] = []
        self._paused = False
        self._numbers = count(1)
        self.telling = telling
        self.changed = threading.Condition()
        self.owes_idle = False
        self.closed = False

    def __len__(self) -> int:
        return len(self._tasks)

    # For any thread

    def add(self, kind: type[Waiting], spec: RunSpec) -> int | None:
        """Queue a task of some kind; its number, or ``None`` when the queue is closed.

        A run is on disk before anybody is told of it. Raises :class:`HistoryError`.
        """
        if self._history is None:
            run_id = next(self._numbers)
        elif kind.kept:
            run_id = self._history.queue.add(spec)
        else:
            run_id = self._history.new_id()
        task = kind(run_id, spec)
        if self._line_up(task):
            return run_id
        self.forget([task])  # it was closed since; the number stays unused
        return None

    def add_study(self, study: Study) -> int | None:
        """Queue something to be measured; as :meth:`add`."""
        history = self._history
        run_id = next(self._numbers) if history is None else history.new_id()
        return run_id if self._line_up(WaitingStudy(run_id, study.first, study=study)) else None

    def add_many(self, group: str, cells: Sequence[tuple[int, RunSpec]]) -> tuple[int, ...] | None:
        """Queue cells of a group; see :meth:`engine.api.EngineAPI.submit_many`.

        Returns their numbers, or ``None`` when the queue is closed. Raises :class:`HistoryError`.
        """
        if self._history is None:
            with self.changed:
                taken = {task.cell for task in self._tasks if task.group == group}
            tasks = [
                Waiting(next(self._numbers), spec, group, cell)
                for cell, spec in dict(cells).items()
                if cell not in taken
            ]
        else:
            self._history.queue.take_over(waiting=False, group=group)
            added = self._history.queue.add_many(group, cells)
            tasks = [Waiting(q.run_id, q.spec, q.group, q.cell) for q in added]
        for at, task in enumerate(tasks):
            if not self._line_up(task):
                self.forget(tasks[at:])
                return None
        return tuple(task.run_id for task in tasks)

    def recover(self) -> tuple[RunRecord, ...]:
        """Take over a queue that was left; see :meth:`engine.api.QueueAPI.recover`."""
        if self._history is None:
            return ()
        left = self._history.queue.take_over()
        if left.waiting:
            with self.changed:
                self._paused = True
            for queued in left.waiting:
                self._line_up(Waiting(queued.run_id, queued.spec, queued.group, queued.cell))
            self._tell_change()
        return left.interrupted

    def pause(self) -> None:
        """Begin nothing more; see :meth:`engine.api.QueueAPI.pause`."""
        self._set_paused(True)

    def resume(self) -> None:
        """Go on."""
        self._set_paused(False)

    def move(self, run_id: int, by: int) -> bool:
        """Move a waiting run; see :meth:`engine.api.QueueAPI.move`."""
        with self.changed:
            at = next((i for i, task in enumerate(self._tasks) if task.run_id == run_id), None)
            if at is None:
                return False
            to = min(max(at + by, 0), len(self._tasks) - 1)
            self._tasks.insert(to, self._tasks.pop(at))
        if to == at:
            return False
        runs = [run for run, _ in self._tell_change()]
        self._write("kept in order", lambda queue: queue.arrange(runs))
        return True

    def replace(self, run_id: int, spec: RunSpec) -> bool:
        """Give a waiting run another spec; see :meth:`engine.api.QueueAPI.replace`."""
        with self.changed:
            found = next((t for t in self._tasks if t.run_id == run_id and t.kept), None)
            if found is None:
                return False
            found.spec, found.group, found.cell = spec, "", 0
        self._write("changed", lambda queue: queue.replace(run_id, spec))
        self._tell_change()
        return True

    def clear(self, group: str = "") -> int:
        """Take out all runs that wait; see :meth:`engine.api.QueueAPI.clear`."""
        with self.changed:
            gone = [task for task in self._tasks if task.kept and group in ("", task.group)]
            taken = {task.run_id for task in gone}
            self._tasks = [task for task in self._tasks if task.run_id not in taken]
            self.changed.notify_all()
        self.forget(gone)
        for task in gone:
            self._tell(task.never_started())
        return len(gone)

    # For the engine, which holds ``changed``

    @property
    def next(self) -> Waiting | None:
        """What is begun next; ``None`` while nothing may be."""
        return self._tasks[0] if self._tasks and not self._paused else None

    def pop(self) -> Waiting | None:
        """Take what is begun next."""
        return self._tasks.pop(0) if self.next is not None else None

    def take(self, run_id: int | None) -> Waiting | None:
        """Take one out; ``None`` is the first."""
        found = next((task for task in self._tasks if run_id in (None, task.run_id)), None)
        if found is not None:
            self._tasks.remove(found)
            self.changed.notify_all()
        return found

    def close(self) -> list[Waiting]:
        """Take nothing more, and give what waits."""
        self.closed = True
        tasks, self._tasks = self._tasks, []
        self.changed.notify_all()
        return tasks

    # On disk

    def begin(self, task: Waiting) -> str:
        """Write down that a task is on: if the process dies with it, it is not tried again.

        Returns why that could not be, in a sentence: then it must not be begun.
        """
        if self._history is None or not task.kept:
            return ""
        try:
            self._history.queue.start(task.run_id)
        except HistoryError as error:
            return str(error)
        return ""

    def forget(self, tasks: Iterable[Waiting]) -> None:
        """Nothing is to be kept of these."""
        runs = [task.run_id for task in tasks if task.kept]
        if runs:
            self._write("forgotten", lambda queue: queue.remove(runs))

    def _write(self, what: str, work: Callable[[Queue], None]) -> None:
        """What waits on disk may be a little behind: it comes back paused, to be looked at."""
        if self._history is None:
            return
        try:
            work(self._history.queue)
        except HistoryError as error:
            log.warning("The queue on disk was not %s: %s", what, error)

    def _line_up(self, task: Waiting) -> bool:
        with self.telling:
            with self.changed:
                if self.closed:
                    return False
                self._tasks.append(task)
                self.owes_idle = True
                waiting = len(self._tasks)
                self.changed.notify_all()
            self._tell(task.queued(waiting))
        return True

    def _set_paused(self, paused: bool) -> None:
        with self.changed:
            self._paused = paused
            self.changed.notify_all()
        self._tell_change()

    def _tell_change(self) -> tuple[tuple[int, RunSpec], ...]:
        with self.telling:
            with self.changed:
                waiting = tuple((task.run_id, task.spec) for task in self._tasks if task.kept)
                paused = self._paused
            self._tell(QueueChanged(waiting, paused))
        return waiting
