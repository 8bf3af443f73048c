"""Times, rate and memory of several runs, against one of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import isfinite
from typing import Any

from engine.record import RunRecord, Status
from engine.units import seconds, size

Value = float | None


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure of each side.

    Attributes:
        name: ``"load"``, ``"compile"``, ``"encode"``, ``"denoise"``, ``"decode"``, ``"call"`` (all
            of the last three), ``"picture"``, ``"rate"`` or ``"memory"``.
        unit: ``"s"``, ``"steps/s"`` or ``"bytes"``.
        values: ``None`` where not known.
        ratios: of each value by the reference's; ``None`` where that says nothing.
        less_is_better: whether a ratio below 1 is a gain.
        apart: it is no part of the call, and says nothing of how fast the settings are.
    """

    name: str
    label: str
    unit: str
    values: tuple[Value, ...]
    ratios: tuple[Value, ...]
    less_is_better: bool = True
    apart: bool = False

    def text(self, index: int) -> str:
        """A value with its unit; ``"–"`` where it is not known."""
        value = self.values[index]
        if value is None:
            return "–"
        if self.apart and not value:
            return "none"
        if self.unit == "s":
            return seconds(value)
        return size(value) if self.unit == "bytes" else f"{value:.3g} {self.unit}"

    def ratio_text(self, index: int) -> str:
        """A ratio as in ``"0.52x"``; empty where there is none."""
        ratio = self.ratios[index]
        if ratio is None:
            return ""
        return f"{ratio:.2f}x" if ratio < 9.995 else f"{ratio:.0f}x"

    def to_json(self) -> dict[str, Any]:
        values = {"values": list(self.values), "ratios": list(self.ratios)}
        about = {"less_is_better": self.less_is_better, "apart": self.apart}
        return {"name": self.name, "label": self.label, "unit": self.unit, **values, **about}


def figures_of(records: Sequence[RunRecord], reference: int) -> tuple[Figure, ...]:
    """The figures that at least one of the runs has."""
    kinds, runs = {run.memory_kind for run in records}, {run.id for run in records}
    made: list[Figure] = []

    def add(
        name: str, label: str, unit: str, of: Callable[[RunRecord], Value], **rest: Any
    ) -> None:
        values = tuple(_sound(of(run)) for run in records)
        if not any(values):
            return
        against = values[reference]
        # Loading takes its time or is not there at all, and two kinds of memory are two things.
        comparable = len(runs) > 1 and not (
            rest.get("apart") or (unit == "bytes" and len(kinds) > 1)
        )
        ratios = tuple(
            value / against if comparable and value is not None and against else None
            for value in values
        )
        made.append(Figure(name, label, unit, values, ratios, **rest))

    add("load", "Load", "s", lambda run: run.seconds.load, apart=True)
    add("compile", "Compile", "s", lambda run: run.seconds.compile, apart=True)
    add("encode", "Encode", "s", lambda run: _phase(run, run.seconds.encode))
    add("denoise", "Denoise", "s", lambda run: _phase(run, run.seconds.denoise))
    add("decode", "Decode", "s", lambda run: _phase(run, run.seconds.decode))
    add("call", "Whole call", "s", _call)
    add("picture", "A picture", "s", _picture)
    rate = "steps/s"
    add("rate", "Rate", rate, lambda run: run.steps_per_second or None, less_is_better=False)
    add("memory", "Peak memory", "bytes", _memory)
    return tuple(made)


def _sound(value: Value) -> Value:
    """A record may have been written by anybody."""
    return value if value is not None and isfinite(value) and value >= 0 else None


def _phase(run: RunRecord, value: float) -> Value:
    """A run that was stopped has done a phase in part, or not at all."""
    return value if run.status is Status.FINISHED and run.seconds.total > 0 else None


def _call(run: RunRecord) -> Value:
    parts = run.seconds.encode, run.seconds.denoise, run.seconds.decode
    return _phase(run, sum(parts)) or None


def _picture(run: RunRecord) -> Value:
    call = _call(run)
    return call / len(run.spec.pictures) if call else None


def _memory(run: RunRecord) -> Value:
    return float(run.memory_peak_bytes) or None if run.status is Status.FINISHED else None
