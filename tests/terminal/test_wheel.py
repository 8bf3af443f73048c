"""The wheel: built, installed elsewhere, and started in another folder."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder)]
    subprocess.run([*command, str(ROOT)], check=True, capture_output=True, text=True)
    (built,) = folder.glob("*.whl")
    return built


def test_what_is_in_it(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    weights = "engine/demo/weights"
    assert {
        "tui/screens/studio/studio.tcss",
        "themes/safelight.toml",
        "themes/safelight-light.toml",
        f"{weights}/model_index.json",
        f"{weights}/unet/diffusion_pytorch_model.safetensors",
        f"{weights}/vae/diffusion_pytorch_model.safetensors",
        f"{weights}/better-vae/diffusion_pytorch_model.safetensors",
        f"{weights}/text_encoder/model.safetensors",
        f"{weights}/tokenizer/vocab.json",
    } <= names
    assert not any(name.startswith(("tests/", ".")) for name in names)


def test_it_makes_a_picture_from_another_folder(wheel: Path, tmp_path: Path) -> None:
    place = tmp_path / "installed"
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target", str(place)]
    subprocess.run([*pip, str(wheel)], check=True, capture_output=True, text=True)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    made = subprocess.run(
        [sys.executable, str(place / "bin" / "safelight"), "generate", "a red sun", "--json"],
        cwd=elsewhere,
        env={**os.environ, "PYTHONPATH": str(place), "SAFELIGHT_HOME": str(tmp_path / "home")},
        capture_output=True,
        text=True,
        timeout=150,
        check=False,
    )
    assert made.returncode == 0, made.stderr
    assert json.loads(made.stdout)["status"] == "finished"
    assert list(elsewhere.iterdir()) == []
    where = subprocess.run(
        [sys.executable, "-c", "import tui; print(tui.__file__)"],
        cwd=elsewhere,
        env={**os.environ, "PYTHONPATH": str(place)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert where.stdout.startswith(str(place))
