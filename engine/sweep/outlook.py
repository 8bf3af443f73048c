"""What a sweep will take: runs, time, loads, memory; from the runs that this machine has made."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from itertools import zip_longest
from typing import Any

from engine.fit import typical
from engine.forecast import Forecast
from engine.known import Known, look_up
from engine.record import RunRecord
from engine.spec import RunSpec
from engine.sweep.ordering import Bill, bill, bills, is_swap
from engine.sweep.sweep import Cell, Sweep
from engine.units import seconds as shown_seconds
from engine.units import size

_NEWEST_RUNS = 300
"""Of each checkpoint: a forecast reads all of them, and there may be hundreds of forecasts."""
_NEWEST_LOADS = 5
_LEAST_LOAD = 0.05
"""Seconds below which something was put on or off, and nothing read."""


@dataclass(frozen=True, slots=True)
class Outlook:
    """What is still to be done of a sweep, and what that is expected to take.

    Attributes:
        cells: of the sweep, all of them.
        impossible: of these, cells that cannot be done.
        runs: that are still to be made.
        pictures: that these make.
        bill: what they cost besides themselves, in the order that was given.
        seconds: of the runs whose time is known, loading and compiling among them as far as they
            are known; ``None`` when no time is.
        unknown: how many of the runs have no forecast.
        memory_bytes: the most that one of them takes; ``None`` when unknown.
        memory_kind: ``"vram"`` or ``"rss"``.
        largest: the index of that cell.
        too_large: cells that are expected to need more than is free.
        fits: whether all that are to be made fit, in a sentence; empty when none is.
        ahead: of the cells whose time is known the seconds, with what comes before them.
        besides: what comes before a cell, such as loading, in seconds, where anything does.
    """

    cells: int
    impossible: int
    runs: int
    pictures: int
    bill: Bill
    seconds: float | None = None
    unknown: int = 0
    memory_bytes: int | None = None
    memory_kind: str = "rss"
    largest: int = -1
    too_large: tuple[int, ...] = ()
    fits: str = ""
    ahead: Mapping[int, float] = field(default_factory=dict)
    besides: Mapping[int, float] = field(default_factory=dict)

    @property
    def sentence(self) -> str:
        """How many, how long, and what it costs besides, in one or two lines of words."""
        runs = _count(self.runs, "run")
        if self.pictures != self.runs:
            runs += f" with {_count(self.pictures, 'picture')}"
        parts = [f"{runs}, {self._time}" if self.runs else "No run is left to be made"]
        paid = self.bill
        if paid.reloads:
            parts.append(_count(paid.reloads, "load"))
        if paid.parts:
            parts.append(_count(paid.parts, "VAE") + " swapped in")
        if paid.recompiles:
            parts.append(_count(paid.recompiles, "compile"))
        if self.impossible:
            parts.append(f"{_count(self.impossible, 'cell')} impossible")
        return "; ".join(parts) + "."

    @property
    def _time(self) -> str:
        if self.seconds is None:
            return "time unknown: no run like them yet"
        about = f"about {shown_seconds(self.seconds)}"
        if self.unknown:
            about += f" besides {self.unknown:,} whose time is unknown"
        return about

    def to_json(self) -> dict[str, Any]:
        """A plain dictionary of JSON values."""
        values = {**asdict(self), "too_large": list(self.too_large)}
        del values["ahead"], values["besides"]
        return values


@dataclass
class _Past:
    """What was asked of the runs that were made, so that it is asked once."""

    records: Sequence[RunRecord]
    known: dict[str, Known] = field(default_factory=dict)
    runs: dict[str, list[RunRecord]] = field(default_factory=dict)
    told: dict[object, Forecast] = field(default_factory=dict)
    loads: dict[str, tuple[float, float]] = field(default_factory=dict)

    def forecast(self, spec: RunSpec) -> Forecast:
        known = self._known(spec.checkpoint)
        switches = tuple(sorted(spec.switches.items()))
        shape = spec.width, spec.height, spec.batch_size, len(spec.prompts)
        guided = spec.guidance_scale > 1
        key = (known.name, spec.num_inference_steps, spec.scheduler, guided, shape, switches)
        if key not in self.told:
            self.told[key] = known.forecast(spec, self._runs(known.name))
        return self.told[key]

    def load_seconds(self, spec: RunSpec) -> float:
        """Of the whole checkpoint; 0 when no run tells."""
        return self._loads(self._known(spec.checkpoint).name)[0]

    def swap_seconds(self, spec: RunSpec) -> float:
        """Of another VAE; 0 when no run tells."""
        return self._loads(self._known(spec.checkpoint).name)[1]

    def _loads(self, name: str) -> tuple[float, float]:
        """What loading and swapping took in the newest runs, which count both as loading: in a run
        right after one like it, but for its VAE, it is the VAE.
        """
        if name not in self.loads:
            found: tuple[list[float], list[float]] = [], []
            for run, before in zip_longest(self.records, self.records[1:]):
                if run.spec.checkpoint == name and run.seconds.load > _LEAST_LOAD:
                    swap = before is not None and is_swap(before.spec, run.spec)
                    found[swap].append(run.seconds.load)
            load, part = (typical(each[:_NEWEST_LOADS]) if each else 0.0 for each in found)
            self.loads[name] = load, part
        return self.loads[name]

    def _known(self, checkpoint: str) -> Known:
        if checkpoint not in self.known:
            self.known[checkpoint] = look_up(checkpoint)
        return self.known[checkpoint]

    def _runs(self, name: str) -> list[RunRecord]:
        if name not in self.runs:
            same = (run for run in self.records if run.spec.checkpoint == name)
            self.runs[name] = [run for run, _ in zip(same, range(_NEWEST_RUNS), strict=False)]
        return self.runs[name]


def outlook(
    sweep: Sweep,
    todo: Sequence[Cell],
    records: Sequence[RunRecord],
    *,
    loaded: RunSpec | None = None,
    auto: str = "",
    free_bytes: int | None = None,
) -> Outlook:
    """What is still to be done of a sweep, and what it is expected to take.

    Args:
        sweep: with what is impossible refused; see :func:`engine.sweep.possible.checked`.
        todo: its cells that are to be done, in their order; those without a spec are left out.
        records: runs that were made here, newest first.
        loaded: the spec of the last run, when its checkpoint is still loaded.
        auto: see :func:`engine.sweep.ordering.bill`.
        free_bytes: memory that a run can have, of the kind that runs here are measured in; ``None``
            when it is not known.
    """
    specs = [(cell.index, cell.spec) for cell in todo if cell.spec is not None]
    past, total = _Past(records), 0.0
    ahead: dict[int, float] = {}
    before: dict[int, float] = {}
    needs: dict[int, Forecast] = {}
    paid_each = list(bills([spec for _, spec in specs], loaded, auto))
    for (index, spec), paid in zip(specs, paid_each, strict=True):
        told = past.forecast(spec)
        besides = paid.reloads * past.load_seconds(spec) + paid.parts * past.swap_seconds(spec)
        if paid.recompiles:  # a run tells of all that it compiled
            besides += told.compile_seconds or 0.0
        if besides:
            before[index] = besides
        if told.seconds is None:
            total += besides
        else:
            ahead[index] = told.seconds + besides
        if told.memory_bytes is not None:
            needs[index] = told
    total += sum(ahead.values())
    unknown, largest = len(specs) - len(ahead), _largest(needs)
    need = needs.get(largest)
    too_large = tuple(
        index
        for index, told in needs.items()
        if free_bytes is not None and (told.memory_bytes or 0) > free_bytes
    )
    return Outlook(
        cells=len(sweep.cells()),
        impossible=sum(cell.spec is None for cell in sweep.cells()),
        runs=len(specs),
        pictures=sum(len(spec.pictures) for _, spec in specs),
        bill=bill([spec for _, spec in specs], loaded, auto),
        seconds=total if unknown < len(specs) else None,
        unknown=unknown,
        memory_bytes=need.memory_bytes if need is not None else None,
        memory_kind=need.memory_kind if need is not None else "rss",
        largest=largest,
        too_large=too_large,
        fits=_fits(sweep, needs, len(specs), too_large, free_bytes),
        ahead=ahead,
        besides=before,
    )


def _largest(needs: Mapping[int, Forecast]) -> int:
    return max(needs, key=lambda index: needs[index].memory_bytes or 0, default=-1)


def _fits(
    sweep: Sweep,
    needs: Mapping[int, Forecast],
    runs: int,
    too_large: Sequence[int],
    free: int | None,
) -> str:
    largest, known = _largest(needs), len(needs)
    need = needs.get(largest)
    if not runs:
        return ""
    if need is None or free is None:
        return "Whether it fits is not known yet."
    most = size(need.memory_bytes or 0)
    if not too_large:
        more = f" as far as it is known, for {known:,} of {runs:,} runs" if known < runs else ""
        return f"Fits{more}: at most {most} of {size(free)} free."
    values = ", ".join(f"{axis} {value}" for axis, value in sweep.labels(sweep.at(largest)))
    return (
        f"{_count(len(too_large), 'run')} may not fit: {values} needs about "
        f"{most}, {size(free)} are free."
    )


def _count(number: int, word: str) -> str:
    return f"{number:,} {word}{'' if number == 1 else 's'}"
