"""Effects: which pair of runs tells what a switch did, and the figures of the pair."""

from __future__ import annotations

import json
import random
import time
from dataclasses import replace
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from engine.effects import FIELDS, Effect, effects, likeness_of
from engine.record import ImageRecord, RunRecord, Seconds, Status
from engine.spec import RunSpec

SPEC = RunSpec("a red sun", seed=7, width=128, height=128)
FP16 = {"precision": "fp16"}


def run(run_id: int, spec: RunSpec = SPEC, seconds: float = 1.0, **changes: Any) -> RunRecord:
    """A finished run that took ``seconds`` for denoising and decoding, and much more to load."""
    record = RunRecord(
        id=run_id,
        status=Status.FINISHED,
        spec=spec,
        created_at="2026-01-31T10:00:00.000Z",
        images=(ImageRecord(f"/nowhere/{run_id}.png", spec.seed, 128, 128),),
        seconds=Seconds(9.0, 0.5, seconds * 0.8, seconds * 0.2, 0.5, seconds + 10),
        memory_peak_bytes=1000 + run_id,
    )
    return replace(record, **changes)


def found(*records: RunRecord) -> dict[tuple[str, str], Effect]:
    return {(effect.switch, effect.value): effect for effect in effects(records)}


def test_a_switch_against_its_default() -> None:
    (effect,) = effects([run(2, SPEC.with_(switches=FP16), 0.5), run(1)])
    assert effect == Effect(
        switch="precision",
        value="fp16",
        against=None,
        run_id=2,
        against_run_id=1,
        seconds_ratio=0.5,
        memory_difference_bytes=1,
        images=(Path("/nowhere/2.png"), Path("/nowhere/1.png")),
    )
    assert json.loads(json.dumps(effect.to_json()))["images"] == [
        "/nowhere/2.png",
        "/nowhere/1.png",
    ]


def test_the_default_may_be_the_newer_of_the_two() -> None:
    effect = found(run(1, SPEC.with_(switches=FP16), 0.5), run(2))["precision", "fp16"]
    assert (effect.run_id, effect.against_run_id) == (1, 2)
    assert effect.seconds_ratio == 0.5


@pytest.mark.parametrize(
    "changes",
    [
        {"prompt": "a moon"},
        {"prompt": "a red sun\n---\na red sun"},
        {"negative_prompt": "stars"},
        {"seed": 8},
        {"checkpoint": "another"},
        {"guidance_scale": 5.0},
        {"width": 256},
        {"switches": {"compile": "regional"}},
    ],
)
def test_all_else_must_be_equal(changes: dict[str, Any]) -> None:
    on = SPEC.with_(switches=FP16)
    other = SPEC.with_(**changes)
    told = found(run(1, on), run(2, other))
    assert ("precision", "fp16") not in told
    both = other.with_(switches={**changes.get("switches", {}), **FP16})
    assert ("precision", "fp16") in found(run(1, both), run(2, other))


def test_the_device_must_be_the_same_and_the_run_finished() -> None:
    on = SPEC.with_(switches=FP16)
    assert effects([run(1), run(2, on, device="cuda:0")]) == ()
    for status in (Status.CANCELLED, Status.FAILED):
        assert effects([run(1), run(2, on, status=status)]) == ()


def test_the_newest_pair_is_taken() -> None:
    on, other = SPEC.with_(switches=FP16), SPEC.with_(seed=9)
    told = found(
        run(1, on),
        run(2),
        run(3, other),
        run(4, other.with_(switches=FP16)),
        run(5, other.with_(switches=FP16)),
    )
    effect = told["precision", "fp16"]
    assert (effect.run_id, effect.against_run_id) == (5, 3)


def test_without_the_default_two_values_are_compared() -> None:
    karras, beta = ({"sigmas": name} for name in ("karras", "beta"))
    told = found(run(1, SPEC.with_(switches=karras)), run(2, SPEC.with_(switches=beta), 2.0))
    assert told["sigmas", "beta"].against == "karras"
    assert told["sigmas", "beta"].seconds_ratio == 2
    assert told["sigmas", "karras"].against == "beta"
    # Where there is the default, it goes first, however old.
    told = found(
        run(1), run(2, SPEC.with_(switches=karras)), run(3, SPEC.with_(switches=beta), 2.0)
    )
    assert told["sigmas", "beta"].against is None
    assert told["sigmas", "karras"].against is None


def test_fields_are_switches_too() -> None:
    told = found(
        run(1),
        run(2, SPEC.with_(scheduler="Euler")),
        run(3, SPEC.with_(num_inference_steps=40), 2.0),
        run(4, SPEC.with_(batch_size=4), 2.0),
    )
    assert told["scheduler", "Euler"].against == "DPM++ 2M"
    assert told["num_inference_steps", "40"].seconds_ratio == 2
    assert told["num_inference_steps", "20"].seconds_ratio == 0.5
    assert told["batch_size", "4"].against == "1"
    assert told["batch_size", "4"].seconds_ratio == 0.5  # a picture
    order = [(effect.switch, effect.value) for effect in effects(list(_some()))]
    assert order == [
        ("precision", "fp16"),
        ("num_inference_steps", "4"),
        ("num_inference_steps", "20"),
        ("num_inference_steps", "100"),
    ]


