"""Kitty's graphics: a picture is sent once under a number, and the terminal scales it.

Where the terminal has Unicode placeholders, the picture stands in cells of text: U+10EEEE with
combining marks for the row, the column and the first byte of the number, in a colour of the palette
for its last byte ("Terminal graphics protocol", kitty's documentation). Text then covers, moves and
wipes it as it does any text, also inside tmux. Else it is placed at a position, and taken away.
"""

from __future__ import annotations

import secrets
from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass, field
from io import BytesIO
from itertools import count

from PIL import Image

from tui.graphics.masks import runs, span
from tui.graphics.palette import calmed, reduced
from tui.tmux import passed_on

MOST_BYTES = 108_000
"""On the link, for a picture of 512 x 512 pixels; larger ones may take more."""
_PIXELS = 512 * 512
_LEAST_BYTES, _MOST_OF_ALL = 48_000, 320_000
_CHUNK = 4096
_BAND = 4
"""Rows of cells that are written together."""
_TRIES = ((256, 0.0), (256, 6.0), (160, 7.0), (128, 8.0), (112, 10.0), (96, 12.0), (64, 16.0))
"""Colours and tolerance, from the best on."""

_FIRST_COLOUR = 16  # the first sixteen may be changed, and made bright, by the terminal
_COLOURS = 256 - _FIRST_COLOUR
_PLACEHOLDER = "\U0010eeee"
_RANGES = (
    "0305 030D-030E 0310 0312 033D-033F 0346 034A-034C 0350-0352 0357 035B 0363-036F 0483-0487 "
    "0592-0595 0597-0599 059C-05A1 05A8-05A9 05AB-05AC 05AF 05C4 0610-0617 0657-065B 065D-065E "
    "06D6-06DC 06DF-06E2 06E4 06E7-06E8 06EB-06EC 0730 0732-0733 0735-0736 073A 073D 073F-0741 "
    "0743 0745 0747 0749-074A 07EB-07F1 07F3 0816-0819 081B-0823 0825-0827 0829-082D 0951 "
    "0953-0954 0F82-0F83 0F86-0F87 135D-135F 17DD 193A 1A17 1A75-1A7C 1B6B 1B6D-1B73 1CD0-1CD2 "
    "1CDA-1CDB 1CE0 1DC0-1DC1 1DC3-1DC9 1DCB-1DCC 1DD1-1DE6 1DFE 20D0-20D1 20D4-20D7 20DB-20DC "
    "20E1 20E7 20E9 20F0 2CEF-2CF1 2DE0-2DFF A66F A67C-A67D A6F0-A6F1 A8E0-A8F1 AAB0 AAB2-AAB3 "
    "AAB7-AAB8 AABE-AABF AAC1 FE20-FE26 10A0F 10A38 1D185-1D189 1D1AA-1D1AD 1D242-1D244"
)
MARKS = tuple(
    chr(code)
    for ends in (part.split("-") for part in _RANGES.split())
    for code in range(int(ends[0], 16), int(ends[-1], 16) + 1)
)
"""The combining marks that stand for 0, 1, 2 …; kitty's rowcolumn-diacritics."""

_numbers = count(secrets.randbelow(100 * _COLOURS))
"""Random to begin with: another program may have pictures in the same terminal."""
_placements = count(1)


def next_number() -> int:
    """A number for a picture: its middle bytes are 0, so that a palette colour tells the last."""
    high, low = divmod(next(_numbers), _COLOURS)
    return (high % 120 + 1) << 24 | (low + _FIRST_COLOUR)


def usual_bytes(pixels: int) -> float:
    """So many bytes a picture of so many pixels takes at most on the link."""
    return min(max(MOST_BYTES * pixels / _PIXELS, _LEAST_BYTES), _MOST_OF_ALL)


def png(image: Image.Image, worth: float = 1.0) -> bytes:
    """``image``, in RGB, as a PNG: all of it where that is small, else in well chosen colours.

    Args:
        worth: times the usual bytes that it may take; infinity is without limit.
    """
    pixels = image.width * image.height
    most = usual_bytes(pixels) * worth * 3 / 4
    if pixels * 3 <= 8 * most:
        data = _written(image)
        if len(data) <= most:
            return data
    data, flat = b"", {}
    for wanted, tolerance in _TRIES:
        if wanted not in flat:
            flat = {wanted: reduced(image, wanted)}
        picture = calmed(image, flat[wanted], tolerance)
        paletted = Image.fromarray(picture.numbers)
        paletted.putpalette(picture.colours.tobytes())
        data = _written(paletted)
        if len(data) <= most:
            break
    return data


