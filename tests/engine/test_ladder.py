"""The ladder: rungs stand on what paid, what cannot be climbed says why; the end is a sentence."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from engine.errors import CheckpointError
from engine.events import Event, StudyEnded, StudyFinished, StudyProgressed, StudyUpdated
from engine.group import Kind
from engine.history import History
from engine.ladder import climbing, rungs, table
from engine.ladder.judging import measured_first, pays
from engine.ladder.request import Ladder, LadderResult, Rung
from engine.ladder.rungs import Ground, Plan, Skip
from engine.ladder.words import changes, memory, recommendation
from engine.measure import contest
from engine.measure.request import Sample, Side
from engine.measure.turns import Turn, TurnFailed, Turns
from engine.measure.verdict import Verdict
from engine.measure.words import in_a_word, in_words, speed
from engine.spec import RunSpec
from engine.switches.base import Place
from tests.engine.harness import EngineHarness

Make = Callable[..., EngineHarness]


@pytest.fixture(autouse=True)
def in_no_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is undecided after the turns that were asked for stays so."""
    monkeypatch.setattr(contest, "EXTRA_SECONDS", 0.0)
    monkeypatch.setattr(climbing, "EXTRA_SECONDS", 0.0)


CPU = Place(
    *("sd", "unet", "cpu", "float32", frozenset({"bf16", "vae_swap"}), True),
    auto_dtype="float32",
)
UNKNOWN = Place(device="cuda")
GPU = Place(
    *("sdxl", "unet", "cuda", "float32", frozenset({"bf16", "compiler", "fused_qkv"}), True),
    auto_dtype="float16",
)


def nothing_there(name: str) -> object:
    raise CheckpointError(f"There is no {name}.")


def ground(place: Place, *schedulers: str, find: Callable[[str], object] = nothing_there) -> Ground:
    return Ground(place, schedulers or ("PNDM", "DPM++ 2M", "Euler"), find)


def plan(name: str, place: Place = CPU) -> Plan:
    return next(plan for plan in rungs.path(place) if plan.name == name)


def skipped(name: str, spec: RunSpec, at: Ground) -> str:
    with pytest.raises(Skip) as caught:
        plan(name, at.place).make(spec, at)
    return str(caught.value)


# What rungs there are


def test_the_path_is_the_tutorials_and_then_what_else_there_is() -> None:
    names = [plan.name for plan in rungs.path(CPU)]
    assert names[:6] == [
        *("half-precision", "steps-20", "steps-25", "batch", "batch-sliced", "vae"),
    ]
    assert names[6:8] == ["channels-last", "fused-qkv"]
    assert names[-1] == "compile"
    assert len(names) == len(set(names))


def test_it_begins_in_full_precision_with_the_checkpoints_own_scheduler() -> None:
    asked = RunSpec("a red sun", seed=3, batch_size=4, switches={"compile": "full"})
    spec = rungs.ground_level(asked, "cuda")
    assert (spec.prompt, spec.seed) == ("a red sun", 3)
    assert (spec.scheduler, spec.num_inference_steps, spec.batch_size) == (None, 50, 1)
    assert dict(spec.switches) == {"precision": "fp32"}
    assert not rungs.ground_level(asked, "cpu").switches, "auto is fp32 there"


def test_a_checkpoint_made_for_few_steps_is_climbed_with_few() -> None:
    few = RunSpec("a red sun", num_inference_steps=4)
    low = rungs.ground_level(few, "cuda")
    assert low.num_inference_steps == 4
    assert "only 4 steps, as asked for" in rungs.first(few).why
    at = replace(ground(CPU), steps=4)
    assert skipped("steps-20", low, at) == "It starts with fewer already: 4, as asked for."
    assert "made for the scheduler LCM" in skipped("steps-25", low, ground(CPU, "LCM", "DPM++ 2M"))


def test_titles_name_what_is_changed() -> None:
    assert plan("steps-20").title == "Better scheduler, 20 steps"
    assert plan("steps-20", replace(CPU, scheduler="Flow Euler")).title == "20 steps"


def test_half_precision_is_what_the_device_would_choose() -> None:
    low = rungs.ground_level(RunSpec("a red sun"), "cuda")
    spec = plan("half-precision").make(low, ground(GPU))
    assert not spec.switches, "auto is fp16 there"
    assert changes(low, spec, "float16") == "fp16"
    low = rungs.ground_level(RunSpec("a red sun"), "cpu")
    spec = plan("half-precision").make(low, ground(CPU))
    assert dict(spec.switches) == {"precision": "bf16"}
    spec = plan("half-precision").make(low.with_(switches={"precision": "fp32"}), ground(UNKNOWN))
    assert not spec.switches, "of a checkpoint that did not fit in fp32"
    spec = plan("half-precision").make(low, ground(replace(CPU, features=frozenset())))
    assert dict(spec.switches) == {"precision": "fp16"}


