"""Infotext: what is written is read back equal, and what others write is understood."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from engine.infotext import Parsed, looks_like_infotext, parse, write
from engine.infotext.grammar import split
from engine.schedulers import SCHEDULERS
from engine.spec import MAX_SEED, RunSpec
from engine.switches import SWITCHES

PAIRS = "Steps: 20, Sampler: Euler a, CFG scale: 7, Seed: 42, Size: 512x768"


def read(text: str, checkpoint: str = "scenes") -> Parsed:
    parsed = parse(text, checkpoint)
    assert parsed is not None
    return parsed


# Round trips

LINES = st.sampled_from(
    [
        "Negative prompt: stars",
        "Negative prompt:",
        "Steps: 1, Sampler: x, CFG scale: 7",
        "Steps: 1, Sampler: x, CFG scale: 7, Seed: 1, Safelight: {}",
        "---",
        "-----  ",
        "",
        "   a sun   ",
        '"quoted", and: so on',
        "a, b: c",
        "\\ \\n \\u0041",
        "<lora:x:0.8> (red:1.2)",
        "🔥 über 山 é",
        "\u2028\x0b\x1c\x85",
        "a\rb\r",
        "\0",
        "\x1b[31mred",
    ]
)
CHARACTERS = st.characters(exclude_categories=["Cs"])
TEXTS = st.one_of(
    st.lists(st.one_of(LINES, st.text(CHARACTERS, max_size=20)), max_size=6).map("\n".join),
    st.text(CHARACTERS, max_size=60),
)
SIDES = st.one_of(st.none(), st.integers(1, 1024).map(lambda n: 8 * n))
VALUES = {switch.name: st.sampled_from(switch.values) for switch in SWITCHES} | {
    "vae": st.sampled_from(["default", "better-vae", 'a "folder", with: all'])
}
SPECS = st.builds(
    RunSpec,
    prompt=TEXTS,
    negative_prompt=TEXTS,
    checkpoint=st.one_of(
        st.sampled_from(["scenes", "owner/name", "/a/b, c: d/e.safetensors", "~/x"]),
        st.text(CHARACTERS, min_size=1, max_size=20).filter(str.strip),
    ),
    seed=st.integers(0, MAX_SEED - 3),
    num_inference_steps=st.integers(1, 1000),
    guidance_scale=st.floats(0, 100),
    width=SIDES,
    height=SIDES,
    scheduler=st.one_of(st.none(), st.sampled_from([each.name for each in SCHEDULERS])),
    batch_size=st.integers(1, 3),
    switches=st.fixed_dictionaries({}, optional=VALUES),
)


@given(SPECS, st.data())
@example(RunSpec("Negative prompt: a\nSteps: 1, Sampler: x, CFG scale: 7", "scenes", " b "), None)
@example(RunSpec("", switches={"sigmas": "karras"}, scheduler="Euler a"), None)
@settings(max_examples=500, deadline=None)
def test_what_is_written_is_read_back(spec: RunSpec, data: Any) -> None:
    index = data.draw(st.integers(0, len(spec.pictures) - 1)) if data is not None else 0
    text = write(spec, index)
    parsed = read(text, checkpoint="another")
    assert parsed.spec == spec.only(index)
    assert (parsed.program, parsed.own, parsed.notes) == ("safelight", True, ())
    assert parsed.unknown == {}
    assert looks_like_infotext(text)


@given(SPECS)
@settings(max_examples=100, deadline=None)
def test_a_text_that_was_edited_on_the_way(spec: RunSpec) -> None:
    """Windows' ends of lines, blanks around: still the same."""
    spec = spec.only(0)
    text = f"\r\n  {write(spec)}  \n".replace("\r\n", "\n")
    assert read(text).spec == spec


def test_each_picture_has_its_own_prompt_and_seed() -> None:
    spec = RunSpec("old\n---\nyoung", seed=7, batch_size=2, scheduler="PNDM")
    text = write(spec, 3)
    assert text.startswith("young\nSteps: 20, Sampler: PLMS, CFG scale: 4, Seed: 8")
    assert read(text).spec == RunSpec("young", seed=8, scheduler="PNDM")


