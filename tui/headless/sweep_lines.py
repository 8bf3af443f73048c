"""A sweep in lines of text: its cells, its summary, and the list of sweeps."""

from __future__ import annotations

from collections.abc import Iterator

from rich.cells import cell_len, set_cell_size

from engine.group import Group
from engine.sweep import CellState, Grid, State
from tui.text import ago, one_line, seconds

SIGNS = {
    State.OPEN: " ",
    State.WAITING: "…",
    State.RUNNING: "▸",
    State.DONE: "✓",
    State.FAILED: "✗",
    State.CANCELLED: "–",
    State.IMPOSSIBLE: "×",
}
_WIDEST = 28


def cell_lines(grid: Grid) -> Iterator[str]:
    """A line for each cell: how it is, its values in columns, its run, or why there is none."""
    rows = [[one_line(v, _WIDEST) for _, v in grid.sweep.labels(c.cell.at)] for c in grid.cells]
    widths = [max(cell_len(row[axis]) for row in rows) for axis in range(len(grid.sweep.axes))]
    heads = (one_line(axis.label, _WIDEST) for axis in grid.sweep.axes)
    widths = [max(width, cell_len(head)) for width, head in zip(widths, heads, strict=True)]
    yield "  ".join(
        ["           ", *(_cell(a.label, w) for a, w in zip(grid.sweep.axes, widths, strict=True))]
    ).rstrip()
    for row, each in zip(rows, grid.cells, strict=True):
        values = "  ".join(set_cell_size(v, w) for v, w in zip(row, widths, strict=True))
        yield f"{SIGNS[each.state]} {each.state.value:<10} {values}  {_outcome(each)}".rstrip()


def _cell(text: str, width: int) -> str:
    return set_cell_size(one_line(text, width), width)


def _outcome(each: CellState) -> str:
    record = each.record
    if each.state is State.DONE and record is not None:
        paths = " ".join(image.path for image in record.images)
        note = f"{one_line(each.note, _WIDEST)}  " if each.note else ""
        return f"#{record.id}  {seconds(each.seconds)}  {note}{paths}"
    return each.error


def summary(grid: Grid) -> str:
    """How many cells are in which state, in a sentence."""
    counts = [(grid.count(state), state.value) for state in State if state is not State.DONE]
    others = "".join(f", {count:,} {word}" for count, word in counts if count)
    return f"{grid.count(State.DONE):,} of {len(grid.cells):,} done{others}."


def sweep_line(group: Group, grid: Grid) -> str:
    """A sweep in the list of all."""
    done = f"{grid.count(State.DONE):,} of {len(grid.cells):,} done"
    prompt = one_line(grid.sweep.base.prompt, 40)
    return f"{group.id}  {ago(group.created_at):<15}  {done:<16}  {group.title}  {prompt}".rstrip()
