"""Runs from queue to record, on every family, against bare diffusers calls."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from PIL import Image

from engine.events import (
    CheckpointLoaded,
    CheckpointLoading,
    EngineIdle,
    Event,
    MemorySampled,
    PreviewReady,
    RunCancelled,
    RunDecoding,
    RunFinished,
    RunQueued,
    RunStarted,
    StepCompleted,
)
from engine.history import History
from engine.manner import Manner
from engine.pictures.load import load_image
from engine.pictures.output import Output
from engine.pictures.read import read_metadata
from engine.record import Status
from engine.spec import MAX_SEED, RunSpec
from tests.engine.harness import EngineHarness

Make = Callable[..., EngineHarness]


def pixels(images: tuple[Image.Image, ...]) -> list[bytes]:
    return [image.tobytes() for image in images]


def bare(folder: Path, spec: RunSpec, **arguments: Any) -> list[bytes]:
    """What diffusers itself makes of a spec, with the checkpoint's own scheduler."""
    from diffusers import DiffusionPipeline

    pipeline = DiffusionPipeline.from_pretrained(folder)
    pipeline.set_progress_bar_config(disable=True)
    images = pipeline(
        spec.prompt,
        width=spec.width,
        height=spec.height,
        num_inference_steps=spec.num_inference_steps,
        guidance_scale=spec.guidance_scale,
        num_images_per_prompt=spec.batch_size,
        generator=[torch.Generator().manual_seed(seed) for seed in spec.seeds],
        **arguments,
    ).images
    return pixels(tuple(images))


@pytest.mark.parametrize(
    ("family", "native", "own", "negative"),
    [
        ("sd", 64, "PNDM", True),
        ("sdxl", 64, "Euler", True),
        ("sd3", 64, "Flow Euler", True),
        ("flux", 1024, "Flow Euler", False),
    ],
)
def test_each_family_as_bare_diffusers(
    family: str,
    native: int,
    own: str,
    negative: bool,
    checkpoint: Callable[[str], Path],
    harness: Make,
) -> None:
    folder = checkpoint(family)
    spec = RunSpec(
        "a red sun",
        str(folder),
        "stars" if negative else "",
        seed=3,
        num_inference_steps=4,
        scheduler=None,
        width=64,
        height=48,
        batch_size=2,
    )
    tested = harness()
    finished = tested.run(spec)
    extra = {"negative_prompt": "stars"} if negative else {}
    assert pixels(finished.images) == bare(folder, spec, **extra)

    loaded = tested.wait(CheckpointLoaded)
    assert (loaded.family, loaded.width, loaded.height) == (family, native, native)
    assert loaded.schedulers[0] == own
    assert loaded.uses_negative_prompt == negative
    assert (loaded.device, loaded.dtype) == ("cpu", "float32")
    assert finished.record.spec == spec.with_(scheduler=own)
    previews = tested.all(PreviewReady)
    assert previews
    assert all(image.size == (8, 6) for event in previews for image in event.images)
    assert all(len(event.images) == 2 for event in previews)


def test_a_pipeline_of_no_family_of_ours(checkpoint: Callable[[str], Path], harness: Make) -> None:
    """PixArt has no callback at the end of a step: steps, previews and cancel work all the same."""
    folder = checkpoint("pixart")
    spec = RunSpec(
        "a red sun",
        str(folder),
        "stars",
        num_inference_steps=4,
        scheduler=None,
        width=256,
        height=256,
    )
    tested = harness()
    finished = tested.run(spec)
    extra = {"negative_prompt": "stars"}
    assert pixels(finished.images) == bare(folder, spec, **extra)
    assert (finished.record.steps, finished.record.evaluations) == (4, 4)
    assert tested.wait(CheckpointLoaded).family == "PixArtAlphaPipeline"
    assert tested.all(PreviewReady)
    assert len(tested.all(RunDecoding)) == 1

    def cancel(event: Event) -> None:
        if isinstance(event, StepCompleted) and event.step == 3:
            tested.engine.cancel()

    tested.react = cancel
    end = tested.end_of(tested.engine.submit(spec.with_(num_inference_steps=40)))
    assert isinstance(end, RunCancelled)
    assert end.record.steps == 3


