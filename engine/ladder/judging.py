"""Whether a rung of the ladder pays. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from engine.ladder.request import Rung
from engine.measure.request import Side
from engine.measure.verdict import CLOSE, Verdict
from engine.measure.words import in_words, speed
from engine.schedulers import STOCHASTIC

ALIKE = 0.5
"""Pictures that are less alike than this, by SSIM, are of something else: such a rung has no pay.

Fewer steps of a better scheduler move edges and textures of the same picture: 0.6 to 0.95.
"""
LESS_MEMORY = 0.95
"""A rung that takes no more time pays too when it takes no more of the memory than this."""


def pays(rung: Rung, below: Side, first: Side, *, finer: bool) -> tuple[bool | None, str]:
    """Whether a rung is faster than the one it stands on, or no slower with less memory; and its
    picture is still the same picture.

    Args:
        below, first: of the rung it stands on, and of the lowest that was measured.
        finer: it is about finer pictures, and pays as long as it takes no more time.

    Returns:
        ``None`` where that is undecided; and why it does not pay, or why it is undecided, in a
        sentence.
    """
    side, verdict = rung.side, rung.before
    assert side is not None
    if why := _another_picture(rung, below, first):
        return False, why
    if verdict is None:
        return None, "It is undecided: too few turns were taken."
    if verdict.differs:
        return (True, "") if verdict.ratio < 1 else (False, f"It is {speed(verdict.ratio)}.")
    is_saving = saves(side.memory_peak_bytes / (below.memory_peak_bytes or 1))
    if (finer or is_saving) and verdict.high <= 1 + CLOSE:
        return True, ""
    if verdict.is_same:
        return False, "It takes as long, and no less memory."
    said = in_words(verdict)
    return None, f"{said[0].upper()}{said[1:]}."


def saves(ratio: float) -> bool:
    """Whether that much of the memory is less, so that it pays."""
    return ratio <= LESS_MEMORY


def measured_first(rungs: Sequence[Rung], at: int, first: Verdict) -> list[Rung]:
    """The rungs, now that one was measured against the first: so far that was reckoned.

    What stands on it is reckoned anew, or it would seem to be faster or slower than it is.
    """
    again = {at: first}
    for number, rung in enumerate(rungs):
        if rung.on == at and rung.before is not None and rung.first is not None:
            again[number] = rung.before.times(first)
    return [
        replace(rung, first=again[number]) if number in again else rung
        for number, rung in enumerate(rungs)
    ]


def _another_picture(rung: Rung, below: Side, first: Side) -> str:
    """Why a rung's picture is not the same, in a sentence; empty when it is, or cannot be told.

    A scheduler that adds fresh noise makes another picture with each change of steps or scheduler,
    and that says nothing about how good it is.
    """
    assert rung.side is not None
    own = rung.side.spec.scheduler
    for likeness, other, whose in (
        (rung.likeness_before, below, "the rung it stands on"),
        (rung.likeness_first, first, "the first"),
    ):
        theirs = other.spec.scheduler
        noisy = STOCHASTIC.intersection((own, theirs))
        if likeness is not None and likeness < ALIKE and not noisy:
            return f"Its picture is another than that of {whose}: SSIM {likeness:.2f}."
    return ""
