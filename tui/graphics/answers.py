"""What terminals answer when they are asked what they are, told apart from what is typed.

The forms: ``CSI 6 ; height ; width t`` (a cell in pixels), ``CSI ? … c`` (device attributes),
``CSI ? … S`` (colour registers), ``APC G … ST`` (kitty graphics), ``DCS > | name ST`` (XTVERSION),
all from xterm's "Control Sequences" and kitty's "Terminal graphics protocol". Other DCS and OSC
answers are known too, because a program before us may have asked for them.
"""

from __future__ import annotations

import re

_END = r"(?:\x1b\\|\x9c)"
_TEXT = r"[^\x00-\x1f\x7f\x9c]"

ANSWER = re.compile(
    r"\x1b\[6;\d{1,5};\d{1,5}t"
    r"|\x1b\[\?[\d;]{0,64}c"
    r"|\x1b\[\?\d{1,2};\d{1,2}(?:;\d{1,9}){0,2}S"
    rf"|\x1b_G{_TEXT}{{0,256}}{_END}"
    rf"|\x1bP(?:>\||[01]?[$+]r|!\|){_TEXT}{{0,512}}{_END}"
    rf"|\x1b\]\d{{1,4}};{_TEXT}{{0,512}}(?:\x07|{_END})"
)
BEGINNING = re.compile(
    r"\x1b(?:\[(?:6(?:;[\d;]{0,11})?|\?[\d;]{0,64}|2(?:0(?:0)?)?)?"
    rf"|_(?:G{_TEXT}{{0,256}}\x1b?)?"
    rf"|P(?:>|[01]|[01]?[$+]|!|(?:>\||[01]?[$+]r|!\|){_TEXT}{{0,512}}\x1b?)?"
    rf"|\](?:\d{{1,4}}(?:;{_TEXT}{{0,512}}\x1b?)?)?"
    r")?\Z"
)
"""Of an answer, or of a paste (``ESC [ 200 ~``), whose rest has not come yet; or a key, as ``ESC``
and ``ESC [`` are."""


def may_be_key(beginning: str) -> bool:
    """Whether a beginning may be all there is: Esc, Alt with a character, a part of Page Down."""
    return beginning[1:] in ("", "[", "_", "P", "]", "[6", "[2", "[20")


def parted(text: str) -> tuple[str, list[str], str]:
    """What was typed, the answers in it, and at its end the beginning of what may be one."""
    answers = [found[0] for found in ANSWER.finditer(text)]
    typed = ANSWER.sub("", text) if answers else text
    beginning = BEGINNING.search(typed)
    held = beginning[0] if beginning else ""
    return typed[: len(typed) - len(held)], answers, held