def test_a_flow_model_keeps_its_own_kind_of_scheduler() -> None:
    spec = RunSpec("a red sun", scheduler="Flow Euler", num_inference_steps=50)
    made = plan("steps-20").make(spec, ground(CPU, "Flow Euler", "Flow Heun"))
    assert (made.scheduler, made.num_inference_steps) == ("Flow Euler", 20)
    assert "already" in skipped("steps-20", made, ground(CPU, "Flow Euler"))


def test_a_vae_is_looked_for_and_never_downloaded() -> None:
    spec = RunSpec("a red sun")
    said = skipped("vae", spec, ground(CPU))
    assert said == (
        "No other VAE comes with this checkpoint, and stabilityai/sd-vae-ft-mse is not on this "
        "machine."
    )
    made = plan("vae").make(spec, ground(CPU, find=lambda name: name))
    assert dict(made.switches) == {"vae": "stabilityai/sd-vae-ft-mse"}
    made = plan("vae").make(spec, ground(replace(CPU, vaes=("better-vae",))))
    assert dict(made.switches) == {"vae": "better-vae"}


def test_what_does_not_work_here_says_why_in_one_rung() -> None:
    spec = RunSpec("a red sun")
    said = skipped("attention-others", spec, ground(CPU))
    assert "needs CUDA" in said
    assert skipped("cache-others", spec, ground(CPU)).endswith("caches are for transformers.")
    assert "cannot fuse" in skipped("fused-qkv", spec, ground(CPU))
    at_gpu = [plan.name for plan in rungs.path(GPU)]
    assert "attention-cudnn" in at_gpu
    # Flash needs 16 bits: of that the rung itself speaks, since what it stands on may have them.
    low = rungs.ground_level(spec, "cuda")
    assert "Needs fp16" in skipped("attention-flash", low, ground(GPU))
    assert plan("attention-flash", GPU).make(low.with_(switches={}), ground(GPU))


# In words


def test_what_is_shown_goes_together() -> None:
    """Seconds are of another hour in each rung: ratios, which are of turns, are what counts."""
    spec = RunSpec("a red sun")
    first = replace(rung(1, 1, spec, 1000), pays=True, first=None)
    best = replace(rung(0.25, 0.9, spec, 500), pays=True, on=0)  # reckoned
    same = Verdict(1.0, 0.99, 1.01, differs=False)
    vae = replace(rung(0.25, 0.9, spec, 600), pays=True, on=1, before=same)
    rungs = measured_first([first, best, vae], 1, Verdict(0.2, 0.2, 0.2, differs=True))
    result = LadderResult(tuple(rungs))
    assert [table.beside_first(result, at) for at in range(3)] == pytest.approx([1.2, 0.24, 0.24])
    assert table.note(result, 1) == ""
    assert table.note(result, 2).endswith("finer, at no more time and with 20% more memory.")
    assert table.end_of(result) == "It was stopped before its end."
    assert "nothing" not in table.end_of(replace(result, rungs=(first,)))
    failed = replace(first, side=Side("x", spec, error="No."), pays=False)
    assert table.end_of(LadderResult((failed,))) == "No rung could be recommended."


def rung(ratio: float, likeness: float, spec: RunSpec, peak: int) -> Rung:
    dtype = "float32" if spec.switches.get("precision") == "fp32" else "float16"
    side = Side("x", spec, samples=(Sample(0.1, 1.0, 0.1, peak),), dtype=dtype)
    verdict = Verdict(ratio, ratio, ratio, differs=True)
    return Rung("x", "X", "", "", side=side, first=verdict, likeness_first=likeness)


def test_the_recommendation_is_one_sentence() -> None:
    low = rungs.ground_level(RunSpec("a red sun"), "cuda").with_(scheduler="PNDM")
    first = rung(1, 1, low, 1000)
    high = low.with_(scheduler="DPM++ 2M", num_inference_steps=20, switches={})
    best = rung(0.1408, 0.931, high, 460)
    assert recommendation(first, best) == (
        "fp16, DPM++ 2M, 20 steps: 7.1x faster, 54% less memory, SSIM 0.93"
    )
    assert recommendation(first, first) == (
        "Nothing was found that pays: stay with fp32, PNDM, 50 steps"
    )
    more = high.with_(batch_size=4, switches={"channels_last": "on", "compile": "full"})
    assert changes(high, more, "float16") == "batch of 4, channels last, compile full"


