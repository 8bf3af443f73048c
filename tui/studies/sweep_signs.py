"""A cell of a sweep at a glance: a sign, a word, a colour."""

from __future__ import annotations

from engine.sweep import CellState, State
from tui.text import seconds

SIGNS: dict[State, tuple[str, str, str]] = {
    State.OPEN: ("○", "open", "text-muted"),
    State.WAITING: ("○", "waits", "text-muted"),
    State.RUNNING: ("●", "", "accent"),
    State.DONE: ("✓", "", "success"),
    State.FAILED: ("✗", "failed", "error"),
    State.CANCELLED: ("–", "stopped", "text-muted"),
    State.IMPOSSIBLE: ("·", "cannot be", "text-disabled"),
}
"""Of each state its sign, a word, and a colour of the theme."""


def badge(each: CellState, percent: int) -> str:
    """What is said of a cell in a word: how long it took without loading, how far it is, or how
    it ended.
    """
    if each.state is State.DONE and each.record is not None:
        return seconds(each.seconds)
    return f"{percent}%" if each.state is State.RUNNING else SIGNS[each.state][1]
