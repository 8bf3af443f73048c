"""What goes wrong, or is stopped: one end for each run, one sentence, and the engine ready."""

from __future__ import annotations

import errno
import logging
import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from engine.api import EngineAPI
from engine.engine import Engine
from engine.events import (
    CheckpointLoading,
    EngineIdle,
    Event,
    RunCancelled,
    RunDecoding,
    RunFailed,
    RunFinished,
    RunQueued,
    RunStarted,
    StepCompleted,
)
from engine.history import History
from engine.record import Status
from engine.spec import RunSpec
from tests.engine import tiny
from tests.engine.harness import EngineHarness

Make = Callable[..., EngineHarness]


def cancel_at(tested: EngineHarness, kind: type[Event], number: int = 1) -> None:
    """Cancel the run that is on when the engine tells its ``number``-th event of a kind."""
    seen = 0

    def react(event: Event) -> None:
        nonlocal seen
        if isinstance(event, kind):
            seen += 1
            if seen == number:
                assert tested.engine.cancel()

    tested.react = react


def test_cancel_at_a_step(harness: Make, spec: RunSpec, history: History) -> None:
    tested = harness(history)
    good = tested.run(spec).images[0].tobytes()
    cancel_at(tested, StepCompleted, number=4)
    end = tested.end_of(tested.engine.submit(spec.with_(num_inference_steps=50)))
    assert isinstance(end, RunCancelled)
    assert end.record.status is Status.CANCELLED
    assert end.record.steps == 4
    assert end.record.evaluations == 4
    assert end.record.seconds.denoise > 0
    assert end.record.images == ()
    assert len(tested.all(StepCompleted, end.run_id)) == 4
    assert history.get(end.run_id) == end.record
    tested.react = None
    assert tested.run(spec).images[0].tobytes() == good


@pytest.mark.parametrize("kind", [RunStarted, CheckpointLoading, RunDecoding])
def test_cancel_between_phases(
    harness: Make, spec: RunSpec, history: History, kind: type[Event]
) -> None:
    tested = harness(history)
    cancel_at(tested, kind)
    end = tested.end_of(tested.engine.submit(spec))
    assert isinstance(end, RunCancelled)
    assert end.record.images == ()
    assert end.record.steps == (3 if kind is RunDecoding else 0)
    assert history.count() == 1
    tested.react = None
    assert tested.run(spec).record.steps == 3


def test_cancel_in_the_middle_of_decoding(
    harness: Make, spec: RunSpec, monkeypatch: pytest.MonkeyPatch
) -> None:
    from diffusers import AutoencoderKL

    tested = harness()
    decode = AutoencoderKL.decode

    def cancelling(self: Any, *args: Any, **kwargs: Any) -> Any:
        tested.engine.cancel()
        return decode(self, *args, **kwargs)

    with monkeypatch.context() as patch:
        patch.setattr(AutoencoderKL, "decode", cancelling)
        end = tested.end_of(tested.engine.submit(spec))
    assert isinstance(end, RunCancelled)


def test_cancel_while_waiting(harness: Make, spec: RunSpec, history: History) -> None:
    tested = harness(history)
    gate = threading.Event()

    def hold(event: Event) -> None:
        if isinstance(event, StepCompleted):
            assert gate.wait(30)

    tested.react = hold
    running = tested.engine.submit(spec)
    tested.wait(RunStarted, running)
    waiting, last = tested.engine.submit(spec), tested.engine.submit(spec)
    assert [event.waiting for event in tested.all(RunQueued)] == [1, 1, 2]
    cancelled = threading.Thread(target=tested.engine.cancel, args=(waiting,))
    cancelled.start()
    gate.set()
    cancelled.join(30)
    end = tested.wait(RunCancelled, waiting)
    assert isinstance(tested.end_of(last), RunFinished)
    assert end.record.steps == 0
    assert not tested.all(RunStarted, waiting)
    assert [record.id for record in history.latest()] == [last, running]
    assert not tested.engine.cancel(waiting)
    assert not tested.engine.cancel()


def test_cancel_right_after_submit(spec: RunSpec) -> None:
    told: list[Event] = []
    engine = Engine(told.append)  # not started: the run is waiting for certain
    run_id = engine.submit(spec)
    assert engine.cancel()
    assert [type(event) for event in told] == [RunQueued, RunCancelled]
    assert told[0].run_id == run_id  # type: ignore[attr-defined]
    assert not engine.busy