def test_what_is_recommended_says_no_more_than_is_known() -> None:
    low = rungs.ground_level(RunSpec("a red sun"), "cuda").with_(scheduler="PNDM")
    first, half = rung(1, 1, low, 1000), rung(0.5, 0.99, low.with_(switches={}), 500)
    said = recommendation(half, half, is_ground=False)
    assert said == "Full precision could not be measured: start from fp16, PNDM, 50 steps"
    fast = rung(0.5, 0.9, low.with_(switches={}, num_inference_steps=20), 500)
    assert recommendation(half, fast, is_ground=False) == (
        "fp16, PNDM, 20 steps: 2.0x faster, the same memory, SSIM 0.90, "
        "against fp16, PNDM, 50 steps, as full precision failed"
    )
    assert recommendation(first, replace(half, first=None)) == "fp16: 50% less memory, SSIM 0.99"
    wide = replace(half, first=Verdict(0.97, 0.48, 1.98, differs=False))
    assert recommendation(first, wide).startswith("fp16: 0.48x to 1.98x the time, 50% less")


def test_what_is_undecided_is_not_called_the_same() -> None:
    wide, same = Verdict(1.0, 0.48, 1.98, differs=False), Verdict(1.03, 0.99, 1.07, differs=False)
    assert in_a_word(wide) == "undecided"
    assert in_words(wide) == "undecided: between 0.48x and 1.98x the time"
    assert in_words(same, "rung 1") == "no difference to rung 1 (0.99 to 1.07)"
    faster = Verdict(0.2, 0.19, 0.25, differs=True)
    assert in_words(faster, "rung 1") == "5.0x faster than rung 1 (4.0 to 5.3)"


@pytest.mark.parametrize(
    ("verdict", "peak", "finer", "came", "why"),
    [
        (Verdict(0.5, 0.4, 0.6, differs=True), 1000, False, True, ""),
        (Verdict(1.3, 1.2, 1.4, differs=True), 500, True, False, "It is 30% slower."),
        (Verdict(1.0, 0.97, 1.04, differs=False), 500, False, True, ""),
        (Verdict(1.0, 0.97, 1.04, differs=False), 1000, True, True, ""),
        (Verdict(1.0, 0.97, 1.04, differs=False), 1000, False, False, "takes as long"),
        (Verdict(1.0, 0.48, 1.98, differs=False), 500, True, None, "Undecided: between 0.48x"),
        (Verdict(0.9, 0.7, 1.05, differs=False), 1000, False, None, "Undecided: between 0.70x"),
        (None, 500, True, None, "too few turns"),
    ],
)
def test_a_rung_pays_only_when_that_is_known(
    verdict: Verdict | None, peak: int, finer: bool, came: bool | None, why: str
) -> None:
    spec = RunSpec("a red sun", scheduler="PNDM")
    below, here = rung(1, 1, spec, 1000), rung(1, 1, spec, peak)
    assert below.side is not None
    found = pays(replace(here, before=verdict), below.side, below.side, finer=finer)
    assert found[0] is came
    assert why in found[1]
    assert bool(why) == bool(found[1])


def test_another_picture_does_not_pay_unless_noise_made_it() -> None:
    spec = RunSpec("a red sun", scheduler="PNDM")
    fast = replace(rung(0.5, 0.31, spec, 1000), before=Verdict(0.5, 0.4, 0.6, differs=True))
    for scheduler, came in (("PNDM", False), ("Euler a", True), ("LCM", True)):
        below = rung(1, 1, spec.with_(scheduler=scheduler), 1000).side
        assert below is not None
        found, why = pays(fast, below, below, finer=False)
        assert found is came
        assert ("SSIM 0.31" in why) is not came


def test_ratios_are_said_as_people_say_them() -> None:
    assert [speed(ratio) for ratio in (0.14, 0.935, 1.0, 1.3)] == [
        *("7.1x faster", "7% faster", "as fast", "30% slower"),
    ]
    assert [memory(ratio) for ratio in (0.46, 1.01, 1.5)] == [
        *("54% less memory", "the same memory", "50% more memory"),
    ]


# Climbed


def few(place: Place | None = None) -> tuple[Plan, ...]:
    """The path without what takes long; and a rung that fails."""
    kept = ("steps-4", "steps-5", "batch", "vae", "cache-others")
    broken = Plan("broken", "Broken", "", lambda spec, _: spec.with_(scheduler="Flow Euler"))
    return (broken, *(plan for plan in PATH(place) if plan.name in kept))


