"""Specs and records: what is refused, and that JSON gives them back."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest

from engine.errors import InvalidSpec
from engine.record import ImageRecord, RunRecord, Seconds, Status
from engine.spec import MAX_SEED, RunSpec


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("prompt", 3),
        ("prompt", "x" * 20_001),
        ("prompt", "broken \udcff bytes"),
        ("negative_prompt", None),
        ("checkpoint", " "),
        ("checkpoint", 3),
        ("checkpoint", "/home/caf\udce9/model"),
        ("scheduler", 3),
        ("switches", 3),
        pytest.param("guidance_scale", 10**400, id="huge guidance"),
        ("seed", -1),
        ("seed", MAX_SEED + 1),
        ("seed", True),
        ("num_inference_steps", 0),
        ("num_inference_steps", 2.5),
        ("guidance_scale", "abc"),
        ("guidance_scale", float("nan")),
        ("guidance_scale", -1),
        ("width", 65),
        ("height", 0),
        ("scheduler", "Nonsense"),
        ("batch_size", 0),
        ("batch_size", 65),
    ],
)
def test_refuses(field: str, value: Any) -> None:
    with pytest.raises(InvalidSpec) as refused:
        RunSpec(**{"prompt": "", field: value})
    assert refused.value.field == field
    sentence = str(refused.value)
    assert sentence[0].isupper() or sentence[0] == "“"
    assert sentence.endswith(".")


def test_the_last_seed_of_a_batch_must_fit() -> None:
    assert RunSpec("", seed=MAX_SEED).seeds == (MAX_SEED,)
    with pytest.raises(InvalidSpec):
        RunSpec("", seed=MAX_SEED, batch_size=2)


def test_spec_through_json() -> None:
    spec = RunSpec(
        'a "red" sun\nüber 山', seed=MAX_SEED, width=64, scheduler="euler a", switches={"a": "b"}
    )
    values = json.loads(json.dumps(spec.to_json()))
    assert RunSpec.from_json({**values, "of_a_newer_version": 1}) == spec
    assert spec.scheduler == "Euler a"


def test_record_through_json() -> None:
    record = RunRecord(
        id=41,
        status=Status.FINISHED,
        spec=RunSpec("a"),
        created_at="2026-01-31T10:00:00.000Z",
        images=(ImageRecord("images/x.png", 7, 64, 64),),
        seconds=Seconds(denoise=2.0, total=2.5),
        steps=20,
        versions={"torch": "2"},
        notes=("one",),
    )
    assert RunRecord.from_json(json.loads(json.dumps(record.to_json()))) == record
    assert record.steps_per_second == 10


@pytest.mark.parametrize("module", ["engine.engine", "engine.worker", "engine.checkpoints"])
def test_importing_brings_no_torch(module: str) -> None:
    heavy = "{'torch', 'diffusers', 'transformers', 'numpy', 'huggingface_hub'}"
    code = f"import sys, {module}; print(sorted({heavy} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
