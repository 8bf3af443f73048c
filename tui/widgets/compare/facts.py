"""What a comparison says in words and figures, as lines of a table with a column for each side."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from math import inf
from typing import TYPE_CHECKING

from rich.cells import cell_len
from textual.content import Content

from tui.text import WINNER, clean, one_line
from tui.widgets.compare.measured import Measured, measured_lines
from tui.widgets.compare.rows import (
    ACCENT,
    BAD,
    GOOD,
    LETTERS,
    MUTED,
    NAME,
    Styled,
    bar_cell,
    column_of,
    fit,
    row_of,
    wrapped,
)

if TYPE_CHECKING:
    from engine.compare import Comparison, Figure, Likeness, Setting, Word

_MUCH = 0.05
"""From which part on a difference of single runs gets a colour: below it is mostly noise."""
_LONGEST_TEXT = 4000
_LIKENESS = {"SSIM": "SSIM", "PSNR": "PSNR", "Pixels changed": "Changed"}
"""What likeness is called, and in how few letters."""


@dataclass(frozen=True, slots=True)
class Told:
    """All that the facts are made of.

    Attributes:
        likeness: of each side with the reference; ``None`` where not known (yet).
        looking: likeness is still being worked out.
    """

    comparison: Comparison
    focus: int
    winners: frozenset[int] = frozenset()
    likeness: tuple[Likeness | None, ...] = ()
    looking: bool = False
    measured: Measured | None = None
    all_settings: bool = False
    notes: tuple[str, ...] = field(default=())


def head(told: Told, width: int) -> Content:
    """The heads of the columns."""
    comparison = told.comparison
    cells: list[Styled] = [(" " * NAME, "")]
    column = column_of(len(told.comparison.sides), width)
    for i, side in enumerate(comparison.sides):
        reference = i == comparison.reference
        mark = f" {WINNER}" if side.record.id in told.winners else ""
        name = f"{LETTERS[i]} {side.name}{mark}"
        style = f"bold underline {ACCENT}" if i == told.focus else "bold"
        cells.append((_named(name, column) if reference else fit(name, column), style))
    return Content.assemble(*cells)


def _named(name: str, width: int) -> str:
    """The name of the reference, and that it is it: in full, or as short as it must be."""
    for word in (" reference", " ref"):
        if cell_len(name) + len(word) < width:
            return fit(name + word, width)
    return fit(fit(name, max(width - 5, 1)).rstrip() + " ref", width)


def settings_lines(told: Told, width: int) -> list[Content]:
    """Settings and prompts: what differs, or all."""
    settings = told.comparison.settings(all=told.all_settings)
    lines = [_setting(told, setting, width) for setting in settings]
    lines += _prompts(told, width, negative=False)
    lines += _prompts(told, width, negative=True)
    if not lines:
        lines.append(Content.styled(one_line("All settings are the same.", width), MUTED))
    return lines


def figure_lines(told: Told, width: int) -> list[Content]:
    """What was measured, times, rate, memory, likeness, and what cannot be compared."""
    figures = _figures(told.comparison)
    runs = [side.record.id for side in told.comparison.sides]
    lines = measured_lines(told.measured, runs, width) if told.measured is not None else []
    lines += [_figure(told, figure, width) for figure in figures if not figure.apart]
    lines += _likeness(told, width)
    lines += [_figure(told, figure, width) for figure in figures if figure.apart]
    for sentence in (*told.comparison.limits(), *told.notes):
        lines += wrapped([(f"! {clean(sentence)}", BAD)], width, indent=2)
    return lines


# Settings


def _setting(told: Told, setting: Setting, width: int) -> Content:
    column, reference = column_of(len(told.comparison.sides), width), told.comparison.reference
    differing = any(setting.differs)
    cells: list[list[Styled]] = []
    for i, value in enumerate(setting.values):
        mark = "• " if setting.differs[i] else "  "
        style = ACCENT if setting.differs[i] else ("" if differing or i == reference else MUTED)
        cells.append([(mark, ACCENT), (fit(_short(value, column - 3), column - 2), style)])
    return row_of(setting.label, cells, column)


def _short(value: str, width: int) -> str:
    """A value that may be a path: of that the end says more."""
    from tui.widgets.shelf_table import short_name

    return short_name(value, width) if "/" in value else one_line(value, width)


_SIGNS = {
    "same": ("", ""),
    "added": ("+", f"{GOOD} underline"),
    "removed": ("−", f"{BAD} strike"),
}


def _prompts(told: Told, width: int, *, negative: bool) -> list[Content]:
    """For each side its prompt, with what differs from the reference's marked in it."""
    comparison = told.comparison
    texts = comparison.prompts(negative=negative)
    differ = any(word.kind != "same" for words in texts for word in words)
    if not differ and not (told.all_settings and any(texts)):
        return []
    name = "Negative" if negative else "Prompt"
    lines: list[Content] = []
    shown = range(len(texts)) if differ else (comparison.reference,)
    for place, i in enumerate(shown):
        letter = f"{LETTERS[i]} " if differ else ""
        label = (fit(name if place == 0 else "", NAME - len(letter)) + letter, MUTED)
        words = list(_marked(texts[i])) or [("none", MUTED)]
        same = differ and i != comparison.reference and all(w.kind == "same" for w in texts[i])
        if same:
            words = [("the same", MUTED)]
        broken = wrapped(words, max(width - NAME, 10))
        blank = (" " * NAME, "")
        lines += [
            Content.assemble(label if row == 0 else blank, line) for row, line in enumerate(broken)
        ]
    return lines


