"""Quitting in the middle: the process may end right after ``stop``, and nothing is lost."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from engine.events import RunCancelled, RunFinished, RunStarted
from engine.history import History
from engine.pictures.files import write_new
from engine.pictures.load import load_image
from engine.record import Status
from engine.spec import RunSpec
from engine.worker import Worker
from tests.engine.harness import EngineHarness

Make = Callable[..., EngineHarness]
Write = Callable[[Path, memoryview], Path]


class Gate:
    """Holds whoever comes the ``at``-th time until it is opened."""

    def __init__(self, at: int) -> None:
        self.at, self.calls = at, 0
        self.reached, self.opened = threading.Event(), threading.Event()

    def __call__(self) -> None:
        self.calls += 1
        if self.calls == self.at:
            self.reached.set()
            assert self.opened.wait(60)


def hold_unet(monkeypatch: pytest.MonkeyPatch, at: int) -> Gate:
    from diffusers import UNet2DConditionModel

    gate, forward = Gate(at), UNet2DConditionModel.forward

    def held(self: Any, *args: Any, **kwargs: Any) -> Any:
        gate()
        return forward(self, *args, **kwargs)

    monkeypatch.setattr(UNet2DConditionModel, "forward", held)
    return gate


def hold_writing(monkeypatch: pytest.MonkeyPatch, at: int) -> Gate:
    gate, write = Gate(at), write_new

    def held(path: Path, data: memoryview) -> Path:
        gate()
        return write(path, data)

    monkeypatch.setattr("engine.pictures.save.write_new", held)
    return gate


def files(history: History) -> list[Path]:
    return sorted(path for path in (history.folder / "images").rglob("*") if path.is_file())


def test_deep_in_a_step(
    harness: Make, spec: RunSpec, history: History, monkeypatch: pytest.MonkeyPatch
) -> None:
    tested = harness(history)
    gate = hold_unet(monkeypatch, at=3)
    run_id = tested.engine.submit(spec.with_(num_inference_steps=9))
    waiting = tested.engine.submit(spec)
    assert gate.reached.wait(60)
    assert not tested.engine.stop(0.2)

    kept = history.latest()  # what would be there if the process ended now
    assert [record.id for record in kept] == [run_id]
    record = kept[0]
    assert record.status is Status.CANCELLED
    assert (record.steps, record.evaluations) == (2, 3)
    assert record.seconds.denoise > 0
    assert record.seconds.total >= record.seconds.denoise + record.seconds.load > 0
    assert (record.device, record.dtype, record.images) == ("cpu", "float32", ())
    assert record.memory_peak_bytes > 0
    assert record.spec.width == 64
    assert tested.wait(RunCancelled, run_id).record == record

    gate.opened.set()
    assert tested.engine.stop(30)
    assert history.latest() == kept, "the worker came too late to add it again"
    assert len(tested.all(RunCancelled)) == 2
    assert len(tested.all(RunCancelled, waiting)) == 1
    assert not tested.engine.busy


def test_while_loading(
    harness: Make, spec: RunSpec, history: History, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate = Gate(1)
    monkeypatch.setattr("engine.pipelines.load_folder", lambda *_: gate())
    tested = harness(history)
    tested.engine.submit(spec)
    assert gate.reached.wait(60)
    assert not tested.engine.stop(0.2)
    record = history.latest()[0]
    assert (record.status, record.steps) == (Status.CANCELLED, 0)
    assert record.seconds.load > 0
    gate.opened.set()


@pytest.mark.parametrize("at", [1, 2, 3])
def test_while_a_picture_is_written(
    harness: Make, spec: RunSpec, history: History, monkeypatch: pytest.MonkeyPatch, at: int
) -> None:
    """It is let finish, and the rest is not begun."""
    tested = harness(history)
    gate = hold_writing(monkeypatch, at)
    abandon = Worker.abandon

    def opening(self: Worker, patience: float) -> None:
        gate.opened.set()  # now that nobody waits for the thread any more
        abandon(self, patience)

    monkeypatch.setattr(Worker, "abandon", opening)
    tested.engine.submit(spec.with_(batch_size=3))
    assert gate.reached.wait(60)
    tested.engine.stop(0.2)
    record = history.latest()[0]
    assert record.status is (Status.FINISHED if at == 3 else Status.CANCELLED)
    assert [image.seed for image in record.images] == [7, 8, 9][:at]
    assert files(history) == [Path(image.path) for image in record.images]
    assert all(load_image(Path(image.path)).size == (64, 64) for image in record.images)
    assert tested.engine.stop(30)
    assert history.latest() == (record,)
    assert files(history) == [Path(image.path) for image in record.images]
    ends = tested.all(RunFinished) if at == 3 else tested.all(RunCancelled)
    assert [end.record for end in ends] == [record]


def test_cancel_between_two_pictures(
    harness: Make, spec: RunSpec, history: History, monkeypatch: pytest.MonkeyPatch
) -> None:
    tested = harness(history)
    write = write_new

    def cancelling(path: Path, data: memoryview) -> Path:
        tested.engine.cancel()
        return write(path, data)

    with monkeypatch.context() as patch:
        patch.setattr("engine.pictures.save.write_new", cancelling)
        end = tested.end_of(tested.engine.submit(spec.with_(batch_size=3)))
    assert isinstance(end, RunCancelled)
    assert [image.seed for image in end.record.images] == [7]
    assert files(history) == [Path(end.record.images[0].path)]
    assert history.get(end.run_id) == end.record
    assert end.record.seconds.save > 0
    assert tested.run(spec)


def test_a_run_that_ends_by_itself_meanwhile(
    harness: Make, spec: RunSpec, history: History, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The worker is already adding the row: stop waits for it instead of adding another."""
    tested = harness(history)
    gate, add = Gate(1), history.add
    abandon = Worker.abandon

    def held(record: Any) -> None:
        gate()
        add(record)

    def opening(self: Worker, patience: float) -> None:
        gate.opened.set()
        abandon(self, patience)

    monkeypatch.setattr(history, "add", held)
    monkeypatch.setattr(Worker, "abandon", opening)
    run_id = tested.engine.submit(spec)
    tested.wait(RunStarted)
    assert gate.reached.wait(60)
    tested.engine.stop(0.2)
    record = history.get(run_id)
    assert record is not None
    assert record.status is Status.FINISHED
    assert gate.calls == 1
