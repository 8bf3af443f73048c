"""Pictures in few colours, and with fewer changes of colour than the eye misses.

What a picture costs on the link is how often its colour changes. So a pixel keeps the colour of its
left neighbour where that is nearly as good: flat areas become runs, and edges stay where they are.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

_SAMPLE = 160
"""Pixels of a side from which the colours are chosen: they are found in a tenth of the time."""
_ROUNDS = 8
_RARE = 0.6
"""Below 1, colours that cover little count for more than they cover: a blue badge stays blue."""
_NEIGHBOUR = 0.5


@dataclass(frozen=True, slots=True)
class Reduced:
    """A picture by numbers.

    Attributes:
        numbers: (height, width) uint8, into ``colours``.
        colours: (n, 3) uint8, red, green, blue.
    """

    numbers: NDArray[np.uint8]
    colours: NDArray[np.uint8]


def reduced(image: Image.Image, colours: int) -> Reduced:
    """``image``, in RGB, with the nearest of ``colours`` well chosen colours for each pixel."""
    found = _chosen(image, colours)
    flat = Image.new("P", (1, 1))
    # What is left of the palette repeats the first colour.
    flat.putpalette(found.tobytes() + found[:1].tobytes() * (256 - len(found)))
    numbers = np.array(image.quantize(palette=flat, dither=Image.Dither.NONE), np.uint8)
    numbers[numbers >= len(found)] = 0
    return Reduced(numbers, found)


def _chosen(image: Image.Image, count: int) -> NDArray[np.uint8]:
    """At most ``count`` colours, by k-means over a histogram of a small copy."""
    sample = image.copy()
    sample.thumbnail((_SAMPLE, _SAMPLE), Image.Resampling.BOX)
    pixels = np.asarray(sample, np.uint8).reshape(-1, 3)
    keys = (pixels >> 3).astype(np.int32) @ np.array([1024, 32, 1], np.int32)
    _, box, covers = np.unique(keys, return_inverse=True, return_counts=True)
    sums = [np.bincount(box, pixels[:, channel]) for channel in range(3)]
    points = (np.stack(sums, axis=1) / covers[:, None]).astype(np.float32)
    weights = (covers**_RARE).astype(np.float32)
    count = min(count, len(points))
    # To begin with: one after the other, what is far from all before, and not too rare.
    chosen = [int(np.argmax(weights))]
    far = ((points - points[chosen[0]]) ** 2).sum(axis=1)
    for _ in range(count - 1):
        chosen.append(int(np.argmax(far * weights)))
        np.minimum(far, ((points - points[chosen[-1]]) ** 2).sum(axis=1), out=far)
    found = points[chosen]
    for _ in range(_ROUNDS):
        nearest = ((found**2).sum(axis=1) - 2 * points @ found.T).argmin(axis=1)
        weight = np.bincount(nearest, weights, count)
        for channel in range(3):
            total = np.bincount(nearest, weights * points[:, channel], count)
            np.divide(total, weight, out=found[:, channel], where=weight > 0, casting="unsafe")
    return np.unique(np.rint(found).astype(np.uint8), axis=0)


def calmed(image: Image.Image, picture: Reduced, tolerance: float) -> Reduced:
    """The same with fewer changes along its rows.

    Args:
        image: what ``picture`` was made of.
        tolerance: levels, of 255, that a pixel may be off, as the root of the mean square of its
            three channels. 0 changes nothing.
    """
    if tolerance <= 0:
        return picture
    limit = 3 * tolerance * tolerance
    colours = picture.colours.astype(np.int16)
    # By columns: each is decided for all rows at once.
    wanted = np.ascontiguousarray(np.asarray(image, np.int16).transpose(1, 0, 2))
    numbers = np.ascontiguousarray(picture.numbers.T)
    for x in range(1, len(numbers)):
        left = numbers[x - 1]
        off = wanted[x] - colours[left]
        near = np.einsum("ij,ij->i", off, off, dtype=np.int32) <= limit
        np.copyto(numbers[x], left, where=near)
    return Reduced(np.ascontiguousarray(numbers.T), picture.colours)


def lined(numbers: NDArray[np.uint8], band: int, line: int, blank: int) -> NDArray[np.intp]:
    """A picture as lines (n, line, width): each band of ``band`` rows begins with one.

    Where the last line of a band has no row there is the number ``blank``.
    """
    height, width = numbers.shape
    bands, tall = -(-height // band), -(-band // line) * line
    found = np.full((bands, tall, width), blank, np.intp)
    whole = height // band
    found[:whole, :band] = numbers[: whole * band].reshape(whole, band, width)
    if rest := height - whole * band:
        found[whole, :rest] = numbers[whole * band :]
    lines = found.reshape(-1, line, width)
    return lines[: len(lines) - (tall - -(-rest // line) * line) // line] if rest else lines


def thinned(picture: Reduced, band: int, line: int, loss: float) -> Reduced:
    """The same with fewer colours in each ``line`` rows: those that it needs most.

    What a line costs is the colours in it, not how many there are in all. A line of a sky has few,
    close to one another; one across a flag has others. Each begins with the colour that covers
    most, and gets that which is furthest from all it has, and covers much, until none is missed.

    Args:
        band: rows that are drawn for themselves; each begins with a line.
        loss: from how much on a colour is missed: its squared distance, times what it covers to
            the power of :data:`_RARE`.
    """
    count = len(picture.colours)
    height, width = picture.numbers.shape
    rows = lined(picture.numbers, band, line, count)
    lines, flat = len(rows), rows.reshape(len(rows), -1)
    here = np.arange(lines)
    counted = np.bincount(
        (flat + here[:, None] * (count + 1)).ravel(), minlength=lines * (count + 1)
    ).reshape(lines, count + 1)[:, :count]
    # Neighbours have a say, so that they choose alike: else smooth areas show streaks.
    covers = counted.astype(np.float32)
    covers[1:] += counted[:-1] * _NEIGHBOUR
    covers[:-1] += counted[1:] * _NEIGHBOUR
    weights = (covers / (1 + 2 * _NEIGHBOUR)) ** _RARE
    colours = picture.colours.astype(np.float32)
    apart = ((colours[:, None] - colours[None]) ** 2).sum(axis=2)
    first = covers.argmax(axis=1)
    far, instead = apart[first], np.repeat(first[:, None], count, axis=1)
    for _ in range(count - 1):
        missed = far * weights
        more = missed.argmax(axis=1)
        needs = missed[here, more] > loss
        if not needs.any():
            break
        distance = apart[more]
        nearer = (distance < far) & needs[:, None]
        np.copyto(instead, more[:, None], where=nearer)
        np.copyto(far, distance, where=nearer)
    instead = np.concatenate([instead, np.full((lines, 1), count)], axis=1)
    thin = np.take_along_axis(instead, flat, axis=1).reshape(-1, width)
    kept = lined(np.ones((height, 1), np.uint8), band, line, 0).ravel() > 0
    return Reduced(thin[kept].astype(np.uint8), picture.colours)
