"""Whether a rung of the ladder pays. Pure."""

from __future__ import annotations

from engine.ladder.request import Rung
from engine.measure.request import Side
from engine.measure.verdict import CLOSE
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
    saves = side.memory_peak_bytes <= LESS_MEMORY * below.memory_peak_bytes
    if (finer or saves) and verdict.high <= 1 + CLOSE:
        return True, ""
    if verdict.is_same:
        return False, "It takes as long, and no less memory."
    said = in_words(verdict)
    return None, f"{said[0].upper()}{said[1:]}."


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
