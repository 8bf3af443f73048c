"""The engine: one thread that owns the pipeline, one queue of runs, events out.

Specs go in and events come out; nothing here waits for a reader, and nothing heavy is imported
before the thread first needs it.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, TypeVar

from engine.api import Emit
from engine.checkpoints import resolve
from engine.errors import HistoryError, InvalidSpec, SafelightError
from engine.events import EngineIdle, Event, RunFinished
from engine.history import History
from engine.manner import Manner
from engine.measure.request import LEAST_REPEATS
from engine.memory import MemorySampler
from engine.pictures.output import AS_USUAL, Output
from engine.queue import RunQueue
from engine.record import Status
from engine.spec import RunSpec
from engine.study import Study
from engine.unkept import Unkept
from engine.waiting import Waiting, WaitingFill

if TYPE_CHECKING:
    from engine.worker import Worker

log = logging.getLogger("safelight.engine")
_T = TypeVar("_T")
_RECORD_SECONDS = 0.25
"""Of the time that stop() is given, what it keeps to write down a run that does not end."""
_PICTURE_SECONDS = 10.0
"""What stop() waits beyond its time for a picture, or a row, that is half written."""


class Engine:
    """See :class:`engine.api.EngineAPI` for what may be called; from any thread.

    Attributes:
        queue: what waits.
    """

    def __init__(
        self,
        emit: Emit,
        history: History | None = None,
        *,
        device: str | None = None,
        previews: bool = True,
        sample_memory: bool = True,
        climb: bool = False,
        output: Output = AS_USUAL,
    ) -> None:
        """
        Args:
            emit: is given every event; see :data:`engine.api.Emit`.
            history: where runs are kept. Without one nothing is written, numbers begin at 1, and
                the pictures are only in the events.
            device: ``"cuda"``, ``"cuda:1"``, ``"mps"`` or ``"cpu"``; ``None`` picks the best.
            previews: whether to emit ``PreviewReady``; ``False`` is never, whatever :meth:`go_by`
                says.
            sample_memory: whether to emit ``MemorySampled``.
            climb: whether a run whose memory ran out goes on by itself, with the next rung of
                :mod:`engine.relief`.
            output: how pictures are written.
        """
        self._emit = emit
        self._emit_lock = threading.RLock()
        self._history = history
        self._device = device
        self._previews = previews
        self._manner = Manner(previews, climb, output)
        self._unkept = Unkept(history, output) if history is not None else None
        self._sample_memory = sample_memory
        self._memory = MemorySampler(self._tell)
        self.queue = RunQueue(history, self._emit_lock, self._tell)
        self._changed = self.queue.changed
        # Guarded by _changed:
        self._current: Waiting | None = None
        self._warm: str | None = None
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None
        self._worker: Worker | None = None

    def start(self) -> None:
        """Start the thread and the memory sampler. Imports nothing heavy."""
        with self._changed:
            if self._thread is not None:
                return
            self._thread = threading.Thread(target=self._loop, name="safelight-engine", daemon=True)
        self._thread.start()
        if self._sample_memory:
            self._memory.start()

    def go_by(self, manner: Manner) -> None:
        """Make runs like this from the next one on; see :meth:`engine.api.EngineAPI.go_by`."""
        with self._changed:
            self._manner = manner
        if self._unkept is not None:
            self._unkept.output = manner.output

    def submit(self, spec: RunSpec) -> int:
        """Queue a run and return its number; see :meth:`engine.api.EngineAPI.submit`."""
        return self._taken(lambda: self.queue.add(Waiting, spec))

    def submit_many(self, group: str, cells: Sequence[tuple[int, RunSpec]]) -> tuple[int, ...]:
        """Queue cells of a group; see :meth:`engine.api.EngineAPI.submit_many`."""
        return self._taken(lambda: self.queue.add_many(group, cells))

    def fill(self, spec: RunSpec) -> int:
        """Queue a search for the largest batch; see :meth:`engine.api.EngineAPI.fill`."""
        return self._taken(lambda: self.queue.add(WaitingFill, spec))

    def study(self, study: Study) -> int:
        """Queue something to be measured; see :meth:`engine.api.EngineAPI.study`."""
        if study.repeats < LEAST_REPEATS:
            raise InvalidSpec("repeats", f"Measuring takes {LEAST_REPEATS} turns or more of each.")
        return self._taken(lambda: self.queue.add_study(study))

    def _taken(self, add: Callable[[], _T | None]) -> _T:
        """What ``add`` gives, which is nothing when the queue is closed."""
        taken = None if self._stopping.is_set() else add()
        if taken is None:
            raise RuntimeError("the engine has been stopped")
        return taken

    def keep(self, run_id: int) -> None:
        """Write a run that could not be written; see :meth:`engine.api.EngineAPI.keep`."""
        if self._unkept is None:
            raise HistoryError("There is no history to keep it in.")
        self._tell(RunFinished(run_id, *self._unkept.keep(run_id)))

    @property
    def unkept(self) -> tuple[int, ...]:
        """The numbers of the runs that could not be written."""
        return self._unkept.runs if self._unkept is not None else ()

    def warm_up(self, checkpoint: str) -> None:
        """Load a checkpoint when nothing is queued; see :meth:`engine.api.EngineAPI.warm_up`."""
        with self._changed:
            self._warm = checkpoint
            self._changed.notify_all()

    def cancel(self, run_id: int | None = None) -> bool:
        """Stop one run; a waiting one leaves the queue at once."""
        with self._changed:
            current = self._current
            if current is not None and run_id in (None, current.run_id):
                current.cancelled.set()
                return True
            # Right after a submit the thread may not have taken the run yet: None means it too.
            found = self.queue.take(run_id)
        if found is None:
            return False
        self.queue.forget([found])
        self._tell(found.never_started())
        return True

    def stop(self, timeout: float = 3.0, *, keep_queue: bool = False) -> bool:
        """Cancel everything and end the thread; whether it ended within ``timeout`` seconds.

        A thread that is inside a library call (a long step, a large file being read) ends after it;
        it is a daemon and does not keep the process alive. Its run is recorded here as cancelled,
        with what is known of it, so the process may end at once.
        """
        deadline = time.monotonic() + timeout
        with self._changed:
            self._stopping.set()
            waiting = self.queue.close()
            if self._current is not None:
                self._current.cancelled.set()
            thread = self._thread
        if not keep_queue:
            self.queue.forget(waiting)
            for run in waiting:
                self._tell(run.never_started())
        self._memory.stop(max(0.0, min(1.0, deadline - time.monotonic())))
        if thread is None or thread is threading.current_thread():
            return True
        thread.join(max(0.0, deadline - time.monotonic() - min(_RECORD_SECONDS, timeout / 4)))
        if thread.is_alive() and self._worker is not None:
            self._worker.abandon(_PICTURE_SECONDS)
        thread.join(max(0.0, deadline - time.monotonic()))
        return not thread.is_alive()

    @property
    def busy(self) -> bool:
        """Whether a run is on or waiting."""
        with self._changed:
            return self._current is not None or len(self.queue) > 0

    # The thread

    def _loop(self) -> None:
        while (task := self._next()) is not None:
            if isinstance(task, str):
                self._warm_up(task)
                continue
            try:
                self._run(task)
            except BaseException as error:  # a bug in the worker: the thread must outlive it
                log.exception("The engine failed around run %d", task.run_id)
                self._tell_broken(task, error)
            finally:
                with self._changed:
                    self._current = None

    def _run(self, run: Waiting) -> None:
        with self._changed:
            waiting = len(self.queue)
        if why := self.queue.begin(run):
            # Nothing is begun of which nobody would know if the process died with it.
            log.error("Run %d was not begun: %s", run.run_id, why)
            self._tell(run.broken(run.blank(Status.FAILED, why)))
            if waiting:
                self.queue.pause()
            return
        self._tell(run.started(waiting))
        run.do(self._ready_worker())
        if run.run_id in self.unkept and len(self.queue):
            self.queue.pause()  # what comes next could not be kept either

    def _warm_up(self, checkpoint: str) -> None:
        try:
            self._ready_worker().warm_up(checkpoint, lambda: not self._wants(checkpoint))
        except BaseException:  # the run that needs the checkpoint will tell
            log.exception("Warm-up failed")

    def _ready_worker(self) -> Worker:
        """The worker, made when first needed: what fails then is told by the run."""
        with self._changed:
            manner = self._manner
        if self._worker is None:
            from engine.worker import Worker

            self._worker = Worker(
                self._tell,
                self._history,
                self._memory,
                device=self._device,
                previews=self._previews,
                unkept=self._unkept,
            )
        self._worker.go_by(manner)
        return self._worker

    def _wants(self, checkpoint: str) -> bool:
        """Whether to go on warming up: nobody waits for another checkpoint, or for the end."""
        with self._changed:
            if self._stopping.is_set():
                return False
            run = self.queue.next
            other = run.spec.checkpoint if run is not None else self._warm
        return other is None or _same(checkpoint, other)

    def _next(self) -> Waiting | str | None:
        """The next run, or a checkpoint to warm up; ``None`` when the engine stops."""
        while True:
            self._tell_idle()
            with self._changed:
                if self._stopping.is_set():
                    return None
                if (task := self.queue.pop()) is not None:
                    self._current = task
                    return task
                if self.queue.owes_idle and not len(self.queue):
                    continue
                if self._warm is not None:
                    checkpoint, self._warm = self._warm, None
                    return checkpoint
                self._changed.wait()

    def _tell_idle(self) -> None:
        with self._emit_lock:
            with self._changed:
                if not self.queue.owes_idle or len(self.queue) or self._stopping.is_set():
                    return
                self.queue.owes_idle = False
            self._tell(EngineIdle())  # still under the lock, so no RunQueued comes in between

    def _tell(self, event: Event) -> None:
        """Hand an event over, one at a time; a reader's failure is its own."""
        with self._emit_lock:
            try:
                self._emit(event)
            except BaseException:
                log.exception("A reader of events failed at %s", type(event).__name__)

    def _tell_broken(self, run: Waiting, error: BaseException) -> None:
        sentence = f"Something unexpected went wrong ({type(error).__name__}). The log has more."
        record = run.blank(Status.FAILED, sentence)
        if self._history is not None and run.kept:
            try:
                self._history.add(record)
            except HistoryError as refused:  # among others when the worker had kept it already
                log.error("Run %d was not kept: %s", run.run_id, refused)
        self._tell(run.broken(record))


def _same(one: str, other: str) -> bool:
    """Whether two names are of one checkpoint."""
    try:
        return one == other or resolve(one).name == resolve(other).name
    except SafelightError:
        return False