def test_a_safety_checker_is_told_of(checkpoint: Callable[[str], Path], harness: Make) -> None:
    folder = checkpoint("sd_with_safety_checker")
    finished = harness().run(RunSpec("a", str(folder), seed=4, num_inference_steps=2))
    assert finished.record.notes == (
        "The checkpoint's safety checker blacked out the picture of seed 4.",
    )
    assert finished.images[0].getextrema() == ((0, 0),) * 3


def test_events_in_order(harness: Make, spec: RunSpec) -> None:
    tested = harness()
    run_id = tested.engine.submit(spec)
    tested.end_of(run_id)
    kinds = [type(event) for event in tested.events if not isinstance(event, CheckpointLoading)]
    assert kinds.pop(kinds.index(PreviewReady)) is PreviewReady
    kinds = [kind for kind in kinds if kind is not PreviewReady]
    assert kinds == [
        RunQueued,
        RunStarted,
        CheckpointLoaded,
        *[StepCompleted] * 3,
        RunDecoding,
        RunFinished,
        EngineIdle,
    ]
    steps = tested.all(StepCompleted)
    assert [(s.step, s.steps, s.evaluations) for s in steps] == [(1, 3, 1), (2, 3, 2), (3, 3, 3)]
    assert all(step.rate > 0 for step in steps)
    assert steps[0].eta_seconds > 0
    assert steps[-1].eta_seconds == 0
    assert [step.elapsed_seconds for step in steps] == sorted(s.elapsed_seconds for s in steps)


def test_the_record_tells_all(harness: Make, spec: RunSpec, history: History) -> None:
    tested = harness(history)
    finished = tested.run(spec.with_(batch_size=2))
    record = finished.record
    assert record.status is Status.FINISHED
    assert record == history.get(record.id)
    assert record.spec == spec.with_(batch_size=2, width=64, height=64)
    assert [image.seed for image in record.images] == [7, 8]
    assert all((image.width, image.height) == (64, 64) for image in record.images)
    assert (record.steps, record.evaluations) == (3, 3)
    seconds = record.seconds
    parts = (seconds.load, seconds.encode, seconds.denoise, seconds.decode, seconds.save)
    assert all(part > 0 for part in parts)
    assert sum(parts) <= seconds.total < sum(parts) + 1
    assert record.memory_kind == "rss"
    assert record.memory_peak_bytes > 50e6
    assert (record.device, record.dtype) == ("cpu", "float32")
    assert {"safelight", "python", "torch", "diffusers", "transformers"} <= set(record.versions)
    assert record.created_at.endswith("Z")
    assert record.steps_per_second == pytest.approx(3 / seconds.denoise)
    assert json.loads(json.dumps(record.to_json()))["images"][1]["seed"] == 8


def test_pictures_are_kept_with_their_spec(harness: Make, spec: RunSpec, history: History) -> None:
    tested = harness(history)
    finished = tested.run(spec.with_(batch_size=2))
    for image, kept in zip(finished.images, finished.record.images, strict=True):
        path = Path(kept.path)
        assert path.parent.parent == history.folder / "images"
        assert load_image(path).tobytes() == image.tobytes()
        metadata = read_metadata(path)
        assert metadata is not None
        assert metadata["seed"] == kept.seed
        assert RunSpec.from_json(metadata["spec"]) == finished.record.spec


