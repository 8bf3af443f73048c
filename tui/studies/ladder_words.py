"""A ladder in words: what its screen says of each rung."""

from __future__ import annotations

from dataclasses import dataclass

from engine.ladder.request import LadderResult, Rung
from engine.ladder.table import beside_first, is_over, note
from engine.measure.verdict import Spread, Verdict
from engine.measure.words import in_words
from tui.text import WINNER, seconds, size

STEADY = 0.005
"""A spread below this share of the figure is not worth its place."""


@dataclass(frozen=True, slots=True)
class Mark:
    """What is to be said of a rung at a glance: a sign, a word, and a colour of the theme."""

    sign: str
    word: str
    tone: str


def mark(result: LadderResult, at: int, *, is_on: bool) -> Mark:
    """The mark of a rung. ``is_on``: the ladder is being climbed."""
    rung = result.rungs[at]
    if rung.skipped:
        return Mark("·", "skipped", "text-disabled")
    side = rung.side
    if side is not None and side.error:
        return Mark("✗", "failed", "error")
    if is_on and at == climbing(result):
        return Mark("●", "now", "accent")
    if side is None or not side.samples:
        return Mark("○", "waits" if is_on else "not done", "text-muted")
    if at == result.best and result.recommendation and not is_on:
        return Mark(WINNER, "best", "success")
    if rung.on < 0:
        return Mark("•", "first", "text-muted")
    if rung.pays is None:
        return Mark(
            "?" if rung.why_not else "•", "unclear" if rung.why_not else "cut off", "text-muted"
        )
    return Mark("✓", "pays", "success") if rung.pays else Mark("–", "no gain", "warning")


def climbing(result: LadderResult) -> int:
    """The rung that is measured now, or next; -1 for none.

    When all are over it is the highest that pays, which is measured against the first.
    """
    for at, rung in enumerate(result.rungs):
        if not rung.skipped and not is_over(rung):
            return at
    return max((at for at, rung in enumerate(result.rungs) if rung.pays), default=-1)


def measured(result: LadderResult) -> int:
    """How many rungs were climbed to their end, whichever that is."""
    return sum(is_over(rung) for rung in result.rungs)


def is_open(rung: Rung) -> bool:
    """Whether a rung is measured only in part, so that its ratio is not settled."""
    side = rung.side
    return rung.on >= 0 and side is not None and bool(side.samples) and not is_over(rung)


def how_many(count: int, skipped: int, *, done: int | None = None) -> str:
    """How many rungs there are: ``"13 rungs, 2 cannot be here"``, ``"4 of 13 rungs measured"``."""
    rungs = f"{count} rungs" if done is None else f"{done} of {count} rungs measured"
    return f"{rungs}, {skipped} cannot be here" if skipped else rungs


def spread(figure: Spread | None) -> str:
    """How far the figures lie apart, such as ``±3%``; empty when it is next to nothing."""
    if figure is None or figure.count < 2 or not figure.median:
        return ""
    share = (figure.high - figure.low) / 2 / figure.median
    return f"±{max(round(share * 100), 1)}%" if share >= STEADY else ""


def rate(result: LadderResult, at: int) -> str:
    """Images a minute, as beside the first."""
    took = beside_first(result, at)
    if not took:
        return ""
    value = 60 / took
    return f"{value:.0f}" if value >= 99.95 else f"{value:.1f}"


def took(result: LadderResult, at: int) -> str:
    """Seconds an image, as beside the first."""
    found = beside_first(result, at)
    return seconds(found) if found is not None else ""


def memory(rung: Rung) -> str:
    """The peak of memory."""
    peak = rung.side.memory_peak_bytes if rung.side is not None else 0
    return size(peak) if peak else ""


def likeness(value: float | None) -> str:
    """SSIM, with as much as tells two of them apart."""
    if value is None:
        return ""
    return "same" if value >= 0.9999 else f"{value:.2f}"


def times(verdict: Verdict | None) -> str:
    """How many times as fast: ``2.1x``; ``same`` within the spread, and ``?`` while undecided."""
    if verdict is None:
        return ""
    if not verdict.differs:
        return "same" if verdict.is_same else "?"
    value = 1 / verdict.ratio
    return f"{value:.0f}x" if value >= 9.95 else f"{value:.1f}x" if value >= 2 else f"{value:.2f}x"


def about(result: LadderResult, at: int) -> tuple[str, str, str]:
    """Three lines about a rung: what it is, why it is there, and what came of it."""
    rung = result.rungs[at]
    changes = "" if rung.changes == rung.title else rung.changes
    head = " · ".join(part for part in (f"{at + 1} {rung.title}", changes) if part)
    if rung.skipped:
        return head, rung.why, f"Skipped: {rung.skipped}"
    side = rung.side
    if side is not None and side.error:
        return head, rung.why, side.error
    if side is None or not side.samples:
        return head, rung.why, ""
    on = f"rung {rung.on + 1}"
    own = side.seconds_an_image
    parts = [
        f"{seconds(own.median)} {spread(own)}".rstrip() + " an image in its own turns"
        if own
        else "",
        in_words(rung.before, on) if rung.on >= 0 else "",
        in_words(rung.first, "the first") if rung.on > 0 else "",
        f"SSIM {rung.likeness_before:.3f} with {on}" if rung.likeness_before is not None else "",
        f"loading {seconds(side.load_seconds)}" if side.load_seconds >= 0.0005 else "",
        f"compiling {seconds(side.compile_seconds)}" if side.compile_seconds >= 0.0005 else "",
    ]
    came = " · ".join(part for part in parts if part)
    return head, rung.why, f"{note(result, at)} {came}".lstrip()
