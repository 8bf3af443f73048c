"""Schedulers by name: every one runs, the right ones are offered, none leaves a trace."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from engine.errors import InvalidSpec
from engine.events import StepCompleted
from engine.schedulers import (
    BY_NAME,
    SCHEDULERS,
    build,
    canonical_name,
    compatible_names,
    name_of,
    names_for,
)
from engine.spec import RunSpec
from tests.engine.harness import EngineHarness

Make = Callable[..., EngineHarness]
Checkpoint = Callable[[str], Path]


@pytest.fixture(scope="module")
def tested() -> Iterator[EngineHarness]:
    made = EngineHarness(device="cpu")
    yield made
    assert made.engine.stop(30)


def test_names() -> None:
    assert canonical_name("dpm++ 2m") == "DPM++ 2M"
    assert canonical_name("EulerAncestralDiscreteScheduler") == "Euler a"
    assert canonical_name("PNDM") == canonical_name("plms") == "PNDM"
    with pytest.raises(InvalidSpec, match="Known: DPM"):
        canonical_name("nope")
    assert len(BY_NAME) == len(SCHEDULERS)
    assert name_of("DPMSolverMultistepScheduler", {"solver_order": 3}) == "DPM++ 3M"
    assert name_of("EDMEulerScheduler", {}) == ""


@pytest.mark.parametrize("name", names_for(flow=False))
def test_each_runs(name: str, tested: EngineHarness, sd: Path) -> None:
    spec = RunSpec("a red sun", str(sd), num_inference_steps=5, scheduler=name)
    for steps in (1, 5):
        finished = tested.run(spec.with_(num_inference_steps=steps))
        assert finished.record.spec.scheduler == name
        extremes = finished.images[0].getextrema()
        assert extremes != ((0, 0), (0, 0), (0, 0))


@pytest.mark.parametrize("name", names_for(flow=True))
def test_each_flow_scheduler_runs_on_sd3(name: str, harness: Make, checkpoint: Checkpoint) -> None:
    spec = RunSpec("a red sun", str(checkpoint("sd3")), num_inference_steps=3, scheduler=name)
    record = harness().run(spec).record
    assert record.evaluations == (5 if name == "Flow Heun" else 3)


def test_more_steps_than_a_scheduler_can_take_are_refused_before_the_first(
    tested: EngineHarness, checkpoint: Checkpoint
) -> None:
    spec = RunSpec(
        "a cat", checkpoint=str(checkpoint("sd")), scheduler="PNDM", num_inference_steps=1000
    )
    record = tested.fail(spec)
    assert record.error == "This scheduler takes at most 999 steps."
    assert record.steps == 0


@pytest.mark.parametrize(
    ("name", "evaluations"), [("PNDM", 21), ("Heun", 39), ("DPM++ 2M", 20), ("DPM2", 39)]
)
def test_evaluations_are_counted(
    name: str, evaluations: int, tested: EngineHarness, sd: Path
) -> None:
    spec = RunSpec("a", str(sd), num_inference_steps=20, scheduler=name)
    finished = tested.run(spec)
    assert finished.record.evaluations == evaluations
    last = tested.all(StepCompleted, finished.run_id)[-1]
    assert (last.step, last.steps, last.evaluations) == (evaluations,) * 3


def test_back_to_the_checkpoints_own(tested: EngineHarness, harness: Make, sd: Path) -> None:
    """A run on another scheduler between changes nothing, to the bit."""
    own = RunSpec("a red sun", str(sd), seed=5, num_inference_steps=6, scheduler=None)
    fresh = harness().run(own)
    assert fresh.record.spec.scheduler == "PNDM"
    for between in ("Euler", "DPM++ 2M SDE", "Heun", "DDIM"):
        tested.run(own.with_(scheduler=between))
        again = tested.run(own)
        assert again.images[0].tobytes() == fresh.images[0].tobytes()
    named = tested.run(own.with_(scheduler="PNDM"))
    assert named.images[0].tobytes() == fresh.images[0].tobytes()


def test_offered_is_what_diffusers_takes(checkpoint: Checkpoint) -> None:
    from diffusers import DiffusionPipeline

    pipeline = DiffusionPipeline.from_pretrained(checkpoint("sd"))
    takes = {cls.__name__ for cls in pipeline.scheduler.compatibles}
    names = compatible_names(pipeline, pipeline.scheduler)
    assert names[0] == "PNDM"
    assert set(names) == set(names_for(flow=False))
    assert {BY_NAME[name].cls for name in names} - takes == {"LCMScheduler"}


def test_an_incompatible_one_lists_what_is(harness: Make, checkpoint: Checkpoint) -> None:
    tested = harness()
    record = tested.fail(RunSpec("a", str(checkpoint("flux")), width=64, height=64))
    assert (
        record.error == "This checkpoint cannot use the scheduler DPM++ 2M. It takes: Flow Euler."
    )
    record = tested.fail(RunSpec("a", str(checkpoint("sd")), scheduler="Flow Euler"))
    assert "It takes: PNDM, DPM++ 2M" in record.error


class Fake:
    """A pipeline with a VAE, for schedulers alone."""

    vae = object()


def test_built_with_the_checkpoints_config() -> None:
    from diffusers import DPMSolverMultistepScheduler, PNDMScheduler

    own = PNDMScheduler(beta_start=0.001, skip_prk_steps=True, steps_offset=1)
    pipeline: Any = Fake()
    ddim = build(pipeline, own, "DDIM")
    assert ddim.config.beta_start == 0.001
    assert ddim.config.steps_offset == 1
    assert ddim.config.clip_sample is False, "clipping is for pixels, not latents"
    assert build(pipeline, own, None) is not own
    third = DPMSolverMultistepScheduler(solver_order=3, use_karras_sigmas=True)
    second = build(pipeline, third, "DPM++ 2M")
    assert (second.config.solver_order, second.config.use_karras_sigmas) == (2, True)


def test_without_scipy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engine.schedulers.find_spec", lambda _: None)
    assert "LMS" not in names_for(flow=False)
    assert "Euler" in names_for(flow=False)
