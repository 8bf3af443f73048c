"""What each switch did, as a table for a person. See :mod:`engine.effects`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from rich.cells import cell_len, set_cell_size

from tui.text import one_line, size

if TYPE_CHECKING:
    from engine.effects import Effect

_HEAD = ("switch", "value", "against", "time", "memory", "likeness", "runs")
_LEFT = 3  # columns of words; the others are figures, and end at one edge
_WIDEST = 24


def table(effects: Sequence[Effect], likenesses: Iterable[float | None]) -> Iterator[str]:
    """Its lines, the first of them names the columns.

    Args:
        effects: a row each.
        likenesses: one for each, asked for only when its row is due: they take a while.
    """
    rows = [_cells(effect) for effect in effects]
    widths = [max(len(name), *(cell_len(row[i]) for row in rows)) for i, name in enumerate(_HEAD)]
    yield _line(_HEAD, widths)
    for row, likeness in zip(rows, likenesses, strict=True):
        row[5] = _alike(likeness)
        yield _line(row, widths)


def brief(effect: Effect, likeness: float | None) -> str:
    """One effect in a few words: ``×0.52  -1.2 GB  0.98 alike  #41 #40``."""
    *_, time, memory, _, runs = _cells(effect)
    against = f"than {one_line(effect.against, _WIDEST)} " if effect.against is not None else ""
    alike = f"{_alike(likeness)} alike" if likeness is not None else ""
    return "  ".join(word for word in (time, memory, alike, f"{against}{runs}") if word != "–")


def _cells(effect: Effect) -> list[str]:
    """All but the likeness."""
    ratio, difference = effect.seconds_ratio, effect.memory_difference_bytes
    against = effect.against if effect.against is not None else "default"
    words = (one_line(word, _WIDEST) for word in (effect.switch, effect.value, against))
    return [
        *words,
        f"×{ratio:.2f}" if ratio is not None else "–",
        f"{'+' if difference > 0 else ''}{size(difference)}" if difference is not None else "–",
        "",
        f"#{effect.run_id} #{effect.against_run_id}",
    ]


def _alike(likeness: float | None) -> str:
    if likeness is None:
        return "–"
    return f"{likeness:.2f}" if likeness == 1 or likeness < 0.995 else ">0.99"  # 1 is identical


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    shown = [
        set_cell_size(cell, width) if i < _LEFT else cell.rjust(width)
        for i, (cell, width) in enumerate(zip(cells, widths, strict=True))
    ]
    return "  ".join(shown).rstrip()
