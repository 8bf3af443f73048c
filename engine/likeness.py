"""How alike two pictures are: SSIM and PSNR.

Light until it is used: numpy is imported by the first call.
"""

from __future__ import annotations

from math import exp, inf, log10
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from PIL.Image import Image

SIGMA = 1.5
WINDOW = 11
"""Side of SSIM's square window in pixels."""
_TOP = 255.0
_C1, _C2 = (0.01 * _TOP) ** 2, (0.03 * _TOP) ** 2  # K1 and K2 of the paper
_BAND_ROWS = 128  # at a time: it stays in the cache, and 8192x8192 needs no gigabytes beside itself


def ssim(a: Image, b: Image) -> float:
    """The mean structural similarity of two pictures, over windows and the three colours.

    1.0 for identical pictures; near 0, or below it, for pictures that have nothing in common. Not
    of luma alone: a red sun and a green one can be equally bright.

    Source: Wang, Bovik, Sheikh and Simoncelli, "Image quality assessment: from error visibility to
    structural similarity", IEEE TIP 13(4), 2004, equation 13, with the paper's windows: Gaussian,
    11x11 pixels, sigma 1.5, that lie inside the picture. The same as scikit-image's
    ``structural_similarity`` with ``gaussian_weights=True, use_sample_covariance=False``.

    Args:
        a, b: pictures of one size, at least 11x11 pixels; taken as RGB.

    Raises:
        ValueError: their sizes differ, or a side is below 11 pixels.
    """
    x, y = _arrays(a, b)
    height, width = x.shape[:2]
    if min(height, width) < WINDOW:
        raise ValueError(f"A side is below {WINDOW} pixels: {width}x{height}.")
    total, rows = 0.0, height - WINDOW + 1
    for top in range(0, rows, _BAND_ROWS):
        band = slice(top, min(top + _BAND_ROWS, rows) + WINDOW - 1)
        for colour in range(3):
            total += _windows(x[band, :, colour], y[band, :, colour])
    return float(total / (3 * rows * (width - WINDOW + 1)))


def psnr(a: Image, b: Image) -> float:
    """The peak signal-to-noise ratio of two pictures in decibels; infinite for identical ones.

    Args:
        a, b: pictures of one size; taken as RGB.

    Raises:
        ValueError: their sizes differ.
    """
    import numpy

    x, y = _arrays(a, b)
    squares = 0
    for top in range(0, len(x), _BAND_ROWS):
        difference = x[top : top + _BAND_ROWS].astype(numpy.int32) - y[top : top + _BAND_ROWS]
        squares += int(numpy.square(difference).sum(dtype=numpy.int64))
    return 10 * log10(_TOP**2 * x.size / squares) if squares else inf


def changed(a: Image, b: Image) -> float:
    """The share of pixels, from 0 to 1, that differ in any colour.

    Args:
        a, b: pictures of one size; taken as RGB.

    Raises:
        ValueError: their sizes differ.
    """
    x, y = _arrays(a, b)
    count = sum(
        int((x[top : top + _BAND_ROWS] != y[top : top + _BAND_ROWS]).any(axis=2).sum())
        for top in range(0, len(x), _BAND_ROWS)
    )
    return count / (a.width * a.height)


def _arrays(a: Image, b: Image) -> tuple[Any, Any]:
    """Both pictures as uint8 arrays (height, width, 3)."""
    import numpy

    if a.size != b.size:
        sizes = " and ".join(f"{width}x{height}" for width, height in (a.size, b.size))
        raise ValueError(f"The pictures differ in size: {sizes}.")
    return numpy.asarray(a.convert("RGB")), numpy.asarray(b.convert("RGB"))


def _windows(x: Any, y: Any) -> float:
    """The sum of SSIM over all windows of two uint8 arrays (height, width).

    Both sides of the fraction are made in the same steps, so identical windows give exactly 1.
    """
    import numpy

    x, y = x.astype(numpy.float64), y.astype(numpy.float64)
    mean_x, mean_y = _means(x), _means(y)
    products = mean_x * mean_y
    squares = mean_x * mean_x + mean_y * mean_y
    covariance = _means(x * y) - products
    variances = _means(x * x + y * y) - squares
    above = (2 * products + _C1) * (2 * covariance + _C2)
    below = (squares + _C1) * (variances + _C2)
    return float((above / below).sum())


def _means(values: Any) -> Any:
    """The weighted mean of each window: an array (height - 10, width - 10), one way at a time."""
    for _ in range(2):
        rows = len(values) - WINDOW + 1
        found = values[WINDOW // 2 : WINDOW // 2 + rows] * _WEIGHTS[0]
        for distance, weight in enumerate(_WEIGHTS[1:], 1):
            before, after = WINDOW // 2 - distance, WINDOW // 2 + distance
            found += (values[before : before + rows] + values[after : after + rows]) * weight
        values = found.T
    return values


def _weights() -> tuple[float, ...]:
    """Of a window's middle and of the pixels beside it; all of them are 1 together."""
    heights = [exp(-0.5 * (distance / SIGMA) ** 2) for distance in range(WINDOW // 2 + 1)]
    whole = heights[0] + 2 * sum(heights[1:])
    return tuple(height / whole for height in heights)


_WEIGHTS = _weights()
