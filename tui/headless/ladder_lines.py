"""A ladder in lines of text: its rungs, what is recommended, and the command that does it."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence

from rich.cells import cell_len, set_cell_size

from engine.group import Group
from engine.ladder.request import LadderResult
from engine.ladder.table import Row, about, end_of, rows
from engine.spec import BUNDLED, RunSpec
from tui.text import ago, clean, one_line, wrapped

_HEADS = (*("RUNG", "AN IMAGE", "A MIN", "VS FIRST", "VS BEFORE", "PEAK", "SSIM FIRST", ""),)
_WIDEST_ID = 6
_WIDTH = 100


def ladder_lines(result: LadderResult) -> Iterator[str]:
    """A line for each rung with its columns, below it what it changes; then how it was measured."""
    found = rows(result)
    table = [_HEADS, *((row.title, *row.cells, row.state) for row in found)]
    widths = [max(cell_len(cells[at]) for cells in table) for at in range(len(_HEADS))]
    yield _line(_HEADS, widths)
    for row, cells in zip(found, table[1:], strict=True):
        yield _line(cells, widths)
        yield from (f"   {text}" for text in _below(row))
    yield ""
    for sentence in about(result):
        yield from wrapped(sentence, _WIDTH)


def _below(row: Row) -> Iterator[str]:
    if row.changes:
        yield clean(row.changes)
    if row.note:
        yield clean(row.note)


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    shown = [set_cell_size(cell, width) for cell, width in zip(cells, widths, strict=True)]
    return "  ".join(shown).rstrip()


def command_of(spec: RunSpec) -> str:
    """The command line that makes a run of ``spec``."""
    words = ["safelight", "generate", spec.prompt]
    if spec.checkpoint != BUNDLED:
        words += ["--checkpoint", spec.checkpoint]
    if spec.negative_prompt:
        words += ["--negative-prompt", spec.negative_prompt]
    words += ["--seed", str(spec.seed), "--steps", str(spec.num_inference_steps)]
    words += ["--guidance", f"{spec.guidance_scale:g}"]
    if spec.width and spec.height:
        words += ["--size", f"{spec.width}x{spec.height}"]
    if spec.scheduler:
        words += ["--scheduler", spec.scheduler]
    if spec.batch_size > 1:
        words += ["--batch", str(spec.batch_size)]
    for name, value in spec.switches.items():
        words += ["--set", f"{name}={value}"]
    return shlex.join(words)


def group_line(group: Group, result: LadderResult) -> str:
    """One of a list of ladders."""
    said = one_line(end_of(result), 90)
    return f"{group.id:<{_WIDEST_ID}}  {ago(group.created_at):<12}  {said}"
