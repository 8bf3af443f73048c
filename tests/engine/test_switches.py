"""The registry: names, values, reasons, what works together. No torch needed."""

from __future__ import annotations

import subprocess
import sys

import pytest

from engine.errors import InvalidSpec
from engine.switches import BY_NAME, SWITCHES, Cost, Part, Place, normalised, parse, unavailable
from engine.switches.wardrobe import conflict

UNET = Place("sd", "unet", "cpu", "float32", frozenset({"vae"}), known=True)
CUDA = Place("sd", "unet", "cuda", "float16", frozenset({"attention_processors"}), known=True)


def test_every_switch_can_be_shown() -> None:
    for switch in SWITCHES:
        assert switch.help.endswith(".")
        assert len(switch.help) <= 100
        assert len(switch.label) <= 14
        assert len(set(switch.values)) == len(switch.values)
        assert all(choice.help.endswith(".") for choice in switch.choices)
        assert switch.cost in Cost
        assert all(part in Part for part in switch.parts)
        assert switch.parse(switch.default) == switch.default


@pytest.mark.parametrize(
    ("name", "value", "meant"),
    [
        ("Precision", "FP16", ("precision", "fp16")),
        ("vae-tiling", "yes", ("vae_tiling", "on")),
        ("vae_tiling", "0", ("vae_tiling", "off")),
        ("attention_slicing", "2", ("attention_slicing", "2")),
        ("split", "3", ("split", "3")),
        ("vae", "some/folder", ("vae", "some/folder")),
    ],
)
def test_values_have_one_spelling(name: str, value: str, meant: tuple[str, str]) -> None:
    assert parse(name, value) == meant


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("precison", "fp16", "Did you mean “precision”?"),
        ("tiling", "on", "Did you mean “vae_tiling”?"),
        ("turbo", "on", "Known: sigmas, spacing, "),
        ("precision", "fp15", "Did you mean “fp16”? It takes: auto, fp32, fp16, bf16."),
        ("split", "0", "It takes: all, 1, 2, 4, 8, or a number of pictures."),
        ("split", "65", "split cannot be “65”."),
        ("compile", "", "compile cannot be “”."),
        ("vae", "  ", "vae cannot be “”."),
    ],
)
def test_what_is_unknown_is_refused_with_the_nearest(name: str, value: str, sentence: str) -> None:
    with pytest.raises(InvalidSpec) as caught:
        parse(name, value)
    assert sentence in str(caught.value)


def test_defaults_are_left_out_so_that_equal_runs_have_equal_specs() -> None:
    one = normalised({"vae_tiling": "on", "precision": "auto", "compile": "off"})
    assert one == {"vae_tiling": "on"}
    both = {"attention": "math", "sigmas": "karras"}
    assert list(normalised(both)) == list(normalised(dict(reversed(both.items()))))


@pytest.mark.parametrize(
    ("switch", "value", "place", "reason"),
    [
        ("cache", "first-block", UNET, "no effect on a UNet"),
        ("attention", "flex", CUDA, "no effect on a UNet: diffusers ignores it there"),
        ("attention", "efficient", UNET, "needs CUDA"),
        ("attention", "xformers", CUDA, "needs xformers: pip install xformers"),
        ("offload", "model", UNET, "needs CUDA"),
        ("compile", "regional", UNET, "needs a C++ compiler"),
        ("compile", "regional", CUDA, "needs triton: pip install triton"),
        ("vae_precision", "fp32", UNET, "no effect: everything computes in fp32 already"),
        ("channels_last", "on", Place("sd3", "transformer", "cuda", "float16"), "no effect"),
        ("vae_tiling", "on", UNET, "this kind of VAE cannot tile"),
    ],
)
def test_a_reason_says_what_would_make_it_so(
    switch: str, value: str, place: Place, reason: str
) -> None:
    assert BY_NAME[switch].unavailable(value, place).startswith(reason)
    assert list(unavailable({switch: value}, place)) == [switch]


def test_the_default_always_works() -> None:
    for place in (UNET, CUDA, Place(), Place("flux", "transformer", "mps", "float32", known=True)):
        for switch in SWITCHES:
            assert switch.unavailable(switch.default, place) == ""


def test_nothing_is_refused_where_nothing_is_known() -> None:
    for switch in SWITCHES:
        for value in switch.values:
            assert switch.unavailable(value, Place()) == ""


def test_switches_that_exclude_each_other() -> None:
    assert conflict({"offload": "sequential", "channels_last": "on"})[0] == "channels_last"
    assert conflict({"layerwise": "fp8", "fused_qkv": "on"})[0] == "fused_qkv"
    assert conflict({"cache": "first-block", "compile": "full"})[0] == "cache"
    assert conflict({"offload": "model", "vae_tiling": "on"}) == ("", "")


def test_naming_switches_imports_no_torch() -> None:
    code = "import engine.switches, sys; print({'torch', 'diffusers'} & set(sys.modules))"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "set()"