def test_written_as_others_write_it() -> None:
    spec = RunSpec(
        "a red sun",
        "owner/model-1",
        "stars, moon",
        seed=42,
        guidance_scale=6.5,
        width=512,
        height=768,
        switches={"sigmas": "karras", "precision": "fp16"},
    )
    prompt, negative, pairs = write(spec).split("\n")
    assert (prompt, negative) == ("a red sun", "Negative prompt: stars, moon")
    assert pairs.startswith(
        "Steps: 20, Sampler: DPM++ 2M, Schedule type: Karras, CFG scale: 6.5, Seed: 42, "
        "Size: 512x768, Model: model-1, Version: Safelight "
    )
    assert "Negative prompt" not in write(replace(spec, negative_prompt=""))
    infotext = split(write(spec))
    assert infotext is not None
    own = json.loads(infotext.pairs["Safelight"])
    assert own == {"checkpoint": "owner/model-1", "switches": {"precision": "fp16"}}


def test_what_somebody_edits_counts() -> None:
    """Although the pair of ours still says what it was."""
    text = write(RunSpec("  Negative prompt: x", seed=1, switches={"precision": "fp16"}))
    assert read(text).spec.prompt == "  Negative prompt: x"
    edited = text.replace("prompt: x", "prompt: y", 1).replace("Seed: 1", "Seed: 2")
    spec = read(edited).spec
    assert (spec.prompt, spec.negative_prompt, spec.seed) == ("", "y", 2)
    assert spec.switches == {"precision": "fp16"}
    turned = text.replace("Uniform", "Karras")
    assert read(turned).spec.switches == {"sigmas": "karras", "precision": "fp16"}


# The grammar


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a red sun",
        "a red sun\nSteps: 20, Seed: 4",
        "score: 9, quality: best, style: anime",
        "(masterpiece:1.2), (best quality:1.3), (cat:1.1)",
        f"{PAIRS}\nand another line",
        "Steps 20, Sampler Euler, Seed 4",
    ],
)
def test_what_is_no_infotext(text: str) -> None:
    assert parse(text) is None
    assert not looks_like_infotext(text)


def test_only_the_last_line_is_read() -> None:
    parsed = read(f"Steps: 1, Sampler: Heun, CFG scale: 1\n\na sun \n{PAIRS}")
    assert parsed.spec.prompt == "Steps: 1, Sampler: Heun, CFG scale: 1\n\na sun"
    assert (parsed.spec.num_inference_steps, parsed.spec.scheduler) == (20, "Euler a")


def test_a_negative_prompt_of_several_lines() -> None:
    parsed = read(f"sun\nNegative prompt: one\ntwo\nNegative prompt: three\n{PAIRS}\n\n")
    assert parsed.spec.prompt == "sun"
    assert parsed.spec.negative_prompt == "one\ntwo\nthree"


@pytest.mark.parametrize(
    ("pairs", "unknown"),
    [
        ('Lora hashes: "a: 1f, b: 2e", ENSD: 31337', {"Lora hashes": "a: 1f, b: 2e"}),
        (
            'Hashes: {"model": "45de", "lora:x": "1a"}',
            {"Hashes": '{"model": "45de", "lora:x": "1a"}'},
        ),
        ("Skip layers: [7, 8, 9, ], Eta: 0.0", {"Skip layers": "[7, 8, 9, ]"}),
        ("Foo: one, two, three", {"Foo": "one, two, three"}),
        ('Foo: "unclosed', {"Foo": '"unclosed'}),
        ("Foo: {unclosed", {"Foo": "{unclosed"}),
        ('Foo: "a" b', {"Foo": '"a" b'}),
        ('Template: "a\\nb: c, d"', {"Template": "a\nb: c, d"}),
        ("Foo: 1, Foo: 2, Foo: 3", {"Foo": "3", "Foo (2)": "1", "Foo (3)": "2"}),
        ("Created Date: 2024-10-09T02:17:35.8Z", {"Created Date": "2024-10-09T02:17:35.8Z"}),
        ("VAE: , Foo: x", {"Foo": "x"}),
    ],
)
def test_odd_values_are_kept(pairs: str, unknown: dict[str, str]) -> None:
    parsed = read(f"sun\n{PAIRS}, {pairs}, Version: v1.9.4")
    for name, value in unknown.items():
        assert parsed.unknown[name] == value
    assert parsed.unknown["Version"] == "v1.9.4"
    assert parsed.spec.width == 512


def test_a_line_that_is_hard_to_read_takes_no_time() -> None:
    for text in ('a:"' * 100_000, "a:[" * 100_000, "a:{" * 100_000, "a " * 200_000, "a:" * 200_000):
        parse(f"sun\n{PAIRS}, {text}")
    for own in ("[" * 100_000, '{"a":' * 100_000, "1" * 10_000):
        assert read(f"sun\n{PAIRS}, Safelight: {json.dumps(own)}").spec.seed == 42