def _marked(words: Sequence[Word]) -> Iterator[Styled]:
    for word in words:
        sign, style = _SIGNS[word.kind]
        text = " ".join(clean(word.text[:_LONGEST_TEXT]).split())
        if text:
            yield f"{sign}{text}", style


# Figures


_ORDER = ("picture", "call", "denoise", "encode", "decode", "rate", "memory", "load", "compile")


def _figures(comparison: Comparison) -> list[Figure]:
    """Those that say something, what matters most first."""
    if len({side.record.id for side in comparison.sides}) == 1:
        return []  # of one run all is the same
    alone = all(len(side.record.spec.pictures) == 1 for side in comparison.sides)
    found = {figure.name: figure for figure in comparison.figures()}
    if alone:
        found.pop("call", None)  # which is that of a picture
    return [found[name] for name in _ORDER if name in found]


def _figure(told: Told, figure: Figure, width: int) -> Content:
    column, reference = column_of(len(told.comparison.sides), width), told.comparison.reference
    top = max((value for value in figure.values if value is not None), default=0.0)
    cells: list[list[Styled]] = []
    for i, value in enumerate(figure.values):
        if value is None:
            cells.append([(fit("  –", column), MUTED)])
            continue
        ratio = figure.ratios[i]
        style = MUTED if i == reference else _tone(ratio, less=figure.less_is_better)
        said = figure.ratio_text(i) if i != reference else ""
        cells.append(
            bar_cell(value / top if top else 0.0, _figure_text(figure, i), said, style, column)
        )
    return row_of(figure.label, cells, column)


def _figure_text(figure: Figure, index: int) -> str:
    value = figure.values[index]
    if figure.unit == "steps/s" and value is not None:
        return f"{value:.{1 if value >= 1 else 2}f} it/s"  # as everywhere else on the screen
    return figure.text(index)


def _tone(ratio: float | None, *, less: bool) -> str:
    if ratio is None or abs(ratio - 1) < _MUCH:
        return ""
    return GOOD if (ratio < 1) == less else BAD


def _likeness(told: Told, width: int) -> list[Content]:
    column, reference = column_of(len(told.comparison.sides), width), told.comparison.reference
    texts = [each.texts() if each is not None else {} for each in told.likeness]
    names = [name for name in _LIKENESS if any(name in each for each in texts)]
    if not names:
        words = "working out how alike they are…" if told.looking else ""
        return [row_of("Likeness", [[(words, MUTED)]], width - NAME)] if words else []
    lines = []
    for name in names:
        cells: list[list[Styled]] = []
        for i, each in enumerate(texts):
            like = told.likeness[i]
            if i == reference:
                cells.append([(fit("  reference" if name == names[0] else "", column), MUTED)])
            elif name not in each or like is None:
                cells.append([(fit("  …" if told.looking else "  –", column), MUTED)])
            else:
                shares = like.ssim, _of_psnr(like.psnr), like.changed
                share = dict(zip(_LIKENESS, shares, strict=True))[name] or 0.0
                cells.append(bar_cell(share, each[name], "", "", column))
        lines.append(row_of(_LIKENESS[name], cells, column))
    return lines


def _of_psnr(decibels: float | None) -> float:
    """How long its bar is: 50 dB and more are the whole of it."""
    return 1.0 if decibels == inf else min((decibels or 0.0) / 50, 1.0)
