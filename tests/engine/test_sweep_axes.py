"""What is typed for the axes of a sweep, and the cells they make."""

from __future__ import annotations

import os
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.errors import InvalidAxis
from engine.spec import MAX_SEED, MAX_STEPS, RunSpec
from engine.sweep import NAMES, Axis, Sweep, parse_axis, parse_sweep
from engine.sweep.places import anchored
from engine.switches import SWITCHES

BASE = RunSpec("a red sun over blue mountains, orange sky", negative_prompt="stars", seed=7)


def labels(text: str, base: RunSpec = BASE) -> list[str]:
    return [value.label for value in parse_axis(text, base).values]


def specs(*texts: str, base: RunSpec = BASE) -> list[RunSpec]:
    cells = parse_sweep(texts, base).cells()
    assert all(cell.spec is not None for cell in cells), [cell.error for cell in cells]
    return [cell.spec for cell in cells if cell.spec is not None]


def test_lists_and_ranges() -> None:
    assert [s.num_inference_steps for s in specs("steps=20,30,50")] == [20, 30, 50]
    assert [s.guidance_scale for s in specs("guidance=4..8:1")] == [4, 5, 6, 7, 8]
    assert [s.guidance_scale for s in specs("cfg=0.1..0.5:0.1")] == [0.1, 0.2, 0.3, 0.4, 0.5]
    assert [s.seed for s in specs("Seed = 1..4")] == [1, 2, 3, 4]
    assert [s.seed for s in specs("seed=4..1,9")] == [4, 3, 2, 1, 9]
    assert [s.batch_size for s in specs("batch=1..8:3")] == [1, 4, 7]
    assert [(s.width, s.height) for s in specs("size=512x512, 768x512, 64")] == [
        (512, 512),
        (768, 512),
        (64, 64),
    ]
    assert [s.width for s in specs("width=64..128:64")] == [64, 128]
    assert [s.scheduler for s in specs("sampler=ddim,plms,dpm++ 2m,own")] == [
        "DDIM",
        "PNDM",
        "DPM++ 2M",
        None,
    ]


def test_switches_by_their_names() -> None:
    assert [dict(s.switches) for s in specs("precision=auto,FP16,fp32")] == [
        {},
        {"precision": "fp16"},
        {"precision": "fp32"},
    ]
    assert [dict(s.switches) for s in specs("vae-tiling=off,on")] == [{}, {"vae_tiling": "on"}]
    base = BASE.with_(switches={"precision": "fp16"})
    assert [dict(s.switches) for s in specs("compile=off,regional", base=base)] == [
        {"precision": "fp16"},
        {"precision": "fp16", "compile": "regional"},
    ]
    assert labels("checkpoint=/a/b/one.safetensors,/a/two") == ["one.safetensors", "two"]
    assert labels("checkpoint=/a/one,/b/one") == ["/a/one", "/b/one"], "else nobody could tell"


def test_prompts() -> None:
    red, green = specs("prompt:red=red,green")
    assert red.prompt == BASE.prompt
    assert green.prompt == "a green sun over blue mountains, orange sky"
    assert [s.prompt for s in specs('prompt:=red sun,"moon, birds"')] == [
        BASE.prompt,
        "a moon, birds over blue mountains, orange sky",
    ]
    assert [s.negative_prompt for s in specs("negative:stars=birds")] == ["birds"]
    assert [s.prompt for s in specs('prompt="a red sun, birds",a moon')] == [
        "a red sun, birds",
        "a moon",
    ]
    both = specs("prompt:red=red,blue", "prompt:blue=gray")
    assert both[1].prompt == "a gray sun over gray mountains, orange sky", "one after the other"
    given_by_another = specs("prompt:dog=cat", 'prompt="a dog, red"')
    assert [s.prompt for s in given_by_another] == ["a cat, red"]


def test_prompts_of_a_file(tmp_path: Path) -> None:
    file = tmp_path / "prompts, mine.txt"
    file.write_text("\ufeffa red sun, birds\n\n# not this\n  a moon  \n", encoding="utf-8")
    assert [s.prompt for s in specs(f"prompt=@{file}")] == ["a red sun, birds", "a moon"]
    file.write_text("\n# nothing\n")
    with pytest.raises(InvalidAxis, match="has no prompts in it"):
        parse_axis(f"prompt=@{file}", BASE)
    with pytest.raises(InvalidAxis, match="could not be read: No such file"):
        parse_axis("prompt=@/nowhere.txt", BASE)
    file.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(InvalidAxis, match="no text in UTF-8"):
        parse_axis(f"prompt=@{file}", BASE)


