"""Which characters may be shown, and what stands for those that may not.

A terminal obeys control characters; format characters turn the reading order round, hide text or
join what is not one; a private one may be the place of a picture in a terminal that has kitty's
graphics; marks without end are drawn over the lines above. The scripts of the world and emoji stay
as they are, and are as wide as Rich counts them.
"""

from __future__ import annotations

import re
from functools import cache, lru_cache

from rich.cells import cell_len, set_cell_size

PLAIN = (
    r"\x20-\x7e\xa0-\xac\xae-\u02ff\u0370-\u0482\u048a-\u0590\u10a0-\u115e\u1200-\u135c"
    r"\u1e00-\u200a\u2010-\u2027\u202f-\u205f\u2070-\u20cf\u2100-\u2cee\u2cf2-\u2d7e\u2d80-\u2ddf"
    r"\u2e00-\u3029\u3030-\u3098\u309b-\u3163\u3165-\ua66e\uac00-\ud7a3\uf900-\ufb1d\ufb1f-\ufdcf"
    r"\ufdf0-\ufdff\ufe30-\ufefe\uff00-\uff9f\uffa1-\uffef\ufffc\ufffd"
    r"\U0001f000-\U0001f3fa\U0001f400-\U0001faff\U00020000-\U0002fa1f\U00030000-\U000323af"
)
"""Letters, signs and emoji that stand alone; all else needs a second look."""

_USUAL = re.compile("[\x20-\x7e\xb7\u2010-\u2027\u2190-\u27bf]*")
"""What most lines are made of. Quick to make, as the first frame needs it."""


def is_plain(text: str) -> bool:
    """Whether nothing in ``text`` needs a second look. Cheap: for every line that is painted."""
    match = _USUAL.match(text)
    if match is not None and match.end() == len(text):
        return True
    match = _all_plain().match(text)
    return match is not None and match.end() == len(text)


@cache
def _all_plain() -> re.Pattern[str]:
    return re.compile(f"[{PLAIN}]*")


def shown(text: str, *, lines: bool = False) -> str:
    """``text`` with everything shown that would be obeyed.

    C0 controls become their pictures (ESC is ␛). What else is not shown becomes a sign; a row of
    what cannot be seen, one sign.

    Args:
        lines: keep ends of lines (as line feeds) and tabs; else they become a blank.
    """
    if is_plain(text):
        return text
    from tui.reading import Reader

    text = text.replace("\r\n", "\n").replace("\r", "\n")
    return "".join(Reader(lines).read(text))


@lru_cache(maxsize=4096)
def guarded(text: str) -> str:
    """A part of a line, as wide as before, without what a terminal would obey.

    For text that is on its way to the terminal, and laid out already. A part may begin in the
    middle of a character and its marks.
    """
    if is_plain(text):
        return text
    from tui.reading import Reader

    width = cell_len(text)
    safe = "".join(Reader(lines=False, in_cells=True).read(text))
    return safe if cell_len(safe) == width else set_cell_size(safe, width)
