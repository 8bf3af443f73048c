"""A sweep in words: how far it is, and what is to be said of a cell."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.sweep import CellState, State, Sweep
from tui.keys.contexts import key_of, with_keys
from tui.text import one_line, seconds, size
from tui.widgets.progress import Progress

if TYPE_CHECKING:
    from tui.screens.sweep.desk import SweepDesk

_COUNTED = (
    (State.DONE, "done"),
    (State.FAILED, "failed"),
    (State.CANCELLED, "stopped"),
    (State.OPEN, "open"),
    (State.IMPOSSIBLE, "impossible"),
)
_SAID = {
    State.OPEN: "Nobody has begun it; {sweep.resume} goes on with what is left.",
    State.WAITING: "Waits.",
    State.RUNNING: "Is on.",
    State.CANCELLED: "Stopped; {sweep.resume} goes on with what is left.",
}

_WIDEST = 60
_LEAST_BEFORE = 0.05
"""Seconds of loading and compiling that are worth a word."""


def counts(desk: SweepDesk) -> str:
    """How many cells are in which state."""
    numbers = ((desk.count(state), word) for state, word in _COUNTED)
    return " · ".join(f"{number} {word}" for number, word in numbers if number)


def progress(desk: SweepDesk) -> Progress:
    """How far it is."""
    of_all = len(desk.cells) - desk.count(State.IMPOSSIBLE)
    done, failed = desk.count(State.DONE), desk.count(State.FAILED)
    left = len(desk.left())
    if desk.is_going:
        waiting = desk.count(State.WAITING)
        detail = [desk.doing] if desk.doing else []
        what_for = f" for {desk.waits_for}" if desk.waits_for else ""
        detail += [f"{waiting} waiting{what_for}"] if waiting else []
        if desk.paused:
            detail.append(f"paused: {key_of('sweep.pause')} goes on")
        elif eta := desk.eta_seconds:
            detail.append(f"{seconds(eta)} to go")
        return Progress("cells", done + failed, of_all, detail=" · ".join(detail))
    parts = [f"{failed} failed: {key_of('sweep.retry')} tries them again"] if failed else []
    if left:
        parts.append(f"{left} left: {key_of('sweep.resume')} goes on with them")
        return Progress(f"– {done} of {of_all} are done", detail=" · ".join(parts), tone="warning")
    if failed:
        return Progress(f"✗ {done} of {of_all} are done", detail=" · ".join(parts), tone="bad")
    took = sum(c.record.seconds.total for c in desk.cells if c.record and c.state is State.DONE)
    sign = f"✓ All {done} are done" if done != 1 else "✓ It is done"
    return Progress(sign, detail=f"{seconds(took)} of work" if done else "", tone="good")


def about(sweep: Sweep, each: CellState) -> tuple[str, str]:
    """Two lines about a cell: where it is, and what came of it."""
    labels = " · ".join(f"{name} {value}" for name, value in sweep.labels(each.cell.at))
    record = each.record
    if each.state is State.IMPOSSIBLE:
        return labels, f"Cannot be: {each.error}"
    if each.error:
        return labels, each.error
    if each.state is State.DONE and record is not None:
        parts = [f"#{record.id}", seconds(each.seconds)]
        if (before := record.seconds.total - each.seconds) >= _LEAST_BEFORE:
            parts.append(f"{seconds(before)} before that, loading and the like")
        if record.steps_per_second:
            parts.append(f"{record.steps_per_second:.1f} it/s")
        if record.memory_peak_bytes:
            parts.append(f"peak {size(record.memory_peak_bytes)}")
        if each.note:
            parts.append(one_line(each.note, _WIDEST))
        return labels, " · ".join(parts)
    return labels, with_keys(_SAID.get(each.state, ""))