def test_files_of_prompts_end(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(InvalidAxis, match="is not a file of prompts"):
        parse_axis(f"prompt=@{tmp_path}/pipe", BASE)
    (tmp_path / "long.txt").write_bytes(b"a moon\n" * 2**20)
    with pytest.raises(InvalidAxis, match="is too large for a file of prompts"):
        parse_axis(f"prompt=@{tmp_path}/long.txt", BASE)


def test_a_line_break_and_many_digits() -> None:
    assert [s.prompt for s in specs('prompt="a red\nsun",b')] == ["a red\nsun", "b"]
    assert labels("guidance=7,7.0000001,7.0000002") == ["7", "7.0000001", "7.0000002"]


def test_wildcards() -> None:
    base = BASE.with_(prompt="a {red|green} sun over {blue|} mountains")
    assert [s.prompt for s in specs("wildcards", base=base)] == [
        "a red sun over blue mountains",
        "a red sun over  mountains",
        "a green sun over blue mountains",
        "a green sun over  mountains",
    ]
    assert labels("wildcards", base)[1] == "red, (nothing)"
    assert [s.prompt for s in specs("prompt=a {red|green} sun,a moon")] == [
        "a red sun",
        "a green sun",
        "a moon",
    ]
    with pytest.raises(InvalidAxis, match="has no choices in it"):
        parse_axis("wildcards", BASE)
    with pytest.raises(InvalidAxis, match="make 256 prompts; 200 at most"):
        parse_axis("wildcards", BASE.with_(prompt="{a|b}" * 8))


def test_paths_hold_from_any_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("one", "two", "vae_b", "scenes", "own/vae_b"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "own" / "model_index.json").write_text("{}")
    monkeypatch.chdir(tmp_path)
    base = BASE.with_(checkpoint="./one", switches={"vae": "vae_b"})
    plan = anchored(parse_sweep(["checkpoint=two,someone/else,scenes"], base))
    assert plan.base.checkpoint == str(tmp_path / "one")
    found = [cell.spec for cell in plan.cells() if cell.spec is not None]
    assert [spec.checkpoint for spec in found] == [str(tmp_path / "two"), "someone/else", "scenes"]
    assert {spec.switches["vae"] for spec in found} == {str(tmp_path / "vae_b")}
    assert [value.label for value in plan.axes[0].values] == ["two", "else", "scenes"]
    own = anchored(parse_sweep(["vae=default,vae_b,./vae_b"], BASE.with_(checkpoint="own")))
    vaes = [value.changes["switch:vae"] for value in own.axes[0].values]
    assert vaes == ["default", "vae_b", str(tmp_path / "vae_b")], "it comes with its own vae_b"


SLIPS = {
    "": "An axis is a name and its values",
    "=1,2": "An axis is a name and its values",
    "stpes=1": "no axis called “stpes”. Did you mean “steps”",
    "qqqqq=1": "no axis called “qqqqq”. Known: steps, guidance",
    "steps": "steps needs values: steps=20,30,50.",
    "steps=": "steps needs values: steps=20,30,50.",
    "steps=,": "steps needs values",
    "steps=many": "Steps takes numbers and ranges such as 4..8:1, not “many”",
    "steps=2.5": "Steps takes whole numbers, not 2.5",
    "steps=1..3:0.5": "Steps takes whole numbers, not 1.5",
    "steps=1..9:0": "The step of 1..9:0 is 0",
    "seed=1..9:-1": "goes up, but its step is -1",
    "seed=1..9999": "1..9999 are 9,999 values; 200 at most",
    "guidance=nan": "Guidance takes numbers",
    "guidance=4...8": "Guidance takes numbers",
    "size=big": "Size takes values such as 512x512",
    "scheduler=Eulr": "No scheduler is called “Eulr”. Did you mean “Euler”",
    "precision=fp61": "precision cannot be “fp61”. Did you mean “fp16”",
    "prompt:gold=red": "“gold” is not in the prompt",
    "prompt:=gold,red": "“gold” is not in the prompt",
    "prompt:=,red": "Say what to look for",
    "negative:red=blue": "“red” is not in the negative prompt",
    "seed=-1,2": "Seed -1 is a random one",
    "prompt=@~nosuchuser/x": "could not be read",
    "prompt=@/dev/zero": "is not a file of prompts",
    "prompt=a\nb": "stands in double quotes",
    "wildcards={a|{b|c}} sun": "Choices within choices are not read",
    "prompt={a|{b|c}},moon": "Choices within choices are not read",
    "steps:2=3": "Only of a prompt a part can be replaced, not of steps",
    'prompt="a,b': "quotes .* do not close",
    'prompt="a"b,c': "quotes .* do not close",
}


@pytest.mark.parametrize(("text", "sentence"), SLIPS.items(), ids=list(SLIPS))
def test_slips(text: str, sentence: str) -> None:
    with pytest.raises(InvalidAxis, match=sentence) as told:
        parse_axis(text, BASE)
    with pytest.raises(InvalidAxis, match=sentence):
        parse_sweep([text], BASE)
    assert str(told.value).endswith((".", "?"))
    assert "\n" not in str(told.value)


def test_axes_that_do_not_go_together() -> None:
    with pytest.raises(InvalidAxis, match="one to three axes, not 0"):
        parse_sweep([], BASE)
    with pytest.raises(InvalidAxis, match="one to three axes, not 4"):
        parse_sweep(["steps=1", "seed=1", "guidance=1", "batch=1"], BASE)
    with pytest.raises(InvalidAxis, match="Two axes set the steps"):
        parse_sweep(["steps=1,2", "num_inference_steps=3"], BASE)
    with pytest.raises(InvalidAxis, match="Two axes set the precision"):
        parse_sweep(["precision=fp16", "precision=fp32"], BASE)
    with pytest.raises(InvalidAxis, match="Two axes set the height"):
        parse_sweep(["size=64", "height=64,128"], BASE)
    with pytest.raises(InvalidAxis, match="100 x 11 are 1,100 cells; 1,000 at most"):
        parse_sweep(["seed=1..100", "guidance=0..10"], BASE)


def test_equal_values_count_once_and_it_is_said() -> None:
    axis = parse_axis("steps=20,30,20,20..21", BASE)
    assert [value.label for value in axis.values] == ["20", "30", "21"]
    assert axis.notes == ("Steps: 20 counts once.",)
    assert parse_axis("steps=20,30", BASE).notes == ()


def test_impossible_cells_are_told_and_the_others_go_on() -> None:
    cells = parse_sweep(["steps=0,20", "width=64,65"], BASE).cells()
    assert [cell.spec is not None for cell in cells] == [False, True, False, False]
    assert "Steps must be a whole number" in cells[0].error
    assert "Width must be a multiple of 8: 64 or 72, not 65." in cells[3].error
    cells = parse_sweep(["offload=none,model", "fused_qkv=off,on"], BASE).cells()
    assert [bool(cell.error) for cell in cells] == [False, False, False, True]
    assert "does not work while weights are offloaded" in cells[3].error
    cells = parse_sweep(["prompt=a dog,a cat", "prompt:dog=bird"], BASE).cells()
    assert [cell.error for cell in cells] == ["", "“dog” is not in this prompt."]
    (cell,) = parse_sweep(["seed=-2"], BASE).cells()
    assert cell.error


def test_cells_are_in_reading_order() -> None:
    sweep = parse_sweep(["steps=1,2,3", "seed=1,2", "guidance=1,2"], BASE)
    assert sweep.shape == (3, 2, 2)
    assert sweep.title == "Steps (3) x Seed (2) x Guidance (2)"
    cells = sweep.cells()
    assert [cell.index for cell in cells] == list(range(12))
    assert [cell.at for cell in cells[:4]] == [(0, 0, 0), (1, 0, 0), (2, 0, 0), (0, 1, 0)]
    assert all(sweep.index(cell.at) == cell.index for cell in cells)
    last = cells[-1]
    assert last.spec is not None
    assert (last.spec.num_inference_steps, last.spec.seed, last.spec.guidance_scale) == (3, 2, 2)
    assert sweep.labels(last.at) == (("Steps", "3"), ("Seed", "2"), ("Guidance", "2"))


@pytest.mark.parametrize("name", NAMES)
def test_every_field_and_switch_can_be_an_axis(name: str) -> None:
    values = {
        **dict.fromkeys(("steps", "seed", "guidance", "batch"), "1,2"),
        **dict.fromkeys(("size", "width", "height"), "64,128"),
        **dict.fromkeys(("prompt", "negative_prompt", "checkpoint"), "one,other"),
        "scheduler": "Euler,DDIM",
        "wildcards": "a {red|green} sun",
        **{s.name: ",".join((*s.values, "/a/folder")[:2]) for s in SWITCHES},
    }
    sweep = parse_sweep([f"{name}={values[name]}"], BASE)
    one, other = specs(f"{name}={values[name]}")
    assert one != other
    assert Sweep.from_json(sweep.to_json()) == sweep


@pytest.mark.parametrize(
    "plan",
    [
        {},
        {"base": 1, "axes": []},
        {"base": BASE.to_json(), "axes": []},
        {"base": BASE.to_json(), "axes": [{}]},
        {"base": {"prompt": 3}, "axes": [parse_axis("seed=1", BASE).to_json()]},
        {"base": BASE.to_json(), "axes": [parse_axis("seed=1", BASE).to_json()], "refused": 3},
    ],
)
def test_a_damaged_plan_is_one_sentence(plan: dict[str, object]) -> None:
    with pytest.raises(InvalidAxis):
        Sweep.from_json(plan)


def test_a_plan_with_a_field_that_nobody_knows_is_an_impossible_cell() -> None:
    axis = Axis.from_json(
        {"name": "x", "label": "X", "values": [{"label": "1", "changes": {"nothing": 1}}]}
    )
    (cell,) = Sweep(BASE, (axis,)).cells()
    assert cell.error == "This cannot be set: nothing."


# Properties

NUMBERS = st.decimals(-50, 50, places=2, allow_nan=False, allow_infinity=False)


@settings(max_examples=100, deadline=None)
@given(NUMBERS, NUMBERS, st.decimals("0.25", 9, places=2))
def test_a_range_has_both_ends_and_even_steps(first: Decimal, last: Decimal, step: Decimal) -> None:
    values = labels_of_range(first, last, step)
    if isinstance(values, str):
        assert "at most" in values
        return
    assert values[0] == float(first)
    away = abs(last - first)
    assert len(values) == away // step + 1
    if away % step == 0:
        assert values[-1] == float(last)
    assert abs(values[-1] - float(last)) < float(step)
    assert len(set(values)) == len(values)


def labels_of_range(first: Decimal, last: Decimal, step: Decimal) -> list[float] | str:
    try:
        axis = parse_axis(f"guidance={first}..{last}:{step}", BASE)
    except InvalidAxis as error:
        return str(error)
    return [float(value.changes["guidance_scale"]) for value in axis.values]


@settings(max_examples=100, deadline=None)
@given(st.text(max_size=40))
def test_whatever_is_typed_gives_an_axis_or_a_sentence(text: str) -> None:
    for line in (text, f"steps={text}", f"prompt={text}", f"size={text}", f"vae={text}"):
        try:
            sweep = parse_sweep([line], BASE)
        except InvalidAxis:
            continue
        assert all((cell.spec is None) == bool(cell.error) for cell in sweep.cells())
        assert Sweep.from_json(sweep.to_json()) == sweep


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.integers(1, MAX_STEPS), min_size=1, max_size=8, unique=True),
    st.lists(st.integers(0, MAX_SEED), min_size=1, max_size=8, unique=True),
)
def test_all_combinations_are_there_once(steps: list[int], seeds: list[int]) -> None:
    texts = [f"steps={','.join(map(str, steps))}", f"seed={','.join(map(str, seeds))}"]
    made = [(s.num_inference_steps, s.seed) for s in specs(*texts)]
    assert made == [(step, seed) for seed in seeds for step in steps]


@settings(max_examples=60, deadline=None)
@given(st.lists(st.text("ab,\" x'", max_size=9), min_size=1, max_size=5))
def test_quoted_values_come_through_whole(texts: list[str]) -> None:
    quoted = ",".join('"' + text.replace('"', '""') + '"' for text in texts)
    wanted = list(dict.fromkeys(text.strip() for text in texts if text.strip()))
    if wanted:
        assert labels(f"prompt={quoted}") == wanted
