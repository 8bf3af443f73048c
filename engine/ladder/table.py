"""A ladder as rows of text: for the command line and for reports. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from engine.ladder.request import LadderResult, Rung
from engine.measure.verdict import Spread
from engine.measure.words import UNDECIDED, in_a_word, in_words
from engine.units import seconds, size

HEADS = (
    *("Rung", "Time an image", "A minute", "Against below", "Against first", "Peak memory"),
    *("SSIM below", "SSIM first", ""),
)
NONE = "–"


@dataclass(frozen=True, slots=True)
class Row:
    """One rung in words.

    Attributes:
        title: with its number, from 1.
        changes: what it changes of the rung it stands on, and which that is.
        cells: a text for each of :data:`HEADS` but the first.
        short: the same in less room: ``"1.40 s ±12%"``.
        note: why there are no figures, or why it does not pay, in a sentence; empty when it does.
    """

    title: str
    changes: str
    cells: tuple[str, ...]
    short: tuple[str, ...]
    note: str = ""


def rows(result: LadderResult) -> tuple[Row, ...]:
    """All rungs, the lowest first."""
    return tuple(_row(result, at, rung) for at, rung in enumerate(result.rungs))


def _row(result: LadderResult, at: int, rung: Rung) -> Row:
    side = rung.side
    note = rung.skipped or (side.error if side is not None else "") or rung.why_not
    spread = side.seconds_an_image if side is not None else None
    changes = rung.changes
    if changes and 0 <= rung.on != at - 1:
        changes += f" (on rung {rung.on + 1})"
    cells = (
        f"{seconds(spread.median)} ({seconds(spread.low)} – {seconds(spread.high)})"
        if spread
        else NONE,
        f"{60 / spread.median:.3g}" if spread and spread.median else NONE,
        in_words(rung.before) or NONE,
        in_words(rung.first) or NONE,
        size(side.memory_peak_bytes) if side is not None and side.samples else NONE,
        _likeness(rung.likeness_before),
        _likeness(rung.likeness_first),
        state(rung, best=at == result.best and bool(result.recommendation)),
    )
    short = (
        f"{seconds(spread.median)} ±{_share(spread):.0%}" if spread else NONE,
        cells[1],
        in_a_word(rung.before) or NONE,
        in_a_word(rung.first) or NONE,
        *cells[4:],
    )
    return Row(f"{at + 1}. {rung.title}", changes, cells, short, note)


def _share(spread: Spread) -> float:
    """Half of what lies between the quartiles, as a share of the median."""
    return (spread.high - spread.low) / 2 / spread.median if spread.median else 0.0


def state(rung: Rung, *, best: bool) -> str:
    """Whether a rung pays, in a word or three."""
    if rung.skipped:
        return "skipped"
    if rung.side is not None and rung.side.error:
        return "failed"
    if rung.pays is None:
        if rung.why_not:
            return UNDECIDED
        return "not measured" if rung.side is None or not rung.side.samples else "not finished"
    if rung.pays:
        return "recommended" if best else "pays" if rung.on >= 0 else "the start"
    return "does not pay"


def _likeness(value: float | None) -> str:
    return NONE if value is None else f"{value:.3f}"


def asked_for(result: LadderResult, prompt: str) -> dict[str, str]:
    """What all rungs have in common, by name. ``prompt``: where no rung was measured."""
    side = next((rung.side for rung in result.rungs if rung.side is not None), None)
    if side is None:
        return {"Prompt": prompt}
    spec = side.spec
    found = {"Prompt": spec.prompt, "Negative prompt": spec.negative_prompt}
    return {**{n: t for n, t in found.items() if t}, "Guidance": f"{spec.guidance_scale:g}"}


def about(result: LadderResult) -> tuple[str, ...]:
    """Where it was measured, and how: a sentence each."""
    sides = [rung.side for rung in result.rungs if rung.side is not None and rung.side.samples]
    if not sides:
        return ()
    first = sides[0]
    memory = "on the device" if first.memory_kind == "vram" else "of the whole process"
    fewest = min(len(side.samples) for side in sides)
    turns = "one turn" if fewest == 1 else f"{fewest} turns"
    return (
        f"{first.spec.checkpoint} on {first.device}, {first.spec.width}x{first.spec.height}, "
        f"seed {first.spec.seed}.",
        f"Each rung was warmed up and then took {turns} or more, in turns with the rung it stands "
        "on. Loading and compiling are not in the times, which are medians. A machine is not "
        "always as fast, so what is said of two rungs is of their turns side by side.",
        f"Peak memory is that {memory}, in each turn anew. SSIM is of the first picture, 1 for the "
        "same.",
    )
