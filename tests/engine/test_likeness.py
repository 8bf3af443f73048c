"""Likeness: against the formulas written out, and what they promise."""

from __future__ import annotations

import io
import random
import subprocess
import sys
from collections.abc import Iterator
from math import inf, log10

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from engine import likeness
from engine.demo.grammar import sample
from engine.demo.scenes import draw
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
    away = np.arange(-5, 6) ** 2
    weights = np.exp(-(away[:, None] + away[None, :]) / (2 * 1.5**2))
    weights /= weights.sum()
    values = []
    for top in range(a.height - 10):
        for left in range(a.width - 10):
            for colour in range(3):
                p = x[top : top + 11, left : left + 11, colour]
                q = y[top : top + 11, left : left + 11, colour]
                mean_p, mean_q = (weights * p).sum(), (weights * q).sum()
                covariance = (weights * (p - mean_p) * (q - mean_q)).sum()
                variances = (weights * ((p - mean_p) ** 2 + (q - mean_q) ** 2)).sum()
                above = (2 * mean_p * mean_q + c1) * (2 * covariance + c2)
                values.append(above / ((mean_p**2 + mean_q**2 + c1) * (variances + c2)))
    return float(np.mean(values))


@pytest.mark.parametrize("size", [(11, 11), (16, 13), (12, 23)])
def test_ssim_is_the_formula(size: tuple[int, int], monkeypatch: pytest.MonkeyPatch) -> None:
    a = noise(*size)
    for b in (noise(*size, seed=1), blurred(a), Image.new("RGB", size, "white")):
        assert ssim(a, b) == pytest.approx(formula(a, b), abs=1e-9)
    whole = ssim(a, blurred(a))
    monkeypatch.setattr(likeness, "_BAND_ROWS", 4)
    assert ssim(a, blurred(a)) == pytest.approx(whole, abs=1e-12)


def drawn() -> Iterator[Image.Image]:
    """Pictures of what the bundled checkpoint was trained on."""
    for seed in range(5):
        yield draw(sample(random.Random(seed)), random.Random(seed))


def changed_in_some_way(image: Image.Image, seed: int) -> Iterator[Image.Image]:
    """Noise, a shift, a JPEG of it, other light, a gradient over it."""
    rng = np.random.default_rng(seed)
    values = np.asarray(image, dtype=np.float64)
    yield Image.fromarray(np.clip(values + rng.normal(0, 12, values.shape), 0, 255).astype("u1"))
    yield Image.fromarray(np.roll(np.asarray(image), (1 + seed, 2), (0, 1)))
    buffer = io.BytesIO()
    image.save(buffer, format="JPEG", quality=30)
    yield Image.open(buffer)
    yield image.point([min(255, int(value * 0.7) + 20) for value in range(256)] * 3)
    yield Image.blend(image, Image.linear_gradient("L").resize(image.size).convert("RGB"), 0.4)


def pairs() -> Iterator[tuple[Image.Image, Image.Image]]:
    """Fifty pairs, of drawn pictures and of others, of many sizes."""
    sizes = [(11, 11), (12, 40), (64, 48), (131, 77), (200, 200)]
    others = [noise(*size, seed=9) for size in sizes[:3]]
    others += [Image.radial_gradient("L").resize(size).convert("RGB") for size in sizes[3:]]
    for seed, image in enumerate([*drawn(), *others]):
        for other in changed_in_some_way(image, seed):
            yield image, other


def test_fifty_pairs_against_scikit_image() -> None:
    from skimage.metrics import peak_signal_noise_ratio, structural_similarity

    count = 0
    for a, b in pairs():
        x, y = np.asarray(a), np.asarray(b)
        theirs = structural_similarity(
            *(x, y),
            gaussian_weights=True,
            sigma=1.5,
            use_sample_covariance=False,
            channel_axis=-1,
            data_range=255,
        )
        assert ssim(a, b) == pytest.approx(theirs, abs=1e-9)
        assert psnr(a, b) == pytest.approx(peak_signal_noise_ratio(x, y, data_range=255), abs=1e-9)
        count += 1
    assert count == 50


@settings(max_examples=30, deadline=None)
@given(st.integers(11, 40), st.integers(11, 40), st.integers(0, 1000), st.integers(0, 1000))
def test_ssim_is_one_for_itself_and_the_same_both_ways(
    width: int, height: int, seed: int, other: int
) -> None:
    a, b = noise(width, height, seed), noise(width, height, other)
    assert ssim(a, a) == 1.0
    assert ssim(a, b) == ssim(b, a)
    assert -1 <= ssim(a, b) <= 1


def test_extremes() -> None:
    white, black = (Image.new("RGB", (13, 13), colour) for colour in ("white", "black"))
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
    with pytest.raises(ValueError, match="11 pixels"):
        ssim(noise(10, 12), noise(10, 12))


def test_other_modes_are_taken_as_rgb() -> None:
    grey = noise(16, 16).convert("L")
    assert ssim(grey, grey.convert("RGB")) == 1.0


def test_importing_is_cheap() -> None:
    code = (
        "import sys, engine.likeness; print(sorted({'numpy', 'PIL', 'torch'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
