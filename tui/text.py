"""The one place where text from outside is made safe to show.

Prompts, file names, metadata and error messages may hold escape codes, and Textual passes them
through to the terminal. Everything that is not ours goes through :func:`clean` at the edge.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime

from rich.cells import cell_len, chop_cells, set_cell_size

from engine.units import seconds, size
from tui.characters import shown

__all__ = [
    "ago",
    "by_point",
    "centred",
    "clean",
    "fitting",
    "one_line",
    "padded",
    "seconds",
    "size",
    "wrapped",
]

WINNER = "◆"
"""The sign of a run that was marked as the one to keep."""


def clean(text: str, *, lines: bool = False) -> str:
    """``text`` with everything shown that a terminal would obey: see :mod:`tui.characters`.

    Args:
        text: anything.
        lines: keep ends of lines (as line feeds) and tabs; else they become a blank.
    """
    return text if text.isascii() and text.isprintable() else shown(text, lines=lines)


def one_line(text: str, width: int) -> str:
    """``text`` cleaned, on one line, at most ``width`` cells wide, with … where it was cut."""
    flat = " ".join(clean(text).split())
    if cell_len(flat) <= width:
        return flat
    return set_cell_size(flat, width - 1).rstrip() + "…" if width > 0 else ""


def fitting(parts: Iterable[str], width: int, between: str = " · ") -> str:
    """As many of ``parts`` as fit into ``width`` cells whole, the first ones first.

    The first is cut when it alone is too wide.
    """
    first, *more = [" ".join(clean(part).split()) for part in parts if part] or [""]
    text = one_line(first, width)
    for part in more:
        longer = f"{text}{between}{part}"
        if cell_len(longer) > width:
            break
        text = longer
    return text


def padded(text: str, width: int) -> str:
    """``text`` in exactly ``width`` cells. Blanks in front stay: they line figures up."""
    fits = text if cell_len(text) <= width else one_line(text, width)
    return fits + " " * (width - cell_len(fits))


def wrapped(text: str, width: int) -> list[str]:
    """``text`` cleaned, in lines of at most ``width`` cells, broken at blanks where there are any.

    Of scripts without blanks as many characters stand on a line as fit.
    """
    lines: list[str] = []
    line = ""
    for word in clean(text).split():
        longer = f"{line} {word}" if line else word
        if cell_len(longer) <= width:
            line = longer
            continue
        lines += [line] if line else []
        *full, line = chop_cells(word, max(width, 2)) if cell_len(word) > width else [word]
        lines += full
    return [*lines, line] if line else lines


def centred(text: str, width: int) -> str:
    """``text`` in the middle of exactly ``width`` cells, cut when it is too long."""
    left = max(0, width - cell_len(text)) // 2
    return set_cell_size(" " * left + text, width)


def by_point(text: str, before: int, after: int) -> str:
    """A figure so that a column of them is lined up by the decimal point, and units below units.

    Args:
        text: a figure, with its unit after a blank or without one: ``0.52 s``, ``2:05 min``.
        before: cells left of the point.
        after: cells from the point on, left of the unit.
    """
    figure, _, unit = text.partition(" ")
    at = next((i for i, char in enumerate(figure) if char in ".:"), len(figure))
    lined = figure[:at].rjust(before) + figure[at:].ljust(after)
    return f"{lined} {unit}".rstrip()


def ago(time: str, now: datetime | None = None) -> str:
    """How long ago a time of a record (ISO 8601) was: ``3 days ago``; ``never`` for none."""
    try:
        then = datetime.fromisoformat(time)
    except ValueError:
        return "never"
    if then.tzinfo is None:
        then = then.replace(tzinfo=UTC)
    past = int(((now or datetime.now(UTC)) - then).total_seconds())
    units = (("year", 31_557_600), ("month", 2_629_800), ("day", 86_400), ("hour", 3600))
    for unit, length in (*units, ("minute", 60)):
        if count := past // length if past > 0 else 0:
            return f"{count} {unit}{'' if count == 1 else 's'} ago"
    return "just now"
