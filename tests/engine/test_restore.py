"""A spec from any picture and any text; a sentence from all others."""

from __future__ import annotations

import json
import os
import struct
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, PngImagePlugin

from engine.errors import HistoryError, RestoreError, SafelightError
from engine.infotext import write
from engine.pictures import exif
from engine.pictures.records import metadata_of
from engine.pictures.save import save_image
from engine.record import RunRecord, Status
from engine.restore import Restored, restore_picture, restore_text
from engine.shelf import Shelved
from engine.spec import RunSpec
from tests.engine import hostile

SPEC = RunSpec(
    "old\n---\nyoung",
    negative_prompt="stars",
    seed=7,
    width=64,
    height=48,
    scheduler="Euler",
    batch_size=2,
    switches={"sigmas": "karras", "precision": "fp16"},
)
A1111 = "a fox\nSteps: 20, Sampler: Euler a, CFG scale: 7, Seed: 42, Size: 64x64"


def saved(path: Path, spec: RunSpec = SPEC, index: int = 3) -> Path:
    record = RunRecord(41, Status.FINISHED, spec, "2026-01-31T10:00:00.000Z")
    return save_image(
        Image.new("RGB", (64, 48)), path, metadata_of(record, index, 64, 48), write(spec, index)
    )


def with_texts(path: Path, **texts: str) -> Path:
    info = PngImagePlugin.PngInfo()
    for name, text in texts.items():
        info.add_text(name, text)
    Image.new("RGB", (8, 8)).save(path, pnginfo=info)
    return path


def on_shelf(name: str, kind: str = "file", *, complete: bool = True) -> Shelved:
    return Shelved(name, kind, "sd", 1, "float16", "", Path(name), complete=complete)


# Pictures


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".webp"])
def test_a_picture_of_ours(tmp_path: Path, suffix: str) -> None:
    found = restore_picture(saved(tmp_path / f"a{suffix}"), "another")
    assert found.spec == SPEC.only(3)
    assert (found.spec.prompt, found.spec.seed) == ("young", 8)
    assert (found.source, found.unknown) == ("safelight", {})
    assert found.notes == ("Picture 4 of 4: its own prompt and seed are taken.",)


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".webp"])
def test_a_picture_whose_json_was_taken_out(tmp_path: Path, suffix: str) -> None:
    """As when another program has copied A1111's text only."""
    path = save_image(Image.new("RGB", (8, 8)), tmp_path / f"a{suffix}", {}, write(SPEC, 1))
    found = restore_picture(path)
    assert found.spec == SPEC.only(1)
    assert (found.source, found.unknown, found.notes) == ("safelight", {}, ())


def test_a_picture_of_another_program(tmp_path: Path) -> None:
    path = with_texts(tmp_path / "a.png", parameters=f"{A1111}, Model: Foo, Clip skip: 2")
    found = restore_picture(path, "scenes")
    assert found.spec == RunSpec(
        "a fox", seed=42, guidance_scale=7, width=64, height=64, scheduler="Euler a"
    )
    assert found.source == "a1111"
    assert found.unknown == {"Clip skip": "2", "Model": "Foo"}
    assert found.notes == ("No checkpoint of this machine is called “Foo”; scenes is kept.",)


def test_an_older_picture_of_ours(tmp_path: Path) -> None:
    values = {"run": 1, "prompt": "a", "seed": 9, "index": 1, "spec": RunSpec("a").to_json()}
    found = restore_picture(with_texts(tmp_path / "a.png", safelight=json.dumps(values)))
    assert (found.spec, found.notes) == (RunSpec("a", seed=9), ())


def test_values_out_of_range_in_our_own() -> None:
    values = {**SPEC.to_json(), "width": 511, "scheduler": "Foo", "seed": -1, "batch_size": 900}
    values["switches"] = {"precision": "fp16", "warp": "9", "cache": "nonsense"}
    found = restore_text(json.dumps({"spec": values}))
    assert (found.spec.width, found.spec.scheduler, found.spec.batch_size) == (512, None, 32)
    assert found.spec.switches == {"precision": "fp16"}
    assert found.unknown == {"Scheduler": "Foo", "switch warp": "9", "switch cache": "nonsense"}
    assert any("Scheduler “Foo” is not known here" in note for note in found.notes)
    assert any("no switch called “warp”" in note for note in found.notes)
    assert all(note.endswith(".") for note in found.notes)


