"""What only a CUDA device can show: 16 bits, its kernels, compiling, offloading, video memory."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from engine.events import CheckpointLoaded, MemorySampled, RunFinished
from engine.likeness import ssim
from engine.spec import RunSpec
from engine.switches import BY_NAME, Cost
from tests.bench.gpu_models import SD15, Shape, build
from tests.engine.harness import EngineHarness
from tests.engine.test_reversible import loaded_of, pixels, spec_of, state, usable

Make = Callable[..., EngineHarness]
DEVICE = "cuda"

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
    harness: Make,
) -> None:
    tested = harness(device=DEVICE, sample_memory=True)
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


@pytest.fixture
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """For what compiles: the first kernels of a process can take minutes."""
    monkeypatch.setattr("tests.engine.harness.TIMEOUT", 600.0)


@pytest.fixture(scope="module")
def heavy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A Stable Diffusion whose weights, some 350 MB in fp16, outweigh all else that a run needs."""
    shape = Shape(
        unet={
            **SD15.unet,
            "sample_size": 16,
            "block_out_channels": (128, 256, 512, 512),
            "cross_attention_dim": 512,
        },
        vae={**SD15.vae, "sample_size": 128, "block_out_channels": (64, 128, 256, 256)},
        texts=(
            {
                **SD15.texts[0],
                "hidden_size": 512,
                "intermediate_size": 2048,
                "num_attention_heads": 8,
            },
        ),
    )
    return build(tmp_path_factory.mktemp("heavy"), shape)


@pytest.mark.timeout(1200)
@pytest.mark.usefixtures("patience")
@pytest.mark.parametrize("family", ["sd", "sdxl", "flux"])
def test_off_on_off_is_never_on(
    harness: Make, checkpoint: Callable[[str], Path], family: str
) -> None:
    made = harness(device=DEVICE, previews=False)
    spec = spec_of(checkpoint(family))
    never, before = pixels(made, spec), state(loaded_of(made))
    worked = set()
    for name, value in usable(made):
        loads = len(made.all(CheckpointLoaded))
        end = made.end_of(made.engine.submit(spec.with_(switches={name: value})))
        if isinstance(end, RunFinished):
            worked.add((name, value))
        elif name == "attention":  # heads of 4 channels are too small for some kernels
            assert f"The attention kernel {value} cannot compute" in end.record.error, value
        else:
            assert "has no" in end.record.error, (name, value)  # of spacing, by this scheduler
        assert pixels(made, spec) == never, (name, value)
        costs = BY_NAME[name].cost is Cost.RELOAD
        assert len(made.all(CheckpointLoaded)) - loads == 2 * costs, (name, value)
        if costs:
            before = state(loaded_of(made))
        assert state(loaded_of(made)) == before, (name, value)
    # What a CPU refuses, and every family takes.
    assert {(n, v) for n, v in worked if n == "offload"} == {
        ("offload", value) for value in BY_NAME["offload"].values[1:]
    }
    assert {("precision", "fp32"), ("vae_precision", "fp32"), ("attention", "math")} <= worked
    if family != "sd":  # heads of 8 channels and more
        assert ("attention", "flash") in worked


@pytest.mark.slow
@pytest.mark.timeout(1200)
@pytest.mark.usefixtures("patience")
@pytest.mark.parametrize(
    ("family", "value"),
    [("sd", "regional"), ("sd", "full"), ("sd", "max"), ("flux", "regional"), ("flux", "full")],
)
def test_compiled_and_back(
    harness: Make, checkpoint: Callable[[str], Path], family: str, value: str
) -> None:
    made = harness(device=DEVICE, previews=False)
    # DPM++ looks back at earlier outputs, over which a CUDA graph would have written.
    scheduler = "DPM++ 2M" if family == "sd" else None
    spec = spec_of(checkpoint(family)).with_(scheduler=scheduler, num_inference_steps=6)
    plain = made.run(spec)
    never, before = pixels(made, spec), state(loaded_of(made))
    if "compiler" not in loaded_of(made).place.features:
        pytest.skip("torch.compile needs triton")
    compiled = spec.with_(switches={"compile": value})
    first = made.run(compiled)
    assert first.record.seconds.compile > 0
    assert first.record.steps == plain.record.steps
    for mine, own in zip(first.images, plain.images, strict=True):
        assert ssim(mine, own) >= 0.98
    again = made.run(compiled)
    assert again.record.seconds.compile == 0
    assert [a.tobytes() for a in again.images] == [b.tobytes() for b in first.images]
    smaller = made.run(compiled.with_(batch_size=1))  # another shape, and back to the first
    assert smaller.record.seconds.compile > 0
    assert pixels(made, compiled) == [a.tobytes() for a in first.images]
    assert pixels(made, spec) == never
    assert state(loaded_of(made)) == before


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_offloading_gives_the_same_picture_in_less_memory(harness: Make, heavy: Path) -> None:
    made = harness(device=DEVICE, previews=False)
    spec = RunSpec("a red sun", str(heavy), num_inference_steps=4, width=128, height=128)

    def second(spec: RunSpec) -> RunFinished:
        made.run(spec)  # the first also makes room for what stays, such as cuBLAS's workspace
        return made.run(spec)

    never = second(spec)
    for value in BY_NAME["offload"].values[1:]:
        end = second(spec.with_(switches={"offload": value}))
        assert ssim(end.images[0], never.images[0]) >= 0.99, value
        assert end.record.memory_peak_bytes < never.record.memory_peak_bytes, value
    assert pixels(made, spec) == [never.images[0].tobytes()]


def test_memory_returns_after_it_ran_out(harness: Make, sd: Path) -> None:
    made = harness(device=DEVICE, previews=False)
    spec = spec_of(sd)
    never = pixels(made, spec)
    held = torch.cuda.memory_allocated()
    room = 256 * 2**20
    total = torch.cuda.get_device_properties(torch.cuda.current_device()).total_memory
    torch.cuda.set_per_process_memory_fraction((torch.cuda.memory_reserved() + room) / total)
    try:
        record = made.fail(spec.with_(width=2048, height=2048, batch_size=16))
    finally:
        torch.cuda.set_per_process_memory_fraction(1.0)
    assert "Not enough memory on cuda" in record.error
    assert torch.cuda.memory_allocated() <= held + room // 8
    assert torch.cuda.memory_reserved() <= held + room // 2  # the card has it again, not only us
    assert pixels(made, spec) == never
    assert len(made.all(CheckpointLoaded)) == 1
