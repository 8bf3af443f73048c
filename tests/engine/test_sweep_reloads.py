"""A sweep that is really made loads no more than it must."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

from engine.events import CheckpointLoaded, CheckpointLoading, RunFinished
from engine.history import History
from engine.spec import RunSpec
from engine.sweep import Bill, bill, order, parse_sweep
from tests.engine.harness import EngineHarness


def test_two_checkpoints_three_schedulers_two_vaes(
    harness: Callable[..., EngineHarness], history: History, sd: Path, tmp_path: Path
) -> None:
    other, vae = tmp_path / "other", tmp_path / "vae"
    shutil.copytree(sd, other)
    shutil.copytree(sd / "vae", vae)
    axes = (
        "scheduler=DDIM,Euler,DPM++ 2M",
        f"checkpoint={sd},{other}",
        f"vae=default,{vae}",
    )
    sweep = parse_sweep(axes, RunSpec("a", str(sd), num_inference_steps=2))
    cells = sweep.cells()
    todo = [(index, spec) for index in order(cells) if (spec := cells[index].spec) is not None]
    assert bill([spec for _, spec in todo]) == Bill(reloads=2, parts=2)

    tested = harness(history)
    runs = tested.engine.submit_many("abc234", todo)
    assert len(runs) == 12
    tested.wait_idle()
    assert len(tested.all(RunFinished)) == 12
    assert len(tested.all(CheckpointLoaded)) == 2, "each checkpoint once"
    swaps = [e for e in tested.all(CheckpointLoading) if e.stage.startswith("loading the VAE")]
    assert len(swaps) == 2, "the other VAE once for each checkpoint"
    assert sorted(history.groups.cells("abc234")) == list(range(12))
