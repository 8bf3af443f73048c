"""Reads text that may be hostile, character by character, knowing what each is put on."""

from __future__ import annotations

import re
from functools import lru_cache
from unicodedata import category

from rich.cells import get_character_cell_size

from tui.characters import PLAIN

SIGN = "\ufffd"
"""Stands for what is not shown."""
MARKS = 4
"""So many combining marks on one character: Hebrew with its points and accents needs them."""
JAMO = 6
"""So many vowels and finals of Hangul on one initial: old Korean has several of each."""
JOINED = 3
"""So many joiners in one emoji: a family of four, or a kiss."""
_CARRIER = "\u25cc"
"""A dotted circle, for a mark that has no character of its own to stand on."""


_SUSPECT = re.compile(f"[^{PLAIN}]")
_SELECTOR = re.compile(r"[\u180b-\u180d\u180f\ufe00-\ufe0f\U000e0100-\U000e01ef]")
_SKIN = re.compile("[\U0001f3fb-\U0001f3ff]")
_JAMO = re.compile("[\u1161-\u11ff\ud7b0-\ud7fb]")
_PICTOGRAPH = re.compile(r"[\u2190-\u2bff\U0001f000-\U0001faff]")
_UNSEEN = re.compile(
    r"[\u034f\u115f\u1160\u17b4\u17b5\u3164\ufdd0-\ufdef\uffa0\ufff0-\uffff\U000e0000-\U000e0fff]"
)
"""Letters and marks that are drawn as nothing, and what is no character."""
_FLAG = re.compile(
    "\U000e0067\U000e0062(?:\U000e0065\U000e006e\U000e0067|\U000e0073\U000e0063\U000e0074"
    "|\U000e0077\U000e006c\U000e0073)\U000e007f"
)
"""After a black flag: England, Scotland or Wales. All other tags are text that nobody sees."""
_ZWNJ, _ZWJ, _BLACK_FLAG = "\u200c", "\u200d", "\U0001f3f4"


@lru_cache(maxsize=4096)
def _kind(char: str) -> str:
    """What a character that needs a second look is."""
    if char in "\n\t\u2028\u2029":
        return "blank"
    if char < " " or char == "\x7f":
        return "control"
    if _SELECTOR.match(char):
        return "selector"
    kind = category(char)
    if _UNSEEN.match(char) or kind == "Cf" or (ord(char) & 0xFFFE) == 0xFFFE:
        return "unseen"
    if _SKIN.match(char):
        return "skin"
    if _JAMO.match(char):
        return "jamo"
    if kind in ("Cc", "Cs", "Co"):
        return "private"
    # Also the spacing marks, and those that Python does not know yet: what has no cell of its own
    # is drawn into the one before.
    return "mark" if kind in ("Mn", "Me") or get_character_cell_size(char) == 0 else "letter"


class Reader:
    """Reads characters one after the other, knowing what they are put on.

    Args:
        in_cells: what is not shown takes the cells it was counted as, and no more.
    """

    def __init__(self, lines: bool, in_cells: bool = False) -> None:
        self._lines, self._in_cells = lines, in_cells
        self._out: list[str] = []
        self._last = "\u25cc" if in_cells else ""
        self._marks = self._joiners = 0
        self._is_selected = self._is_hiding = False

    def read(self, text: str) -> list[str]:
        at = 0
        while found := _SUSPECT.search(text, at):
            start = found.start()
            if start > at:
                self._put_plain(text[at:start])
            at = self._put(text, start)
        if at < len(text):
            self._put_plain(text[at:])
        return self._out

    def _put_plain(self, text: str) -> None:
        if self._last != _ZWJ or text[1:]:
            self._joiners = 0
        self._base(text)

    def _base(self, text: str) -> None:
        if text:
            self._out.append(text)
            self._last = text[-1]
            self._marks, self._is_selected, self._is_hiding = 0, False, False

    def _put(self, text: str, at: int) -> int:
        """Take the character at ``at``, and perhaps more. Returns where the next one is."""
        char = text[at]
        kind = _kind(char)
        if kind == "letter":
            self._base(char)
        elif kind == "mark":
            self._mark(char, MARKS)
        elif kind == "jamo":
            self._mark(char, JAMO)
        elif kind == "skin":
            self._tint(char)
        elif kind == "private":
            self._base(self._sign(char))
        elif kind == "control":
            self._base("" if self._in_cells else chr(0x2400 + min(ord(char), 0x21)))
        elif kind == "blank":
            self._blank(char)
        elif kind == "selector":
            self._select(char)
        elif char == _ZWNJ:
            self._separate()
        elif char == _ZWJ:
            self._join(text[at + 1 : at + 2])
            if self._in_cells and self._last != _ZWJ:
                return at + 2  # what follows was counted as no cell
        elif self._last == _BLACK_FLAG and (flag := _FLAG.match(text, at)):
            self._out.append(flag[0])
            self._last = flag[0][-1]
            return flag.end()
        else:
            self._hide(char)
        return at + 1

    def _blank(self, char: str) -> None:
        if self._in_cells:
            return
        self._base(("\t" if char == "\t" else "\n") if self._lines else " ")

    def _mark(self, char: str, most: int) -> None:
        if self._marks >= most or self._is_hiding:
            self._hide(char)
            return
        if not self._last or self._last.isspace():
            self._base("" if self._in_cells else _CARRIER)
        self._out.append(char)
        self._last = char
        self._marks += 1

    def _tint(self, char: str) -> None:
        """A colour of skin: one, on an emoji. Alone it takes cells that Rich does not count."""
        if _PICTOGRAPH.match(self._last) and not _SKIN.match(self._last):
            self._mark(char, MARKS)
        else:
            self._hide(char)

    def _select(self, char: str) -> None:
        if self._is_selected or not self._last or self._last.isspace() or self._is_hiding:
            self._hide(char)
            return
        self._out.append(char)
        self._last, self._is_selected = char, True

    def _join(self, after: str) -> None:
        """A joiner stays between the parts of an emoji.

        Elsewhere it is left out: Rich counts no cell for what follows it, and the line would not
        line up. The letters of the scripts that know it are read as well without.
        """
        before = next((part for part in reversed(self._out) if not _SELECTOR.match(part)), "")
        joins = _PICTOGRAPH.match(before[-1:]) and _PICTOGRAPH.match(after)
        if joins and self._joiners < JOINED and self._last != _ZWJ:
            self._out.append(_ZWJ)
            self._last = _ZWJ
            self._joiners += 1

    def _separate(self) -> None:
        """ZWNJ: Persian and the scripts of India need it, between letters."""
        if self._last >= "\u0590" and self._last != _ZWNJ and category(self._last)[0] in "LM":
            self._out.append(_ZWNJ)
            self._last = _ZWNJ
        else:
            self._hide(_ZWNJ)

    def _hide(self, char: str) -> None:
        """Something that cannot be seen: one sign for a row of them."""
        if self._is_hiding and not self._in_cells:
            return
        self._base(self._sign(char))
        self._is_hiding = True

    def _sign(self, char: str) -> str:
        return SIGN * get_character_cell_size(char) if self._in_cells else SIGN
