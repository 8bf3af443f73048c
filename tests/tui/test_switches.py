"""Switches in the studio: the row on the form, and the screen with all of them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from engine.spec import RunSpec
from engine.switches import Place
from tests.tui.conftest import Open, Session
from tests.tui.scripted import ScriptedLab, record_of
from tui.screens.switches import SwitchesScreen
from tui.switchboard import in_words, read, written
from tui.widgets.switch_table import SwitchTable

CPU = Place(
    "sd",
    "unet",
    "cpu",
    "float32",
    frozenset(
        {"vae", "vae_slicing", "vae_tiling", "vae_swap", "fused_qkv", "attention_slicing", "bf16"}
    ),
    known=True,
    vaes=("better-vae",),
)
PROMPT = "a red sun over blue mountains, orange sky, birds"


async def opened(s: Session, place: Place = CPU) -> SwitchTable:
    s.engine.loaded(place=place)
    await s.press("f3")
    assert isinstance(s.app.screen, SwitchesScreen)
    return s.app.screen.query_one(SwitchTable)


async def go_to(s: Session, table: SwitchTable, name: str) -> None:
    await s.press("home")
    for _ in range(40):
        if table.current.name == name:
            return
        await s.press("down")
    raise AssertionError(f"{name} is not in the table")


async def test_turn_a_switch_and_run(open_app: Open) -> None:
    async with open_app() as s:
        table = await opened(s)
        await go_to(s, table, "precision")
        await s.press("right", "right")
        assert table.values == {"precision": "fp16"}
        await go_to(s, table, "vae_tiling")
        await s.press("space", "ctrl+r")
        assert s.at_studio()
        (spec,) = s.engine.submitted
        assert spec.switches == {"precision": "fp16", "vae_tiling": "on"}
        assert "fp16 · VAE tiling" in s.seen()


async def test_escape_keeps_what_was_turned_and_runs_nothing(open_app: Open) -> None:
    async with open_app() as s:
        table = await opened(s)
        await go_to(s, table, "fused_qkv")
        await s.press("space", "escape")
        assert s.studio.spec_form.values["switches"] == "fused_qkv=on"
        assert s.engine.submitted == []
        await s.press("f3", "ctrl+x", "f3")
        assert s.studio.spec_form.values["switches"] == ""


async def test_what_does_not_work_here_says_why_and_cannot_be_turned(open_app: Open) -> None:
    async with open_app() as s:
        table = await opened(s)
        await go_to(s, table, "offload")
        assert "needs CUDA: here weights are in main memory already" in s.seen()
        await s.press("right", "right")
        assert table.values == {}
        await go_to(s, table, "attention")
        await s.press("right", "right")
        assert table.values == {"attention": "math"}  # efficient, between them, needs CUDA
        await s.press("enter")
        assert "xformers" in s.seen()
        assert "needs CUDA" in s.seen()


async def test_the_costs_are_told_before_turning(open_app: Open) -> None:
    async with open_app() as s:
        table = await opened(s)
        for name, words in (
            ("precision", "The checkpoint is loaded again."),
            ("vae_tiling", "Nothing is loaded again."),
            ("vae", "Only this part is loaded."),
        ):
            await go_to(s, table, name)
            assert words in s.seen()


async def test_a_value_that_is_typed(open_app: Open) -> None:
    async with open_app() as s:
        table = await opened(s)
        await go_to(s, table, "split")
        await s.press("enter", "end", "enter")
        await s.type("99")
        await s.press("enter")
        assert "split cannot be “99”" in s.seen()
        await s.press("backspace", "backspace")
        await s.type("3")
        await s.press("enter")
        assert table.values == {"split": "3"}
        await s.press("backspace")
        assert table.values == {}


async def test_a_vae_that_is_not_here_is_refused_where_it_is_typed(open_app: Open) -> None:
    async with open_app() as s:
        table = await opened(s)
        await go_to(s, table, "vae")
        await s.press("enter", "end", "enter")
        await s.type("/nope/x")
        await s.press("enter")
        assert "There is no VAE called" in s.seen()
        assert table.values == {}


async def test_a_vae_that_comes_with_the_checkpoint_is_offered(open_app: Open) -> None:
    async with open_app() as s:
        table = await opened(s)
        await go_to(s, table, "vae")
        await s.press("right")
        assert table.values == {"vae": "better-vae"}


async def test_what_a_switch_did_here(open_app: Open) -> None:
    plain = RunSpec(PROMPT, seed=1)
    slow, fast = record_of(1, plain), record_of(2, plain.with_(switches={"fused_qkv": "on"}))
    half = replace(fast.seconds, denoise=slow.seconds.denoise / 2, decode=slow.seconds.decode / 2)
    fast = replace(fast, seconds=half, memory_peak_bytes=slow.memory_peak_bytes - 2**30)
    async with open_app(ScriptedLab([fast, slow]), size=(120, 40)) as s:
        table = await opened(s)
        await go_to(s, table, "fused_qkv")
        if "fused_qkv" not in table.values:
            await s.press("space")
        await s.app.workers.wait_for_complete(
            [w for w in s.app.workers if w.group == "effects"] or None
        )
        await s.settle()
        assert "×0.50  -1.0 GB" in s.seen()
        assert "#2 #1" in s.seen()


async def test_switches_that_exclude_each_other(open_app: Open) -> None:
    everything = replace(CPU, features=CPU.features | {"layerwise", "fused_qkv"})
    async with open_app() as s:
        table = await opened(s, everything)
        await go_to(s, table, "layerwise")
        await s.press("space")
        await go_to(s, table, "fused_qkv")
        await s.press("space")
        assert table.values == {"layerwise": "fp8"}
        assert "weights stored in fp8 cannot be fused" in s.seen()


async def test_a_run_brings_its_switches_back(open_app: Open) -> None:
    spec = RunSpec(PROMPT, switches={"vae_slicing": "on", "compile": "full"})
    async with open_app(ScriptedLab([record_of(1, spec)])) as s:
        s.studio.runs.focus()
        await s.press("enter")
        assert s.studio.spec_form.values["switches"] == "vae_slicing=on compile=full"
        assert "VAE slicing · Comp" in s.seen()
        await s.press("ctrl+r")
        assert s.engine.submitted[0].switches == spec.switches


async def test_a_run_of_another_version_with_a_switch_that_is_unknown(open_app: Open) -> None:
    spec = RunSpec(PROMPT, switches={"turbo": "on"})
    async with open_app(ScriptedLab([record_of(1, spec)])) as s:
        s.studio.runs.focus()
        await s.press("enter", "ctrl+r")
        assert s.engine.submitted == []
        assert "Safelight has no switch" in s.seen()
        await s.press("f3")
        assert "left out" in s.told()


@pytest.mark.parametrize("size", [(80, 24), (120, 40), (200, 60), (60, 20)])
async def test_it_fits_every_terminal(open_app: Open, size: tuple[int, int]) -> None:
    async with open_app(size=size) as s:
        table = await opened(s)
        for end in ("end", "home"):
            await s.press(end)
            assert table.current.label in s.seen()
        assert "Esc done" in s.seen()


def test_texts_of_switches_round() -> None:
    values = {"precision": "fp16", "vae": "/my models/a 'b' vae", "vae_tiling": "on"}
    assert read(written(values)) == values
    assert in_words(values) == "fp16 · VAE /my models/a 'b' vae · VAE tiling"


async def test_the_list_of_runs_tells_what_was_turned(open_app: Open) -> None:
    specs = [RunSpec(PROMPT, switches=s) for s in ({"precision": "fp16"}, {"turbo": "on"}, {})]
    async with open_app(ScriptedLab([record_of(n, s) for n, s in enumerate(specs, 1)])) as s:
        seen = s.seen()
        assert "fp16" in seen
        assert "turbo" in seen
