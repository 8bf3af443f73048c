"""Markdown that shows text from outside as it is: no markup is taken from it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from urllib.parse import quote

SIGN = "<!-- Safelight report -->"
"""The first line of every report, which is not shown, by which it is known as ours."""
_MARKUP = re.compile(r"([\\`*_{}\[\]<>|~&$^!@])")
_START = re.compile(r"(\d*)([.)+#=-])")
_ADDRESS = re.compile(r"(?i)\b(https?|ftp|mailto)(:)|\b(www)(\.)")


def escape(text: str) -> str:
    """``text`` on one line, so that nothing of it is markup (CommonMark 0.31, 2.4)."""
    flat = "".join(c if c.isprintable() else " " for c in text.replace("\n", " ⏎ "))
    safe = _MARKUP.sub(r"\\\1", " ".join(flat.split()))
    # At the start of a line it would begin a list, a heading or a rule; and what looks like an
    # address would become a link (GFM 0.29, 6.9).
    safe = _START.sub(r"\1\\\2", safe, count=1) if _START.match(safe) else safe
    return _ADDRESS.sub(lambda m: f"{m[1] or m[3]}\\{m[2] or m[4]}", safe)


def table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    """The lines of a table (GFM 0.29, 4.10). Heads and cells are Markdown already."""
    yield f"| {' | '.join(heads)} |"
    yield f"|{' --- |' * len(heads)}"
    for row in rows:
        yield f"| {' | '.join(row)} |"


def picture(path: str, alt: str) -> str:
    """A picture; ``path`` is relative, with ``/`` between folders."""
    return f"![{escape(alt)}]({quote(path)})"
