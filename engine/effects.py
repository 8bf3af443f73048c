"""What each switch did here: the last pair of runs that differ in that switch alone.

Pure functions of records, apart from :func:`likeness_of`, which reads two pictures.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import isfinite
from pathlib import Path
from typing import Any

from engine.record import RunRecord, Status

FIELDS = ("scheduler", "num_inference_steps", "batch_size")
"""Fields of a spec that count as switches too. They have no default to be compared with."""


@dataclass(frozen=True, slots=True)
class Effect:
    """One value of a switch, against another one of it, in two runs that are equal in all else.

    Attributes:
        switch: its name, or one of :data:`FIELDS`.
        value: what the run ``run_id`` had.
        against: what the run ``against_run_id`` had; ``None`` for the switch's default.
        seconds_ratio: denoising and decoding of the one by the other, below 1 where it is faster;
            for several pictures, by picture. ``None`` when a run has no such time.
        memory_difference_bytes: of the peaks, below 0 where it takes less; ``None`` when a run has
            no peak.
        images: the first picture of each run, of the same seed; ``None`` when a run has none.
    """

    switch: str
    value: str
    against: str | None
    run_id: int
    against_run_id: int
    seconds_ratio: float | None
    memory_difference_bytes: int | None
    images: tuple[Path, Path] | None

    def to_json(self) -> dict[str, Any]:
        """A plain dictionary of JSON values."""
        values = {name: getattr(self, name) for name in self.__slots__}
        return {**values, "images": [str(path) for path in self.images] if self.images else None}


_Key = tuple[int, str | None, int | None, int | None, int]
"""Of a run: what is no switch, scheduler, steps, batch, and its switches, by number."""


_Side = tuple[str | None, RunRecord]
"""One run of a pair, and the value that tells it from the other."""


def effects(records: Sequence[RunRecord]) -> tuple[Effect, ...]:
    """The newest pair for each switch and value, by switch, then by value.

    Only finished runs count, and the two of a pair were made on one device. A value is compared
    with the default of its switch where the same settings were run with it, else with the newest
    other value.
    """
    best: dict[tuple[str, str], tuple[_Side, _Side]] = {}
    for switch, sides in _groups(records):
        for side in sides:
            value = side[0]
            if value is None:
                continue
            # The default, else the newest: the first, or for that one itself the second.
            other = sides[side is sides[0]]
            before = best.get((switch, value))
            if before is None or _newness(side, other) > _newness(*before):
                best[switch, value] = side, other
    named = sorted(best, key=lambda key: (key[0] in FIELDS, key[0], _natural(key[1])))
    return tuple(_effect(switch, *best[switch, value]) for switch, value in named)


def likeness_of(effect: Effect) -> float | None:
    """The SSIM of the two pictures; ``None`` when one cannot be read, or they differ in size."""
    from engine.errors import HistoryError
    from engine.likeness import ssim
    from engine.pictures.load import load_image

    if effect.images is None:
        return None
    try:
        with_it, without = (load_image(path) for path in effect.images)
        return ssim(with_it, without)
    except (HistoryError, ValueError):
        return None


def _groups(records: Sequence[RunRecord]) -> Iterator[tuple[str, list[_Side]]]:
    """For each switch, two or more runs that are equal in all else, the newest of each value.

    That with the default comes first, then the newest.

    Every run is filed under what it is without each of its switches. A run that has the default of
    a switch is, in full, what the others are without it: so names need not be known beforehand.
    """
    kinds = _Numbers()
    whole: dict[_Key, RunRecord] = {}
    single: dict[str, dict[_Key, _Side]] = {}
    several: dict[tuple[str, _Key], list[_Side]] = {}  # of few, so that most need no list

    def file(name: str, rest: _Key, value: str, run: RunRecord) -> None:
        filed = single.setdefault(name, {})
        first = filed.get(rest)
        if first is None:
            filed[rest] = value, run
        elif first[0] != value:
            sides = several.setdefault((name, rest), [first])
            if all(other[0] != value for other in sides):
                sides.append((value, run))

    finished = (run for run in records if run.status is Status.FINISHED)
    for run in sorted(finished, key=lambda run: -run.id):
        spec = run.spec
        fixed, switches = kinds.fixed(run), frozenset(spec.switches.items())
        scheduler, steps, batch = spec.scheduler, spec.num_inference_steps, spec.batch_size
        number, parts = kinds.switches(switches)
        if whole.setdefault((fixed, scheduler, steps, batch, number), run) is not run:
            continue  # a newer one is just the same
        if scheduler is not None:  # else the checkpoint's own, of no name that we know
            file("scheduler", (fixed, None, steps, batch, number), scheduler, run)
        file("num_inference_steps", (fixed, scheduler, None, batch, number), str(steps), run)
        file("batch_size", (fixed, scheduler, steps, None, number), str(batch), run)
        for name, value, others in parts:
            file(name, (fixed, scheduler, steps, batch, others), value, run)
    for name, filed in single.items():
        for rest, side in filed.items():
            sides = several.get((name, rest)) or [side]  # newest first, as they came
            default = None if name in FIELDS else whole.get(rest)
            if default is not None:
                sides = [(None, default), *sides]
            if len(sides) > 1:
                yield name, sides


class _Numbers:
    """A number for equal things, which is faster to hash than they are, again and again."""

    def __init__(self) -> None:
        self._of: dict[object, int] = {}
        self._parts: dict[frozenset[tuple[str, str]], list[tuple[str, str, int]]] = {}

    def fixed(self, run: RunRecord) -> int:
        """For all that is no switch."""
        spec = run.spec
        words = run.device, spec.checkpoint, spec.prompt, spec.negative_prompt
        return self._number((*words, spec.seed, spec.guidance_scale, spec.width, spec.height))

    def switches(
        self, switches: frozenset[tuple[str, str]]
    ) -> tuple[int, list[tuple[str, str, int]]]:
        """For all switches; and for each one its name, its value, and the number of the others."""
        parts = self._parts.get(switches)
        if parts is None:
            parts = [(name, v, self._number(switches - {(name, v)})) for name, v in switches]
            self._parts[switches] = parts
        return self._number(switches), parts

    def _number(self, of: object) -> int:
        return self._of.setdefault(of, len(self._of))


def _newness(side: _Side, other: _Side) -> tuple[int, int]:
    one, two = side[1].id, other[1].id
    return max(one, two), min(one, two)


def _natural(value: str) -> tuple[bool, float, str]:
    """Whole numbers by size, before words."""
    number = value.isdecimal() and len(value) < 16
    return not number, float(value) if number else 0.0, value


def _effect(switch: str, side: _Side, other: _Side) -> Effect:
    (value, mine), (against, theirs) = side, other
    seconds = [_seconds_a_picture(run) for run in (mine, theirs)]
    peaks = [run.memory_peak_bytes for run in (mine, theirs)]
    images = [run.images[0].path if run.images else "" for run in (mine, theirs)]
    return Effect(
        switch=switch,
        value=value or "",
        against=against,
        run_id=mine.id,
        against_run_id=theirs.id,
        seconds_ratio=seconds[0] / seconds[1] if all(map(_is_time, seconds)) else None,
        memory_difference_bytes=peaks[0] - peaks[1] if min(peaks) > 0 else None,
        images=(Path(images[0]), Path(images[1])) if all(images) else None,
    )


def _seconds_a_picture(run: RunRecord) -> float:
    """Denoising and decoding: loading, saving and the text are not a switch's doing."""
    return (run.seconds.denoise + run.seconds.decode) / len(run.spec.pictures)


def _is_time(seconds: float) -> bool:
    return isfinite(seconds) and seconds > 0
