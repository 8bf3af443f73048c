"""Pictures as sixels: real pixels, in terminals that have them.

Six rows of pixels, a line, are sent a colour at a time: ``#n`` selects it, each character holds six
pixels above one another, ``!n`` repeats one, ``$`` goes back to the left, ``-`` to the next line
(DEC STD 070, "Sixel Graphics"). What is drawn later lies above. So a colour may run on over pixels
that a later one covers, which spares most of the gaps.
"""

from __future__ import annotations

from functools import lru_cache
from math import isinf

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from tui.graphics.palette import Reduced, calmed, lined, reduced, thinned

MOST_BYTES = 102_000
"""For a picture of 600 x 600 pixels on the screen; larger ones may take more."""
_PIXELS = 600 * 600
_LEAST_BYTES, _MOST_OF_ALL = 40_000, 400_000
_MOST_COLOURS = 256
_USUAL_COLOURS = 96
_LOSSES = tuple(600 * 1.15**step for step in range(48))
"""From what error on a line gets another colour; see :func:`tui.graphics.palette.thinned`."""
_CALM = 12.0
_SAMPLE = 4
"""One line of so many is looked at to tell how long all would be."""
_DEFINITION = 14
"""Bytes that a colour's definition takes, about."""
LINE = 6
"""Rows of pixels that are drawn together."""
_LONGEST = 4095


def usual_bytes(pixels: int) -> float:
    """So many bytes a picture of so many pixels of the screen takes at most."""
    return min(max(MOST_BYTES * pixels / _PIXELS, _LEAST_BYTES), _MOST_OF_ALL)


def affordable(
    image: Image.Image, registers: int = 0, worth: float = 1.0, band: int = LINE
) -> Reduced:
    """``image``, in RGB, in as many colours as the link can be asked to carry.

    Args:
        registers: colours that the terminal takes; 0 when that is not known.
        worth: times the usual bytes that it may take; infinity is without limit.
        band: rows of pixels that are drawn together.
    """
    most = usual_bytes(image.width * image.height) * worth
    colours = min(registers or _MOST_COLOURS, _MOST_COLOURS)
    if isinf(most):
        return reduced(image, colours)
    picture = reduced(image, min(colours, round(_USUAL_COLOURS * worth)))
    low, high = 0, len(_LOSSES) - 1
    found: dict[int, Reduced] = {}
    # The more may be lost, the shorter: halve what is left to choose from.
    while low < high:
        middle = (low + high) // 2
        found[middle] = _simpler(image, picture, band, _LOSSES[middle])
        if _estimate(found[middle], band) <= most:
            high = middle
        else:
            low = middle + 1
    return found.get(low) or _simpler(image, picture, band, _LOSSES[low])


def _simpler(image: Image.Image, picture: Reduced, band: int, loss: float) -> Reduced:
    return calmed(image, thinned(picture, band, LINE, loss), _CALM)


def _estimate(picture: Reduced, band: int) -> float:
    """About how many bytes it takes."""
    numbers, colours = picture.numbers, len(picture.colours)
    lines = lined(numbers, band, LINE, colours)
    looked_at = lines[:: _SAMPLE if len(lines) > 20 else 1]
    drawn = sum(map(len, _lines(looked_at, colours))) + len(looked_at)
    defined = sum(
        np.count_nonzero(np.bincount(numbers[top : top + band].ravel(), minlength=colours))
        for top in range(0, len(numbers), band)
    )
    return drawn * len(lines) / len(looked_at) + defined * _DEFINITION


def sixels(numbers: NDArray[np.uint8], colours: NDArray[np.uint8]) -> str:
    """A picture as one sixel sequence, with the colours that it uses.

    Takes milliseconds: call it off the event loop.

    Args:
        numbers: (height, width), into ``colours``.
        colours: (n, 3): red, green, blue.
    """
    return bands(numbers, colours, len(numbers))[0]


