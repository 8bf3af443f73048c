"""``generate --dry-run`` and ``history --effects``: what they print, and that they make nothing."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image

from engine.history import History
from engine.record import ImageRecord
from engine.spec import RunSpec
from tests.tui.scripted import picture, record_of
from tui.cli import main
from tui.effect_table import table

PROMPT = "a red sun"


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SAFELIGHT_HOME", str(tmp_path))
    return tmp_path


def keep(home: Path, *specs: RunSpec) -> None:
    history = History(home / "data")
    for number, spec in enumerate(specs, 1):
        path = home / f"{number}.png"
        image = picture(spec.num_inference_steps)
        image.save(path)
        seconds = replace(record_of(1, spec).seconds, denoise=0.02 * spec.num_inference_steps)
        images = (ImageRecord(str(path), spec.seed, *image.size),)
        history.add(replace(record_of(number, spec), seconds=seconds, images=images))
    history.close()


def test_a_dry_run_makes_nothing(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["generate", PROMPT, "--dry-run"]) == 0
    told = capsys.readouterr()
    assert "unknown" in told.out
    assert "guess from its weights" in told.out
    assert not (home / "data").exists()


@pytest.mark.parametrize(
    ("switch", "why"),
    [
        ("cache=pab", "cache pab cannot be used: no effect on a UNet"),
        ("offload=model", "offload model cannot be used: needs CUDA"),
        ("layerwise=fp8", ""),
    ],
)
def test_a_dry_run_refuses_what_would_be_refused(
    home: Path, capsys: pytest.CaptureFixture[str], switch: str, why: str
) -> None:
    words = ["generate", PROMPT, "--dry-run", "--device", "cpu", "--set", switch]
    code = main(words)
    assert code == (2 if why else 0), capsys.readouterr().err
    assert why in capsys.readouterr().err
    assert not (home / "data").exists() or not list((home / "data").rglob("*.png"))


def test_a_dry_run_in_json(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    keep(home, RunSpec(PROMPT), RunSpec(PROMPT))
    assert main(["generate", PROMPT, "--dry-run", "--json", "--seed", "3"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["spec"]["seed"] == 3
    assert told["forecast"]["sure"] == "measured"
    assert told["forecast"]["seconds"] == pytest.approx(0.52)
    assert main(["generate", PROMPT, "--dry-run", "--steps", "0"]) == 2


def test_effects_as_a_table(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["history", "--effects"]) == 0
    assert "change one thing" in capsys.readouterr().err
    tiled = {"vae_tiling": "on"}
    keep(
        home,
        RunSpec(PROMPT),
        RunSpec(PROMPT, num_inference_steps=40),
        RunSpec(PROMPT, switches=tiled),
    )
    assert main(["history", "--effects"]) == 0
    out = capsys.readouterr().out.splitlines()
    assert out[0].split() == ["switch", "value", "against", "time", "memory", "likeness", "runs"]
    assert out[1].split() == ["vae_tiling", "on", "default", "×1.00", "0", "B", "1.00", "#3", "#1"]
    steps = out[3].split()
    assert steps[:4] == ["num_inference_steps", "40", "20", "×1.83"]
    assert 0 < float(steps[6]) < 1
    assert (
        len({line.index("default" if "default" in line else line.split()[2]) for line in out[:2]})
        == 1
    )


def test_effects_in_json(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    keep(home, RunSpec(PROMPT), RunSpec(PROMPT, switches={"precision": "fp16"}))
    assert main(["history", "--effects", "--json"]) == 0
    (effect,) = json.loads(capsys.readouterr().out)
    assert effect["switch"] == "precision"
    assert effect["likeness"] == 1.0
    (home / "1.png").unlink()
    assert main(["history", "--effects", "--json", "--limit", "9"]) == 0
    assert json.loads(capsys.readouterr().out)[0]["likeness"] is None
    assert main(["history", "--effects", "--limit", "0"]) == 2


def test_a_hostile_value_is_shown_and_not_obeyed() -> None:
    from engine.effects import effects

    spec = RunSpec(PROMPT, switches={"a\x1b[31m": "x" * 100})
    found = effects([record_of(1, RunSpec(PROMPT)), record_of(2, spec)])
    text = "\n".join(table(found, [0.996]))
    assert "\x1b" not in text
    assert "…" in text
    assert ">0.99" in text


def test_history_still_lists_fifty(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Image.new("RGB", (8, 8)).save(home / "x.png")
    keep(home, *(RunSpec(PROMPT, seed=seed) for seed in range(53)))
    assert main(["history"]) == 0
    assert len(capsys.readouterr().out.splitlines()) == 50
