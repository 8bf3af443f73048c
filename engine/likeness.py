"""How alike two pictures are: SSIM and PSNR.

Light until it is used: numpy is imported by the first call.
"""

from __future__ import annotations

from math import inf, log10
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from PIL.Image import Image

WINDOW = 7
"""Side of SSIM's square window in pixels."""
_PIXELS = WINDOW * WINDOW
_TOP = 255.0
_C1, _C2 = (0.01 * _TOP) ** 2, (0.03 * _TOP) ** 2  # K1 and K2 of the paper
_BAND_ROWS = 256  # at a time, so that a picture of 8192x8192 needs no gigabytes beside itself


def ssim(a: Image, b: Image) -> float:
    """The mean structural similarity of two pictures, over windows and the three colours.

    1.0 for identical pictures; near 0, or below it, for pictures that have nothing in common. Not
    of luma alone: a red sun and a green one can be equally bright.

    Source: Wang, Bovik, Sheikh and Simoncelli, "Image quality assessment: from error visibility to
    structural similarity", IEEE TIP 13(4), 2004, equation 13, with uniform windows of 7x7 pixels
    that lie inside the picture.

    Args:
        a, b: pictures of one size, at least 7x7 pixels; taken as RGB.

    Raises:
        ValueError: their sizes differ, or a side is below 7 pixels.
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


def _arrays(a: Image, b: Image) -> tuple[Any, Any]:
    """Both pictures as uint8 arrays (height, width, 3)."""
    import numpy

    if a.size != b.size:
        sizes = " and ".join(f"{width}x{height}" for width, height in (a.size, b.size))
        raise ValueError(f"The pictures differ in size: {sizes}.")
    return numpy.asarray(a.convert("RGB")), numpy.asarray(b.convert("RGB"))


def _windows(x: Any, y: Any) -> float:
    """The sum of SSIM over all windows of two uint8 arrays (height, width).

    Up to the last fraction all is done in whole numbers, so identical windows give exactly 1. They
    fit 32 bits: the largest is 2 (49 · 255)², 312 million.
    """
    import numpy

    x, y = x.astype(numpy.int32), y.astype(numpy.int32)
    sum_x, sum_y = _sums(x), _sums(y)
    means = sum_x * sum_y  # times 49²
    mean_squares = sum_x * sum_x + sum_y * sum_y
    covariance = _PIXELS * _sums(x * y) - means
    variances = _PIXELS * _sums(x * x + y * y) - mean_squares
    c1, c2 = _C1 * _PIXELS**2, _C2 * _PIXELS**2
    above = (2.0 * means + c1) * (2.0 * covariance + c2)
    below = (mean_squares + c1) * (variances + c2)
    return float((above / below).sum())


def _sums(values: Any) -> Any:
    """The sum over each window: an array (height - 6, width - 6), by three additions a side."""
    for _ in range(2):
        two = values[:-1] + values[1:]
        four = two[:-2] + two[2:]
        values = (four[:-3] + two[4:-1] + values[6:]).T
    return values
