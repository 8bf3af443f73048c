"""Rows of a table with a column for each side of a comparison: texts, and bars with values."""

from __future__ import annotations

from collections.abc import Sequence

from rich.cells import cell_len
from textual.content import Content

from tui.text import by_point, one_line

LETTERS = "ABCD"
NAME = 13
"""Cells of the first column."""
_WIDEST = 44
_VALUE, _RATIO, _LEAST_BAR = 11, 6, 3
_BEFORE, _AFTER = 3, 3
"""Cells of a value left of its point, and from there on."""
MUTED, ACCENT, GOOD, BAD = "$text-muted", "$accent", "$success", "$warning"

Styled = tuple[str, str]


def column_of(sides: int, width: int) -> int:
    """Cells of each of so many columns."""
    return max(1, min(_WIDEST, (width - NAME) // sides))


def row_of(name: str, cells: Sequence[Sequence[Styled]], column: int) -> Content:
    """A row: its name, and a cell of ``column`` cells for each side."""
    parts: list[Styled] = [(fit(name, NAME), MUTED)]
    for cell in cells:
        room = column
        for text, style in cell:
            text = text if cell_len(text) <= room else one_line(text, room)
            parts.append((text, style))
            room -= cell_len(text)
        parts.append((" " * room, ""))
    return Content.assemble(*parts)


def fit(text: str, width: int) -> str:
    """``text`` on one line in exactly ``width`` cells, the last of them blank."""
    text = one_line(text, width - 1)
    return text + " " * (width - cell_len(text))


def wrapped(parts: Sequence[Styled], width: int, indent: int = 0) -> list[Content]:
    """Styled words in lines of ``width`` cells, broken at blanks."""
    lines: list[list[Styled]] = [[]]
    room = width
    for text, style in parts:
        for word in text.split(" "):
            while cell_len(word) > width - indent:  # no blank in it: it is broken anywhere
                head_part, word = word[: width - indent], word[width - indent :]
                lines += [[(" " * indent, ""), (head_part, style)], []]
                room = width
            if lines[-1] and cell_len(word) + 1 > room:
                lines.append([(" " * indent, "")] if indent else [])
                room = width - indent
                lines[-1].append((word, style))
            else:
                gap = " " if lines[-1] and room < width else ""
                lines[-1] += [(gap, ""), (word, style)] if gap else [(word, style)]
                room -= len(gap)
            room -= cell_len(word)
    return [Content.assemble(*line) for line in lines if line]


def bar_cell(share: float, value: str, said: str, style: str, column: int) -> list[Styled]:
    """A bar, a value and what is said of it, in ``column`` cells; the bar goes first."""
    ratio = f"{said:>{_RATIO}}"
    bar = column - 2 - 1 - _VALUE - _RATIO - 1
    if bar < _LEAST_BAR:
        return [(fit(f"  {value:<{_VALUE}}{said}", column), style)]
    halves = max(1, round(2 * bar * min(share, 1.0))) if share > 0 else 0
    drawn = "━" * (halves // 2) + "╸" * (halves % 2)
    cells = [("  ", ""), (drawn, style or "$foreground 60%"), (" " * (bar - len(drawn)), "")]
    value = by_point(value, _BEFORE, _AFTER)
    shown = (f" {value:<{_VALUE}}", "" if style == MUTED else style)
    return [*cells, shown, (ratio, style), (" ", "")]
