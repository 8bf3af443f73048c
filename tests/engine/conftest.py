"""Tiny pipelines, made once a session, and engines that are stopped after each test."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from engine.history import History
from engine.spec import RunSpec
from tests.engine.harness import EngineHarness


@pytest.fixture(scope="session", autouse=True)
def one_thread() -> None:
    """Tiny models are faster on one thread, above all beside another busy program."""
    import torch

    torch.set_num_threads(1)


@pytest.fixture(scope="session")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """The folder of a tiny random pipeline of a family, made when first asked for."""
    from tests.engine import tiny

    root = tmp_path_factory.mktemp("checkpoints")
    made: dict[str, Path] = {}

    def get(family: str) -> Path:
        if family not in made:
            made[family] = getattr(tiny, family)(root / family)
        return made[family]

    return get


@pytest.fixture(scope="session")
def sd(checkpoint: Callable[[str], Path]) -> Path:
    return checkpoint("sd")


@pytest.fixture
def history(tmp_path: Path) -> Iterator[History]:
    history = History(tmp_path / "data")
    yield history
    history.close()


@pytest.fixture
def harness(request: pytest.FixtureRequest) -> Callable[..., EngineHarness]:
    """Makes engines; each is stopped, in time, when the test ends."""

    def make(*args: Any, **options: Any) -> EngineHarness:
        options.setdefault("device", "cpu")
        made = EngineHarness(*args, **options)
        request.addfinalizer(lambda: _stop(made))
        return made

    return make


def _stop(made: EngineHarness) -> None:
    assert made.engine.stop(30.0)


@pytest.fixture
def spec(sd: Path) -> RunSpec:
    """A short run of the tiny SD pipeline."""
    return RunSpec("a red sun", checkpoint=str(sd), seed=7, num_inference_steps=3)


@pytest.fixture
def copy(sd: Path, tmp_path: Path) -> Path:
    """A copy of the tiny SD checkpoint, to break."""
    return Path(shutil.copytree(sd, tmp_path / "copy"))


@pytest.fixture
def hub_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache of the hub, empty yet."""
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "hub"))
    return tmp_path / "hub"


class Ticks:
    """A clock that only evaluations of the model move: one costs more than its share of a batch."""

    def __init__(self) -> None:
        self.now = 0.0

    def perf_counter(self) -> float:
        self.now += 0.01
        return self.now


@pytest.fixture
def ticks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Times have nothing of the machine that runs the test: each evaluation takes its seconds."""
    from diffusers import UNet2DConditionModel

    from engine import clock

    made, forward = Ticks(), UNet2DConditionModel.forward

    def ticking(self: Any, sample: Any, *args: Any, **kwargs: Any) -> Any:
        made.now += 1 + 0.1 * sample.shape[0]
        return forward(self, sample, *args, **kwargs)

    monkeypatch.setattr(UNet2DConditionModel, "forward", ticking)
    monkeypatch.setattr(clock, "time", made)
