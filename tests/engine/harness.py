"""An engine under test, and what it has told so far. Waits on events, never on time."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any, TypeVar

from engine.engine import Engine
from engine.events import (
    EngineIdle,
    Event,
    MemorySampled,
    RunCancelled,
    RunFailed,
    RunFinished,
)
from engine.history import History
from engine.record import RunRecord
from engine.spec import RunSpec

TIMEOUT = 60.0
E = TypeVar("E", bound=Event)


class EngineHarness:
    """Starts an engine and collects its events, in order.

    ``react`` is called with each event before it is kept, on the thread that told it.
    """

    def __init__(
        self,
        history: History | None = None,
        *,
        react: Callable[[Event], None] | None = None,
        sample_memory: bool = False,
        **options: Any,
    ) -> None:
        self.events: list[Event] = []
        self.react = react
        self._told = threading.Condition()
        self.engine = Engine(self._emit, history, sample_memory=sample_memory, **options)
        self.engine.start()

    def _emit(self, event: Event) -> None:
        if self.react is not None:
            self.react(event)
        with self._told:
            self.events.append(event)
            self._told.notify_all()

    def all(self, kind: type[E], run_id: int | None = None) -> list[E]:
        """The events of one kind so far, of one run when it is given."""
        with self._told:
            return [
                event
                for event in self.events
                if isinstance(event, kind) and run_id in (None, getattr(event, "run_id", None))
            ]

    def wait(self, kind: type[E], run_id: int | None = None, number: int = 1) -> E:
        """The ``number``-th event of a kind, when it has come."""
        with self._told:
            came = self._told.wait_for(
                lambda: len(self.all(kind, run_id)) >= number, timeout=TIMEOUT
            )
        assert came, f"no {kind.__name__} in {TIMEOUT} s; last: {self.events[-3:]}"
        return self.all(kind, run_id)[number - 1]

    def run(self, spec: RunSpec) -> RunFinished:
        """Run a spec to its end, which must be a good one."""
        end = self.end_of(self.engine.submit(spec))
        assert isinstance(end, RunFinished), end
        return end

    def fail(self, spec: RunSpec) -> RunRecord:
        """Run a spec that must fail; its record."""
        end = self.end_of(self.engine.submit(spec))
        assert isinstance(end, RunFailed), end
        assert end.record.error
        return end.record

    def end_of(self, run_id: int) -> RunFinished | RunCancelled | RunFailed:
        """How a run ended, once the engine is idle again."""

        def ends() -> list[Event]:
            return [
                event
                for kind in (RunFinished, RunCancelled, RunFailed)
                for event in self.all(kind, run_id)
            ]

        with self._told:
            assert self._told.wait_for(lambda: bool(ends()), timeout=TIMEOUT), self.events[-3:]
        found = ends()
        assert len(found) == 1, "a run ends once"
        self.wait_idle()
        end = found[0]
        assert isinstance(end, (RunFinished, RunCancelled, RunFailed))
        return end

    def wait_idle(self) -> None:
        """Until the engine says that it is idle, and nothing was queued after that."""
        with self._told:
            assert self._told.wait_for(self._is_idle, timeout=TIMEOUT), self.events[-3:]

    def _is_idle(self) -> bool:
        told = [event for event in self.events if not isinstance(event, MemorySampled)]
        return bool(told) and isinstance(told[-1], EngineIdle)