def _written(image: Image.Image) -> bytes:
    file = BytesIO()
    image.save(file, "PNG", compress_level=9)
    return file.getvalue()


@dataclass(frozen=True, slots=True, eq=False)
class KittyPixels:
    """See :class:`tui.graphics.pixels.Pixels`.

    Attributes:
        number: the terminal knows it by this.
        data: the PNG.
        width, height: of the PNG, in pixels.
        cells: whether it stands in cells of text.
        tmux: whether it goes through tmux.
    """

    columns: int
    rows: int
    number: int
    data: bytes
    width: int
    height: int
    cells: bool
    tmux: bool
    can_be_cut = True
    scrolls = False
    _placed: dict[tuple[int, int], list[int]] = field(default_factory=dict)

    @property
    def band(self) -> int:
        return _BAND if self.cells else self.rows

    @property
    def weight(self) -> int:
        return len(self.data) * 4 // 3

    def sent_once(self) -> list[str]:
        encoded = b64encode(self.data).decode("ascii")
        chunks = [encoded[at : at + _CHUNK] for at in range(0, len(encoded), _CHUNK)]
        parts = []
        for index, chunk in enumerate(chunks):
            more = int(index < len(chunks) - 1)
            keys = f"a=t,f=100,t=d,i={self.number},q=2,m={more}" if not index else f"m={more},q=2"
            parts.append(self._command(f"{keys};{chunk}"))
        if self.cells:
            size = f"c={self.columns},r={self.rows}"
            parts.append(self._command(f"a=p,U=1,i={self.number},{size},q=2"))
        return parts

    def forgotten(self) -> str:
        return self._command(f"a=d,d=I,i={self.number},q=2")

    def drawn(self, top: int, masks: Sequence[int], x: int, y: int, place: int) -> list[str]:
        if self.cells:
            return [f"\x1b7{self._text(top, masks, x, y)}\x1b8"] if any(masks) else []
        before = self._placed.pop((place, top), [])
        whole = all(mask == span(0, self.columns) for mask in masks)
        pieces = (
            [(top, len(masks), 0, self.columns)]
            if whole
            else [
                (row, 1, left, right)
                for row, mask in enumerate(masks, top)
                for left, right in runs(mask, self.columns)
            ]
        )
        numbers = [next(_placements) for _ in pieces]
        self._placed[place, top] = numbers
        placed = [
            self._place(*piece, x, y, number) for piece, number in zip(pieces, numbers, strict=True)
        ]
        return placed + [self._taken(number) for number in before]

    def wiped(self, top: int, place: int) -> list[str]:
        return [self._taken(number) for number in self._placed.pop((place, top), [])]

    def _text(self, top: int, masks: Sequence[int], x: int, y: int) -> str:
        high = MARKS[self.number >> 24]
        found = [f"\x1b[0;38;5;{self.number & 255}m"]
        for row, mask in enumerate(masks, top):
            start = f"{_PLACEHOLDER}{MARKS[row]}"
            for left, right in runs(mask, self.columns):
                found.append(f"\x1b[{y + row + 1};{x + left + 1}H")
                found += [f"{start}{MARKS[column]}{high}" for column in range(left, right)]
        return "".join([*found, "\x1b[0m"])

    def _place(
        self, row: int, rows: int, left: int, right: int, x: int, y: int, number: int
    ) -> str:
        across, down = self.width / self.columns, self.height / self.rows
        part = (
            f"x={round(left * across)},y={round(row * down)},"
            f"w={max(1, round(right * across) - round(left * across))},"
            f"h={max(1, round((row + rows) * down) - round(row * down))}"
        )
        size = f"c={right - left},r={rows},C=1,q=2"
        command = self._command(f"a=p,i={self.number},p={number},{part},{size}")
        return f"\x1b7\x1b[{y + row + 1};{x + left + 1}H{command}\x1b8"

    def _taken(self, number: int) -> str:
        return self._command(f"a=d,d=i,i={self.number},p={number},q=2")

    def _command(self, words: str) -> str:
        sequence = f"\x1b_G{words}\x1b\\"
        return passed_on(sequence) if self.tmux else sequence
