"""What climbing the ladder will be, before it begins."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rich.cells import cell_len
from textual.content import Content

from engine.errors import SafelightError
from engine.ladder import rungs
from engine.ladder.request import REPEATS
from engine.vaes import find_vae
from tui.studies.ladder_words import how_many
from tui.text import clean, one_line, padded, seconds

if TYPE_CHECKING:
    from engine.spec import RunSpec
    from engine.switches.base import Place


@dataclass(frozen=True, slots=True)
class Foreseen:
    """One rung: its title and why it is there; or why it will be skipped here."""

    title: str
    why: str
    skipped: str = ""


def schedulers_of(spec: RunSpec) -> Sequence[str]:
    """What its checkpoint takes, its own first; nothing while that is not known. Reads files."""
    from engine.checkpoints import inspect

    try:
        return inspect(spec.checkpoint).schedulers
    except SafelightError:
        return ()


def foreseen(spec: RunSpec, place: Place) -> tuple[Foreseen, ...]:
    """The rungs, as far as is known before the checkpoint is loaded. Looks at the disk.

    What the batch will be, and what pays, is found out on the way.
    """
    schedulers = schedulers_of(spec)
    steps = rungs.first_steps(spec)
    ground = rungs.Ground(place, tuple(schedulers), lambda name: find_vae(name, None), steps)
    stands = rungs.ground_level(spec, place.device)
    stands = stands.with_(scheduler=schedulers[0] if schedulers else None)
    first = rungs.first(spec)
    found = [Foreseen(first.title, first.why)]
    for plan in rungs.path(place if place.known else None):
        skipped = ""
        try:
            # Each stands on the first: which of them pay is not known yet.
            plan.make(stands, ground)
        except rungs.Skip as reason:
            skipped = str(reason) if place.known else ""
        except SafelightError as error:
            skipped = str(error)
        found.append(Foreseen(plan.title, plan.why, skipped))
    return tuple(found)


def plan_text(
    spec: RunSpec, told: Sequence[Foreseen], run_seconds: float | None, width: int
) -> Content:
    """What it is climbed with, how long that may take, and the rungs in lines of ``width``."""
    to_climb = sum(not rung.skipped for rung in told)
    prompt = one_line(spec.prompt, max(width - 8, 10))
    lines = [
        Content.assemble(
            "The tutorial's path on the settings of the form: ",
            (how_many(len(told), len(told) - to_climb), "bold"),
            "; each is measured against the one it stands on and against the first.",
        ),
        Content.assemble(("Prompt  ", "$text-muted"), prompt),
        Content.assemble(("Takes   ", "$text-muted"), _takes(spec, to_climb, run_seconds)),
        Content(""),
    ]
    wide = max((cell_len(clean(rung.title)) for rung in told), default=0)
    for number, rung in enumerate(told, 1):
        sign, style = ("·", "$text-disabled") if rung.skipped else (" ", "$foreground")
        about = f"skipped: {rung.skipped}" if rung.skipped else rung.why
        room = max(width - wide - 7, 10)
        lines.append(
            Content.assemble(
                (f"{sign} {number:>2} {padded(clean(rung.title), wide)}  ", style),
                (one_line(about, room), "$text-disabled" if rung.skipped else "$text-muted"),
            )
        )
    return Content("\n").join(lines)


def _takes(spec: RunSpec, to_climb: int, run_seconds: float | None) -> str:
    if run_seconds is None:
        return "not known before the first rung is measured; it is said then"
    step = run_seconds / max(spec.num_inference_steps * len(spec.pictures), 1)
    turns = REPEATS + 1
    # The first; half precision beside it; 20 and 25 steps beside what pays below them.
    first = rungs.first_steps(spec)
    few = min(first, rungs.STEPS)
    begin = first * 3
    begin += (first + few) + few * 2 + 5 if first > few else 0
    rest = max(to_climb - (4 if first > few else 2), 0) * 2 * few
    low, high = step * turns * (begin + rest), step * turns * (begin + rest * rungs.CPU_BATCH)
    return f"very roughly {seconds(low)} to {seconds(high)}, loading and compiling apart"