PATH = rungs.path


@pytest.fixture
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    """A ladder of few rungs, of few steps each."""
    for name, steps in (("FIRST_STEPS", 16), ("STEPS", 4), ("MORE_STEPS", 5)):
        monkeypatch.setattr(rungs, name, steps)
    monkeypatch.setattr(rungs, "CPU_BATCH", 2)
    monkeypatch.setattr(rungs, "path", few)


def climbed(tested: EngineHarness, ladder: Ladder) -> StudyFinished | StudyEnded:
    run_id = tested.engine.study(ladder)
    tested.wait_idle()
    ends: list[StudyFinished | StudyEnded] = [*tested.all(StudyFinished, run_id)]
    ends += tested.all(StudyEnded, run_id)
    assert len(ends) == 1
    return ends[0]


@pytest.mark.usefixtures("short", "ticks")
def test_a_ladder_is_climbed_and_kept(harness: Make, history: History, spec: RunSpec) -> None:
    tested = harness(history)
    spec = spec.with_(num_inference_steps=20)
    end = climbed(tested, Ladder(spec, repeats=2))
    assert isinstance(end, StudyFinished), end
    result = end.result
    assert isinstance(result, LadderResult)
    by_name = {rung.name: rung for rung in result.rungs}

    first = by_name["full-precision"]
    assert first.side is not None
    assert first.side.spec.num_inference_steps == 16
    assert len(first.side.samples) == 2
    assert first.pays
    broken = by_name["broken"]
    assert broken.side is not None
    assert broken.side.error
    assert broken.pays is False

    faster = by_name["steps-4"]
    assert faster.on == 0
    assert faster.before is not None
    assert faster.first == faster.before, "it stands on the first"
    assert faster.before.differs
    assert faster.before.ratio == pytest.approx(4 / 17, rel=0.05), "PNDM makes 17 of 16"
    assert faster.changes.endswith("4 steps")
    assert faster.likeness_first is not None
    more = by_name["steps-5"]
    assert more.pays is False, "slower than four steps, or as fast"
    batch = by_name["batch"]
    assert batch.side is not None
    assert batch.side.spec.batch_size == rungs.CPU_BATCH
    assert batch.pays
    assert batch.before is not None
    assert batch.before.ratio == pytest.approx(1.4 / 1.2 / 2, rel=0.05)
    assert batch.likeness_before is not None
    assert batch.likeness_before > 0.9, "the same first picture"
    for name in ("vae", "cache-others"):
        assert by_name[name].skipped.endswith(".")
        assert by_name[name].side is None

    assert result.rungs[result.best] == batch
    assert result.spec == batch.side.spec
    assert batch.first is not None
    assert batch.first.ratio == pytest.approx(4 / 17 * 1.4 / 1.2 / 2, rel=0.05)
    assert result.recommendation.startswith("DPM++ 2M, 4 steps, batch of 2: 7.")

    for number, rung in enumerate(result.rungs):
        if rung.side is not None and not rung.side.error:
            record = history.get(rung.side.run_id)
            assert record is not None
            assert (record.group, record.cell) == (end.group, number)
            assert Path(record.images[0].path).is_file()
    group = history.groups.get(end.group)
    assert group is not None
    assert group.kind is Kind.LADDER
    assert group.title == spec.prompt
    assert LadderResult.from_json(group.result) == result
    assert Ladder.from_json(group.plan).spec == spec
    said = tested.all(StudyProgressed)
    assert all(event.done <= event.of for event in said)
    assert [event.done for event in said] == sorted(event.done for event in said)
    partial = tested.all(StudyUpdated)[0].result
    assert isinstance(partial, LadderResult)
    assert not partial.recommendation


@pytest.mark.usefixtures("short")
def test_a_batch_that_does_not_fit_after_all_is_tried_at_half(
    harness: Make, spec: RunSpec, monkeypatch: pytest.MonkeyPatch
) -> None:
    take = Turns.take

    def taken(self: Turns, spec: RunSpec, **options: Any) -> Turn:
        if spec.batch_size == 4:
            raise TurnFailed("Not enough memory.", out_of_memory=True)
        return take(self, spec, **options)

    monkeypatch.setattr(rungs, "CPU_BATCH", 4)
    monkeypatch.setattr(rungs, "path", lambda place=None: few(place)[3:4])
    monkeypatch.setattr(Turns, "take", taken)
    end = climbed(harness(), Ladder(spec, repeats=2))
    assert isinstance(end.result, LadderResult)
    (_, batch) = end.result.rungs
    assert batch.side is not None
    assert not batch.side.error
    assert batch.side.spec.batch_size == 2


