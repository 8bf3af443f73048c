"""What a comparison says in words and figures, as lines of a table with a column for each side."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from math import inf
from typing import TYPE_CHECKING

from rich.cells import cell_len
from textual.content import Content

from engine.compare.measured import in_words
from tui.text import WINNER, by_point, clean, one_line, seconds, size

if TYPE_CHECKING:
    from engine.compare import Comparison, Figure, Likeness, Setting, Word
    from engine.measure.request import MeasurementResult
    from engine.measure.verdict import Verdict

LETTERS = "ABCD"
_NAME = 13
"""Cells of the first column."""
_WIDEST = 44
_VALUE, _RATIO, _LEAST_BAR = 11, 6, 3
_BEFORE, _AFTER = 3, 3
"""Cells of a value left of its point, and from there on."""
_MUCH = 0.05
"""From which part on a difference of single runs gets a colour: below it is mostly noise."""
_LONGEST_TEXT = 4000
_MUTED, _ACCENT, _GOOD, _BAD = "$text-muted", "$accent", "$success", "$warning"

Styled = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Measured:
    """What was measured anew.

    Attributes:
        runs: the run of each of its sides; the first is its reference.
        is_whole: nothing more will come.
    """

    runs: tuple[int, ...]
    result: MeasurementResult
    is_whole: bool = True


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
    cells: list[Styled] = [(" " * _NAME, "")]
    column = _column(told, width)
    for i, side in enumerate(comparison.sides):
        reference = i == comparison.reference
        mark = f" {WINNER}" if side.record.id in told.winners else ""
        text = f"{LETTERS[i]} {side.name}{mark}{' reference' if reference else ''}"
        style = f"bold {_ACCENT}" if i == told.focus else "bold"
        cells.append((_fit(text, column), style))
    return Content.assemble(*cells)


def settings_lines(told: Told, width: int) -> list[Content]:
    """Settings and prompts: what differs, or all."""
    settings = told.comparison.settings(all=told.all_settings)
    lines = [_setting(told, setting, width) for setting in settings]
    lines += _prompts(told, width, negative=False)
    lines += _prompts(told, width, negative=True)
    if not lines:
        lines.append(Content.styled(one_line("All settings are the same.", width), _MUTED))
    return lines


def figure_lines(told: Told, width: int) -> list[Content]:
    """What was measured, times, rate, memory, likeness, and what cannot be compared."""
    figures = _figures(told.comparison)
    lines = _measured(told, width)
    lines += [_figure(told, figure, width) for figure in figures if not figure.apart]
    lines += _likeness(told, width)
    lines += [_figure(told, figure, width) for figure in figures if figure.apart]
    for sentence in (*told.comparison.limits(), *told.notes):
        lines += _wrapped([(f"! {clean(sentence)}", _BAD)], width, indent=2)
    return lines


def _column(told: Told, width: int) -> int:
    return max(1, min(_WIDEST, (width - _NAME) // len(told.comparison.sides)))


def _row(name: str, cells: Sequence[Sequence[Styled]], column: int) -> Content:
    """A row: its name, and a cell of ``column`` cells for each side."""
    parts: list[Styled] = [(_fit(name, _NAME), _MUTED)]
    for cell in cells:
        room = column
        for text, style in cell:
            text = text if cell_len(text) <= room else one_line(text, room)
            parts.append((text, style))
            room -= cell_len(text)
        parts.append((" " * room, ""))
    return Content.assemble(*parts)


def _fit(text: str, width: int) -> str:
    """``text`` on one line in exactly ``width`` cells, the last of them blank."""
    text = one_line(text, width - 1)
    return text + " " * (width - cell_len(text))


# Settings


def _setting(told: Told, setting: Setting, width: int) -> Content:
    column, reference = _column(told, width), told.comparison.reference
    differing = any(setting.differs)
    cells: list[list[Styled]] = []
    for i, value in enumerate(setting.values):
        mark = "• " if setting.differs[i] else "  "
        style = _ACCENT if setting.differs[i] else ("" if differing or i == reference else _MUTED)
        cells.append([(mark, _ACCENT), (_fit(_short(value, column - 3), column - 2), style)])
    return _row(setting.label, cells, column)


def _short(value: str, width: int) -> str:
    """A value that may be a path: of that the end says more."""
    from tui.widgets.shelf_table import short_name

    return short_name(value, width) if "/" in value else one_line(value, width)


_SIGNS = {
    "same": ("", ""),
    "added": ("+", f"{_GOOD} underline"),
    "removed": ("−", f"{_BAD} strike"),
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
        label = (_fit(name if place == 0 else "", _NAME - len(letter)) + letter, _MUTED)
        words = list(_marked(texts[i])) or [("none", _MUTED)]
        same = differ and i != comparison.reference and all(w.kind == "same" for w in texts[i])
        if same:
            words = [("the same", _MUTED)]
        wrapped = _wrapped(words, max(width - _NAME, 10))
        blank = (" " * _NAME, "")
        lines += [
            Content.assemble(label if row == 0 else blank, line) for row, line in enumerate(wrapped)
        ]
    return lines


def _marked(words: Sequence[Word]) -> Iterator[Styled]:
    for word in words:
        sign, style = _SIGNS[word.kind]
        text = " ".join(clean(word.text[:_LONGEST_TEXT]).split())
        if text:
            yield f"{sign}{text}", style


def _wrapped(parts: Sequence[Styled], width: int, indent: int = 0) -> list[Content]:
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
    column, reference = _column(told, width), told.comparison.reference
    top = max((value for value in figure.values if value is not None), default=0.0)
    cells: list[list[Styled]] = []
    for i, value in enumerate(figure.values):
        if value is None:
            cells.append([(_fit("  –", column), _MUTED)])
            continue
        ratio = figure.ratios[i]
        style = _MUTED if i == reference else _tone(ratio, less=figure.less_is_better)
        said = figure.ratio_text(i) if i != reference else ""
        cells.append(
            _bar_cell(value / top if top else 0.0, _figure_text(figure, i), said, style, column)
        )
    return _row(figure.label, cells, column)


def _figure_text(figure: Figure, index: int) -> str:
    value = figure.values[index]
    if figure.unit == "steps/s" and value is not None:
        return f"{value:.{1 if value >= 1 else 2}f} it/s"  # as everywhere else on the screen
    return figure.text(index)


def _tone(ratio: float | None, *, less: bool) -> str:
    if ratio is None or abs(ratio - 1) < _MUCH:
        return ""
    return _GOOD if (ratio < 1) == less else _BAD


def _bar_cell(share: float, value: str, said: str, style: str, column: int) -> list[Styled]:
    """A bar, a value and what is said of it, in ``column`` cells; the bar goes first."""
    ratio = f"{said:>{_RATIO}}"
    bar = column - 2 - 1 - _VALUE - _RATIO - 1
    if bar < _LEAST_BAR:
        return [(_fit(f"  {value:<{_VALUE}}{said}", column), style)]
    halves = max(1, round(2 * bar * min(share, 1.0))) if share > 0 else 0
    drawn = "━" * (halves // 2) + "╸" * (halves % 2)
    cells = [("  ", ""), (drawn, style or "$foreground 60%"), (" " * (bar - len(drawn)), "")]
    value = by_point(value, _BEFORE, _AFTER)
    shown = (f" {value:<{_VALUE}}", "" if style == _MUTED else style)
    return [*cells, shown, (ratio, style), (" ", "")]


def _likeness(told: Told, width: int) -> list[Content]:
    column, reference = _column(told, width), told.comparison.reference
    texts = [each.texts() if each is not None else {} for each in told.likeness]
    names = [name for name in ("SSIM", "PSNR", "Changed") if any(name in each for each in texts)]
    if not names:
        words = "working out how alike they are…" if told.looking else ""
        return [_row("Likeness", [[(words, _MUTED)]], width - _NAME)] if words else []
    lines = []
    for name in names:
        cells: list[list[Styled]] = []
        for i, each in enumerate(texts):
            like = told.likeness[i]
            if i == reference:
                cells.append([(_fit("  reference" if name == names[0] else "", column), _MUTED)])
            elif name not in each or like is None:
                cells.append([(_fit("  …" if told.looking else "  –", column), _MUTED)])
            else:
                share = {"SSIM": like.ssim, "PSNR": _of_psnr(like.psnr), "Changed": like.changed}
                cells.append(_bar_cell(share[name] or 0.0, each[name], "", "", column))
        lines.append(_row(name, cells, column))
    return lines


def _of_psnr(decibels: float | None) -> float:
    """How long its bar is: 50 dB and more are the whole of it."""
    return 1.0 if decibels == inf else min((decibels or 0.0) / 50, 1.0)


# Measured anew


def _measured(told: Told, width: int) -> list[Content]:
    """Medians and their spread, and whether there is a difference at all."""
    measured = told.measured
    if measured is None:
        return []
    column = _column(told, width)
    sides, verdicts = measured.result.sides, measured.result.verdicts
    if not any(side.samples or side.error for side in sides):
        return []
    found = [_place(measured, side.record.id) for side in told.comparison.sides]
    spreads = [sides[at].seconds_an_image if at is not None else None for at in found]
    top = max((spread.median for spread in spreads if spread is not None), default=0.0)
    rows: list[list[list[Styled]]] = [[], [], [], []]
    for at, spread in zip(found, spreads, strict=True):
        if at is None or spread is None:
            error = sides[at].error if at is not None else ""
            rows[0].append([(_fit(f"  {clean(error) or '–'}", column), _BAD if error else _MUTED)])
            for row in rows[1:]:
                row.append([(" " * column, "")])
            continue
        verdict = verdicts[at] if at < len(verdicts) else None
        style = _verdict_tone(verdict)
        ratio = f"{verdict.ratio:.2f}x" if verdict is not None and verdict.differs else ""
        share = spread.median / top if top else 0.0
        rows[0].append(_bar_cell(share, seconds(spread.median), ratio, style, column))
        between = f"  {seconds(spread.low)} to {seconds(spread.high)}" if spread.count > 1 else ""
        rows[1].append([(_fit(between, column), _MUTED)])
        said = verdict_words(verdict) if at else "reference"
        rows[2].append([(_fit(f"  {said}", column), style if at else _MUTED)])
        peak = sides[at].memory_peak_bytes
        rows[3].append([(_fit(f"  {size(peak)}" if peak else "", column), _MUTED)])
    turns = max((len(side.samples) for side in sides), default=0)
    of = "" if measured.is_whole else f" of {measured.result.repeats}"
    names = ("Measured", f"{turns}{of} turns", "Verdict", "Peak memory")
    lines = [_row(name, cells, column) for name, cells in zip(names, rows, strict=True)]
    return [*lines, Content("")]


def _place(measured: Measured, run: int) -> int | None:
    return measured.runs.index(run) if run in measured.runs else None


def _verdict_tone(verdict: Verdict | None) -> str:
    if verdict is None or not verdict.differs:
        return ""
    return _GOOD if verdict.ratio < 1 else _BAD


def verdict_words(verdict: Verdict | None) -> str:
    """What a verdict means, and between which it is: ``5.1x faster (4.90 to 5.3)``."""
    if verdict is None:
        return "not known yet"
    low, high = verdict.low, verdict.high
    if verdict.differs and verdict.ratio < 1:
        low, high = 1 / high, 1 / low if low > 0 else inf
    return f"{in_words(verdict)} ({_times(low)} to {_times(high)})"


def _times(ratio: float) -> str:
    return f"{ratio:.{2 if ratio < 2 else 1 if ratio < 10 else 0}f}"