def test_figures_are_by_picture_of_all_prompts() -> None:
    two = SPEC.with_(prompt="a sun\n---\na moon")
    told = found(run(1, two), run(2, two.with_(batch_size=3), 1.5), run(3, SPEC, 9.0))
    assert told["batch_size", "3"].against_run_id == 1  # of as many prompts
    assert told["batch_size", "3"].seconds_ratio == pytest.approx(0.5)


def _some() -> list[RunRecord]:
    steps = [run(n, SPEC.with_(num_inference_steps=n)) for n in (4, 100, 20)]
    return [*steps, run(101, SPEC.with_(switches=FP16))]


def test_figures_that_are_missing_are_not_made_up() -> None:
    whole = run(1), run(2, SPEC.with_(switches=FP16))
    for times in (Seconds(), Seconds(denoise=float("nan"))):
        bare = [replace(r, seconds=times, memory_peak_bytes=0, images=()) for r in whole]
        for records in ((whole[0], bare[1]), (bare[0], whole[1])):
            (effect,) = effects(records)
            assert effect.seconds_ratio is None
            assert effect.memory_difference_bytes is None
            assert effect.images is None
            assert likeness_of(effect) is None


specs = st.builds(
    RunSpec,
    prompt=st.just(""),
    seed=st.integers(0, 1),
    num_inference_steps=st.integers(1, 2),
    batch_size=st.integers(1, 2),
    scheduler=st.sampled_from([None, "Euler", "PNDM"]),
    switches=st.dictionaries(st.sampled_from(["a", "b"]), st.sampled_from(["1", "2"])),
)


def _values(spec: RunSpec) -> dict[str, str | None]:
    fields = {name: getattr(spec, name) for name in FIELDS}
    named = {name: None if value is None else str(value) for name, value in fields.items()}
    return {**dict.fromkeys("ab"), **spec.switches, **named}


@settings(max_examples=200, deadline=None)
@given(st.lists(specs, max_size=8))
def test_it_is_every_pair_that_differs_in_one(drawn: list[RunSpec]) -> None:
    """Against the definition, pair by pair."""
    records = [run(number, spec) for number, spec in enumerate(drawn, 1)]
    wanted: set[tuple[str, str]] = set()
    for one, two in combinations(records, 2):
        left, right = _values(one.spec), _values(two.spec)
        differs = [name for name in left if left[name] != right[name]]
        if len(differs) == 1 and one.spec.seed == two.spec.seed:
            (name,) = differs
            if name == "scheduler" and None in (left[name], right[name]):
                continue
            wanted |= {(name, v) for v in (left[name], right[name]) if v is not None}
    told = found(*records)
    assert told.keys() == wanted
    by_id = {record.id: record for record in records}
    for (name, value), effect in told.items():
        mine, theirs = (_values(by_id[i].spec) for i in (effect.run_id, effect.against_run_id))
        assert mine[name] == value
        assert theirs[name] == effect.against
        assert {**mine, name: None} == {**theirs, name: None}
    assert told == found(*records[::-1])


def test_likeness_is_of_the_pictures(tmp_path: Path) -> None:
    effect = effects([run(1), run(2, SPEC.with_(switches=FP16))])[0]
    assert likeness_of(effect) is None
    paths = tmp_path / "1.png", tmp_path / "2.png"
    effect = replace(effect, images=paths)
    noise = random.Random(1).randbytes
    for path in paths:
        Image.frombytes("RGB", (16, 16), noise(16 * 16 * 3)).save(path)
    value = likeness_of(effect)
    assert value is not None
    assert -1 <= value < 0.5
    paths[1].write_bytes(paths[0].read_bytes())
    assert likeness_of(effect) == 1.0
    Image.new("RGB", (24, 16)).save(paths[1])
    assert likeness_of(effect) is None
    paths[1].write_bytes(b"\x89PNG\r\n\x1a\nnot a picture")
    assert likeness_of(effect) is None


def test_it_is_fast() -> None:
    values = random.Random(1)
    names = ("precision", "attention", "compile", "offload", "sigmas")
    records = [
        run(
            number,
            SPEC.with_(
                prompt="a" * 2000 + str(number % 7),
                num_inference_steps=values.randint(1, 1000),
                switches={name: "on" for name in names if values.random() < 0.3},
            ),
        )
        for number in range(1, 5001)
    ]
    taken = []
    for _ in range(5):
        start = time.perf_counter()
        assert effects(records)
        taken.append(time.perf_counter() - start)
    assert min(taken) < 1.0  # some 0.06 s; work that grew with the square would take many