def test_novelai(tmp_path: Path) -> None:
    comment = {
        "prompt": "a cat",
        "uc": "dog",
        "steps": 28,
        "scale": 5.0,
        "seed": 31,
        "width": 832,
        "height": 1216,
        "sampler": "k_dpmpp_2m",
        "noise_schedule": "exponential",
        "n_samples": 1,
        "cfg_rescale": 0.0,
    }
    path = with_texts(
        tmp_path / "a.png",
        Software="NovelAI",
        Description="a cat",
        Source="NovelAI Diffusion V4",
        Comment=json.dumps(comment),
    )
    found = restore_picture(path)
    assert found.source == "novelai"
    assert found.spec == RunSpec(
        "a cat",
        negative_prompt="dog",
        num_inference_steps=28,
        guidance_scale=5,
        seed=31,
        width=832,
        height=1216,
        scheduler="DPM++ 2M",
        switches={"sigmas": "exponential"},
    )
    assert found.unknown["cfg_rescale"] == "0.0"
    assert "NovelAI Diffusion V4" in found.notes[0]


GRAPH = json.dumps({"3": {"class_type": "KSampler", "inputs": {"seed": 1}}})


def test_a_workflow_of_comfyui_is_told(tmp_path: Path) -> None:
    for number, texts in enumerate([{"prompt": GRAPH}, {"workflow": GRAPH}]):
        path = with_texts(tmp_path / f"{number}.png", **texts)
        with pytest.raises(RestoreError, match="holds a workflow of ComfyUI"):
            restore_picture(path)
    text = f"prompt:{GRAPH}".encode() + b"\0"
    entry = struct.pack(">HHII", exif.MAKE, 2, len(text), 26)
    data = b"MM\0*" + struct.pack(">IH", 8, 1) + entry + bytes(4) + text
    (tmp_path / "a.webp").write_bytes(hostile.webp((b"EXIF", data)))
    with pytest.raises(RestoreError, match="holds a workflow of ComfyUI"):
        restore_picture(tmp_path / "a.webp")
    both = with_texts(tmp_path / "both.png", prompt=GRAPH, parameters=A1111)
    assert restore_picture(both).spec.prompt == "a fox"


def test_what_says_nothing(tmp_path: Path) -> None:
    with pytest.raises(RestoreError, match=r"^a\.png does not say how it was made"):
        restore_picture(with_texts(tmp_path / "a.png"))
    with pytest.raises(RestoreError, match=r"b\.png holds text, but no settings"):
        restore_picture(with_texts(tmp_path / "b.png", Title="My holiday"))
    with pytest.raises(RestoreError, match="holds text, but no settings"):
        restore_picture(with_texts(tmp_path / "c.png", safelight="{}", parameters="hello"))
    (tmp_path / "d.png").write_text("hello")
    with pytest.raises(HistoryError, match="is not a PNG, JPEG or WebP picture"):
        restore_picture(tmp_path / "d.png")
    with pytest.raises(HistoryError, match="cannot be read: No such file"):
        restore_picture(tmp_path / "e.png")
    os.mkfifo(tmp_path / "f.png")
    for path in (tmp_path, tmp_path / "f.png"):
        with pytest.raises(HistoryError, match="is not a picture"):
            restore_picture(path)
    with pytest.raises(HistoryError, match="cannot be read"):
        restore_picture(tmp_path / "a\0.png")


# Texts


def test_texts() -> None:
    assert restore_text(A1111).spec.prompt == "a fox"
    record = RunRecord(41, Status.FINISHED, SPEC, "2026-01-31T10:00:00.000Z")
    assert restore_text(json.dumps(record.to_json())).spec == SPEC, "of a run all of it"
    assert restore_text(write(SPEC, 2)).spec == SPEC.only(2)
    for text in ("", "a fox", "{}", '{"spec": 3}', "[" * 100_000, "{" * 100_000):
        with pytest.raises(RestoreError, match="holds no settings"):
            restore_text(text)


# Checkpoints


