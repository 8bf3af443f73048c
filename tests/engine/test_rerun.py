"""Is a run the same again? On the tiny pipeline, and on pictures that were changed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from math import inf
from pathlib import Path

import pytest
from PIL import Image

from engine.history import History
from engine.pictures.load import load_image
from engine.record import ImageRecord, RunRecord, Status
from engine.rerun import Difference, changes, difference
from engine.spec import RunSpec
from tests.engine.exchanged import CREATED, picture
from tests.engine.harness import EngineHarness

Make = Callable[..., EngineHarness]


def compare(old: RunRecord, new: RunRecord) -> list[Difference]:
    return [
        difference(load_image(Path(a.path)), load_image(Path(b.path)))
        for a, b in zip(old.images, new.images, strict=True)
    ]


def test_the_same_run_twice_is_identical(harness: Make, history: History, spec: RunSpec) -> None:
    engine = harness(history)
    old = engine.run(spec.with_(batch_size=2)).record
    new = engine.run(old.spec).record
    found = compare(old, new)
    assert [str(each) for each in found] == ["identical", "identical"]
    assert found[0].psnr == inf
    assert found[0].to_json()["identical"] is True
    assert changes(old, new) == ()


def test_another_dtype_differs_and_is_named(harness: Make, history: History, spec: RunSpec) -> None:
    engine = harness(history)
    old = engine.run(spec).record
    new = engine.run(old.spec.with_(switches={"precision": "bf16"})).record
    (found,) = compare(old, new)
    assert not found.identical
    assert 0 < found.share <= 1
    assert found.ssim is not None
    assert found.ssim < 1
    assert "of the pixels differ" in str(found)
    assert changes(old, new) == (
        "The model ran in float32, and runs in bfloat16 now.",
        "The switch “Precision” was not turned, and is bf16 now.",
    )


def test_another_scheduler_and_batch_are_named(
    harness: Make, history: History, spec: RunSpec
) -> None:
    engine = harness(history)
    old = engine.run(spec).record
    new = engine.run(old.spec.with_(scheduler="Euler", num_inference_steps=4)).record
    assert not compare(old, new)[0].identical
    assert changes(old, new) == (
        "The number of steps was 3, and is 4 now.",
        "The scheduler was “DPM++ 2M”, and is “Euler” now.",
    )


def test_a_picture_that_was_changed() -> None:
    old = picture(7)
    new = old.copy()
    red, green, blue = old.getpixel((3, 5))  # type: ignore[misc]
    new.putpixel((3, 5), ((red + 8) % 256 if red < 248 else red - 8, green, blue))
    found = difference(old, new)
    assert (found.share, found.largest, found.identical) == (1 / 64**2, 8, False)
    assert str(found).startswith(
        "0.024% of the pixels differ, by at most 8 of 255, PSNR 71.0 dB, SSIM 0.9999"
    )
    assert found.psnr == pytest.approx(70.96, abs=0.01)


def test_sizes_that_differ_and_pictures_too_small_for_windows() -> None:
    large, small = Image.new("RGB", (64, 64)), Image.new("RGB", (64, 32))
    assert str(difference(large, small)) == "of another size: 64x64, now 64x32"
    tiny = difference(Image.new("RGB", (4, 4)), Image.new("RGB", (4, 4), "white"))
    assert (tiny.share, tiny.largest, tiny.ssim, tiny.psnr) == (1.0, 255, None, 0.0)
    assert "SSIM" not in str(tiny)


def test_each_change_is_one_sentence() -> None:
    spec = RunSpec("a red sun", switches={"split": "2"})
    image = ImageRecord("a.png", 0, 64, 64)
    old = RunRecord(
        1,
        Status.FINISHED,
        spec,
        CREATED,
        images=(image,),
        device="cuda:0 (NVIDIA A100)",
        versions={"torch": "2.8.0", "cuda": "12.8", "driver": "550.1", "xformers": "0.1"},
    )
    new = replace(
        old,
        device="cpu",
        spec=spec.with_(batch_size=4, switches={}),
        versions={"torch": "2.9.0", "cuda": "12.9", "driver": "560.2"},
        images=(replace(image, path="a.jpg"),),
    )
    assert changes(old, new) == (
        "The device was cuda:0 (NVIDIA A100), and is cpu now.",
        "The batch was 1, and is 4 now.",
        "The switch “Per call” was 2, and is not turned now.",
        "The version of torch was 2.8.0, and is 2.9.0 now.",
        "The version of CUDA was 12.8, and is 12.9 now.",
        "The driver was 550.1, and is 560.2 now.",
        "The version of xformers was 0.1, and is not known now.",
        "The pictures were kept as PNG, and are as JPG now; JPG loses a little.",
    )
    # Of a run that was imported nothing is known, so nothing is known to have changed.
    assert changes(replace(old, device="", dtype="", versions={}), old) == ()
