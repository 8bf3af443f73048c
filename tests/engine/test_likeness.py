"""Likeness: against the formulas written out, and what they promise."""

from __future__ import annotations

import subprocess
import sys
from math import inf, log10

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from engine import likeness
from engine.likeness import psnr, ssim


def noise(width: int, height: int, seed: int = 0) -> Image.Image:
    values = np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)
    return Image.fromarray(values)


def blurred(image: Image.Image) -> Image.Image:
    return image.resize((image.width // 2, image.height // 2)).resize(image.size)


def formula(a: Image.Image, b: Image.Image) -> float:
    """Equation 13 of the paper, window by window."""
    x, y = (np.asarray(image.convert("RGB"), dtype=np.float64) for image in (a, b))
    c1, c2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
    values = []
    for top in range(a.height - 6):
        for left in range(a.width - 6):
            for colour in range(3):
                p = x[top : top + 7, left : left + 7, colour]
                q = y[top : top + 7, left : left + 7, colour]
                covariance = ((p - p.mean()) * (q - q.mean())).mean()
                above = (2 * p.mean() * q.mean() + c1) * (2 * covariance + c2)
                below = (p.mean() ** 2 + q.mean() ** 2 + c1) * (p.var() + q.var() + c2)
                values.append(above / below)
    return float(np.mean(values))


@pytest.mark.parametrize("size", [(7, 7), (16, 9), (11, 23)])
def test_ssim_is_the_formula(size: tuple[int, int], monkeypatch: pytest.MonkeyPatch) -> None:
    a = noise(*size)
    for b in (noise(*size, seed=1), blurred(a), Image.new("RGB", size, "white")):
        assert ssim(a, b) == pytest.approx(formula(a, b), abs=1e-12)
    whole = ssim(a, blurred(a))
    monkeypatch.setattr(likeness, "_BAND_ROWS", 4)
    assert ssim(a, blurred(a)) == pytest.approx(whole, abs=1e-12)


@settings(max_examples=30, deadline=None)
@given(st.integers(7, 40), st.integers(7, 40), st.integers(0, 1000), st.integers(0, 1000))
def test_ssim_is_one_for_itself_and_the_same_both_ways(
    width: int, height: int, seed: int, other: int
) -> None:
    a, b = noise(width, height, seed), noise(width, height, other)
    assert ssim(a, a) == 1.0
    assert ssim(a, b) == ssim(b, a)
    assert -1 <= ssim(a, b) <= 1


def test_the_largest_sums_fit() -> None:
    white, black = (Image.new("RGB", (9, 9), colour) for colour in ("white", "black"))
    assert ssim(white, white) == 1.0
    assert 0 < ssim(white, black) < 0.001
    checks = Image.fromarray((np.indices((16, 16)).sum(0) % 2 * 255).astype(np.uint8))
    assert ssim(checks, checks) == 1.0


def test_colour_counts() -> None:
    """Two colours of the same luma are not the same."""
    red, green = Image.new("RGB", (16, 16), (200, 0, 0)), Image.new("RGB", (16, 16), (0, 102, 0))
    assert abs(red.convert("L").getpixel((0, 0)) - green.convert("L").getpixel((0, 0))) <= 1  # type: ignore[operator]
    assert ssim(red, green) < 0.5


def test_less_noise_is_more_alike() -> None:
    a = noise(32, 32)
    near = Image.blend(a, noise(32, 32, seed=1), 0.1)
    far = Image.blend(a, noise(32, 32, seed=1), 0.5)
    assert 1 > ssim(a, near) > ssim(a, far) > 0
    assert psnr(a, near) > psnr(a, far)


def test_psnr_is_the_formula() -> None:
    a, b = noise(8, 300), noise(8, 300, seed=1)
    error = np.mean((np.asarray(a, dtype=float) - np.asarray(b, dtype=float)) ** 2)
    assert psnr(a, b) == pytest.approx(10 * log10(255**2 / error))
    assert psnr(a, a) == inf


def test_sizes_must_be_equal_and_not_tiny() -> None:
    for measure in (ssim, psnr):
        with pytest.raises(ValueError, match="8x9 and 9x8"):
            measure(noise(8, 9), noise(9, 8))
    with pytest.raises(ValueError, match="7 pixels"):
        ssim(noise(6, 8), noise(6, 8))


def test_other_modes_are_taken_as_rgb() -> None:
    grey = noise(16, 16).convert("L")
    assert ssim(grey, grey.convert("RGB")) == 1.0


def test_importing_is_cheap() -> None:
    code = (
        "import sys, engine.likeness; print(sorted({'numpy', 'PIL', 'torch'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
