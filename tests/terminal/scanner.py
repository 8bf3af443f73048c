"""Reads all that was written to a terminal, strictly: what is not text or known to be ours is told.

assert not foreign(terminal.raw)
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from unicodedata import category

from rich.cells import get_character_cell_size

_COLOUR = r"[34]8;(?:2;\d{1,3};\d{1,3};\d{1,3}|5;\d{1,3})"
_ONE = rf"(?:[1-579]|39|49|{_COLOUR})"
_STYLE = rf"\x1b\[(?:0|(?:0;)?{_ONE}(?:;{_ONE})*)?m"
_MODES = r"7|25|1000|1003|1004|1006|1015|1016|1049|2004|2026|2048"
PAINT = rf"{_STYLE}|\x1b\[\d{{1,3}};\d{{1,3}}H|\x1b\[\?(?:{_MODES})[hl]"
"""Cells, the cursor, and modes."""
ASK = (
    r"\x1b\[5n|\r\x1b\[K|\x1b\[K|\x1b\[>0?q|\x1b\[\?1;1;0S|\x1b\[1[46]t|\x1b\[c"
    r"|\x1b\[\?(?:2026|2048)\$p|\x1bP\$qm\x1b\\|\x1b_Gi=\d+,s=1,v=1,a=q,t=d,f=24;AAAA\x1b\\"
    r"|\x1b\](?:10|11|4;\d+);\?(?:\x07|\x1b\\)"
)
"""Questions, and the line they stand on."""
KEYS = r"\x1b\[>\d+u|\x1b\[<\d*u|\x1b\]22;[a-z-]+\x07"
"""Kitty's keyboard, and the shape of the mouse's pointer."""
PLACES = "(?:\U0010eeee[\u0300-\U0001d244]{0,3})+|\x1b[78]"
"""Of a picture of kitty's, in cells of text; and the cursor kept meanwhile."""
KITTY = r"\x1b_G[a-zA-Z0-9=,-]+(?:;[A-Za-z0-9+/=]*)?\x1b\\"
SIXEL = r"\x1bP[0-9;]*q[!-~\r\n]*\x1b\\"
ITERM = r"\x1b\]1337;(?:File|MultipartFile|FilePart|FileEnd)[!-~]*\x07"
COPY = r"\x1b\]52;c;[A-Za-z0-9+/=]*(?:\x07|\x1b\\)"
LINK = r"\x1b\]8;[!-:<-~]*;(?:file://[!-~]*)?(?:\x07|\x1b\\)"

_JOINERS = "\u200c\u200d"
_IN_A_CELL = 6
"""Characters without a cell of their own on one that has one: Hangul has the most."""


@dataclass(frozen=True)
class Foreign:
    """Something that is not ours.

    Attributes:
        at: where, in characters.
        what: the character.
        around: what stands there.
    """

    at: int
    what: str
    around: str


def foreign(data: bytes, *also: str) -> list[Foreign]:
    """What is neither text nor a sequence of ours.

    Args:
        data: all that was written, from the beginning.
        also: more that is ours here, of the names above: pictures, links, what is copied.
    """
    text = data.decode("utf-8", "surrogateescape")
    ours = re.compile("|".join((PAINT, ASK, KEYS, *also)))
    found: list[Foreign] = []
    at = marks = 0
    while at < len(text):
        char = text[at]
        if char in "\x1b\r" and (match := ours.match(text, at)):
            at, marks = match.end(), 0
            continue
        kind = category(char)
        marks = marks if char in _JOINERS else 0 if get_character_cell_size(char) else marks + 1
        if _is_foreign(char, kind) or marks > _IN_A_CELL + 1:  # and a selector
            found.append(Foreign(at, ascii(char), ascii(text[max(0, at - 30) : at + 30])))
        at += 1
    return found


def _is_foreign(char: str, kind: str) -> bool:
    if char in "\r\n":  # between the lines of a frame
        return False
    return kind in ("Cc", "Cs", "Co", "Zl", "Zp") or (kind == "Cf" and char not in _JOINERS)
