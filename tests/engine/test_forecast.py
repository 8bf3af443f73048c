"""Forecasts: what was measured, what is scaled, and what must hold for any history."""

from __future__ import annotations

import json
import random
import subprocess
import sys
import time
from dataclasses import dataclass, replace
from math import isfinite
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from engine.fit import curve, typical
from engine.forecast import Forecast, dtype_bytes_of, forecast
from engine.record import RunRecord, Seconds, Status
from engine.spec import RunSpec

GB = 2**30
SPEC = RunSpec("a red sun", width=512, height=512)


@dataclass(frozen=True)
class Machine:
    """A machine whose cost is linear in what a forecast knows, by parameters that it does not."""

    evaluation: float = 0.01
    evaluation_pixel: float = 8e-8
    fixed: float = 0.05
    pixel: float = 2e-7
    base_bytes: int = 2 * GB
    pixel_bytes: int = 3000
    noise: float = 0.0
    device: str = "cuda:0 (Card)"

    def run(self, run_id: int, spec: RunSpec, *, load: float = 0.0) -> RunRecord:
        assert spec.width
        assert spec.height
        pictures, one = len(spec.pictures), spec.width * spec.height
        a_call = min(int(spec.switches.get("split", pictures)), pictures)
        calls = -(-pictures // a_call)
        pixels = pictures * one
        work = pixels * (2 if spec.guidance_scale > 1 else 1)
        steps = spec.num_inference_steps
        evaluations = {"PNDM": steps + 1, "Heun": 2 * steps - 1}.get(spec.scheduler or "", steps)
        drawn = random.Random(run_id)
        noise = 1 + self.noise * drawn.uniform(-1, 1)
        denoise = noise * evaluations * (calls * self.evaluation + self.evaluation_pixel * work)
        rest = noise * (self.fixed + self.pixel * pixels)
        return RunRecord(
            id=run_id,
            status=Status.FINISHED,
            spec=spec,
            created_at="2026-01-31T10:00:00.000Z",
            seconds=Seconds(
                load, 0.2 * rest, denoise, 0.7 * rest, 0.1 * rest, load + denoise + rest
            ),
            evaluations=evaluations * calls,
            steps=evaluations * calls,
            memory_peak_bytes=self.base_bytes + self.pixel_bytes * a_call * one,
            memory_kind="vram",
            device=self.device,
            dtype="float16",
        )


MACHINE = Machine()


def runs(*specs: RunSpec, machine: Machine = MACHINE) -> list[RunRecord]:
    """Records of these specs, in the order of a history: newest first."""
    return [machine.run(number, spec) for number, spec in enumerate(specs, 1)][::-1]


def seconds(value: Forecast) -> float:
    assert value.seconds is not None
    return value.seconds


# What was measured


def test_the_same_settings_are_measured() -> None:
    other = SPEC.with_(prompt="a moon", negative_prompt="stars", seed=9, guidance_scale=7.5)
    past = runs(SPEC, other, SPEC)
    told = forecast(SPEC.with_(seed=1234), past)
    assert told.sure == "measured"
    assert told.runs == 3
    assert told.seconds == pytest.approx(past[0].seconds.total)
    assert told.memory_bytes == past[0].memory_peak_bytes
    assert told.memory_kind == "vram"
    assert told.low_seconds is not None
    assert told.high_seconds is not None
    assert told.low_seconds < seconds(told) < told.high_seconds


def test_the_number_of_prompts_is_a_setting() -> None:
    three = SPEC.with_(prompt="a sun\n---\na moon\n---\na star")
    past = [MACHINE.run(1, SPEC), MACHINE.run(2, SPEC.with_(batch_size=2))]
    told, truth = forecast(three, past), MACHINE.run(3, three)
    assert told.sure == "near"
    assert told.seconds == pytest.approx(truth.seconds.total)
    assert told.memory_bytes == pytest.approx(truth.memory_peak_bytes)
    assert forecast(three, [*past, truth]).sure == "measured"
    # As many pictures, of one prompt: the same work, and not quite the same run.
    assert forecast(SPEC.with_(batch_size=3), [truth]).sure == "near"
    # Whatever they say.
    assert forecast(three.with_(prompt="a\n---\nb\n---\nc"), [truth]).sure == "measured"


def test_loading_is_left_out() -> None:
    assert seconds(forecast(SPEC, [MACHINE.run(1, SPEC, load=30.0)])) == pytest.approx(
        MACHINE.run(1, SPEC).seconds.total
    )


def test_one_slow_run_changes_little_and_two_change_it_all() -> None:
    past = runs(*[SPEC] * 5)
    usual = seconds(forecast(SPEC, past))
    slow = Machine(evaluation=0.02, evaluation_pixel=16e-8)
    past.insert(0, slow.run(6, SPEC))
    assert seconds(forecast(SPEC, past)) == pytest.approx(usual)
    past.insert(0, slow.run(7, SPEC))
    assert seconds(forecast(SPEC, past)) == pytest.approx(past[0].seconds.total)


def test_a_size_left_to_the_checkpoint_is_its_own() -> None:
    bare = SPEC.with_(width=None, height=None)
    past = runs(SPEC, SPEC.with_(width=1024, height=1024))
    assert forecast(bare, past, native_size=(512, 512)).sure == "measured"
    # Where nobody says what it is, the newest run's.
    assert forecast(bare, past) == forecast(SPEC.with_(width=1024, height=1024), past)
    assert forecast(bare, past, native_size=(0, 0)) == forecast(bare, past)


def test_only_finished_runs_of_the_newest_device_count() -> None:
    past = runs(SPEC)
    unfinished = [replace(past[0], id=9, status=s) for s in (Status.FAILED, Status.CANCELLED)]
    assert forecast(SPEC, unfinished) == Forecast()
    assert forecast(SPEC, [*unfinished, *past]) == forecast(SPEC, past)
    elsewhere = Machine(device="cpu").run(10, SPEC.with_(checkpoint="another"))
    assert forecast(SPEC, [elsewhere, *past]).seconds is None


def test_the_order_of_the_records_does_not_matter() -> None:
    past = runs(SPEC, SPEC.with_(batch_size=2), SPEC.with_(scheduler="PNDM"), SPEC)
    for spec in (SPEC, SPEC.with_(batch_size=3)):
        assert forecast(spec, past) == forecast(spec, past[::-1])


# What is scaled


@settings(max_examples=150, deadline=None)
@given(
    machine=st.builds(
        Machine,
        evaluation=st.floats(0, 0.05),
        evaluation_pixel=st.floats(1e-9, 1e-6),
        fixed=st.floats(0, 1),
        pixel=st.floats(0, 1e-5),
        base_bytes=st.integers(GB, 20 * GB),
        pixel_bytes=st.integers(0, 20_000),
    ),
    batches=st.permutations([1, 2, 4]),
    steps=st.tuples(*[st.integers(2, 60)] * 4),
    guidance=st.tuples(*[st.sampled_from([1.0, 5.0])] * 4),
    schedulers=st.tuples(*[st.sampled_from(["DPM++ 2M", "PNDM", "Heun"])] * 4),
    sizes=st.tuples(*[st.sampled_from([(512, 512), (512, 768), (1024, 512)])] * 4),
    batch=st.integers(1, 8),
)
def test_a_linear_machine_is_known_after_three_runs(
    machine: Machine,
    batches: list[int],
    steps: tuple[int, ...],
    guidance: tuple[float, ...],
    schedulers: tuple[str, ...],
    sizes: tuple[tuple[int, int], ...],
    batch: int,
) -> None:
    specs = [
        SPEC.with_(
            num_inference_steps=steps[i],
            guidance_scale=guidance[i],
            scheduler=schedulers[i],
            width=sizes[i][0],
            height=sizes[i][1],
            batch_size=count,
        )
        for i, count in enumerate([*batches, batch])
    ]
    past, wanted = specs[:3], specs[3]
    # How many evaluations a scheduler makes is learnt from a run with it.
    assume(wanted.scheduler in {spec.scheduler for spec in past})
    # Three runs of nearly one size tell no line.
    work = [machine.run(1, s).memory_peak_bytes - machine.base_bytes for s in past]
    assume(machine.pixel_bytes == 0 or max(work) >= 1.3 * min(work))
    guided = [
        s.batch_size * (s.width or 0) * (s.height or 0) * (1 + (s.guidance_scale > 1)) for s in past
    ]
    assume(max(guided) >= 1.3 * min(guided))
    told = forecast(wanted, runs(*past, machine=machine))
    truth = machine.run(9, wanted)
    assert told.seconds == pytest.approx(truth.seconds.total, rel=0.1)
    assert told.memory_bytes == pytest.approx(truth.memory_peak_bytes, rel=0.1)


def test_a_noisy_machine_is_known_after_three_runs() -> None:
    for noise in range(20):
        machine = Machine(noise=0.03)
        specs = [SPEC.with_(batch_size=batch) for batch in (1, 2, 4)]
        past = [machine.run(noise * 10 + i, spec) for i, spec in enumerate(specs)]
        for wanted in (SPEC.with_(batch_size=3), SPEC.with_(num_inference_steps=50)):
            truth = MACHINE.run(1, wanted).seconds.total
            assert seconds(forecast(wanted, past)) == pytest.approx(truth, rel=0.1)


def test_one_run_is_enough_to_scale_the_steps() -> None:
    past = [MACHINE.run(1, SPEC)]
    told = forecast(SPEC.with_(num_inference_steps=40), past)
    assert told.sure == "near"
    assert told.seconds == pytest.approx(
        MACHINE.run(2, SPEC.with_(num_inference_steps=40)).seconds.total
    )
    assert told.memory_bytes == past[0].memory_peak_bytes


def test_guidance_off_halves_the_denoising() -> None:
    told = forecast(SPEC.with_(guidance_scale=1.0), [MACHINE.run(1, SPEC)])
    times = MACHINE.run(1, SPEC).seconds
    assert told.seconds == pytest.approx(times.total - times.denoise / 2)


def test_evaluations_are_those_of_the_scheduler() -> None:
    """PNDM makes one more than its steps, Heun one less than twice."""
    for name in ("PNDM", "Heun"):
        spec = SPEC.with_(scheduler=name, num_inference_steps=20)
        told = forecast(spec.with_(num_inference_steps=30), [MACHINE.run(1, spec)])
        truth = MACHINE.run(1, spec.with_(num_inference_steps=30))
        assert told.seconds == pytest.approx(truth.seconds.total)
    told = forecast(SPEC.with_(scheduler="Heun"), [MACHINE.run(1, SPEC)])
    truth = MACHINE.run(1, SPEC.with_(scheduler="Heun"))
    assert told.seconds == pytest.approx(truth.seconds.total, rel=0.05)


@pytest.mark.parametrize("prompt", ["a", "a\n---\nb"])
@pytest.mark.parametrize("scheduler", ["DPM++ 2M", "PNDM", "Heun"])
@pytest.mark.parametrize("before", [None, "1", "2", "3", "64"])
@pytest.mark.parametrize("after", [None, "1", "3"])
def test_calls_are_told_from_evaluations(
    prompt: str, scheduler: str, before: str | None, after: str | None
) -> None:
    """Evaluations of a record are those of all calls; memory is that of the largest call."""

    def split(value: str | None, batch: int = 4, steps: int = 20) -> RunSpec:
        switches = {"split": value} if value else {}
        changes = {"prompt": prompt, "scheduler": scheduler, "switches": switches}
        return SPEC.with_(batch_size=batch, num_inference_steps=steps, **changes)

    past = runs(split(before, batch=1), split(before))
    told, truth = forecast(split(after, steps=21), past), MACHINE.run(9, split(after, steps=21))
    assert told.sure in ("near", "rough")
    # Where all calls were of one size, nothing tells what another picture a call takes.
    one_size = before != after and (before == "1" or (before == "2" and "---" in prompt))
    assert told.seconds == pytest.approx(truth.seconds.total, rel=0.3 if one_size else 0.01)
    if not one_size:
        assert told.memory_bytes == pytest.approx(truth.memory_peak_bytes, rel=0.01)


@pytest.mark.parametrize("value", ["0", "some", "", "-1", "9" * 5000, "\u00b2"])
def test_a_split_of_a_record_may_be_anything(value: str) -> None:
    past = [replace(MACHINE.run(1, SPEC), spec=SPEC.with_(switches={"split": value}))]
    more = SPEC.with_(num_inference_steps=30)
    assert seconds(forecast(more, past)) == seconds(forecast(more, runs(SPEC)))


def test_each_step_away_makes_it_less_sure() -> None:
    past = runs(SPEC)

    def breadth(**changes: Any) -> tuple[str, float]:
        told = forecast(SPEC.with_(**changes), past)
        assert told.low_seconds is not None
        assert told.high_seconds is not None
        return told.sure, told.high_seconds / told.low_seconds

    steps = [
        breadth(),
        breadth(num_inference_steps=25),
        breadth(scheduler="Euler"),
        breadth(scheduler="Euler", width=768),
        breadth(scheduler="Euler", width=768, switches={"compile": "regional"}),
    ]
    assert [sure for sure, _ in steps] == ["measured", "near", "near", "rough", "rough"]
    assert [width for _, width in steps] == sorted(width for _, width in steps)
    assert breadth(switches={"attention": "math"})[0] == "rough"


def test_the_runs_with_the_nearest_switches_are_taken() -> None:
    slow = Machine(evaluation=0.1)
    tiled, both = {"vae_tiling": "on"}, {"vae_tiling": "on", "attention": "math"}
    past = [MACHINE.run(1, SPEC.with_(switches=tiled)), slow.run(2, SPEC)]
    wanted = SPEC.with_(switches=both, num_inference_steps=30)
    truth = MACHINE.run(3, wanted).seconds.total
    assert seconds(forecast(wanted, past)) == pytest.approx(truth)


def test_a_setting_that_was_measured_is_passed_through() -> None:
    """A machine that is not linear: large pictures cost more than their pixels."""
    big = SPEC.with_(width=1024, height=1024)
    middle = SPEC.with_(width=768, height=768)
    past = [MACHINE.run(1, SPEC), MACHINE.run(2, middle), Machine(evaluation=2.0).run(3, big)]
    told = forecast(middle.with_(num_inference_steps=21), past)
    assert told.seconds == pytest.approx(
        MACHINE.run(1, middle.with_(num_inference_steps=21)).seconds.total
    )


def test_resident_memory_is_not_all_scaled() -> None:
    """One run cannot tell; but most of a small process is Python and torch."""
    record = replace(MACHINE.run(1, SPEC), memory_kind="rss", memory_peak_bytes=int(0.6 * GB))
    told = forecast(SPEC.with_(batch_size=4), [record], weights_bytes=GB // 25)
    assert told.memory_bytes is not None
    assert 0.8 * GB < told.memory_bytes < 1.2 * GB


# From nothing but the weights


def test_without_a_run_memory_comes_from_the_weights() -> None:
    bare = RunSpec("x")
    assert forecast(bare, []) == Forecast()
    full = forecast(bare, [], weights_bytes=8 * GB, dtype_bytes=4, native_size=(512, 512))
    half = forecast(bare, [], weights_bytes=8 * GB, dtype_bytes=2, native_size=(512, 512))
    assert full.memory_kind == "rss"
    assert half.memory_kind == "vram"
    assert full.memory_bytes is not None
    assert half.memory_bytes is not None
    assert 8 * GB < full.memory_bytes < 11 * GB
    assert 4 * GB < half.memory_bytes < 5.5 * GB
    assert half.seconds is None
    assert half.sure == "rough"
    assert half.runs == 0
    past = [MACHINE.run(1, SPEC.with_(checkpoint="another"))]
    again = forecast(bare, past, weights_bytes=8 * GB, dtype_bytes=2, native_size=(512, 512))
    assert again == half


@pytest.mark.parametrize(("value", "size"), [("fp32", 4), ("fp16", 2), ("bf16", 2)])
def test_the_precision_that_is_asked_for_goes_before_the_newest_run(value: str, size: int) -> None:
    spec = RunSpec("x", checkpoint="new", width=512, height=512)
    asked = spec.with_(switches={"precision": value})
    for usual in (2, 4):
        past = [replace(MACHINE.run(1, SPEC), dtype="float16" if usual == 2 else "float32")]
        told = forecast(asked, past, weights_bytes=GB, dtype_bytes=usual)
        assert told == forecast(spec, past, weights_bytes=GB, dtype_bytes=size)
        left = spec.with_(switches={"precision": "auto"})
        same = forecast(spec, past, weights_bytes=GB, dtype_bytes=usual)
        assert forecast(left, past, weights_bytes=GB, dtype_bytes=usual) == same
    # Which memory it is, is the device's.
    assert forecast(asked, [], weights_bytes=GB, dtype_bytes=4).memory_kind == "rss"


def test_without_a_run_every_picture_of_a_call_counts() -> None:
    def memory(**changes: Any) -> int | None:
        return forecast(SPEC.with_(**changes), [], weights_bytes=GB).memory_bytes

    assert memory(prompt="a\n---\nb") == memory(batch_size=2) != memory()
    assert memory(batch_size=8, switches={"split": "2"}) == memory(batch_size=2)


def test_bytes_of_a_weight() -> None:
    assert dtype_bytes_of([]) == 4
    old, new = runs(SPEC, SPEC)[::-1]
    assert dtype_bytes_of([replace(new, dtype="bfloat16"), replace(old, dtype="float32")]) == 2
    assert dtype_bytes_of([replace(old, dtype="float8_e4m3fn")]) == 1


# What holds for any history

any_spec = st.builds(
    RunSpec,
    prompt=st.sampled_from(["", "a", "a\n---\nb"]),
    checkpoint=st.sampled_from(["scenes", "other"]),
    num_inference_steps=st.integers(1, 100),
    guidance_scale=st.sampled_from([0.0, 1.0, 4.0]),
    width=st.sampled_from([64, 512, 8192]),
    height=st.sampled_from([64, 512]),
    scheduler=st.sampled_from([None, "Euler", "PNDM", "Heun"]),
    batch_size=st.integers(1, 16),
    switches=st.dictionaries(st.sampled_from(["a", "split"]), st.sampled_from(["1", "3", "off"])),
)
figure = st.floats(allow_nan=True, allow_infinity=True) | st.floats(0, 100)
any_run = st.builds(
    RunRecord,
    id=st.integers(1, 10_000),
    status=st.sampled_from([Status.FINISHED] * 3 + [Status.FAILED]),
    spec=any_spec,
    created_at=st.just(""),
    seconds=st.builds(Seconds, figure, figure, figure, figure, figure, figure),
    evaluations=st.integers(-5, 200) | st.integers(),
    memory_peak_bytes=st.integers(-5, 2**40) | st.integers(),
    memory_kind=st.sampled_from(["rss", "vram"]),
)
any_past = st.lists(any_run, max_size=12)


@settings(max_examples=200, deadline=None)
@given(any_spec, any_past, st.integers(0, 2**36), st.sampled_from([1, 2, 4]))
def test_never_nonsense(
    spec: RunSpec, past: list[RunRecord], weights: int, dtype_bytes: int
) -> None:
    told = forecast(spec, past, weights_bytes=weights, dtype_bytes=dtype_bytes)
    times = (told.low_seconds, told.seconds, told.high_seconds)
    if told.seconds is not None:
        low, middle, high = (value for value in times if value is not None)
        assert all(isfinite(value) for value in (low, middle, high))
        assert 0 <= low <= middle <= high
    else:
        assert times == (None, None, None)
    assert told.memory_bytes is None or told.memory_bytes >= 0
    assert told.sure in ("measured", "near", "rough", "unknown")
    assert (told.sure == "unknown") == (told.seconds is None and told.memory_bytes is None)
    json.dumps(told.to_json(), allow_nan=False)


@settings(max_examples=200, deadline=None)
@given(any_spec, any_past, st.integers(0, 40), st.integers(0, 16))
def test_more_steps_and_more_pictures_never_cost_less(
    spec: RunSpec, past: list[RunRecord], steps: int, pictures: int
) -> None:
    more = spec.with_(
        num_inference_steps=spec.num_inference_steps + steps, batch_size=spec.batch_size + pictures
    )
    less, greater = (forecast(each, past, weights_bytes=GB) for each in (spec, more))
    assume("measured" not in (less.sure, greater.sure))  # that is what it is
    if less.seconds is not None:
        assert less.seconds <= seconds(greater) * (1 + 1e-12)
    if less.memory_bytes is not None:
        assert greater.memory_bytes is not None
        assert less.memory_bytes <= greater.memory_bytes + 1


@settings(max_examples=100, deadline=None)
@given(st.lists(st.floats(0, 1e6), min_size=1, max_size=7))
def test_a_typical_figure_is_one_of_them(figures: list[float]) -> None:
    assert typical(figures) in figures
    assert typical(figures[:1]) == figures[0]


def test_there_is_no_typical_figure_of_none() -> None:
    with pytest.raises(ValueError, match="no figures"):
        typical([])


def test_a_curve_levels_what_falls() -> None:
    known = curve([(1, 4, 1), (2, 2, 1), (4, 8, 1)])
    assert known.at(1) == known.at(2)
    assert 2 < known.at(1) < 4
    assert known.at(4) == 8
    assert known.at(1) <= known.at(3) <= 8 <= known.at(100)


def test_it_is_fast() -> None:
    values = random.Random(1)
    past = runs(
        *(
            SPEC.with_(
                num_inference_steps=values.randint(1, 50), batch_size=values.randint(1, 8), seed=i
            )
            for i in range(500)
        )
    )
    taken = []
    for batch in range(1, 21):
        start = time.perf_counter()
        forecast(SPEC.with_(batch_size=batch), past)
        taken.append(time.perf_counter() - start)
    assert min(taken) < 0.05  # some 1.2 ms; with 500 runs known, a form must not wait


def test_importing_is_cheap() -> None:
    code = (
        "import sys, engine.forecast; print(sorted({'numpy', 'torch', 'PIL'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
