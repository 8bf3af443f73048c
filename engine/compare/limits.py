"""What keeps several pictures from being compared in full: a sentence each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from engine.record import RunRecord, Status

if TYPE_CHECKING:
    from engine.compare.comparison import Comparison, Side

_ENDED = {
    Status.CANCELLED: "was stopped",
    Status.FAILED: "failed",
    Status.INTERRUPTED: "was cut off",
}
_PROPORTIONS = 0.02


def limits_of(comparison: Comparison) -> Iterator[str]:
    """The sentences, those of the pictures first, then those of times and memory."""
    reference = comparison.sides[comparison.reference]
    others = [side for at, side in enumerate(comparison.sides) if at != comparison.reference]
    for side in others:
        yield from _pictures(reference, side)
    yield from _seeds(reference, others)
    runs = {side.record.id: side.record for side in comparison.sides}
    if len(runs) == 1:
        yield f"All of them are of run #{reference.record.id}, whose times and memory they share."
    for record in runs.values():
        yield from _alone(record)
    cold = [f"#{run.id}" for run in runs.values() if _is_cold(run)]
    if cold and len(runs) > 1:
        were = "was the first run" if len(cold) == 1 else "were each the first run"
        yield (f"{listed(cold)} {were} after loading, which can be slower.")
    mine = reference.record
    for record in runs.values():
        if record.id != mine.id:
            yield from _figures(mine, record)


def same_proportions(a: tuple[int, int], b: tuple[int, int]) -> bool:
    """Whether one of two sizes can be scaled to the other without stretching it."""
    one, two = a[0] * b[1], b[0] * a[1]
    return abs(one - two) <= _PROPORTIONS * max(one, two)


def _pictures(reference: Side, side: Side) -> Iterator[str]:
    a, b = reference.size, side.size
    if a is None or b is None:
        return
    if a != b:
        sizes = f"{side.name} is {b[0]}x{b[1]}, {reference.name} {a[0]}x{a[1]}"
        if same_proportions(a, b):
            yield f"{sizes}: likeness is that of {side.name} scaled to the size of the other."
        else:
            yield f"{sizes}: other proportions, so there is no likeness."
    one, two = (len(each.record.spec.pictures) for each in (reference, side))
    if one != two and side.seed == reference.seed:
        yield (
            f"{side.name} was made {_batch(two)}, {reference.name} {_batch(one)}: that alone can "
            "change pixels."
        )


def _seeds(reference: Side, others: list[Side]) -> Iterator[str]:
    names = [side.name for side in others if side.seed != reference.seed]
    if names:
        have = "has another seed" if len(names) == 1 else "have other seeds"
        yield (
            f"{listed(names)} {have} than {reference.name}: another picture from the start, so "
            "likeness says little of the settings."
        )


def _is_cold(run: RunRecord) -> bool:
    return run.status is Status.FINISHED and run.seconds.load > 0


def _batch(count: int) -> str:
    return "alone" if count == 1 else f"in a batch of {count}"


def _alone(record: RunRecord) -> Iterator[str]:
    name = f"#{record.id}"
    if record.status in _ENDED:
        steps = f" after {record.steps} steps" if record.steps else ""
        yield f"{name} {_ENDED[record.status]}{steps}: its times and memory are not whole."
    elif record.seconds.retried > 0:
        yield f"{name} ran out of memory at first; its times are those of the attempt that worked."


def _figures(mine: RunRecord, other: RunRecord) -> Iterator[str]:
    names = f"#{other.id}", f"#{mine.id}"
    if mine.device != other.device:
        yield (
            f"{names[0]} ran on {other.device}, {names[1]} on {mine.device}: times and memory are "
            "as much the devices' as the settings'."
        )
    if mine.memory_kind != other.memory_kind:
        kinds = [record.memory_kind.upper() for record in (other, mine)]
        yield f"Memory of {names[0]} is {kinds[0]}, of {names[1]} {kinds[1]}: not the same thing."
    one, two = (len(record.spec.pictures) for record in (mine, other))
    if one != two:
        yield (
            f"{names[0]} made {_count(two)}, {names[1]} {_count(one)}: only the time of a picture "
            "compares."
        )
    if mine.dtype != other.dtype and mine.device == other.device:
        yield f"{names[0]} ran in {other.dtype}, {names[1]} in {mine.dtype}."
    changed = sorted(
        name
        for name in mine.versions.keys() & other.versions.keys()
        if mine.versions[name] != other.versions[name]
    )
    if changed:
        yield f"{names[0]} was made with another {listed(changed)} than {names[1]}."


def _count(pictures: int) -> str:
    return "one picture" if pictures == 1 else f"{pictures} pictures"


def listed(names: Sequence[str]) -> str:
    """Names in a sentence: ``"a"``, ``"a and b"``, ``"a, b and c"``."""
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
