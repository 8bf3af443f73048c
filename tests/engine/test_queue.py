"""The queue's edges: a worker that cannot be made, and events that cross."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest

from engine.engine import Engine
from engine.events import EngineIdle, Event, RunCancelled, RunFailed, RunQueued
from engine.history import History
from engine.record import Status
from engine.spec import RunSpec
from engine.worker import Worker
from tests.engine.harness import EngineHarness

Make = Callable[..., EngineHarness]


def test_a_worker_that_cannot_be_made(
    harness: Make, spec: RunSpec, history: History, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: Any, **__: Any) -> None:
        raise ImportError("no such library")

    tested = harness(history)
    with monkeypatch.context() as patch:
        patch.setattr(Worker, "__init__", broken)
        tested.engine.warm_up(spec.checkpoint)
        runs = [tested.engine.submit(spec) for _ in range(2)]
        for run_id in runs:
            end = tested.wait(RunFailed, run_id)
            assert end.record.error == (
                "Something unexpected went wrong (ImportError). The log has more."
            )
            assert history.get(run_id) == end.record
        tested.wait_idle()
    assert tested.run(spec).record.status is Status.FINISHED


def test_a_stop_that_overtakes_a_submit(
    spec: RunSpec, history: History, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No run is told as queued after the engine has told the end of all of them."""
    told: list[Event] = []
    engine = Engine(told.append, history, device="cpu", sample_memory=False)
    engine.start()
    number = history.queue.add

    def overtaken(spec: RunSpec) -> int:
        assert engine.stop(30)
        return number(spec)

    monkeypatch.setattr(history.queue, "add", overtaken)
    with pytest.raises(RuntimeError, match="stopped"):
        engine.submit(spec)
    assert told == []
    assert not engine.busy


def test_racing_stops(spec: RunSpec) -> None:
    """Whatever is told as queued ends."""
    for _ in range(20):
        told: list[Event] = []
        engine = Engine(told.append, device="cpu", sample_memory=False)
        begin = threading.Barrier(2)

        def submit(engine: Engine = engine, begin: threading.Barrier = begin) -> None:
            begin.wait(30)
            for _ in range(5):
                try:
                    engine.submit(spec)
                except RuntimeError:
                    return

        thread = threading.Thread(target=submit)
        thread.start()
        begin.wait(30)
        engine.stop(30)
        thread.join(30)
        queued = [event.run_id for event in told if isinstance(event, RunQueued)]
        assert [e.run_id for e in told if isinstance(e, RunCancelled)] == queued
        assert not engine.busy


def test_idle_is_not_told_after_a_later_run(
    harness: Make, spec: RunSpec, monkeypatch: pytest.MonkeyPatch
) -> None:
    tested = harness()
    tell = tested.engine._tell
    later: list[threading.Thread] = []

    def interrupted(event: Event) -> None:
        if isinstance(event, EngineIdle) and not later:
            later.append(threading.Thread(target=tested.engine.submit, args=(spec,)))
            later[0].start()
            later[0].join(0.3)  # without the lock it gets between, in this time
        tell(event)

    monkeypatch.setattr(tested.engine, "_tell", interrupted)
    tested.engine.submit(spec)
    tested.wait(EngineIdle, number=2)
    later[0].join(30)
    kinds = [type(e) for e in tested.events if isinstance(e, (EngineIdle, RunQueued))]
    assert kinds == [RunQueued, EngineIdle, RunQueued, EngineIdle]
