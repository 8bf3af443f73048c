"""Python's collector of garbage, kept out of the way of the screen.

To look at all objects takes tens of milliseconds, in which nothing moves, and by itself it happens
in the midst of a frame. Here what is there after the start, which stays to the end, is not looked
at any more, and the rest is looked at between two frames.
"""

from __future__ import annotations

import gc
from time import monotonic

_AT_THE_LATEST = 500
"""Looks at the younger after which Python looks at all by itself, should nobody have tidied."""
_LONG_SECONDS = 0.05
"""A look that takes longer, as while the libraries are not out of sight, is a rare one."""
_RARE = 10

_due = 0
"""Looks at the younger that make one at all due; 0 where Python goes about it bit by bit."""


def hold() -> None:
    """Do not collect: while modules load it costs a tenth of the start."""
    gc.disable()


def begin() -> None:
    """The start, with its :func:`hold`, is over: collect, but look no more at what is there now."""
    if gc.isenabled():
        return  # somebody else's process, as that of tests
    global _due
    gc.freeze()
    young, middle, _due = gc.get_threshold()
    if _due:
        gc.set_threshold(young, middle, _AT_THE_LATEST)
    gc.enable()


def tidy() -> bool:
    """Between two frames: look at all if it is time. Returns whether that has taken a while.

    Not while the collector is off, as it is where turns are measured.
    """
    global _due  # noqa: PLW0603
    if not (_due and gc.isenabled() and gc.get_count()[2] >= _due):
        return False
    began = monotonic()
    gc.collect()
    if monotonic() - began > _LONG_SECONDS:
        _due = min(_due * _RARE, _AT_THE_LATEST - 1)
    return True
