"""What the terminal shows by now, so that only cells that change are written.

Textual paints whole widgets, and the whole screen when its layout changes: 10 to 20 KB at the start
and the end of a run, which hold up the echo of a key on a slow link, though most of it is there
already.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from itertools import repeat

from rich.cells import get_character_cell_size
from rich.color import ColorSystem
from rich.style import Style
from textual.strip import Strip

from tui.graphics.masks import Masks, runs

_BLOCK = 8
"""Cells that are compared, and written, together. To move over fewer takes as many bytes."""
_GAP = 2
"""So many blocks between two that differ are written too: to cut them out takes time."""
_UNKNOWN = "\0"
"""A letter that no text has."""

_SIMPLE = re.compile(
    "[ -~\u00a1-\u00ac\u00ae-\u02ff\u0370-\u0482\u048a-\u052f"  # Latin, Greek, Cyrillic
    "\u2010-\u2027\u2030-\u205e\u20a0-\u20bf\u2190-\u22ff"  # punctuation, arrows, operators
    "\u2500-\u25ff\u2605\u2606\u2713\u2717\u2800-\u28ff]*"  # boxes, blocks, shapes, signs of ours
)

_Look = tuple[str, str | None]
"""Escape codes, and the target of a link."""
_PLAIN: _Look = ("", None)


class Shadow:
    """The text on the screen, cell by cell, as far as it is known."""

    def __init__(self) -> None:
        self._letters: dict[int, str] = {}
        self._looks: dict[int, list[_Look]] = {}

    def forget(self) -> None:
        """Anything may be on the screen."""
        self._letters.clear()
        self._looks.clear()

    def forget_cells(self, masks: Masks) -> None:
        """Something else than text has been drawn there. By row: columns, as bits."""
        for y, mask in masks.items():
            self._reach(y, mask.bit_length())
            for left, right in runs(mask, mask.bit_length()):
                self._put(y, left, _UNKNOWN * (right - left))

    def changed(self, y: int, x: int, strip: Strip) -> Iterator[tuple[int, Strip, bool]]:
        """The parts of ``strip`` that are not there yet.

        Each with its column, and with whether the cursor is at its end once it is written.

        From now on they count as being there. What has letters of which terminals may think
        otherwise than we do is always all written; see :func:`_is_simple`.
        """
        text, looks = _cells(strip)
        width = strip.cell_length
        self._reach(y, x + width)
        if len(text) != width:
            # Where the terminal draws it wider, it runs over what stands to the right of it.
            self._put(y, x, _UNKNOWN * (len(self._letters[y]) - x))
            yield x, strip, False
            return
        old, old_looks = self._letters[y][x : x + width], self._looks[y][x : x + width]
        if text == old and looks == old_looks:
            return
        self._put(y, x, text)
        self._looks[y][x : x + width] = looks
        begin = end = -1
        for at in range(0, width, _BLOCK):
            to = at + _BLOCK
            if text[at:to] == old[at:to] and looks[at:to] == old_looks[at:to]:
                continue
            if begin >= 0 and end + _GAP * _BLOCK < at:
                yield x + begin, strip.crop(begin, end), True
                begin = at
            begin, end = (at if begin < 0 else begin), min(to, width)
        yield x + begin, strip.crop(begin, end), True

    def _put(self, y: int, x: int, text: str) -> None:
        letters = self._letters[y]
        self._letters[y] = letters[:x] + text + letters[x + len(text) :]

    def _reach(self, y: int, width: int) -> None:
        """Let a row be known to be at least so wide."""
        letters = self._letters.get(y, "")
        lacking = width - len(letters)
        if y not in self._looks or lacking > 0:
            self._letters[y] = letters + _UNKNOWN * max(lacking, 0)
            self._looks.setdefault(y, []).extend(repeat(_PLAIN, max(lacking, 0)))


def _cells(strip: Strip) -> tuple[str, list[_Look]]:
    """The letters and looks of a strip, one a cell; no letters where that cannot be told."""
    texts = []
    looks: list[_Look] = []
    for text, style, control in strip._segments:
        if control or not _is_simple(text):
            return "", []
        texts.append(text)
        looks.extend(repeat(_PLAIN if style is None else _look(style), len(text)))
    return "".join(texts), looks


@lru_cache(maxsize=4096)
def _is_simple(text: str) -> bool:
    """Whether each letter takes one cell in any terminal, and looks the same whatever is beside it.

    Flags are pairs of letters, Arabic letters join, and of emoji terminals know different ones.
    """
    if text.isascii():
        return text.isprintable()
    return _SIMPLE.fullmatch(text) is not None and all(
        get_character_cell_size(letter) == 1 for letter in text
    )


@lru_cache(maxsize=16384)
def _look(style: Style) -> _Look:
    return style._make_ansi_codes(ColorSystem.TRUECOLOR), style.link
