"""Pictures in pixels, made ready for the terminal: bands of cell rows, each drawn for itself."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO
from typing import Protocol

from PIL import Image

from tui.graphics.terminal import Terminal

_SMALL = 12_000
"""Bytes that are drawn in one go: half a second on a slow line, and keys go in between."""
_QUALITIES = (90, 85, 80, 72, 64, 50)
_BEST = 95
_ITERM_BYTES = 80_000
_BAND_ROWS = 2
_MOST_CELLS = 297
"""Rows or columns that kitty's marks can count."""


class Pixels(Protocol):
    """A picture for ``columns`` x ``rows`` cells.

    Attributes:
        band: rows that are drawn together.
        can_be_cut: whether a band can be drawn in part, where something covers it.
        scrolls: whether the screen would scroll if it were drawn in the last row.
        weight: bytes of memory, about.
    """

    @property
    def columns(self) -> int: ...
    @property
    def rows(self) -> int: ...
    @property
    def band(self) -> int: ...
    @property
    def can_be_cut(self) -> bool: ...
    @property
    def scrolls(self) -> bool: ...
    @property
    def weight(self) -> int: ...

    def sent_once(self) -> list[str]:
        """What the terminal must have before it is drawn, to its end. Empty when nothing."""
        ...

    def forgotten(self) -> str:
        """Lets the terminal forget what was sent."""
        ...

    def drawn(self, top: int, masks: Sequence[int], x: int, y: int, place: int) -> list[str]:
        """A band, as far as it is to be seen, in parts that are each whole in themselves.

        Args:
            top: its first row.
            masks: for each of its rows, the columns that are to be seen, as bits.
            x, y: where the picture's corner stands on the screen.
            place: a number for the place.
        """
        ...

    def wiped(self, top: int, place: int) -> list[str]:
        """Takes a band away, where text that is written there does not."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class Bands:
    """Bands that are written at their place, and that text wipes: sixels, and iTerm2's pictures."""

    columns: int
    rows: int
    band: int
    data: tuple[str, ...]
    can_be_cut = False
    scrolls = True

    @property
    def weight(self) -> int:
        return sum(map(len, self.data))

    def sent_once(self) -> list[str]:
        return []

    def forgotten(self) -> str:
        return ""

    def drawn(self, top: int, masks: Sequence[int], x: int, y: int, place: int) -> list[str]:
        del masks, place
        # The cursor is put back where it was, so that the text around is not disturbed.
        return [f"\x1b7\x1b[{y + top + 1};{x + 1}H{self.data[top // self.band]}\x1b8"]

    def wiped(self, top: int, place: int) -> list[str]:
        del top, place
        return []


def pixels(
    image: Image.Image, columns: int, rows: int, terminal: Terminal, worth: float = 1.0
) -> Pixels | None:
    """``image``, in RGB, ready for a terminal. Takes tenths of a second: in a thread.

    ``None`` when it cannot be drawn at this size.

    Args:
        worth: times the usual bytes that it may take; infinity is without limit.
    """
    if terminal.protocol == "kitty":
        return _kitty(image, columns, rows, terminal, worth)
    width, height = terminal.cell
    if terminal.protocol == "iterm":
        return _iterm(image, columns, rows, (columns * width, rows * height), worth)
    from tui.graphics.sixel import affordable, bands

    scaled = _at(image, columns * width, rows * height)
    band = height * _BAND_ROWS
    picture = affordable(scaled, terminal.registers, worth, band)
    parts = bands(picture.numbers, picture.colours, band)
    return Bands(columns, rows, _BAND_ROWS, tuple(parts))


def usual_bytes(width: int, height: int, protocol: str) -> float:
    """So many bytes a picture takes at most on the link, at so many pixels of the screen."""
    if protocol == "sixel":
        from tui.graphics import sixel

        return sixel.usual_bytes(width * height)
    from tui.graphics import kitty

    return _ITERM_BYTES * 4 / 3 if protocol == "iterm" else kitty.usual_bytes(width * height)


def _at(image: Image.Image, width: int, height: int) -> Image.Image:
    from tui.graphics.halfblock import resized

    return resized(image, width, height)


def _not_above(image: Image.Image, width: int, height: int) -> Image.Image:
    """At its own size, or smaller where the cells do not show as much."""
    if image.width <= width and image.height <= height:
        return image
    return _at(image, min(width, image.width), min(height, image.height))


def _kitty(
    image: Image.Image, columns: int, rows: int, terminal: Terminal, worth: float
) -> Pixels | None:
    from tui.graphics.kitty import KittyPixels, next_number, png

    if terminal.cells and max(columns, rows) > _MOST_CELLS:
        return None
    width, height = terminal.cell
    shown = _not_above(image, columns * width, rows * height)
    return KittyPixels(
        columns, rows, next_number(), png(shown, worth), *shown.size, terminal.cells, terminal.tmux
    )


def _iterm(
    image: Image.Image, columns: int, rows: int, size: tuple[int, int], worth: float
) -> Pixels:
    shown = _not_above(image, *size)
    data = _smallest(shown, worth)
    if len(data) * 4 / 3 <= _SMALL:
        return Bands(columns, rows, rows, (_inline(data, columns, rows),))
    parts = []
    # Bands of whole rows, and of whole pixels.
    for top in range(0, rows, _BAND_ROWS):
        bottom = min(top + _BAND_ROWS, rows)
        edges = round(top * shown.height / rows), round(bottom * shown.height / rows)
        part = shown.crop((0, edges[0], shown.width, max(edges[1], edges[0] + 1)))
        most = worth * part.height / shown.height
        parts.append(_inline(_smallest(part, most), columns, bottom - top))
    return Bands(columns, rows, _BAND_ROWS, tuple(parts))


def _smallest(image: Image.Image, worth: float) -> bytes:
    """As a PNG or a JPEG, whichever is smaller, in so many times the usual bytes."""
    file = BytesIO()
    image.save(file, "PNG", compress_level=9)
    best = file.getvalue()
    qualities = _QUALITIES if worth <= 1 else (_BEST, *_QUALITIES)
    for quality in qualities:
        if len(best) <= _ITERM_BYTES * worth:
            break
        file = BytesIO()
        image.save(file, "JPEG", quality=quality, subsampling=0 if quality == _BEST else -1)
        best = min(best, file.getvalue(), key=len)
    return best


def _inline(data: bytes, columns: int, rows: int) -> str:
    """iTerm2's sequence ("Inline Images Protocol", its documentation)."""
    keys = f"inline=1;size={len(data)};width={columns};height={rows};preserveAspectRatio=0"
    return f"\x1b]1337;File={keys};doNotMoveCursor=1:{b64encode(data).decode('ascii')}\x07"
