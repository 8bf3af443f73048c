"""Comparisons: what is shown of two to four pictures, and what is not claimed."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from math import inf
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from engine.compare import (
    Comparison,
    Kind,
    Likeness,
    Side,
    Word,
    difference_picture,
    likeness,
    likenesses,
    of_batch,
    wipe,
)
from engine.compare.words import words_between
from engine.errors import HistoryError
from engine.history import History
from engine.record import ImageRecord, RunRecord, Seconds, Status
from engine.spec import RunSpec
from tests.engine.exchanged import add_run, picture
from tests.engine.histories import record_of


def run(number: int, prompt: str = "a red sun", **changes: Any) -> RunRecord:
    """A run whose pictures are nowhere."""
    names = ("status", "seconds", "device", "dtype", "versions", "memory_kind", "steps")
    rest = {name: changes.pop(name) for name in names if name in changes}
    spec = RunSpec(prompt, **{"seed": 7, "width": 64, "height": 64, **changes})
    images = tuple(
        ImageRecord(f"/nowhere/{number}-{at}.png", seed, spec.width or 0, spec.height or 0, own)
        for at, (own, seed) in enumerate(spec.pictures)
    )
    whole = Seconds(encode=0.1, denoise=1.0, decode=0.4, save=0.1, total=1.6)
    record = record_of(number, spec, images=images, seconds=whole)
    return replace(record, **rest)


def between(*records: RunRecord, reference: int = 0) -> Comparison:
    return Comparison(tuple(map(Side, records)), reference)


def test_two_to_four_pictures_and_no_others() -> None:
    assert between(run(1), run(2)).names == ("#1", "#2")
    for count in (0, 1, 5):
        with pytest.raises(ValueError, match="Compare 2 to 4 pictures, not "):
            between(*map(run, range(1, count + 1)))
    with pytest.raises(ValueError, match="with itself"):
        between(run(1), run(1))
    with pytest.raises(ValueError, match="reference is none"):
        between(run(1), run(2), reference=2)
    with pytest.raises(ValueError, match="Run #1 has 1 picture, and no picture 2"):
        Side(run(1), 1)


def test_the_pictures_of_one_run() -> None:
    batch = of_batch(run(4, batch_size=3))
    assert batch.names == ("#4.1", "#4.2", "#4.3")
    (seed,) = batch.settings()
    assert (seed.name, seed.values, seed.differs) == ("seed", ("7", "8", "9"), (False, True, True))
    assert "#4.2 and #4.3 have other seeds than #4.1: another picture" in batch.limits()[0]
    assert all(ratio is None for figure in batch.figures() for ratio in figure.ratios)
    assert "All of them are of run #4, whose times and memory they share." in batch.limits()
    with pytest.raises(ValueError, match="has one picture"):
        of_batch(run(1))
    with pytest.raises(ValueError, match="Choose 2 to 4"):
        of_batch(run(1, batch_size=5))


def test_only_what_differs_unless_all_is_asked_for() -> None:
    one = run(1, versions={"torch": "2.8", "python": "3.11"})
    other = run(
        *(2, "a blue sun"),
        num_inference_steps=50,
        scheduler="PNDM",
        switches={"precision": "fp16", "vae_tiling": "on"},
        dtype="float16",
        versions={"torch": "2.9", "python": "3.11"},
    )
    found = {s.name: s for s in between(one, other).settings()}
    assert {name: s.values for name, s in found.items()} == {
        "num_inference_steps": ("20", "50"),
        "scheduler": ("DPM++ 2M", "PNDM"),
        "precision": ("auto", "fp16"),
        "vae_tiling": ("off", "on"),
        "dtype": ("float32", "float16"),
        "version of torch": ("2.8", "2.9"),
    }
    assert list(found)[:3] == ["num_inference_steps", "scheduler", "precision"]
    assert all(s.differs == (False, True) for s in found.values())
    assert found["dtype"].label == "Type"
    every = between(one, other).settings(all=True)
    assert {"seed", "guidance_scale", "version of python"} <= {s.name for s in every}
    assert "prompt" not in {s.name for s in every}
    against = between(one, other, reference=1).settings()
    assert all(s.differs == (True, False) for s in against)


def test_prompts_by_word() -> None:
    first, second = between(
        run(1, "a (red:1.2) sun over hills", negative_prompt="fog"),
        run(2, "a (red:1.4) sun over blue hills, stars"),
    ).prompts()
    assert first == (Word("a (red:1.2) sun over hills", Kind.SAME),)
    assert [(w.text, w.kind.value) for w in second] == [
        ("a (red:", "same"),
        ("1.2 ", "removed"),
        ("1.4", "added"),
        (") sun over ", "same"),
        ("blue ", "added"),
        ("hills", "same"),
        (", stars", "added"),
    ]
    negative = between(run(1, negative_prompt="fog"), run(2)).prompts(negative=True)
    assert negative == ((Word("fog", Kind.SAME),), (Word("fog", Kind.REMOVED),))
    several = of_batch(run(3, "old\n---\nyoung"))
    assert several.prompts()[1] == (Word("old ", Kind.REMOVED), Word("young", Kind.ADDED))


@settings(max_examples=60, deadline=None)
@given(st.text("ab ,.(:1\n", max_size=30), st.text("ab ,.(:1\n", max_size=30))
def test_no_letter_is_lost(old: str, new: str) -> None:
    words = words_between(old, new)
    assert "".join(w.text for w in words if w.kind is not Kind.REMOVED) == new
    assert all(w.kind is Kind.SAME for w in words_between(old, old))


def test_long_prompts_take_no_time() -> None:
    long = " ".join(f"word{n % 50}," for n in range(2500))
    words = words_between(long, long.replace("word7,", "other,"))
    assert any(w.kind is Kind.ADDED for w in words)


def test_figures_against_the_reference() -> None:
    quick = Seconds(encode=0.1, denoise=0.4, decode=0.25, total=0.9, load=3.0)
    found = {f.name: f for f in between(run(1), run(2, seconds=quick, batch_size=2)).figures()}
    assert list(found) == [
        *("load", "encode", "denoise", "decode", "call", "picture", "rate", "memory")
    ]
    assert found["denoise"].values == (1.0, 0.4)
    assert found["denoise"].ratios == pytest.approx((1.0, 0.4))
    assert found["call"].values == (1.5, 0.75)
    assert found["picture"].ratios == pytest.approx((1.0, 0.25))
    assert found["rate"].values == (20.0, 50.0)
    assert not found["rate"].less_is_better
    assert (found["load"].apart, found["load"].ratios) == (True, (None, None))
    assert [found["memory"].text(at) for at in (0, 1)] == ["954 MB", "954 MB"]
    assert found["denoise"].ratio_text(1) == "0.40x"


def test_what_is_not_known_is_not_claimed() -> None:
    stopped = run(2, status=Status.CANCELLED, steps=3, seconds=Seconds(denoise=0.2, total=0.2))
    found = {f.name: f for f in between(run(1), stopped).figures()}
    for name in ("encode", "denoise", "call", "picture", "memory"):
        assert (found[name].values[1], found[name].ratios[1]) == (None, None)
        assert found[name].text(1) == "–"
    assert found["rate"].values[1] == pytest.approx(15.0)
    other = run(2, memory_kind="vram", device="cuda:0 NVIDIA H100")
    memory = between(run(1), other).figures()[-1]
    assert (memory.name, memory.ratios) == ("memory", (None, None))


def test_figures_that_cannot_be_are_left_out() -> None:
    """Records are imported from anywhere."""
    mad = Seconds(load=inf, encode=-1.0, denoise=float("nan"), decode=inf, total=1.0)
    found = between(run(1), run(2, seconds=mad)).figures()
    assert all(figure.values[1] is None for figure in found if figure.unit == "s")
    assert all(figure.text(1) for figure in found)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({}, ""),
        ({"width": 128, "height": 128}, "#2 is 128x128, #1 64x64: likeness is that of #2 scaled"),
        ({"width": 128}, "#2 is 128x64, #1 64x64: other proportions, so there is no likeness."),
        ({"seed": 8}, "#2 has another seed than #1: another picture from the start"),
        ({"batch_size": 2}, "#2.1 was made in a batch of 2, #1 alone: that alone can change"),
        ({"batch_size": 2}, "#2 made 2 pictures, #1 one picture: only the time of a picture"),
        ({"status": Status.CANCELLED, "steps": 3}, "#2 was stopped after 3 steps: its times and"),
        ({"status": Status.FAILED, "steps": 0}, "#2 failed: its times and memory are not whole."),
        (
            {"seconds": Seconds(load=2.0, total=3.0)},
            "#2 was the first run after loading",
        ),
        ({"seconds": Seconds(retried=2.0, total=3.0)}, "#2 ran out of memory at first"),
        ({"device": "cuda:0"}, "#2 ran on cuda:0, #1 on cpu: times and memory are as much"),
        ({"memory_kind": "vram"}, "Memory of #2 is VRAM, of #1 RSS: not the same thing."),
        ({"dtype": "float16"}, "#2 ran in float16, #1 in float32."),
        ({"versions": {"torch": "2.9", "python": "3"}}, "another python and torch than #1."),
    ],
)
def test_what_limits_a_comparison(changes: dict[str, Any], sentence: str) -> None:
    old = run(1, versions={"torch": "2.8", "python": "2"} if "versions" in changes else {})
    found = between(old, run(2, **changes)).limits()
    assert any(sentence in each for each in found) if sentence else not found


def test_other_sides_and_places() -> None:
    three = between(run(1), run(2), run(3), reference=1)
    assert three.against(2).reference == 2
    swapped = three.swapped(0, 1)
    assert (swapped.names, swapped.reference) == (("#2", "#1", "#3"), 0)
    assert three.swapped(0, 2).reference == 1


def test_json_is_json() -> None:
    told = json.loads(json.dumps(between(run(1), run(2, "a blue sun")).to_json()))
    assert told["reference"] == "#1"
    assert told["sides"][1] == {
        "name": "#2",
        "run": 2,
        "picture": 1,
        "path": "/nowhere/2-0.png",
        "seed": 7,
    }
    assert told["prompt"][1][1] == {"text": "red ", "kind": "removed"}


def test_likeness_of_a_history(history: History) -> None:
    entries = [add_run(history, RunSpec("sun", seed=seed)) for seed in (7, 7, 8)]
    comparison = between(*(entry.record for entry in entries))
    itself, same, other = likenesses(comparison)
    assert itself is None
    assert same == Likeness(1.0, inf, 0.0)
    assert same.texts() == {"SSIM": "1", "PSNR": "identical", "Pixels changed": "0%"}
    assert same.to_json() == {"ssim": 1.0, "psnr": None, "changed": 0.0, "identical": True}
    assert other is not None
    assert other.changed is None  # of another seed it says nothing
    assert other.ssim is not None
    assert other.ssim < 0.5
    path = comparison.sides[1].path
    assert path is not None
    path.unlink()
    assert [found is None for found in likenesses(comparison)] == [True, True, False]
    with pytest.raises(HistoryError, match="not there any more"):
        comparison.sides[1].open()
    with pytest.raises(HistoryError, match="#9 has no picture"):
        Side(record_of(9)).open()


def test_pictures_of_unequal_size() -> None:
    large = picture(1).resize((128, 128), Image.Resampling.LANCZOS)
    found = likeness(picture(1), large, same_seed=True)
    assert found.ssim is not None
    assert found.ssim > 0.9
    assert found.changed is None
    assert likeness(picture(1), large.crop((0, 0, 128, 64)), same_seed=True) == Likeness(
        None, None, None
    )
    tiny = likeness(picture(1, 8), picture(2, 8), same_seed=True)
    assert tiny.ssim is None
    assert tiny.changed == pytest.approx(1.0, abs=0.1)
    assert tiny.psnr is not None


def test_a_difference_is_amplified_until_it_is_seen() -> None:
    grey = Image.new("RGB", (32, 32), (100, 100, 100))
    other = grey.copy()
    other.paste((100, 107, 100), (0, 0, 16, 32))
    found = difference_picture(grey, other)
    assert (found.scale, found.largest) == (32, 7)
    assert found.image.getpixel((3, 3)) == (0, 224, 0)
    assert found.image.getpixel((20, 3)) == (0, 0, 0)
    assert str(found) == "Difference x32: at most 7 of 255 apart"
    same = difference_picture(grey, grey)
    assert (same.scale, str(same)) == (1, "No difference")
    far = difference_picture(grey, Image.new("RGB", (64, 64), "white"))
    assert (far.scale, far.image.size, str(far)) == (
        1,
        (32, 32),
        "Difference: at most 155 of 255 apart",
    )


def test_one_pixel_does_not_hide_the_rest() -> None:
    grey = Image.new("RGB", (64, 64), (100, 100, 100))
    other = Image.new("RGB", (64, 64), (101, 100, 100))
    other.putpixel((0, 0), (255, 255, 255))
    found = difference_picture(grey, other)
    assert (found.scale, found.largest) == (64, 155)
    assert found.image.getpixel((0, 0)) == (255, 255, 255)


def test_a_wipe() -> None:
    red, blue = (Image.new("RGB", (40, 20), colour) for colour in ("red", "blue"))
    image = wipe(red, blue.resize((80, 40)), 0.25)
    assert np.array_equal(np.asarray(image)[:, :10], np.asarray(red)[:, :10])
    assert np.array_equal(np.asarray(image)[:, 10:], np.asarray(blue)[:, 10:])
    assert wipe(red, blue, 1.5).tobytes() == red.tobytes()
    assert wipe(red, blue, -1).tobytes() == blue.tobytes()


def test_importing_is_cheap() -> None:
    code = (
        "import sys, engine.compare\n"
        "print(sorted({'numpy', 'PIL', 'torch', 'sqlite3'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_files_that_are_no_pictures(history: History, tmp_path: Path) -> None:
    entry = add_run(history, RunSpec("sun", seed=7))
    (tmp_path / "x.png").write_bytes(b"no picture")
    image = replace(entry.record.images[0], path=str(tmp_path / "x.png"))
    broken = replace(entry.record, id=99, images=(image,))
    assert likenesses(between(entry.record, broken)) == (None, None)