# What others write, one text in the style of each

CORPUS: dict[str, tuple[str, dict[str, Any], dict[str, str], str]] = {
    "a1111": (
        "lighthouse on a cliff, (storm:1.2), oil painting <lora:paint:0.7>\n"
        "Negative prompt: lowres, blurry\n"
        "Steps: 28, Sampler: DPM++ 2M, Schedule type: Karras, CFG scale: 7.5, Seed: 2794311482, "
        "Size: 512x768, Model hash: 879db523c3, Model: dreamshaper_8, VAE hash: 735e4c3a44, "
        "VAE: vae-ft-mse-840000-ema-pruned.safetensors, Denoising strength: 0.45, Clip skip: 2, "
        "ENSD: 31337, Hires upscale: 2, Hires steps: 15, Hires upscaler: 4x-UltraSharp, "
        'Lora hashes: "paint: 9c1e8a3f11aa", ADetailer model: face_yolov8n.pt, '
        'ADetailer prompt: "a face, smiling", Version: v1.9.4',
        {
            "prompt": "lighthouse on a cliff, (storm:1.2), oil painting <lora:paint:0.7>",
            "negative_prompt": "lowres, blurry",
            "num_inference_steps": 28,
            "scheduler": "DPM++ 2M",
            "switches": {"sigmas": "karras"},
            "guidance_scale": 7.5,
            "seed": 2794311482,
            "width": 512,
            "height": 768,
        },
        {
            "Model hash": "879db523c3",
            "VAE": "vae-ft-mse-840000-ema-pruned.safetensors",
            "Clip skip": "2",
            "ENSD": "31337",
            "Hires upscale": "2",
            "Lora hashes": "paint: 9c1e8a3f11aa",
            "ADetailer prompt": "a face, smiling",
            "Denoising strength": "0.45",
        },
        "dreamshaper_8",
    ),
    "a1111 of 2022": (
        "a castle\nSteps: 50, Sampler: PLMS, CFG scale: 7, Seed: 1, Size: 512x512, "
        "Model hash: 7460a6fa, Batch size: 4, Batch pos: 2",
        {"scheduler": "PNDM", "num_inference_steps": 50, "seed": 1, "batch_size": 1},
        {"Batch size": "4", "Batch pos": "2"},
        "",
    ),
    "a1111 before schedule types": (
        "a castle\nSteps: 30, Sampler: DPM++ 2M SDE Karras, CFG scale: 6, Seed: 5, Size: 768x768",
        {"scheduler": "DPM++ 2M SDE", "switches": {"sigmas": "karras"}, "guidance_scale": 6.0},
        {},
        "",
    ),
    "forge": (
        "a fox in the snow\nSteps: 20, Sampler: Euler, Schedule type: Simple, CFG scale: 1, "
        "Distilled CFG Scale: 3.5, Seed: 12345, Size: 896x1152, Model hash: bea01d51bd, "
        "Model: flux1-dev-bnb-nf4-v2, Version: f2.0.1v1.10.1-previous-313-g8a042934, "
        "Module 1: ae, Module 2: clip_l, Module 3: t5xxl_fp8_e4m3fn",
        {
            "scheduler": "Euler",
            "switches": {"spacing": "trailing"},
            "guidance_scale": 3.5,
            "width": 896,
            "height": 1152,
        },
        {"Module 1": "ae", "CFG scale": ""},
        "flux1-dev-bnb-nf4-v2",
    ),
    "sd.next": (
        "a robot\nNegative prompt: rust\nSteps: 20, Size: 1024x1024, Sampler: Euler a, Seed: 9, "
        "CFG scale: 6.0, CFG rescale: 0.7, App: SD.Next, Version: 900264a, "
        "Pipeline: StableDiffusionXLPipeline, Operations: txt2img; hires, Model: juggernautXL_v9, "
        'Model hash: c9e3e68f89, ADetailer prompt: "tall, thin", Parser: A1111',
        {"scheduler": "Euler a", "guidance_scale": 6.0, "width": 1024, "negative_prompt": "rust"},
        {"Operations": "txt2img; hires", "CFG rescale": "0.7", "App": "SD.Next"},
        "juggernautXL_v9",
    ),
    "stable-diffusion.cpp": (
        "a field of flowers\nNegative prompt: people\n"
        "Steps: 30, CFG scale: 5.000000, Skip layers: [7, 8, 9, ], Skip layer start: 0.010000, "
        "Guidance: 3.500000, Eta: 0.000000, Seed: 197583933, Size: 512x512, "
        "Model: v1-5-pruned-emaonly.safetensors, RNG: cuda, Sampler: dpm++2m karras, "
        "Version: stable-diffusion.cpp",
        {
            "scheduler": "DPM++ 2M",
            "switches": {"sigmas": "karras"},
            "guidance_scale": 5.0,
            "seed": 197583933,
        },
        {"RNG": "cuda", "Guidance": "3.500000", "Skip layers": "[7, 8, 9, ]"},
        "v1-5-pruned-emaonly.safetensors",
    ),
    "civitai": (
        "score_9, a knight\nNegative prompt: score_4\nSteps: 25, Sampler: Euler a, CFG scale: 7, "
        "Seed: 1170, Size: 832x1216, Clip skip: 2, Created Date: 2024-10-09T02:17:35.8610823Z, "
        'Civitai resources: [{"type":"checkpoint","modelVersionId":290640,"modelName":"Pony, V6"},'
        '{"type":"lora","weight":0.8,"modelVersionId":440}], Civitai metadata: {}',
        {"scheduler": "Euler a", "width": 832, "height": 1216, "num_inference_steps": 25},
        {
            "Civitai resources": '[{"type":"checkpoint","modelVersionId":290640,'
            '"modelName":"Pony, V6"},{"type":"lora","weight":0.8,"modelVersionId":440}]',
            "Civitai metadata": "{}",
            "Clip skip": "2",
        },
        "",
    ),
    "comfyui's savers": (
        "a boat\nNegative prompt: \nSteps: 8, Sampler: dpmpp_2s_ancestral_karras, CFG scale: 1.8, "
        "Seed: 3, Size: 512x512, Model hash: ab12, Model: lcm, Version: ComfyUI",
        {"scheduler": "DPM++ 2S", "switches": {"sigmas": "karras"}, "negative_prompt": ""},
        {"Sampler": "dpmpp_2s_ancestral_karras", "Version": "ComfyUI"},
        "lcm",
    ),
}


