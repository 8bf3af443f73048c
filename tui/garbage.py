"""Python's collector of garbage, kept out of the way of the screen.

To look at all objects takes tens of milliseconds, in which nothing moves, and by itself it happens
in the midst of a frame. Here what is there after the start, which stays to the end, is not looked
at any more, and the rest is looked at between two frames.
"""

from __future__ import annotations

import gc

_YOUNG, _MIDDLE, _DUE = 700, 10, 10
"""Python's own thresholds: of new objects, and of looks at the younger before one at all."""
_AT_THE_LATEST = 500
"""Looks at the younger after which Python looks at all by itself, should nobody have tidied."""


def hold() -> None:
    """Do not collect: while modules load it costs a tenth of the start."""
    gc.disable()


def begin() -> None:
    """The start, with its :func:`hold`, is over: collect, but look no more at what is there now."""
    if gc.isenabled():
        return  # somebody else's process, as that of tests
    gc.freeze()
    gc.set_threshold(_YOUNG, _MIDDLE, _AT_THE_LATEST)
    gc.enable()


def tidy() -> bool:
    """Between two frames: look at all if it is time. Returns whether that has taken a while.

    Not while the collector is off, as it is where turns are measured.
    """
    due = gc.isenabled() and gc.get_count()[2] >= _DUE
    if due:
        gc.collect()
    return due
