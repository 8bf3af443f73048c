"""What is typed becomes a spec, or a sentence at the field."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.spec import MAX_SEED, RunSpec
from tui.form import FIELDS, default_form, differences, form_of, known_form, parse


def typed(**changes: str) -> dict[str, str]:
    return {**default_form(), **changes}


def test_the_first_form_can_be_run() -> None:
    spec, problems = parse(default_form())
    assert problems == {}
    assert spec is not None
    assert (spec.seed, spec.num_inference_steps, spec.width) == (7, 20, None)


@pytest.mark.parametrize(
    ("field", "text", "said"),
    [
        ("size", "100x100", "multiple of 8: 96 or 104, not 100"),
        ("size", "big", "such as 512x512"),
        ("size", "0x0", "from 8 to"),
        ("size", "99999x8", "from 8 to"),
        ("num_inference_steps", "0", "from 1 to"),
        ("num_inference_steps", "", "whole number"),
        ("num_inference_steps", "2.5", "whole number"),
        ("num_inference_steps", "9" * 5000, "whole number"),
        ("guidance_scale", "abc", "must be a number"),
        ("guidance_scale", "nan", "must be a number"),
        ("guidance_scale", "1e999", "must be a number"),
        ("guidance_scale", "-1", "from 0 to"),
        ("seed", str(2**63), "2^63"),
        ("seed", "-5", "2^63"),
        ("seed", "seven", "empty for random"),
        ("batch_size", "0", "from 1 to"),
        ("batch_size", "65", "from 1 to 64"),
        ("checkpoint", "  ", "Name a checkpoint"),
        ("scheduler", "Magic", "No scheduler is called"),
        ("prompt", "x" * 20_001, "20,000 at most"),
    ],
)
def test_a_bad_value_is_refused_at_its_field(field: str, text: str, said: str) -> None:
    spec, problems = parse(typed(**{field: text}))
    assert spec is None
    assert set(problems) == {field}
    assert said in problems[field]
    assert "\n" not in problems[field]


def test_every_wrong_field_is_told_at_once() -> None:
    _, problems = parse(typed(seed="x", size="7", guidance_scale="y"))
    assert set(problems) == {"seed", "size", "guidance_scale"}


def test_the_last_seed_of_a_batch_must_exist() -> None:
    _, problems = parse(typed(seed=str(MAX_SEED), batch_size="2"))
    assert "beyond" in problems["seed"]


@pytest.mark.parametrize("text", ["256x512", "256×512", "256 x 512", "256*512", "256,512"])
def test_sizes_as_people_write_them(text: str) -> None:
    spec, _ = parse(typed(size=text))
    assert spec is not None
    assert (spec.width, spec.height) == (256, 512)


def test_one_number_is_a_square() -> None:
    spec, _ = parse(typed(size="256"))
    assert spec is not None
    assert (spec.width, spec.height) == (256, 256)


def test_an_empty_seed_is_a_new_one_each_time() -> None:
    seeds = {spec.seed for spec, _ in (parse(typed(seed="")) for _ in range(5)) if spec}
    assert len(seeds) == 5


def test_differences_from_the_last_run() -> None:
    last = form_of(RunSpec("a sun", width=128, height=128))
    assert differences({**last, "seed": "1", "size": ""}, last) == {"seed"}


def test_a_kept_form_may_hold_anything() -> None:
    assert known_form([1]) == {}
    assert known_form({"seed": 3, "prompt": "x", "other": "y"}) == {"prompt": "x"}


@given(
    st.builds(
        RunSpec,
        prompt=st.text(max_size=50),
        negative_prompt=st.text(max_size=20),
        seed=st.integers(0, MAX_SEED - 64),
        num_inference_steps=st.integers(1, 1000),
        guidance_scale=st.floats(0, 100),
        width=st.integers(1, 1024).map(lambda x: x * 8),
        height=st.integers(1, 1024).map(lambda x: x * 8),
        scheduler=st.sampled_from([None, "Euler", "PNDM"]),
        batch_size=st.integers(1, 64),
    )
)
def test_a_spec_on_the_form_gives_the_same_spec(spec: RunSpec) -> None:
    back, problems = parse(form_of(spec))
    assert (problems, back) == ({}, spec)


@given(st.fixed_dictionaries({name: st.text(max_size=12) for name in FIELDS}))
def test_no_form_breaks_it(form: dict[str, str]) -> None:
    spec, problems = parse(form)
    assert (spec is None) == bool(problems)
