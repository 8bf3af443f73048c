"""A measured comparison: in turns, warm, kept, and stopped like a run."""

from __future__ import annotations

import threading
from collections.abc import Callable
from itertools import islice
from pathlib import Path
from typing import Any

import pytest

from engine.errors import InvalidSpec
from engine.events import (
    Event,
    StudyEnded,
    StudyFinished,
    StudyProgressed,
    StudyQueued,
    StudyStarted,
    StudyUpdated,
)
from engine.group import Kind
from engine.history import History
from engine.ladder import climbing
from engine.measure import contest
from engine.measure.order import Visit, in_camps, is_costly, rounds
from engine.measure.request import Measurement, MeasurementResult
from engine.measure.turns import Turn, Turns
from engine.spec import RunSpec
from tests.engine.harness import EngineHarness

Make = Callable[..., EngineHarness]


@pytest.fixture(autouse=True)
def in_no_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is undecided after the turns that were asked for stays so."""
    monkeypatch.setattr(contest, "EXTRA_SECONDS", 0.0)
    monkeypatch.setattr(climbing, "EXTRA_SECONDS", 0.0)


def measured(tested: EngineHarness, measurement: Measurement) -> StudyFinished | StudyEnded:
    """Measure, and how that ended."""
    run_id = tested.engine.study(measurement)
    tested.wait_idle()
    ends: list[StudyFinished | StudyEnded] = [*tested.all(StudyFinished, run_id)]
    ends += tested.all(StudyEnded, run_id)
    assert len(ends) == 1, "a study ends once"
    return ends[0]


def result_of(end: StudyFinished | StudyEnded) -> MeasurementResult:
    assert isinstance(end.result, MeasurementResult), end
    return end.result


@pytest.mark.usefixtures("ticks")
def test_two_schedulers_are_measured_in_turns_and_kept(
    harness: Make, history: History, spec: RunSpec
) -> None:
    tested = harness(history)
    specs = (spec, spec.with_(scheduler="Heun", num_inference_steps=10))
    end = measured(tested, Measurement(specs, ("few", "many"), repeats=3))
    assert isinstance(end, StudyFinished), end
    result = result_of(end)

    few, many = result.sides
    assert few.label == "few"
    assert len(few.samples) == len(many.samples) == 3
    assert few.seconds is not None
    assert few.seconds.low <= few.seconds.median <= few.seconds.high
    assert all(0 < sample.denoise < sample.seconds for sample in few.samples)
    assert all(sample.memory_peak_bytes > 50_000_000 for sample in few.samples)
    assert few.load_seconds > 0, "the first had to load the checkpoint"
    assert many.load_seconds == 0, "the other found it there"
    assert result.verdicts[0] is None
    verdict = result.verdicts[1]
    assert verdict is not None
    assert verdict.differs
    assert 1 < verdict.low <= verdict.ratio <= verdict.high
    assert verdict.ratio == pytest.approx(19 / 3, rel=0.05), "Heun makes 19 of 10"
    assert not result.note, "A B A B needs no explanation"

    assert [type(event) for event in tested.events[:2]] == [StudyQueued, StudyStarted]
    said = tested.all(StudyProgressed)
    assert [event.what for event in said[:4]] == [
        *("warming up few", "warming up many"),
        *("few, turn 1", "many, turn 1"),
    ]
    assert [event.done for event in said] == list(range(len(said)))
    assert all(event.done < event.of for event in said)
    assert tested.all(StudyUpdated)[-1].result == result

    for cell, side in enumerate(result.sides):
        record = history.get(side.run_id)
        assert record is not None
        assert (record.group, record.cell) == (end.group, cell)
        assert record.spec == side.spec
        assert record.seconds.denoise > 0
        assert len(record.images) == 1
        assert Path(record.images[0].path).is_file()
    assert history.count() == 2, "the pictures of the other turns are not kept"
    group = history.groups.get(end.group)
    assert group is not None
    assert group.kind is Kind.COMPARISON
    assert Measurement.from_json(group.plan).specs == specs
    assert MeasurementResult.from_json(group.result) == result


def test_a_side_that_needs_a_reload_is_measured_in_blocks(harness: Make, spec: RunSpec) -> None:
    tested = harness()
    other = spec.with_(switches={"precision": "bf16"})
    end = measured(tested, Measurement((spec, other), repeats=4))
    assert isinstance(end, StudyFinished), end
    result = result_of(end)
    assert "blocks" in result.note
    assert [side.dtype for side in result.sides] == ["float32", "bfloat16"]
    turns = [event.what[0] for event in tested.all(StudyProgressed) if "turn" in event.what]
    assert "".join(turns[:8]) == "ABBAABBA"
    said = [event.what for event in tested.all(StudyProgressed)]
    assert said[:6] == [
        *("warming up A", "A, turn 1", "warming up B", "B, turn 1", "B, turn 2"),
        "warming up A",
    ]


def test_what_was_measured_before_a_cancel_is_kept(
    harness: Make, history: History, spec: RunSpec
) -> None:
    def stop(event: Event) -> None:
        if isinstance(event, StudyProgressed) and event.what == "A, turn 2":
            assert tested.engine.cancel(event.run_id)

    tested = harness(history, react=stop)
    end = measured(tested, Measurement((spec, spec)))
    assert isinstance(end, StudyEnded)
    assert not end.error
    result = result_of(end)
    assert [len(side.samples) for side in result.sides] == [1, 2]
    group = history.groups.get(end.group)
    assert group is not None
    assert MeasurementResult.from_json(group.result) == result
    assert tested.run(spec).record.images, "the next run goes on"


def test_a_side_that_fails_says_why_and_the_others_go_on(harness: Make, spec: RunSpec) -> None:
    wrong = spec.with_(width=132, height=128) if spec.width else spec.with_(scheduler="Flow Euler")
    end = measured(harness(), Measurement((spec, wrong, spec), repeats=2))
    assert isinstance(end, StudyFinished), end
    first, failed, third = result_of(end).sides
    assert failed.error
    assert not failed.samples
    assert len(first.samples) >= 2
    assert len(third.samples) >= 2
    assert result_of(end).verdicts[1] is None

    end = measured(harness(), Measurement((spec, wrong), repeats=2))
    assert isinstance(end, StudyEnded)
    assert end.error == failed.error


def test_a_study_that_waits_is_cancelled_and_stopped_like_a_run(
    harness: Make, spec: RunSpec
) -> None:
    tested = harness()
    tested.engine.queue.pause()
    one = tested.engine.study(Measurement((spec, spec)))
    two = tested.engine.study(Measurement((spec, spec)))
    assert tested.engine.cancel(one)
    assert tested.all(StudyEnded, one) == [StudyEnded(one)]
    assert tested.engine.stop(30.0)
    assert tested.all(StudyEnded, two) == [StudyEnded(two)]
    assert not tested.all(StudyStarted)


def test_what_is_deep_in_a_step_when_the_engine_stops_has_ended_for_its_reader(
    harness: Make, history: History, spec: RunSpec
) -> None:
    """A device that does not answer: the process may end, and what was measured is kept."""
    reached, go_on = threading.Event(), threading.Event()

    tested = harness(history)
    turn = Turns.take

    def hanging(self: Turns, *args: Any, **kwargs: Any) -> Turn:
        if tested.all(StudyProgressed)[-1].what == "B, turn 1":
            reached.set()
            assert go_on.wait(60)
        return turn(self, *args, **kwargs)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Turns, "take", hanging)
        run_id = tested.engine.study(Measurement((spec, spec)))
        assert reached.wait(60)
        assert not tested.engine.stop(0.2)
        (end,) = tested.all(StudyEnded, run_id)
        go_on.set()
        assert tested.engine.stop(30.0)
    assert not end.error
    assert [len(side.samples) for side in result_of(end).sides] == [1, 0]
    group = history.groups.get(end.group)
    assert group is not None
    assert MeasurementResult.from_json(group.result) == end.result
    assert tested.all(StudyEnded, run_id) == [end], "and only once"


@pytest.mark.parametrize(
    ("one", "other", "costly"),
    [
        ({}, {"attention": "math", "channels_last": "on"}, False),
        ({}, {"vae": "better-vae"}, True),
        ({}, {"precision": "bf16"}, True),
        ({}, {"offload": "model"}, True),
        ({}, {"compile": "full"}, True),
        ({"compile": "full"}, {"compile": "full", "vae_tiling": "on"}, False),
        ({"compile": "full"}, {"compile": "full", "fused_qkv": "on"}, True),
        ({"precision": "auto"}, {}, False),
    ],
)
def test_changing_sides_costs_what_loads_or_compiles(
    one: dict[str, str], other: dict[str, str], costly: bool
) -> None:
    a, b = RunSpec("a", switches=one), RunSpec("b", switches=other, num_inference_steps=9)
    assert is_costly(a, b) is costly
    assert is_costly(b, a) is costly
    assert in_camps([a, b, a]) == (((0, 2), (1,)) if costly else ((0, 1, 2),))


def test_in_blocks_every_second_change_is_none() -> None:
    taken = list(islice(rounds(((0,), (1, 2)), 2), 3))
    assert taken == [
        (Visit((0,), 2, (0,)), Visit((1, 2), 2, (1, 2))),
        (Visit((2, 1), 2), Visit((0,), 2, (0,))),
        (Visit((0,), 2), Visit((1, 2), 2, (1, 2))),
    ]
    assert list(islice(rounds(((0, 1),), 1), 2)) == [
        (Visit((0, 1), 1, (0, 1)),),
        (Visit((1, 0), 1),),
    ]


def test_one_turn_of_each_is_refused(harness: Make, spec: RunSpec) -> None:
    with pytest.raises(InvalidSpec, match="2 turns or more"):
        harness().engine.study(Measurement((spec, spec), repeats=1))