@pytest.mark.parametrize("style", CORPUS)
def test_what_others_write(style: str) -> None:
    text, fields, unknown, model = CORPUS[style]
    parsed = read(text)
    assert {name: getattr(parsed.spec, name) for name in fields} == fields
    for name, value in unknown.items():
        assert parsed.unknown.get(name, "") == value
    assert parsed.model == model
    assert not parsed.own
    known = {"a1111", "forge", "sd.next", "stable-diffusion.cpp", "civitai"}
    assert parsed.program == (style if style in known else "a1111")
    assert looks_like_infotext(text)
    assert read(text.replace("\n", "\r\n")) == parsed
    everything = split(text)
    assert everything is not None
    used = {"steps", "sampler", "schedule type", "cfg scale", "seed", "size", "model"}
    kept = {name for name in everything.pairs if name.lower() not in used}
    assert kept - {"Distilled CFG Scale"} <= set(parsed.unknown), "nothing is dropped"


@pytest.mark.parametrize(
    ("sampler", "schedule", "scheduler", "switches"),
    [
        ("DPM++ 2M", "", "DPM++ 2M", {}),
        ("DPM++ 2M", "Automatic", "DPM++ 2M", {"sigmas": "karras"}),
        ("DPM++ 2M SDE", "Automatic", "DPM++ 2M SDE", {"sigmas": "exponential"}),
        ("Euler", "Automatic", "Euler", {}),
        ("DPM++ 2M Karras", "", "DPM++ 2M", {"sigmas": "karras"}),
        ("DPM++ 2M SDE Exponential", "", "DPM++ 2M SDE", {"sigmas": "exponential"}),
        ("DPM2 a Karras", "", "DPM2 a", {"sigmas": "karras"}),
        ("LMS Karras", "", "LMS", {"sigmas": "karras"}),
        ("Heun", "Beta", "Heun", {"sigmas": "beta"}),
        ("Euler", "SGM Uniform", "Euler", {"spacing": "trailing"}),
        ("DDIM", "Simple", "DDIM", {"spacing": "trailing"}),
        ("ddim_trailing", "", "DDIM", {"spacing": "trailing"}),
        ("euler_a", "", "Euler a", {}),
        ("k_euler_ancestral", "karras", "Euler a", {}),
        ("dpmpp_2m_sde", "", "DPM++ 2M SDE", {}),
        ("uni_pc", "", "UniPC", {}),
        ("DEIS", "", "DEIS", {}),
        ("LCM", "SGM Uniform", "LCM", {}),
        ("PNDM", "", "PNDM", {}),
        ("DPM++ 3M SDE", "", "DPM++ 3M", {}),
        ("DPM++ SDE Karras", "", "DPM++ 2S", {"sigmas": "karras"}),
        ("Restart", "", None, {}),
        ("DPM adaptive", "Karras", None, {"sigmas": "karras"}),
    ],
)
def test_samplers(
    sampler: str, schedule: str, scheduler: str | None, switches: dict[str, str]
) -> None:
    more = f", Schedule type: {schedule}" if schedule else ""
    parsed = read(f"sun\nSteps: 20, CFG scale: 7, Seed: 1, Sampler: {sampler}{more}")
    assert (parsed.spec.scheduler, dict(parsed.spec.switches)) == (scheduler, switches)
    if scheduler is None:
        assert parsed.unknown["Sampler"] == sampler
        assert parsed.notes == (
            f"Sampler “{sampler}” is not known here; the checkpoint's own scheduler is used.",
        )


