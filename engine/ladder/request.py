"""The ladder as it is asked for, and what came of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from engine.measure.request import Side
from engine.measure.verdict import Verdict
from engine.spec import RunSpec

REPEATS = 3
"""Timed turns of each rung, when nobody says how many."""


@dataclass(frozen=True, slots=True)
class Ladder:
    """The tutorial's path for a checkpoint and a prompt.

    Attributes:
        spec: its checkpoint, prompts, seed, size and guidance are taken; the rungs set the rest.
        repeats: timed turns of each rung, two or more, after one that warms up.
    """

    spec: RunSpec
    repeats: int = REPEATS

    @property
    def first(self) -> RunSpec:
        """What the rungs are made of."""
        return self.spec

    def to_json(self) -> dict[str, Any]:
        """A plain dictionary of JSON values."""
        return {"spec": self.spec.to_json(), "repeats": self.repeats}

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Ladder:
        """Raises ``KeyError``, ``TypeError``, ``ValueError`` or
        :class:`~engine.errors.InvalidSpec` for what is none."""
        return cls(RunSpec.from_json(values["spec"]), int(values["repeats"]))


@dataclass(frozen=True, slots=True)
class Rung:
    """One rung, measured.

    Attributes:
        name: a word for scripts, such as ``"half-precision"``.
        title: for people, such as ``"Half precision"``.
        why: a sentence about what it does.
        changes: what it changes of the rung it stands on, in a few words.
        on: the number of that rung, from 0; -1 for the first. A rung that did not pay carries none.
        side: what was measured; ``None`` while it was not, or when it is ``skipped``.
        skipped: why it cannot be climbed here, in a sentence; empty when it can.
        before, first: against the rung it stands on, and the first, by seconds a picture.
        likeness_before, likeness_first: SSIM of its first picture with theirs; ``None`` when it
            cannot be told.
        pays: whether it is worth keeping; ``None`` while unknown, and where it stays undecided.
        why_not: why it does not pay, or why that is undecided, in a sentence; else empty.
    """

    name: str
    title: str
    why: str
    changes: str
    on: int = -1
    side: Side | None = None
    skipped: str = ""
    before: Verdict | None = None
    first: Verdict | None = None
    likeness_before: float | None = None
    likeness_first: float | None = None
    pays: bool | None = None
    why_not: str = ""

    def to_json(self) -> dict[str, Any]:
        values = {name: getattr(self, name) for name in self.__slots__}
        parts = {name: values[name] for name in ("side", "before", "first")}
        return {**values, **{name: part and part.to_json() for name, part in parts.items()}}

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Rung:
        side, before, first = (values[name] for name in ("side", "before", "first"))
        likeness = (values["likeness_before"], values["likeness_first"])
        return cls(
            **{name: str(values[name]) for name in ("name", "title", "why", "changes", "skipped")},
            on=int(values["on"]),
            side=side and Side.from_json(side),
            before=before and Verdict.from_json(before),
            first=first and Verdict.from_json(first),
            likeness_before=None if likeness[0] is None else float(likeness[0]),
            likeness_first=None if likeness[1] is None else float(likeness[1]),
            pays=None if values["pays"] is None else bool(values["pays"]),
            why_not=str(values.get("why_not", "")),
        )


@dataclass(frozen=True, slots=True)
class LadderResult:
    """What came of a ladder, so far.

    Attributes:
        rungs: all that there will be, the lowest first.
        best: the number of the rung that is recommended; -1 while none is, so before the end.
        recommendation: in one sentence; empty while there is none.
    """

    rungs: tuple[Rung, ...]
    best: int = -1
    recommendation: str = ""

    @property
    def spec(self) -> RunSpec | None:
        """The settings that are recommended."""
        side = self.rungs[self.best].side if self.best >= 0 else None
        return side.spec if side is not None else None

    def to_json(self) -> dict[str, Any]:
        """A plain dictionary of JSON values."""
        return {
            "rungs": [rung.to_json() for rung in self.rungs],
            "best": self.best,
            "recommendation": self.recommendation,
        }

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> LadderResult:
        """Raises ``KeyError``, ``TypeError``, ``ValueError`` or
        :class:`~engine.errors.InvalidSpec` for what is none."""
        rungs = tuple(Rung.from_json(rung) for rung in values["rungs"])
        best = int(values["best"])
        if not -1 <= best < len(rungs):
            raise ValueError("The best rung is none of these.")
        recommendation = str(values["recommendation"])
        return cls(rungs, best if recommendation else -1, recommendation)