def test_stop_cancels_everything(harness: Make, spec: RunSpec) -> None:
    tested = harness()
    tested.run(spec)
    runs = [tested.engine.submit(spec.with_(num_inference_steps=500)) for _ in range(3)]
    tested.wait(StepCompleted, runs[0])
    busy = [tested.engine.busy]
    assert tested.engine.stop(10)
    busy.append(tested.engine.busy)
    assert busy == [True, False]
    assert {event.run_id for event in tested.all(RunCancelled)} == set(runs)
    with pytest.raises(RuntimeError):
        tested.engine.submit(spec)


def test_stop_before_start() -> None:
    engine: EngineAPI = Engine(lambda _: None)
    assert engine.stop(1)


def test_a_bug_in_the_worker_ends_its_run(
    harness: Make, spec: RunSpec, monkeypatch: pytest.MonkeyPatch
) -> None:
    from engine.worker import Worker

    def bug(*_: Any) -> None:
        raise ZeroDivisionError

    tested = harness()
    with monkeypatch.context() as patch:
        patch.setattr(Worker, "run", bug)
        assert "ZeroDivisionError" in tested.fail(spec).error
    assert tested.run(spec)


def test_a_bad_reader_does_not_hurt(spec: RunSpec) -> None:
    finished = threading.Event()

    def emit(event: Event) -> None:
        if isinstance(event, EngineIdle):
            finished.set()
        raise SystemExit("a reader with a bug")

    engine = Engine(emit, device="cpu", sample_memory=False)
    engine.start()
    for _ in range(2):
        finished.clear()
        engine.submit(spec)
        assert finished.wait(60)
    assert engine.stop(10)


# Out of memory, NaN, surprises


def failing_unet(
    monkeypatch: pytest.MonkeyPatch, error: type[Exception], text: str, at: int = 2
) -> list[Any]:
    """Make the UNet raise at its ``at``-th call; returns weak references to its tensors."""
    import weakref

    from diffusers import UNet2DConditionModel

    forward, calls, held = UNet2DConditionModel.forward, [0], []

    def fail(self: Any, sample: Any, *args: Any, **kwargs: Any) -> Any:
        calls[0] += 1
        if calls[0] == at:
            big = sample + 1  # only this frame holds it
            held.append(weakref.ref(big))
            raise error(text)
        return forward(self, sample, *args, **kwargs)

    monkeypatch.setattr(UNet2DConditionModel, "forward", fail)
    return held


def test_out_of_memory_and_on(
    harness: Make, spec: RunSpec, history: History, monkeypatch: pytest.MonkeyPatch
) -> None:
    tested = harness(history)
    text = (
        "CUDA out of memory. Tried to allocate 2.00 GiB. GPU 0 has a total capacity of 8.00 GiB of "
        "which 1.20 GiB is free."
    )
    held = failing_unet(monkeypatch, torch.OutOfMemoryError, text)
    record = tested.fail(spec.with_(batch_size=4))
    assert record.error == (
        "Not enough memory on cpu for a batch of 4 at 64x64 (2.00 GiB more were wanted, 1.20 GiB "
        "were free). It may work with 2 a call."
    )
    assert record.advice == {"split": "2"}
    assert record.steps == 1
    assert history.get(record.id) == record
    assert [ref() for ref in held] == [None], "a frame of the failed run still holds its tensors"
    assert tested.run(spec).record.steps == 3
    assert len(tested.all(CheckpointLoading)) == len(tested.all(CheckpointLoading, record.id)), (
        "no reload"
    )


