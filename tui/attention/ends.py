"""What of long duration has come to an end, by what the engine tells: a sentence for each."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from time import monotonic

from engine import events
from engine.ladder.request import Ladder
from engine.record import RunRecord
from tui.text import one_line, seconds

_WIDEST = 100
"""Cells of a sentence: what the notifications of desktops show."""


@dataclass(slots=True)
class _Group:
    """A sweep that is going on: the runs that are to come, and how those ended that are over."""

    left: set[int] = field(default_factory=set)
    began: float | None = None
    done: int = 0
    failed: int = 0


class Ends:
    """Listens to the engine, and says what took long when it is over.

    What the user stopped is no news. Of a sweep only the whole is told, and of several short runs
    that waited for each other, that all are done.
    """

    def __init__(
        self, after_seconds: Callable[[], float], clock: Callable[[], float] = monotonic
    ) -> None:
        """
        Args:
            after_seconds: what took less is not told; asked each time.
            clock: seconds, from any beginning.
        """
        self._after, self._clock = after_seconds, clock
        self._began: dict[int, float] = {}
        self._groups: dict[str, _Group] = {}
        self._member: dict[int, str] = {}
        self._studies: dict[int, str] = {}
        self._download: tuple[int, str, float] | None = None
        self._queue_began: float | None = None
        self._queue = _Group()
        self._told_last = False

    def hear(self, event: events.Event) -> str:
        """Take note of an event. Gives the sentence when something long is over, else nothing."""
        told = self._downloaded(event) or self._over(event)
        return one_line(told, _WIDEST)

    def _over(self, event: events.Event) -> str:
        match event:
            case events.RunQueued() if event.group:
                self._member[event.run_id] = event.group
                self._groups.setdefault(event.group, _Group()).left.add(event.run_id)
            case events.RunStarted():
                self._start(event.run_id)
                if group := self._groups.get(self._member.get(event.run_id, "")):
                    group.began = self._clock() if group.began is None else group.began
            case events.FillStarted():
                self._start(event.run_id)
            case events.StudyStarted():
                self._start(event.run_id)
                kind = "The ladder" if isinstance(event.study, Ladder) else "The measurement"
                self._studies[event.run_id] = kind
            case events.RunFinished() | events.RunFailed() | events.RunCancelled():
                return self._run_over(event)
            case events.FillFound() if not event.remembered:
                fits = f"A batch of {event.batch} fits." if event.batch else "No batch fits."
                return self._if_long(self._took(event.run_id), fits)
            case events.FillEnded() if event.error:
                words = f"The search for the largest batch failed: {event.error}"
                return self._if_long(self._took(event.run_id), words)
            case events.StudyFinished():
                took, kind = self._took(event.run_id), self._studies.pop(event.run_id, "It")
                return self._if_long(took, f"{kind} is done, after {seconds(took)}.")
            case events.StudyEnded():
                took, kind = self._took(event.run_id), self._studies.pop(event.run_id, "It")
                failed = f"{kind} failed: {event.error}" if event.error else ""
                return self._if_long(took, failed)
            case events.EngineIdle():
                return self._all_over()
        return ""

    def _start(self, run_id: int) -> None:
        self._began[run_id] = self._clock()
        self._queue_began = self._clock() if self._queue_began is None else self._queue_began

    def _took(self, run_id: int) -> float:
        began = self._began.pop(run_id, None)
        return self._clock() - began if began is not None else 0.0

    def _if_long(self, took: float, words: str) -> str:
        self._told_last = bool(words) and took >= self._after()
        return words if self._told_last else ""

    def _run_over(self, event: events.RunFinished | events.RunFailed | events.RunCancelled) -> str:
        record, took = event.record, self._took(event.run_id)
        group = self._groups.get(name := self._member.pop(event.run_id, ""), self._queue)
        group.left.discard(event.run_id)
        group.done += isinstance(event, events.RunFinished)
        group.failed += isinstance(event, events.RunFailed)
        stopped = isinstance(event, events.RunCancelled)
        if group is self._queue:
            return self._if_long(took, "" if stopped else _words(event.run_id, record, took))
        if group.left:
            return ""
        del self._groups[name]
        took = self._clock() - group.began if group.began is not None else 0.0
        return self._if_long(took, "" if stopped else f"The sweep is done: {_counted(group, took)}")

    def _all_over(self) -> str:
        """Nothing waits any more: short runs that took long together are told of now."""
        queue, self._queue = self._queue, _Group()
        began, self._queue_began = self._queue_began, None
        if began is None or self._told_last or queue.done + queue.failed < 2:
            return ""
        took = self._clock() - began
        return self._if_long(took, f"All runs are done: {_counted(queue, took)}")

    def _downloaded(self, event: events.Event) -> str:
        """The end of a download is the first other news of its run."""
        if isinstance(event, events.CheckpointDownloading):
            if self._download is None or self._download[0] != event.run_id:
                self._download = event.run_id, event.checkpoint, self._clock()
            return ""
        over = events.CheckpointLoading | events.CheckpointLoaded | events.RunStarted
        if self._download is None or not isinstance(event, over | events.RunFailed):
            return ""
        (_, name, began), self._download = self._download, None
        if isinstance(event, events.RunFailed) or self._clock() - began < self._after():
            return ""
        return f"{one_line(name, 50)} is downloaded, after {seconds(self._clock() - began)}."


def _words(run_id: int, record: RunRecord, took: float) -> str:
    if record.error:
        return f"#{run_id} failed: {record.error}"
    return f"#{run_id} is done, after {seconds(took)}."


def _counted(group: _Group, took: float) -> str:
    failed = f", {group.failed} failed" if group.failed else ""
    return f"{group.done} made{failed}, in {seconds(took)}."