@pytest.mark.usefixtures("short", "ticks")
def test_what_a_rung_stands_on_may_fail_beside_it(
    harness: Make, spec: RunSpec, monkeypatch: pytest.MonkeyPatch
) -> None:
    take, made = Turns.take, []

    def taken(self: Turns, spec: RunSpec, **options: Any) -> Turn:
        if spec.num_inference_steps == rungs.FIRST_STEPS:
            made.append(spec)
            if len(made) > 3:  # it was warmed up and took its two turns
                raise TurnFailed("Not enough memory.", out_of_memory=True)
        return take(self, spec, **options)

    monkeypatch.setattr(rungs, "path", lambda place=None: few(place)[1:2])
    monkeypatch.setattr(Turns, "take", taken)
    end = climbed(harness(), Ladder(spec.with_(num_inference_steps=20), repeats=2))
    assert isinstance(end.result, LadderResult)
    (_, fewer) = end.result.rungs
    assert fewer.pays is None
    assert fewer.why_not.endswith("failed beside it: Not enough memory.")
    assert end.result.best == 0


def test_what_is_too_large_to_load_is_tried_in_half_precision(
    harness: Make, spec: RunSpec, monkeypatch: pytest.MonkeyPatch
) -> None:
    take = Turns.take

    def taken(self: Turns, spec: RunSpec, **options: Any) -> Turn:
        if not spec.switches:
            raise TurnFailed("Not enough memory to load it.", out_of_memory=True)
        return take(self, spec, **options)

    monkeypatch.setattr(rungs, "path", lambda place=None: PATH(place)[:2])
    monkeypatch.setattr(Turns, "take", taken)
    end = climbed(harness(), Ladder(spec, repeats=2))
    assert isinstance(end.result, LadderResult)
    assert end.result.recommendation == (
        "Full precision could not be measured: start from bf16, PNDM, 3 steps"
    )


@pytest.mark.usefixtures("short", "ticks")
def test_where_the_first_does_not_fit_the_others_are_against_the_lowest_that_does(
    harness: Make, spec: RunSpec, monkeypatch: pytest.MonkeyPatch
) -> None:
    take = Turns.take

    def taken(self: Turns, spec: RunSpec, **options: Any) -> Turn:
        if spec.num_inference_steps == rungs.FIRST_STEPS:
            take(self, spec.with_(num_inference_steps=1))
            raise TurnFailed("Not enough memory.")
        return take(self, spec, **options)

    monkeypatch.setattr(Turns, "take", taken)
    end = climbed(harness(), Ladder(spec.with_(num_inference_steps=20), repeats=2))
    assert isinstance(end, StudyFinished), end
    result = end.result
    assert isinstance(result, LadderResult)
    by_name = {rung.name: rung for rung in result.rungs}
    assert by_name["full-precision"].pays is False
    start, batch = by_name["steps-4"], by_name["batch"]
    assert (start.on, start.pays, start.first) == (-1, True, None)
    assert batch.first is not None
    assert batch.first == batch.before
    assert by_name["steps-5"].first == by_name["steps-5"].before
    assert by_name["steps-5"].why_not
    assert result.rungs[result.best] == batch
    assert "fp32, DPM++ 2M, 4 steps, batch of 2: 1.7x faster" in result.recommendation
    assert "against fp32, DPM++ 2M, 4 steps, as full precision failed" in result.recommendation


@pytest.mark.usefixtures("short")
def test_a_climb_that_is_stopped_leaves_what_it_has(
    harness: Make, history: History, spec: RunSpec
) -> None:

    def stop(event: Event) -> None:
        if isinstance(event, StudyProgressed) and event.what == "Full precision, turn 2":
            tested.engine.cancel()

    tested = harness(history, react=stop)
    end = climbed(tested, Ladder(spec))
    assert isinstance(end, StudyEnded)
    assert not end.error
    group = history.groups.get(end.group)
    assert group is not None
    kept = LadderResult.from_json(group.result)
    assert kept == end.result
    assert kept.best == -1
    assert kept.rungs[0].side is not None
    assert len(kept.rungs[0].side.samples) == 1
    assert not kept.recommendation


def test_a_checkpoint_that_is_not_there_ends_it_with_a_sentence(
    harness: Make, history: History, spec: RunSpec, tmp_path: Path
) -> None:
    end = climbed(harness(history), Ladder(spec.with_(checkpoint=str(tmp_path / "nowhere"))))
    assert isinstance(end, StudyEnded)
    assert end.error.endswith(".")
