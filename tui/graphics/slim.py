"""The same text in fewer bytes: of each change of colours only what changes.

Rich writes every piece of text as ``ESC [ all of its style m``, the text, ``ESC [ 0 m``. Here a
style that goes on is not ended and begun again, and of the next one only the colour or the
attribute that differs is written (ECMA-48, "SGR"). What the terminal shows is the same.
"""

from __future__ import annotations

import re
from functools import cache, lru_cache
from typing import NamedTuple


class _Look(NamedTuple):
    """How text looks: ``attributes`` as single codes, colours as codes; empty is the default."""

    attributes: frozenset[str] = frozenset()
    ink: str = ""
    paper: str = ""


_PLAIN = _Look()
_BOLD = frozenset("123")
"""Attributes that show on letters only."""
_ADDED = frozenset("123456789")
"""Attributes that are on until everything is reset."""


@cache
def _pieces() -> re.Pattern[str]:
    # Of what is no style, only moves of the cursor and modes may come while a style is still to be
    # written: nothing of them is drawn in it.
    return re.compile(r"\x1b\[([\d;]*)m|(\x1b\[\d*;?\d*H|\x1b\[\?\d+[hl])|(\x1b)")


def slim(frame: str) -> str:
    """A frame of the screen in fewer bytes. It begins and ends in the terminal's own colours."""
    if frame.count("\x1b") < 3 or "\x1b7" in frame:  # what is kept and put back is not followed
        return frame
    written: list[str] = []
    stands = wanted = _PLAIN

    def turn() -> None:
        """Let the terminal's look be the wanted one."""
        nonlocal stands
        if stands != wanted:
            written.append(_change(stands, wanted))
            stands = wanted

    at = 0
    for piece in _pieces().finditer(frame):
        start, end = piece.span()
        if start > at:
            text = frame[at:start]
            if not _is_hidden(text, stands, wanted):
                turn()
            written.append(text)
        codes, moves, _ = piece.groups()
        if codes is not None:
            after = _after(wanted, codes)
            if after is None:  # something that is not known here: as it is
                turn()
                return "".join(written) + frame[start:]
            wanted = after
        else:
            if moves is None:
                turn()
            written.append(piece[0])
        at = end
    if at < len(frame):
        turn()
        written.append(frame[at:])
    turn()
    return "".join(written)


def _is_hidden(text: str, before: _Look, after: _Look) -> bool:
    """Whether nobody sees which of two looks ``text`` has: blanks on the same paper."""
    if before.paper != after.paper or before.attributes - _BOLD or after.attributes - _BOLD:
        return False
    return not text.strip(" ")


@lru_cache(maxsize=8192)
def _after(look: _Look, codes: str) -> _Look | None:
    """How text looks after some codes; ``None`` for codes that are not known here."""
    attributes, ink, paper = look
    rest = codes.split(";")
    while rest:
        code = rest.pop(0)
        if code in ("", "0"):
            attributes, ink, paper = _PLAIN
        elif code in _ADDED:
            attributes |= {code}
        elif code in ("38", "48"):
            count = {"2": 4, "5": 2}.get(rest[0] if rest else "", 0)
            if not count or len(rest) < count:
                return None
            colour = ";".join((code, *rest[:count]))
            rest = rest[count:]
            ink, paper = (colour, paper) if code == "38" else (ink, colour)
        elif code == "39":
            ink = ""
        elif code == "49":
            paper = ""
        elif len(code) == 2 and code[0] in "39" and code[1] in "01234567":
            ink = code
        elif code[:-1] in ("4", "10") and code[-1] in "01234567":
            paper = code
        else:
            return None
    return _Look(attributes, ink, paper)


@lru_cache(maxsize=8192)
def _change(before: _Look, after: _Look) -> str:
    """The shortest way from one look to another."""
    codes: list[str] = []
    whole = [*sorted(after.attributes), *filter(None, (after.ink, after.paper))]
    if before.attributes <= after.attributes:
        codes = sorted(after.attributes - before.attributes)
        if after.ink != before.ink:
            codes.append(after.ink or "39")
        if after.paper != before.paper:
            codes.append(after.paper or "49")
        if len(";".join(codes)) <= len(";".join(("0", *whole))):
            return f"\x1b[{';'.join(codes)}m"
    return f"\x1b[{';'.join(('0', *whole))}m"
