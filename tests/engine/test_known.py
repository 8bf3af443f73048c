"""What is known of a checkpoint before it is loaded."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from engine.known import Known, look_up
from engine.record import RunRecord, Seconds, Status
from engine.spec import RunSpec
from tests.engine.caches import put_in_cache


def test_of_a_folder(sd: Path) -> None:
    known = look_up(f" {sd} ")
    assert known.name == str(sd)
    assert (known.width, known.height) == (64, 64)
    assert known.scheduler
    weights = [load_file(path) for path in sd.glob("*/*.safetensors")]
    assert known.weights_bytes == 4 * sum(t.numel() for part in weights for t in part.values())


def test_half_precision_files_count_as_many_and_variants_once(sd: Path, copy: Path) -> None:
    for path in [*copy.glob("*/*.safetensors")]:
        half = {name: tensor.half() for name, tensor in load_file(path).items()}
        save_file(half, path.with_name(f"{path.stem}.fp16.safetensors"))
    assert look_up(str(copy)).weights_bytes == look_up(str(sd)).weights_bytes
    for path in copy.glob("*/*.safetensors"):
        if ".fp16" not in path.name:
            path.unlink()
    assert look_up(str(copy)).weights_bytes == look_up(str(sd)).weights_bytes


def test_of_a_single_file(tmp_path: Path) -> None:
    path = tmp_path / "model.safetensors"
    save_file({"a": torch.zeros(3, 5, dtype=torch.bfloat16), "b": torch.zeros(7)}, path)
    assert look_up(str(path)) == Known(str(path), weights_bytes=4 * 22)


def test_of_the_hub(sd: Path, hub_cache: Path) -> None:
    assert look_up("owner/name") == Known("owner/name")
    put_in_cache(hub_cache, "owner/name", sd)
    assert look_up("owner/name").weights_bytes == look_up(str(sd)).weights_bytes


def test_of_the_bundled_one() -> None:
    known = look_up("scenes")
    assert (known.name, known.width, known.height) == ("scenes", 128, 128)
    assert known.weights_bytes > 10**6


@pytest.mark.parametrize("name", ["", "nothing", "/no/such/folder", "model.ckpt", "x\0y"])
def test_of_nothing(name: str) -> None:
    assert look_up(name) == Known(name)


def test_of_a_damaged_one(copy: Path) -> None:
    (weights,) = (copy / "unet").glob("*.safetensors")
    weights.write_bytes(weights.read_bytes()[:-1])
    assert look_up(str(copy)) == Known(str(copy))
    shutil.rmtree(copy / "unet")
    (copy / "model_index.json").write_text(json.dumps([1]))
    assert look_up(str(copy)) == Known(str(copy))


def test_a_forecast_of_what_is_left_to_the_checkpoint() -> None:
    """A record has everything filled in; a form need not have."""
    made = RunSpec("a", checkpoint="/models/x", width=64, height=64, scheduler="PNDM")
    record = RunRecord(
        1, Status.FINISHED, made, "", seconds=Seconds(denoise=1, total=2), evaluations=21
    )
    known = Known("/models/x", "PNDM", 64, 64, 1000)
    asked = RunSpec("b", checkpoint="./x", scheduler=None)
    assert known.forecast(asked, [record]).sure == "measured"
    assert known.forecast(asked, []).memory_bytes


def test_compiling_is_foretold() -> None:
    known = Known("tiny", width=64, height=64)
    plain = RunSpec("a", "tiny")
    spec = RunSpec("b", "tiny", switches={"compile": "regional"})

    def run(run_id: int, spec: RunSpec, compiling: float) -> RunRecord:
        return RunRecord(
            id=run_id,
            status=Status.FINISHED,
            spec=spec.with_(width=64, height=64),
            created_at="2026-01-31T10:00:00.000Z",
            seconds=Seconds(denoise=1.0, compile=compiling, total=compiling + 2.0),
            evaluations=20,
        )

    assert known.forecast(plain, []).compile_seconds is None
    assert known.forecast(spec, []).compile_seconds == 0.0, "to come, and nobody knows how long"
    first = run(1, spec, 40.0)
    assert known.forecast(spec, [first]).compile_seconds == 40.0
    assert known.forecast(plain, [first]).compile_seconds is None
    assert known.forecast(spec, [first], made_here=[first]).compile_seconds is None
    batch = spec.with_(batch_size=4)
    assert known.forecast(batch, [first], made_here=[first]).compile_seconds == 40.0
    other = spec.with_(switches={"compile": "regional", "fused_qkv": "on"})
    past = [first, run(2, plain, 0.0)]
    assert known.forecast(other, past, made_here=past).compile_seconds == 40.0
    assert known.forecast(spec, past, made_here=past).compile_seconds == 40.0, "it was forgotten"
    full = spec.with_(switches={"compile": "full"})
    assert known.forecast(full, past, made_here=past).compile_seconds == 0.0
