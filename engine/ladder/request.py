"""The ladder as it is asked for, and what came of it."""

from __future__ import annotations

from dataclasses import dataclass

from engine.measure.request import Side
from engine.measure.verdict import Verdict
from engine.spec import RunSpec

REPEATS = 3
"""Timed turns of each rung, when nobody says how many."""


@dataclass(frozen=True, slots=True)
class Ladder:
    """The tutorial's path for a checkpoint and a prompt.

    Attributes:
        spec: its checkpoint, prompts, seed, size and guidance are taken; the rungs set the rest.
        repeats: timed turns of each rung, after one that warms up.
    """

    spec: RunSpec
    repeats: int = REPEATS


@dataclass(frozen=True, slots=True)
class Rung:
    """One rung, measured.

    Attributes:
        name: a word for scripts, such as ``"half-precision"``.
        title: for people, such as ``"Half precision"``.
        why: a sentence about what it does.
        changes: what it changes of the rung it stands on, in a few words.
        on: the number of that rung, from 0; -1 for the first. A rung that did not pay carries none.
        side: what was measured; ``None`` while it was not, or when it is ``skipped``.
        skipped: why it cannot be climbed here, in a sentence; empty when it can.
        before, first: against the rung it stands on, and the first, by seconds a picture.
        likeness_before, likeness_first: SSIM of its first picture with theirs; ``None`` when it
            cannot be told.
        pays: whether it is worth keeping; ``None`` while unknown.
    """

    name: str
    title: str
    why: str
    changes: str
    on: int = -1
    side: Side | None = None
    skipped: str = ""
    before: Verdict | None = None
    first: Verdict | None = None
    likeness_before: float | None = None
    likeness_first: float | None = None
    pays: bool | None = None


@dataclass(frozen=True, slots=True)
class LadderResult:
    """What came of a ladder, so far.

    Attributes:
        rungs: all that there will be, the lowest first.
        best: the number of the rung that is recommended; -1 while none is.
        recommendation: in one sentence; empty while there is none.
    """

    rungs: tuple[Rung, ...]
    best: int = -1
    recommendation: str = ""

    @property
    def spec(self) -> RunSpec | None:
        """The settings that are recommended."""
        side = self.rungs[self.best].side if self.best >= 0 else None
        return side.spec if side is not None else None