def test_a_schedule_that_is_not_known_is_kept() -> None:
    parsed = read("sun\nSteps: 20, CFG scale: 7, Sampler: Euler, Schedule type: KL Optimal")
    assert parsed.unknown["Schedule type"] == "KL Optimal"
    assert "Schedule “KL Optimal” is not known here" in parsed.notes[0]
    assert parsed.notes[1] == "Nothing is said of Seed; the default is used."


@pytest.mark.parametrize(
    ("pairs", "changes", "note"),
    [
        ("Steps: 5000", {"num_inference_steps": 1000}, "Steps 5,000 cannot be run; 1,000 is used."),
        ("Steps: 0", {"num_inference_steps": 1}, "Steps 0 cannot be run; 1 is used."),
        ("Steps: many", {}, "Steps “many” is no number; the default is used."),
        ("Size: 511x513", {"width": 512, "height": 512}, "Width 511 cannot be run; 512 is used."),
        ("Size: 99999x1", {"width": 8192, "height": 8}, "Width 99,999 cannot be run"),
        ("Size: big", {}, "Size “big” makes no sense; the checkpoint's own is used."),
        ("CFG scale: 200", {"guidance_scale": 100.0}, "Guidance 200 cannot be run; 100 is used."),
        ("CFG scale: -3", {"guidance_scale": 0.0}, "Guidance -3 cannot be run; 0 is used."),
        ("CFG scale: 0", {"guidance_scale": 0.0}, ""),
        ("CFG scale: nan", {}, "CFG scale “nan” is no number"),
        (f"Seed: {2**70}", {"seed": MAX_SEED}, "Seed that large cannot be used"),
        ("Seed: " + "9" * 5000, {}, "is no number"),
        ("Seed: -1", {}, "The seed was left to chance; a new random one is taken."),
    ],
)
def test_out_of_range(pairs: str, changes: dict[str, Any], note: str) -> None:
    name = pairs.partition(":")[0]
    others = ["Steps: 20", "Sampler: Euler", "CFG scale: 7", "Seed: 3", "Size: 64x64"]
    kept = [other for other in others if not other.startswith(f"{name}:")]
    parsed = read(f"sun\n{', '.join([*kept, pairs])}")
    for field, value in changes.items():
        assert getattr(parsed.spec, field) == value
    assert any(note in each for each in parsed.notes) if note else parsed.notes == ()


def test_dashes_divide_prompts_here() -> None:
    parsed = read(f"one\n---\ntwo\n{PAIRS}")
    assert parsed.spec.prompts == ("one", "two")
    assert parsed.notes == ("The prompt has lines of ---, which divide several prompts here.",)
    many = read("\n---\n".join("abc" * 40) + f"\n{PAIRS}")
    assert len(many.spec.prompts) == 1


@given(st.text(max_size=300))
@settings(max_examples=300, deadline=None)
def test_nothing_pasted_is_too_odd(text: str) -> None:
    parse(text)
    parse(f"{text}\n{PAIRS}, {text}")
    parse(f"a\n{PAIRS}, Safelight: {json.dumps(text)}")


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
        max_leaves=5,
    )
)
@settings(max_examples=200, deadline=None)
def test_wrong_types_in_the_pair_of_ours(value: Any) -> None:
    for field in RunSpec.__dataclass_fields__:
        own = json.dumps(json.dumps({field: value}))
        assert read(f"a\n{PAIRS}, Safelight: {own}").spec.width in (512, *range(0, 8193, 8), None)
