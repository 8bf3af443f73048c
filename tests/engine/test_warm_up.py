"""Warm-up: only what is there already, and in nobody's way."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from engine.events import (
    CheckpointLoaded,
    CheckpointLoading,
    Event,
    RunCancelled,
    RunFinished,
    RunStarted,
)
from engine.spec import RunSpec
from tests.engine.harness import EngineHarness

Make = Callable[..., EngineHarness]
WARM_UP = 0


def at_stage(tested: EngineHarness, stage: str, act: Callable[[], object]) -> None:
    """Do something once, on the engine's thread, in the middle of a warm-up."""

    def react(event: Event) -> None:
        if isinstance(event, CheckpointLoading) and (event.run_id, event.stage) == (WARM_UP, stage):
            tested.react = None
            act()

    tested.react = react


def test_nothing_is_downloaded(
    harness: Make, spec: RunSpec, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from engine import hub, pipelines

    asked: list[Any] = []

    def download(*arguments: Any) -> Path:
        asked.append(arguments)
        raise OSError

    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.setattr(hub, "download", download)
    tested = harness()
    tested.run(spec)
    tried = threading.Event()
    require = pipelines._require_here

    def watched(where: Any) -> None:
        tried.set()
        require(where)

    monkeypatch.setattr(pipelines, "_require_here", watched)
    tested.engine.warm_up("someone/large")
    assert tried.wait(60)
    tested.run(spec)
    assert asked == []
    assert not [e for e in tested.all(CheckpointLoading) if e.checkpoint == "someone/large"]
    assert len(tested.all(CheckpointLoaded)) == 1, "the checkpoint in use is kept"


def test_a_single_file_whose_configuration_is_not_there(
    sd: Path, harness: Make, spec: RunSpec, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from diffusers import DiffusionPipeline

    from engine import hub, pipelines
    from tests.engine import original_layout

    path = original_layout.write(DiffusionPipeline.from_pretrained(sd), tmp_path / "x.safetensors")
    asked: list[Any] = []
    tried = threading.Event()
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.setattr(hub, "download", lambda *_: asked.append("the hub"))
    require = pipelines._require_here

    def watched(where: Any) -> None:
        tried.set()
        require(where)

    monkeypatch.setattr(pipelines, "_require_here", watched)
    tested = harness()
    tested.engine.warm_up(str(path))
    assert tried.wait(60)
    tested.run(spec)
    assert asked == []


def test_it_gives_way_to_a_run_of_another_checkpoint(
    harness: Make, spec: RunSpec, checkpoint: Callable[[str], Path]
) -> None:
    tested = harness()
    at_stage(tested, "loading vae", lambda: tested.engine.submit(spec))
    other = str(checkpoint("sdxl"))
    tested.engine.warm_up(other)
    assert isinstance(tested.end_of(tested.wait(RunStarted).run_id), RunFinished)
    assert [event.checkpoint for event in tested.all(CheckpointLoaded)] == [spec.checkpoint]


def test_it_goes_on_for_a_run_of_its_own_checkpoint(
    harness: Make, spec: RunSpec, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where the two names differ: a folder from here, and from the root."""
    folder = Path(spec.checkpoint)
    monkeypatch.chdir(folder.parent)
    tested = harness()
    at_stage(tested, "loading vae", lambda: tested.engine.submit(spec))
    tested.engine.warm_up(f"./{folder.name}")
    finished = tested.wait(RunFinished)
    assert finished.record.seconds.load == 0
    assert len(tested.all(CheckpointLoaded)) == 1


def test_it_gives_way_to_a_later_one(
    harness: Make, spec: RunSpec, checkpoint: Callable[[str], Path]
) -> None:
    tested = harness()
    at_stage(tested, "loading vae", lambda: tested.engine.warm_up(spec.checkpoint))
    tested.engine.warm_up(str(checkpoint("sdxl")))
    assert tested.wait(CheckpointLoaded).checkpoint == spec.checkpoint


def test_it_ends_with_the_engine(harness: Make, spec: RunSpec) -> None:
    tested = harness()
    at_stage(tested, "loading vae", lambda: tested.engine.stop(0))
    tested.engine.warm_up(spec.checkpoint)
    tested.wait(CheckpointLoading)
    tested.engine._thread.join(60)  # type: ignore[union-attr]
    assert not tested.all(CheckpointLoaded)


def test_cancel_the_run_that_waits_for_it(harness: Make, spec: RunSpec) -> None:
    tested = harness()
    cancelled: list[bool] = []

    def submit_and_cancel() -> None:
        tested.engine.submit(spec)
        cancelled.append(tested.engine.cancel())
        cancelled.append(bool(tested.all(RunCancelled)))

    at_stage(tested, "loading vae", submit_and_cancel)
    tested.engine.warm_up(spec.checkpoint)
    tested.wait(CheckpointLoaded)
    tested.wait_idle()
    assert cancelled == [True, True], "at once, not after the warm-up"
    assert not tested.all(RunStarted)
    assert tested.run(spec).record.seconds.load == 0
