"""In which order turns are taken: one after the other, or in blocks where changing sides is costly.

Sides take turns, and who goes first changes: A B, B A, B A, A B, … If A always went first, what
comes and goes with every second turn (a clock that drops and recovers, somebody's timer) would fall
on the same side each time, and be taken for a difference. So would, if it changed with each pair,
what comes with every fourth; the order is that of Thue and Morse, which keeps time with nothing.

Pure, and light.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import count

from engine.spec import RunSpec
from engine.switches import build_of, normalised, stack
from engine.switches.base import Part

BLOCKS = 4
"""Pairs of blocks, at the fewest: a block is one figure, and of fewer nothing could be told."""


@dataclass(frozen=True, slots=True)
class Visit:
    """Some turns to be taken without a reload in between.

    Attributes:
        sides: whose turn it is, by number; all of them once, and then again the other way round,
            ``turns`` times.
        warm: which of them warm up first.
    """

    sides: tuple[int, ...]
    turns: int
    warm: tuple[int, ...] = ()


def is_costly(one: RunSpec, other: RunSpec) -> bool:
    """Whether going from one spec to the other loads weights or compiles anew."""
    if one.checkpoint != other.checkpoint:
        return True
    a, b = normalised(one.switches), normalised(other.switches)
    if build_of(a) != build_of(b) or a.get("vae") != b.get("vae"):
        return True
    if a.get("compile", "off") == b.get("compile", "off") == "off":
        return False
    worn = [switch.name for switch in stack(Part.DENOISER)]
    return any(a.get(name) != b.get(name) for name in worn)


def in_camps(specs: Sequence[RunSpec]) -> tuple[tuple[int, ...], ...]:
    """The numbers of specs, those together between which going to and fro costs nothing."""
    camps: list[list[int]] = []
    for at, spec in enumerate(specs):
        camp = next((camp for camp in camps if not is_costly(specs[camp[0]], spec)), None)
        if camp is None:
            camps.append([at])
        else:
            camp.append(at)
    return tuple(map(tuple, camps))


def rounds(camps: Sequence[tuple[int, ...]], turns: int) -> Iterator[tuple[Visit, ...]]:
    """Rounds without end, in each of which each side has ``turns`` turns.

    Of one camp some are the other way round, see above; of more every second one, so that every
    second change is none. A camp that is come to warms up.
    """
    present = -1
    for number in count():
        forward = (number.bit_count() if len(camps) == 1 else number) % 2 == 0
        order = range(len(camps)) if forward else reversed(range(len(camps)))
        visits = []
        for at in order:
            sides = camps[at] if forward else camps[at][::-1]
            visits.append(Visit(sides, turns, camps[at] if at != present else ()))
            present = at
        yield tuple(visits)