def test_the_picture_is_there_before_the_row(
    harness: Make, spec: RunSpec, history: History, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[bool] = []
    add = history.add

    def watched(record: Any) -> None:
        seen.extend(Path(image.path).is_file() for image in record.images)
        add(record)

    monkeypatch.setattr(history, "add", watched)
    finished = harness(history).run(spec)
    assert seen == [True]
    assert history.get(finished.run_id) == finished.record


def test_one_load_for_two_runs(harness: Make, spec: RunSpec) -> None:
    tested = harness()
    tested.run(spec)
    loading = len(tested.all(CheckpointLoading))
    second = tested.run(spec.with_(prompt="a blue moon"))  # how quick: see the bench
    assert len(tested.all(CheckpointLoaded)) == 1
    assert len(tested.all(CheckpointLoading)) == loading
    assert second.record.seconds.load == 0


def test_a_changed_checkpoint_is_loaded_again(
    checkpoint: Callable[[str], Path], harness: Make, tmp_path: Path
) -> None:
    from tests.engine import tiny

    folder = tiny.sd(tmp_path / "sd")
    tested = harness()
    spec = RunSpec("a", str(folder), num_inference_steps=2)
    tested.run(spec)
    unet = tiny.unet()
    torch.nn.init.zeros_(unet.conv_out.weight)
    unet.save_pretrained(folder / "unet")
    tested.run(spec)
    assert len(tested.all(CheckpointLoaded)) == 2
    tested.run(spec.with_(checkpoint=str(checkpoint("sdxl")), scheduler=None))
    assert len(tested.all(CheckpointLoaded)) == 3


def test_the_same_spec_gives_the_same_bits(harness: Make, spec: RunSpec) -> None:
    batch = spec.with_(batch_size=3)
    tested = harness()
    first = tested.run(batch)
    tested.run(spec.with_(prompt="something else", seed=99))
    assert pixels(tested.run(batch).images) == pixels(first.images)
    assert pixels(harness().run(batch).images) == pixels(first.images)


@pytest.mark.parametrize("scheduler", ["DPM++ 2M", "Euler a"])
def test_each_seed_of_a_batch_alone(harness: Make, spec: RunSpec, scheduler: str) -> None:
    tested = harness()
    batch = tested.run(spec.with_(batch_size=3, scheduler=scheduler))
    shifted = tested.run(spec.with_(batch_size=3, scheduler=scheduler, seed=8))
    for place, (kept, image) in enumerate(zip(batch.record.images, batch.images, strict=True)):
        alone = tested.run(spec.with_(seed=kept.seed, scheduler=scheduler)).images[0]
        assert ssim(image, alone) >= 0.99
        if place:  # at equal batch size its place does not matter, to the bit
            assert shifted.images[place - 1].tobytes() == image.tobytes()


def ssim(one: Image.Image, other: Image.Image) -> float:
    """Structural similarity, mean over 7x7 windows of the grey pictures (Wang et al. 2004)."""
    a, b = (_gray(image) for image in (one, other))

    def mean(x: torch.Tensor) -> torch.Tensor:
        return torch.nn.functional.avg_pool2d(x, 7, stride=1)

    ma, mb = mean(a), mean(b)
    va, vb, cov = mean(a * a) - ma * ma, mean(b * b) - mb * mb, mean(a * b) - ma * mb
    c1, c2 = 0.01**2, 0.03**2
    values = (2 * ma * mb + c1) * (2 * cov + c2) / ((ma * ma + mb * mb + c1) * (va + vb + c2))
    return float(values.mean())


def _gray(image: Image.Image) -> torch.Tensor:
    data = torch.frombuffer(bytearray(image.convert("L").tobytes()), dtype=torch.uint8)
    return data.reshape(1, 1, image.height, image.width).double() / 255


def test_guidance_and_the_negative_prompt_matter(harness: Make, spec: RunSpec) -> None:
    tested = harness()
    plain = tested.run(spec)
    assert pixels(tested.run(spec.with_(guidance_scale=1)).images) != pixels(plain.images)
    negative = tested.run(spec.with_(negative_prompt="stars"))
    assert pixels(negative.images) != pixels(plain.images)
    assert negative.record.notes == ()
    unused = tested.run(spec.with_(negative_prompt="stars", guidance_scale=1))
    assert "negative prompt was not used" in unused.record.notes[0]


def test_strange_prompts_and_the_last_seed(harness: Make, spec: RunSpec) -> None:
    tested = harness()
    assert tested.run(spec.with_(prompt="")).record.notes == ()
    strange = tested.run(spec.with_(prompt="\x00\x1b[31m 山 🌄 \n\t")).record
    assert (strange.status, strange.steps, strange.notes) == (Status.FINISHED, 3, ())
    assert tested.run(spec.with_(seed=MAX_SEED)).record.images[0].seed == MAX_SEED
    long = tested.run(spec.with_(prompt="a red sun over blue mountains, " * 20))
    assert "this checkpoint read the first 77" in long.record.notes[0]


def test_warm_up_loads_and_says_so(harness: Make, spec: RunSpec, sd: Path) -> None:
    tested = harness()
    tested.engine.warm_up(str(sd))
    tested.wait(CheckpointLoaded)
    assert all(event.run_id == 0 for event in tested.all(CheckpointLoading))
    assert not tested.engine.busy
    finished = tested.run(spec)
    assert finished.record.seconds.load == 0
    assert len(tested.all(CheckpointLoaded)) == 1


def test_memory_is_sampled(harness: Make) -> None:
    tested = harness(sample_memory=True)
    sampled = tested.wait(MemorySampled, number=2)
    assert sampled.kind == "rss"
    assert 0 < sampled.used == sampled.reserved < sampled.total
    assert 0 < sampled.device_used <= sampled.total  # not comparable: pages can be shared


def test_without_previews(harness: Make, spec: RunSpec) -> None:
    tested = harness(previews=False)
    with_none = tested.run(spec)
    assert not tested.all(PreviewReady)
    assert pixels(harness().run(spec).images) == pixels(with_none.images)


def test_what_is_changed_in_between_counts_from_the_next_run(
    history: History, harness: Make, spec: RunSpec
) -> None:
    tested = harness(history)
    assert tested.run(spec).record.images[0].path.endswith(".png")
    shown = len(tested.all(PreviewReady))
    assert shown
    tested.engine.go_by(Manner(previews=False, output=Output("webp")))
    assert tested.run(spec).record.images[0].path.endswith(".webp")
    assert len(tested.all(PreviewReady)) == shown


class Clock:
    """Stands in for the module ``time``; moves only when told."""

    def __init__(self) -> None:
        self.now = time.perf_counter()

    def perf_counter(self) -> float:
        return self.now


def test_previews_are_at_most_five_a_second(
    harness: Make, spec: RunSpec, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Counted from when one was told, however long it took to make it."""
    tested = harness()
    tested.run(spec)
    clock = Clock()
    monkeypatch.setattr("engine.runner.time", clock)
    times: list[float] = []

    def react(event: Event) -> None:
        if isinstance(event, StepCompleted):
            clock.now += 0.06
        if isinstance(event, PreviewReady):
            clock.now += 0.1
            times.append(clock.now)

    tested.react = react
    tested.run(spec.with_(num_inference_steps=60, batch_size=2))
    gaps = [b - a for a, b in pairwise(times)]
    assert len(gaps) > 5
    assert all(gap + 1e-6 >= 0.2 + 0.1 for gap in gaps)
    assert all(gap < 0.5 for gap in gaps)


@pytest.mark.parametrize("device", ["cpu", "cuda"])
def test_the_rate_counts_steps_that_the_device_has_done(
    device: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On CUDA Python is a step ahead; here a card takes 0.5 s a step, and Python no time."""
    from engine.runner import Runner

    clock = Clock()
    start = free = clock.now

    class CudaEvent:
        def __init__(self, _device: object) -> None:
            nonlocal free
            free = max(free, clock.now) + 0.5
            self.done = free

        def synchronize(self) -> None:
            clock.now = max(clock.now, self.done)

    monkeypatch.setattr("engine.runner.time", clock)
    monkeypatch.setattr("engine.clock.time", clock)
    monkeypatch.setattr("engine.clock.synchronize", lambda _: None)
    monkeypatch.setattr("engine.runner._recorded", CudaEvent)
    pipeline = SimpleNamespace(scheduler=SimpleNamespace(timesteps=range(4)))
    loaded: Any = SimpleNamespace(
        device=SimpleNamespace(type=device), rgb=None, pipeline=pipeline, own_scheduler=None
    )
    told: list[Event] = []
    runner = Runner(
        1,
        RunSpec(""),
        loaded,
        told.append,
        lambda: False,
        previews=False,
        at_border=lambda: None,
    )
    for _ in range(4):
        runner._on_evaluation()
        if device == "cpu":
            clock.now += 0.5
        runner._on_step()
    steps = [event for event in told if isinstance(event, StepCompleted)]
    unknown = 0.0 if device == "cuda" else 2.0
    assert [step.rate for step in steps] == pytest.approx([unknown, 2.0, 2.0, 2.0])
    assert [start + step.elapsed_seconds for step in steps][-1] == pytest.approx(start + 2.0)
    assert steps[-1].eta_seconds == 0
    # What is left on the card, also what Python is ahead with.
    assert steps[1].eta_seconds == pytest.approx(1.5 if device == "cuda" else 1.0)


def test_two_engines_share_one_history(harness: Make, spec: RunSpec, history: History) -> None:
    other = History(history.folder)
    one, two = harness(history), harness(other)
    ids = [engine.engine.submit(spec) for engine in (one, two, one, two)]
    one.wait(RunFinished, number=2)
    two.wait(RunFinished, number=2)
    assert sorted(ids) == [1, 2, 3, 4]
    assert history.count() == 4
    two.engine.stop(10)
    other.close()