def test_a_surprise_names_the_log(
    harness: Make, spec: RunSpec, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    file = tmp_path / "safelight.log"
    handler = logging.FileHandler(file)
    logger = logging.getLogger("safelight.engine")
    logger.addHandler(handler)
    try:
        tested = harness()
        failing_unet(monkeypatch, ZeroDivisionError, "one thing\nand another")
        record = tested.fail(spec)
    finally:
        logger.removeHandler(handler)
        handler.close()
    assert "ZeroDivisionError: one thing" in record.error
    assert str(file) in record.error
    assert "\n" not in record.error
    assert "Traceback" in file.read_text()
    assert tested.run(spec)


def test_what_the_pipeline_refuses(
    harness: Make, spec: RunSpec, checkpoint: Callable[[str], Path]
) -> None:
    """PixArt knows only some sizes."""
    tested = harness()
    refused = RunSpec("a", str(checkpoint("pixart")), scheduler=None, num_inference_steps=2)
    tested.run(refused)
    loaded = tested.all(CheckpointLoading)

    def no(*_: Any, **__: Any) -> None:
        raise ValueError("Invalid sample size\nand more")

    from diffusers import PixArtAlphaPipeline

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(PixArtAlphaPipeline, "encode_prompt", no)
        record = tested.fail(refused)
    assert record.error == "The checkpoint's pipeline refuses this run: Invalid sample size"
    assert tested.all(CheckpointLoading) == loaded
    assert tested.run(spec)


@pytest.mark.parametrize("part", ["unet", "vae"])
def test_nan_weights(harness: Make, tmp_path: Path, spec: RunSpec, part: str) -> None:
    folder = tiny.sd(tmp_path / "sd")
    model = tiny.unet() if part == "unet" else tiny.vae()
    layer = model.conv_out if part == "unet" else model.decoder.conv_out
    torch.nn.init.constant_(layer.weight, float("nan"))
    model.save_pretrained(folder / part)
    tested = harness()
    record = tested.fail(spec.with_(checkpoint=str(folder)))
    assert "NaN instead of a picture" in record.error
    assert ("The VAE" in record.error) == (part == "vae")
    assert "float32" in record.error
    assert tested.run(spec)


def test_unknown_switch(harness: Make, spec: RunSpec) -> None:
    record = harness().fail(spec.with_(switches={"turbo": "on"}))
    assert record.error.startswith("Safelight has no switch called “turbo”. Known: sigmas, ")


def test_size_that_the_family_does_not_take(
    harness: Make, checkpoint: Callable[[str], Path]
) -> None:
    tested = harness()
    for family in ("sd3", "flux"):
        spec = RunSpec("a", str(checkpoint(family)), width=72, height=64, scheduler=None)
        record = tested.fail(spec)
        assert "multiple of 16 for this checkpoint: 64 or 80, not 72" in record.error


@pytest.mark.parametrize(
    ("device", "sentence"),
    [
        ("tpu9", "no device called “tpu9”"),
        ("cuda:7", "cuda"),
        ("meta", "not supported"),
        ("mps", "no MPS"),
    ],
)
def test_devices_that_are_not_there(
    harness: Make, spec: RunSpec, device: str, sentence: str
) -> None:
    if device == "mps" and torch.backends.mps.is_available():
        pytest.skip("there is one here")
    assert sentence in harness(device=device).fail(spec).error


# Pictures and rows that cannot be written


def test_full_disk_at_the_second_picture(
    harness: Make, spec: RunSpec, history: History, monkeypatch: pytest.MonkeyPatch
) -> None:
    tested = harness(history)
    older = tested.run(spec)
    before = Path(older.record.images[0].path).read_bytes()
    written = 0
    real = os.fsync

    def fsync(descriptor: int) -> None:
        nonlocal written
        written += 1
        if written > 2:  # the first picture and its folder
            raise OSError(errno.ENOSPC, "No space left on device")
        real(descriptor)

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", fsync)
        end = tested.end_of(tested.engine.submit(spec.with_(batch_size=3)))
    assert isinstance(end, RunFailed)
    assert "disk is full" in end.record.error
    assert len(end.images) == 3, "the pictures still reach the screen"
    assert len(end.record.images) == 1
    folder = Path(older.record.images[0].path).parent
    names = sorted(path.name for path in folder.iterdir())
    assert names == sorted(
        Path(image.path).name for image in (*older.record.images, *end.record.images)
    )
    assert Path(older.record.images[0].path).read_bytes() == before
    assert tested.run(spec)


def test_a_row_that_cannot_be_written(
    harness: Make, spec: RunSpec, history: History, monkeypatch: pytest.MonkeyPatch
) -> None:
    from engine.errors import HistoryError

    def full(_: Any) -> None:
        raise HistoryError("The disk is full: free some space.")

    tested = harness(history)
    with monkeypatch.context() as patch:
        patch.setattr(history, "add", full)
        end = tested.end_of(tested.engine.submit(spec))
    assert isinstance(end, RunFailed)
    assert end.record.error == "The disk is full: free some space."
    assert len(end.images) == 1
    assert Path(end.record.images[0].path).is_file()
    assert tested.run(spec)


def test_what_breaks_because_it_was_stopped_is_no_failure(
    harness: Make, spec: RunSpec, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ctrl+C in a terminal also reaches the compiler that torch has started."""
    from diffusers import UNet2DConditionModel

    made = harness()

    def broken(*_: Any, **__: Any) -> Any:
        made.engine.cancel()
        raise RuntimeError("C++ compile error")

    monkeypatch.setattr(UNet2DConditionModel, "forward", broken)
    end = made.end_of(made.engine.submit(spec))
    assert isinstance(end, RunCancelled)
    monkeypatch.undo()
    assert made.run(spec).images