def bands(numbers: NDArray[np.uint8], colours: NDArray[np.uint8], height: int) -> list[str]:
    """A picture as one sequence for each ``height`` rows of pixels; the last may be lower."""
    parts = [numbers[top : top + height] for top in range(0, len(numbers), height)]
    counts = [-(-len(part) // LINE) for part in parts]
    width = numbers.shape[1]
    lines = lined(numbers, height, LINE, len(colours))
    written = _lines(lines, len(colours))
    defined = [
        f"#{number};2;{red};{green};{blue}"
        for number, (red, green, blue) in enumerate(
            np.rint(colours.astype(np.float32) * (100 / 255)).astype(int).tolist()
        )
    ]
    found, at = [], 0
    for part, count in zip(parts, counts, strict=True):
        palette = "".join(defined[number] for number in np.unique(part).tolist())
        body = "-".join(written[at : at + count])
        # P2 = 1: what is not drawn stays as it is. The last line may be lower than six rows.
        found.append(f'\x1bP0;1q"1;1;{width};{len(part)}{palette}{body}\x1b\\')
        at += count
    return found


def _lines(lines: NDArray[np.intp], colours: int) -> list[str]:
    """Each of ``lines`` (n, 6, width) as it is drawn."""
    count, _, width = lines.shape
    here = np.arange(count)[:, None]
    # The colours of a line in the order of how much they cover: (n, colours + 1), and the inverse.
    covers = np.bincount(
        (lines + here[:, :, None] * (colours + 1)).ravel(), minlength=count * (colours + 1)
    ).reshape(count, colours + 1)
    covers[:, colours] = 0
    order = np.argsort(-covers, axis=1, kind="stable")
    rank = np.empty_like(order)
    rank[here, order] = np.arange(colours + 1)
    most = int((covers > 0).sum(axis=1).max())
    # (width, n, most + 1): which of the six pixels of a column have the colour of a rank.
    bits = np.zeros((width, count, colours + 1), np.uint8)
    across = np.arange(width)
    for row in range(LINE):
        bits[across, here, rank[here, lines[:, row]]] |= 1 << row
    bits = np.ascontiguousarray(bits[:, :, :most])
    free = np.bitwise_or.accumulate(bits[:, :, ::-1], axis=2)[:, :, ::-1]
    begins, patterns = _runs(bits.reshape(width, -1), free.reshape(width, -1))
    return _written(begins, patterns, order, (covers > 0).sum(axis=1).tolist(), most)


def _runs(
    needed: NDArray[np.uint8], allowed: NDArray[np.uint8]
) -> tuple[NDArray[np.bool_], NDArray[np.uint8]]:
    """As few runs as there can be: of all columns from a begin to the next, one pattern.

    Args:
        needed: (width, rows): pixels that must be drawn.
        allowed: the same with those that may be, because something covers them later.

    Returns:
        Where a run begins, and what is needed from there up to each column.
    """
    width = len(needed)
    begins = np.zeros(needed.shape, bool)
    patterns = needed.copy()
    begins[0] = True
    need, may = needed[0].copy(), allowed[0].copy()
    for x in range(1, width):
        more, less = need | needed[x], may & allowed[x]
        ends = (more & ~less) != 0
        need, may = np.where(ends, needed[x], more), np.where(ends, allowed[x], less)
        begins[x] = ends
        patterns[x] = need
    return begins, patterns


def _written(
    begins: NDArray[np.bool_],
    patterns: NDArray[np.uint8],
    order: NDArray[np.intp],
    used: list[int],
    most: int,
) -> list[str]:
    width, rows = begins.shape
    starts = np.flatnonzero(begins.T)
    ends = np.append(starts[1:], width * rows)
    values = np.ascontiguousarray(patterns.T).ravel()[ends - 1].astype(np.intp)
    keys = (values * (_LONGEST + 1) + ends - starts).tolist()
    first = np.searchsorted(starts, np.arange(rows + 1) * width).tolist()
    lines = []
    for line, colours in enumerate(used):
        drawn = []
        for rank in range(colours):
            row = line * most + rank
            tokens = keys[first[row] : first[row + 1]]
            if tokens[-1] <= _LONGEST:  # blanks at the end need not be sent
                tokens.pop()
            drawn.append(f"#{order[line, rank]}" + "".join(map(_token, tokens)))
        lines.append("$".join(drawn))
    return lines


@lru_cache(maxsize=65536)
def _token(key: int) -> str:
    value, length = divmod(key, _LONGEST + 1)
    character = chr(63 + value)
    return character * length if length < 4 else f"!{length}{character}"
