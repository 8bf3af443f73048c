"""The script for GPUs, tried on tiny models on the CPU; and that its models have the real sizes."""

from __future__ import annotations

import os
import subprocess
import sys
from math import isfinite
from pathlib import Path

import pytest
import torch

from tests.bench import gpu_models
from tests.bench.gpu_profile import Profile, StepProfiler, kind_of, shares, union
from tests.bench.gpu_sides import NO_TIME, OutOfTime, Side
from tests.bench.gpu_tables import NONE, Report, Table

SCRIPT = Path(__file__).with_name("gpu.py")
FAILURES = ("needs CUDA", "not run (--no-compile)", "not measured")
"""What rows may say on a CPU instead of figures."""


def tables_of(markdown: str) -> dict[str, list[list[str]]]:
    """The rows of each table, its head left out, by title."""
    found: dict[str, list[list[str]]] = {}
    title = ""
    for line in markdown.splitlines():
        if line.startswith("## "):
            title = line[3:]
        if line.startswith("|"):
            found.setdefault(title, []).append([cell.strip() for cell in line.split("|")[1:-1]])
    return {title: rows[2:] for title, rows in found.items()}


def is_whole(row: list[str]) -> bool:
    """Whether a row has figures, or says why it has none."""
    if any(reason in row[-1] for reason in FAILURES):
        return set(row[1:-1]) == {NONE}
    figures = [cell.rstrip("%") for cell in row[1:] if cell[:1].isdigit()]
    return bool(figures) and all(isfinite(float(figure.split()[0])) for figure in figures)


@pytest.mark.slow
def test_tables_are_whole_and_finite(tmp_path: Path) -> None:
    out = tmp_path / "figures.md"
    command = [
        sys.executable,
        str(SCRIPT),
        "--tiny",
        "--device",
        "cpu",
        "--quick",
        "--only",
        "sd15",
        "--models",
        str(tmp_path / "models"),
    ]
    done = subprocess.run(
        [*command, "--profile", "--out", str(out)],
        capture_output=True,
        text=True,
        timeout=170,
        check=False,
        env={**os.environ, "TMPDIR": str(tmp_path)},
    )
    assert done.returncode == 0, done.stderr[-2000:]
    text = out.read_text(encoding="utf-8")
    assert text.strip() == done.stdout.strip()
    for fact in ("- Device: cpu", "torch ", "diffusers ", "- Date: 20", "gpu.py --tiny", "**Tiny"):
        assert fact in text
    found = tables_of(text)
    assert [(title.split(":")[0], len(rows)) for title, rows in found.items()] == [
        ("The tutorial's way", 7),
        ("Switches", 13),
        ("Safelight's engine against a bare diffusers script", 2),
        ("Where a step's time goes", 2),
        ("Targets", 2),
    ]
    for title, rows in found.items():
        assert all(is_whole(row) for row in rows), (title, rows)
    half = next(rows for title, rows in found.items() if "tutorial" in title)[1]
    assert float(half[4]) > 0.9  # fp16 against fp32
    against = next(rows for title, rows in found.items() if "bare" in title)
    assert [row[5] for row in against if row[5] != NONE] == ["1.0000"]  # the same pictures
    assert not list(tmp_path.glob("safelight-gpu-*"))


def test_models_are_of_the_published_sizes() -> None:
    def count(model: torch.nn.Module) -> int:
        return sum(parameter.numel() for parameter in model.parameters())

    import diffusers.hooks  # noqa: F401  (its own constants must not come to be on that device)
    from diffusers import AutoencoderKL, UNet2DConditionModel  # noqa: F401

    with torch.device("meta"):
        assert count(gpu_models.unet(gpu_models.SD15)) == 859_520_964
        assert count(gpu_models.unet(gpu_models.SDXL)) == 2_567_463_684
        assert count(gpu_models.vae(gpu_models.SD15)) == 83_653_863
        assert count(gpu_models.text_encoder(gpu_models.SDXL, 0)) == 123_060_480
        assert count(gpu_models.text_encoder(gpu_models.SDXL, 1)) == 694_659_840


def _die(line: object) -> None:
    del line
    os._exit(3)


def test_a_side_that_dies_is_a_row_that_says_so() -> None:
    side = Side(_die)
    table = Table("A title", "A note.", ("", "s", "notes"))
    spec = gpu_models.MODELS["sd15"].spec(Path("nowhere"))
    for label in ("one", "another"):
        with table.row(label):
            side.run(spec)
    why = "failed: the process ended (exit code 3)"
    assert table.rows == [("one", NONE, why), ("another", NONE, why)]
    assert "| one     |   - | failed" in table.markdown()
    side.close()
    with pytest.raises(KeyError), table.row("a third"):
        raise KeyError  # what is no run's failure is not hidden


def test_what_no_time_is_left_for_says_so(tmp_path: Path) -> None:
    out = tmp_path / "figures.md"
    table = Report(out).table("A title", "A note.", ("", "s", "notes"))
    side = Side(_die)
    side.until = 0.0
    with table.row("one"):
        side.run(gpu_models.MODELS["sd15"].spec(Path("nowhere")))
    assert table.rows == [("one", NONE, f"not run ({NO_TIME})")]
    assert "| one |   - | not run" in out.read_text(encoding="utf-8")  # before the table is done
    with pytest.raises(OutOfTime):
        side.run(gpu_models.MODELS["sd15"].spec(Path("nowhere")))


def test_weights_are_made_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def make(folder: Path, _: gpu_models.Shape) -> Path:
        folder.mkdir()
        (folder / "part").touch()
        return folder

    monkeypatch.setattr(gpu_models, "build", make)
    (tmp_path / "sd15.partial").mkdir()  # of a script that was ended
    gpu_models.kept(tmp_path / "sd15", gpu_models.TINY_SD15)
    monkeypatch.delattr(gpu_models, "build")
    assert gpu_models.kept(tmp_path / "sd15", gpu_models.TINY_SD15) == tmp_path / "sd15"
    assert [path.name for path in tmp_path.rglob("*")] == ["sd15", "part"]


def test_busy_time_counts_overlapping_kernels_once() -> None:
    assert union([]) == 0
    assert union([(5, 7), (0, 2), (1, 3), (6, 6.5)]) == 5
    assert Profile(4, 10.0, 8.0, ()).busy_a_step == 2.0


def test_kernels_are_told_apart_by_their_names() -> None:
    names = {
        "void pytorch_flash::flash_fwd_kernel<...>": "attention",
        "fmha_cutlassF_f16_aligned_64x64_rf_sm80": "attention",
        "cudnn_generated_fort_native_sdpa_sm90_flash_fprop_wgmma_f16": "attention",
        "sm90_xmma_fprop_implicit_gemm_f16f16_f16f32_f32_nhwckrsc_nhwc": "convolutions",
        "nvjet_hsh_128x256_64x4_1x2_h_bz_coopA_TNT": "matrix products",
        "triton_poi_fused_add_silu_3": "fused kernels",
        "void at::native::(anonymous namespace)::RowwiseMomentsCUDAKernel<...>": "normalisation",
        "void at::native::vectorized_elementwise_kernel<4, ...>": "elementwise",
        "Memcpy DtoD (Device -> Device)": "copies",
        "something new": "other",
    }
    assert {name: kind_of(name) for name in names} == names
    assert shares([("a", 1.0), ("triton_1", 2.0), ("triton_2", 1.0)]) == (
        ("fused kernels", 0.75),
        ("other", 0.25),
    )


def test_a_run_too_short_to_profile_has_no_profile() -> None:
    assert StepProfiler("cpu").found() is None
