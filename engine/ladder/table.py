"""A ladder as rows of text: for the command line and for reports. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from engine.ladder.judging import saves
from engine.ladder.request import LadderResult, Rung
from engine.ladder.words import memory
from engine.measure.verdict import Spread, Verdict
from engine.measure.words import UNDECIDED, in_a_word, in_words
from engine.units import seconds, size

HEADS = (
    *("Rung", "Verdict", "Time an image", "A minute", "Against first", "Against before"),
    *("Peak memory", "SSIM to first"),
)
NONE = "–"


@dataclass(frozen=True, slots=True)
class Row:
    """One rung in words.

    Attributes:
        title: with its number, from 1.
        changes: what it changes of the rung it stands on, and which that is.
        state: whether it pays, in a word or three.
        cells: a text for each of :data:`HEADS` but the first two.
        details: for each of these what is to be known besides; empty where there is nothing.
        note: why there are no figures, why it does not pay, or what it pays by if not by time; a
            sentence, or empty.
    """

    title: str
    changes: str
    state: str
    cells: tuple[str, ...]
    details: tuple[str, ...]
    note: str = ""


def rows(result: LadderResult) -> tuple[Row, ...]:
    """All rungs, the lowest first."""
    return tuple(_row(result, at, rung) for at, rung in enumerate(result.rungs))


def _row(result: LadderResult, at: int, rung: Rung) -> Row:
    side = rung.side
    changes = rung.changes
    if changes and 0 <= rung.on != at - 1:
        changes += f" (on rung {rung.on + 1})"
    shown = beside_first(result, at)
    spread = side.seconds_an_image if side is not None else None
    before = rung.likeness_before
    return Row(
        title=f"{at + 1}. {rung.title}",
        changes=changes,
        state=state(rung, best=at == result.best and bool(result.recommendation)),
        cells=(
            seconds(shown) if shown else NONE,
            _rate(60 / shown) if shown else NONE,
            in_a_word(rung.first) or NONE,
            in_a_word(rung.before) or NONE,
            size(side.memory_peak_bytes) if side is not None and side.samples else NONE,
            _likeness(rung.likeness_first),
        ),
        details=(
            f"own turns: {seconds(spread.median)} ±{_share(spread):.0%}" if spread else "",
            *("", _between(rung.first), _between(rung.before), ""),
            "" if before is None else f"{_likeness(before)} to before",
        ),
        note=note(result, at),
    )


def _rate(value: float) -> str:
    return f"{value:,.0f}" if value >= 99.95 else f"{value:.3g}"


def lowest(result: LadderResult) -> int:
    """The rung against which all others are: the lowest that could be measured; -1 for none."""
    found = [at for at, rung in enumerate(result.rungs) if rung.side and rung.side.samples]
    return next((at for at in found if result.rungs[at].pays), found[0] if found else -1)


def beside_first(result: LadderResult, at: int) -> float | None:
    """Seconds an image of a rung as they would be beside the first: its median by their ratio.

    A machine is at one hour twice as fast as at another, and rungs are climbed one after the
    other: only what was measured in turns may be compared. So the seconds a rung took in its own
    turns do not stand in one column with those of others. ``None`` while the ratio is not known.
    """
    first, rung = lowest(result), result.rungs[at]
    side = result.rungs[first].side if first >= 0 else None
    spread = side.seconds_an_image if side is not None else None
    if spread is None:
        return None
    if at == first:
        return spread.median
    return spread.median * rung.first.ratio if rung.first is not None else None


def note(result: LadderResult, at: int) -> str:
    """Why a rung has no figures, why it does not pay, or what it pays by if not by time."""
    rung = result.rungs[at]
    side = rung.side
    if why := rung.skipped or (side.error if side is not None else "") or rung.why_not:
        return why
    if not rung.pays or rung.on < 0 or side is None or rung.before is None or rung.before.differs:
        return ""
    below = result.rungs[rung.on].side
    ratio = side.memory_peak_bytes / below.memory_peak_bytes if below and side.samples else 1.0
    if saves(ratio):
        return f"It takes no more time, and {memory(ratio)}."
    return f"Its pictures are finer, at no more time and with {memory(ratio)}."


def end_of(result: LadderResult) -> str:
    """How a ladder ended, in one sentence: with what it recommends, or how else."""
    if result.recommendation:
        return result.recommendation
    if not is_measured(result):
        return "It was stopped before anything was measured."
    return "No rung could be recommended." if is_whole(result) else "It was stopped before its end."


def is_measured(result: LadderResult) -> bool:
    """Whether there is anything to be shown."""
    sides = [rung.side for rung in result.rungs if rung.side is not None]
    return any(side.samples or side.error for side in sides)


def is_whole(result: LadderResult) -> bool:
    """Whether it came to its end: with a recommendation, or with nothing that could be measured."""
    over = all(rung.skipped or is_over(rung) for rung in result.rungs)
    return bool(result.recommendation) or (over and not any(rung.pays for rung in result.rungs))


def is_over(rung: Rung) -> bool:
    """Whether a rung was climbed to its end, whichever that is."""
    if rung.side is None:
        return False
    return bool(rung.side.error or rung.why_not) or rung.pays is not None


def _between(verdict: Verdict | None) -> str:
    """Between which the ratio is, as far as a verdict says more than its word."""
    said = in_words(verdict).removeprefix(in_a_word(verdict))
    return said.strip(" :()")


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
        "on (“before”). Loading and compiling are not in the times, which are medians.",
        "A machine is not always as fast, so a time an image is given as beside the first: the "
        "first's, times the ratio to it that was measured in turns. The own turns of a rung may "
        "have taken more or less.",
        f"Peak memory is that {memory}, in each turn anew. SSIM is of the first picture, 1 for the "
        "same.",
    )
