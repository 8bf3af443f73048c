"""What only a CUDA device can show."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from engine.events import CheckpointLoaded, MemorySampled
from engine.spec import RunSpec
from tests.engine.harness import EngineHarness

pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device"),
]


@pytest.mark.parametrize(
    ("family", "dtype"),
    [("sd", "float16"), ("sdxl", "float16"), ("sd3", "bfloat16"), ("flux", "bfloat16")],
)
def test_half_precision_and_vram(
    family: str,
    dtype: str,
    checkpoint: Callable[[str], Path],
    harness: Callable[..., EngineHarness],
) -> None:
    tested = harness(device="cuda", sample_memory=True)
    spec = RunSpec(
        "a red sun", str(checkpoint(family)), num_inference_steps=3, scheduler=None, width=64,
        height=64, batch_size=2,
    )  # fmt: skip
    finished = tested.run(spec)
    record = finished.record
    loaded = tested.wait(CheckpointLoaded)
    assert (loaded.device, loaded.dtype) == ("cuda:0", dtype)
    assert record.device.startswith("cuda:0 (")
    assert record.dtype == dtype
    assert record.memory_kind == "vram"
    assert record.memory_peak_bytes > 0
    assert "cuda" in record.versions
    sampled = [event for event in tested.all(MemorySampled) if event.kind == "vram"]
    assert all(0 < event.used <= event.reserved <= event.total for event in sampled)
    again = tested.run(spec)
    assert [a.tobytes() for a in again.images] == [b.tobytes() for b in finished.images]