@pytest.mark.parametrize(
    ("model", "shelf", "name", "note"),
    [
        ("dreamshaper_8", ["/m/DreamShaper_8.safetensors"], "/m/DreamShaper_8.safetensors", ""),
        (
            "dreamshaper_8.safetensors",
            ["/m/dreamshaper_8.ckpt", "/m/x"],
            "/m/dreamshaper_8.ckpt",
            "",
        ),
        ("sdxl-base", ["stabilityai/sdxl-base"], "stabilityai/sdxl-base", ""),
        ("now", [], "own/now", ""),
        ("foo", ["/a/foo", "/b/foo"], "own/now", "There are 2 checkpoints called “foo” here; now"),
        ("foo", ["/a/bar"], "own/now", "No checkpoint of this machine is called “foo”; now"),
        ("", ["/a/bar"], "own/now", "Nothing is said of the checkpoint; yours is kept."),
    ],
)
def test_the_checkpoint_of_another_program(
    model: str, shelf: list[str], name: str, note: str
) -> None:
    text = f"{A1111}, Model: {model}"
    found = restore_text(text, "own/now", [on_shelf(each) for each in shelf])
    assert found.spec.checkpoint == name
    assert found.notes[0].startswith(note) if note else found.notes == ()
    assert found.unknown == ({"Model": model} if note and model else {})


def test_what_is_no_checkpoint_is_not_taken_for_one() -> None:
    shelf = [on_shelf("/a/foo", "vae"), on_shelf("/b/foo", complete=False)]
    assert restore_text(f"{A1111}, Model: foo", "scenes", shelf).spec.checkpoint == "scenes"


def test_the_checkpoint_of_another_machine(tmp_path: Path) -> None:
    def found(name: str) -> Restored:
        text = json.dumps({"spec": {**RunSpec("a").to_json(), "checkpoint": name}})
        return restore_text(text, "scenes", [on_shelf("/here/model.safetensors")])

    assert found("/there/model.safetensors").spec.checkpoint == "/here/model.safetensors"
    assert found("C:\\m\\model.safetensors").spec.checkpoint == "/here/model.safetensors"
    gone = found("/there/other.safetensors")
    assert gone.spec.checkpoint == "scenes"
    assert "is called “/there/other.safetensors”; scenes is kept" in gone.notes[0]
    assert found("owner/name").spec.checkpoint == "owner/name", "it can be downloaded"
    (tmp_path / "model").mkdir()
    assert found(str(tmp_path / "model")).spec.checkpoint == str(tmp_path / "model")


def test_nobody_is_asked_about_a_checkpoint_on_another_machine(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def asked(path: Any) -> bool:
        raise AssertionError(f"asked about {path}")

    monkeypatch.setattr(os.path, "lexists", asked)
    for name in ("\\\\server\\share\\model", "//server/share/model"):
        text = json.dumps({"spec": {**RunSpec("a").to_json(), "checkpoint": name}})
        assert restore_text(text).spec.checkpoint == "scenes"


# Hostile pictures


def assert_read_or_refused(path: Path) -> bool:
    """Whether a picture was read; else a sentence was raised, and nothing else."""
    refused = ""
    try:
        found = restore_picture(path)
    except SafelightError as error:
        refused = str(error)
    if refused:
        assert refused.endswith(".")
        return False
    assert RunSpec.from_json(found.spec.to_json()) == found.spec
    assert all(note.endswith(".") for note in found.notes)
    json.dumps(found.to_json())
    return True


def test_hostile_pictures_are_read_or_refused(tmp_path: Path) -> None:
    path, kinds = tmp_path / "x", set()
    count = 0
    for kind, data in hostile.cases():
        path.write_bytes(data)
        read = assert_read_or_refused(path)
        kinds.add((kind.partition(",")[0], read))
        count += 1
    assert count > 250
    assert {("PNG", True), ("JPEG", True), ("WebP", True), ("zipped bomb", False)} <= kinds


def test_damaged_pictures_are_read_or_refused(tmp_path: Path) -> None:
    path = tmp_path / "x"
    read = 0
    for _, data in hostile.mutations(300, tmp_path):
        path.write_bytes(data)
        read += assert_read_or_refused(path)
    assert 0 < read < 300


def test_the_script_that_measures_it(tmp_path: Path) -> None:
    """As it is run by hand, with few pictures."""
    script = Path(__file__).parents[1] / "bench" / "bench_hostile_pictures.py"
    ran = subprocess.run(
        [sys.executable, str(script), "30"],
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
        timeout=150,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "0 crashes" in ran.stdout
