"""A comparison in plain text, its columns aligned."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from rich.cells import cell_len, set_cell_size

from engine.compare.measured import by_side, spread_text
from engine.compare.words import Kind, Word
from engine.measure.words import in_words
from tui.text import WINNER, clean, one_line, padded, size

if TYPE_CHECKING:
    from engine.compare.report import Contents

_WIDEST = 40
_MARKS = {Kind.SAME: ("", ""), Kind.ADDED: ("{+", "+}"), Kind.REMOVED: ("[-", "-]")}
"""As wdiff has them."""
_Rows = list[tuple[str, list[str]]]


def lines(contents: Contents, *, everything: bool = False) -> Iterator[str]:
    """Settings, figures and likeness by side; then prompts, and how far all this goes.

    Args:
        everything: also the settings that are the same in all.
    """
    comparison = contents.comparison
    heads = []
    for at, side in enumerate(comparison.sides):
        marks = [WINNER] if side.record.id in contents.winners else []
        marks += ["reference"] if at == comparison.reference else []
        heads.append(" ".join([side.name, *marks]))
    blocks = [_settings(contents, everything=everything), _figures(contents)]
    blocks += [_likeness(contents), _measured(contents)]
    rows = [row for block in blocks for row in block]
    first = max([len("Prompt"), *(cell_len(label) for label, _ in rows)])
    widths = [
        max([cell_len(head), *(cell_len(cells[at]) for _, cells in rows)])
        for at, head in enumerate(heads)
    ]
    yield _line("", heads, first, widths)
    if not blocks[0]:
        yield "No setting differs."
    for block in filter(None, blocks):
        if block is not blocks[0]:
            yield ""
        yield from (_line(label, cells, first, widths) for label, cells in block)
    yield from _prompts(contents, everything=everything)
    if contents.notes:
        yield ""
        yield from map(clean, contents.notes)


def _line(label: str, cells: Sequence[str], first: int, widths: Sequence[int]) -> str:
    shown = [set_cell_size(cell, width) for cell, width in zip(cells, widths, strict=True)]
    return "  ".join([set_cell_size(label, first), *shown]).rstrip()


def _settings(contents: Contents, *, everything: bool) -> _Rows:
    return [
        (one_line(setting.label, _WIDEST), [one_line(value, _WIDEST) for value in setting.values])
        for setting in contents.comparison.settings(all=everything)
    ]


def _figures(contents: Contents) -> _Rows:
    comparison = contents.comparison
    rows: _Rows = []
    for figure in comparison.figures():
        cells = []
        for at in range(len(comparison.sides)):
            ratio = figure.ratio_text(at) if at != comparison.reference else ""
            cells.append(f"{figure.text(at):<14}{ratio}".rstrip())
        rows.append((figure.label, cells))
    return rows


def _likeness(contents: Contents) -> _Rows:
    texts = [found.texts() if found is not None else {} for found in contents.likenesses]
    names = dict.fromkeys(name for each in texts for name in each)
    return [(name, [each.get(name, "") for each in texts]) for name in names]


def _measured(contents: Contents) -> _Rows:
    if contents.measured is None:
        return []
    found = by_side(contents.comparison, contents.measured)
    sides = [each[0] if each is not None else None for each in found]
    rows: _Rows = [
        ("Measured", [spread_text(side.seconds_an_image) if side else "" for side in sides]),
        ("Verdict", [in_words(each[1]) if each is not None else "" for each in found]),
        ("Turns", [str(len(side.samples)) if side else "" for side in sides]),
        ("Peak memory", [size(s.memory_peak_bytes) if s and s.samples else "" for s in sides]),
        ("Failure", [one_line(side.error, 60) if side else "" for side in sides]),
    ]
    return [row for row in rows if any(row[1])]


def _prompts(contents: Contents, *, everything: bool) -> Iterator[str]:
    comparison = contents.comparison
    for label, negative in (("Prompt", False), ("Negative prompt", True)):
        each = comparison.prompts(negative=negative)
        differs = any(word.kind is not Kind.SAME for words in each for word in words)
        if not differs and not (everything and any(each)):
            continue
        yield ""
        if not differs:
            yield f"{label}: {_marked(each[0])}"
            continue
        yield f"{label}, {{+added+}} and [-removed-]:"
        width = max(map(cell_len, comparison.names))
        for name, words in zip(comparison.names, each, strict=True):
            yield f"  {padded(name, width)}  {_marked(words)}"


def _marked(words: Sequence[Word]) -> str:
    """The words with their marks, on one line; blanks are left outside of the marks."""
    found = ""
    for word in words:
        before, after = _MARKS[word.kind]
        text = " ".join(clean(word.text).split())
        lead = " " if word.text[:1].isspace() else ""
        trail = " " if word.text[-1:].isspace() else ""
        found += f"{lead}{before}{text}{after}{trail}" if text else " "
    return " ".join(found.split()) or "–"
