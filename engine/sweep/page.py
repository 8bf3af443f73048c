"""A sweep as a page: a table with its heads, whose cells lead to the full pictures."""

from __future__ import annotations

import os
from collections.abc import Iterator
from html import escape
from pathlib import Path
from urllib.parse import quote

from engine.group import Group
from engine.report import page as report
from engine.sweep.axis import SWITCH
from engine.sweep.picture import caption, picture_of
from engine.sweep.states import CellState, Grid, State

_SIDES = ((60, 384), (400, 256), (1000, 160))
"""So many cells, and the side in pixels of the pictures that are then in the page itself."""
_STYLE = """
body { max-width: none; }
td, tbody th { padding: .4rem .8rem .4rem 0; }
tbody th { font-weight: 600; }
figure { width: max-content; max-width: 100%; }
.missing { padding: 1rem; max-width: 16rem; }
"""


def page(grid: Grid, group: Group, place: Path) -> Iterator[str]:
    """The page, piece by piece. It needs no script and no network.

    Args:
        grid: cells without a picture say why.
        group: what it is of.
        place: where the page will be, from which links lead to the pictures.
    """
    sweep = grid.sweep
    side = next((side for most, side in _SIDES if len(grid.cells) <= most), _SIDES[-1][1])
    yield report.head(f"Sweep {group.id}", _STYLE)
    yield f"<h1>{escape(sweep.title)}</h1>\n"
    yield f'<p class="dim">Sweep {escape(group.id)}, {escape(group.created_at[:10])}. '
    yield f"{grid.count(State.DONE):,} of {len(grid.cells):,} cells done. "
    yield "Times are without loading and compiling.</p>\n"
    yield from report.facts(_base(grid))
    columns, rows, layers = (*sweep.shape, 1, 1)[:3]
    for layer in range(layers):
        yield "<section>"
        if len(sweep.axes) > 2:
            axis = sweep.axes[2]
            yield f"<h2>{escape(axis.label)} {escape(axis.values[layer].label)}</h2>\n"
        corner = sweep.axes[0].label
        if len(sweep.axes) > 1:
            corner = f"{sweep.axes[1].label} \N{DOWNWARDS ARROW}  {corner} \N{RIGHTWARDS ARROW}"
        heads = [corner, *(value.label for value in sweep.axes[0].values)]
        yield from report.table(heads, _rows(grid, layer, (columns, rows), side, place))
        yield "</section>\n"
    yield report.FOOT


def _base(grid: Grid) -> dict[str, str]:
    """What all cells have in common."""
    axes, base = grid.sweep.axes, grid.sweep.base
    fields = frozenset[str]().union(*(axis.fields for axis in axes))
    values = {**base.to_json(), **{SWITCH + k: v for k, v in base.switches.items()}}
    del values["switches"]
    same = {k: v for k, v in values.items() if k not in fields and v not in ("", None)}
    return {k.removeprefix(SWITCH).replace("_", " "): str(v) for k, v in same.items()}


def _rows(
    grid: Grid, layer: int, shape: tuple[int, int], side: int, place: Path
) -> Iterator[list[str]]:
    axes = grid.sweep.axes
    for row in range(shape[1]):
        head = escape(axes[1].values[row].label) if len(axes) > 1 else ""
        places = ((column, row, layer)[: len(axes)] for column in range(shape[0]))
        yield [head, *(_cell(grid.at(*at), grid, side, place) for at in places)]


def _cell(each: CellState, grid: Grid, side: int, place: Path) -> str:
    alt = ", ".join(f"{axis} {value}" for axis, value in grid.sweep.labels(each.cell.at))
    shown = picture_of(each, (side, side))
    if shown is None or each.record is None:
        lost = each.state is State.DONE
        word = "The picture is missing." if lost else each.state.value.capitalize()
        kind = ' class="bad"' if lost or each.state is State.FAILED else ""
        return f'<div class="missing"><b{kind}>{word}</b> {escape(each.error)}</div>'
    picture = report.picture(report.small(shown, side), alt)
    paths = [Path(image.path) for image in each.record.images]
    if len(paths) == 1:
        picture = f'<a href="{_link(paths[0], place)}">{picture}</a>'
        links = ""
    else:
        numbered = enumerate(paths, 1)
        links = " " + " ".join(f'<a href="{_link(p, place)}">{n}</a>' for n, p in numbered)
    note = f"<figcaption>{escape(caption(each))}{links}</figcaption>"
    return f"<figure>{picture}{note}</figure>"


def _link(path: Path, place: Path) -> str:
    """Where a picture is, seen from the page; ``file:`` where no relative path leads there."""
    try:
        relative = os.path.relpath(path.resolve(), place.parent.resolve())
    except ValueError:  # on another drive
        return escape(path.resolve().as_uri())
    return escape(quote(Path(relative).as_posix()))
