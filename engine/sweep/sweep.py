"""A sweep: a spec and its axes, and the cells they make."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from itertools import combinations
from math import prod
from typing import Any

from engine.errors import InvalidAxis, InvalidSpec
from engine.spec import RunSpec
from engine.sweep.axis import SWITCH, Axis, applied
from engine.switches.wardrobe import conflict

MAX_AXES = 3
MAX_CELLS = 1000
_CALLED = {"num_inference_steps": "steps", "guidance_scale": "guidance", "batch_size": "batch"}


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell of a sweep.

    Attributes:
        index: its place in reading order, from 0: along the first axis, then the second, the third.
        at: the place of its value on each axis.
        spec: what to do; ``None`` when it cannot be.
        error: why not, in a sentence.
    """

    index: int
    at: tuple[int, ...]
    spec: RunSpec | None
    error: str = ""


@dataclass(frozen=True, slots=True)
class Sweep:
    """A spec, and what is changed of it along one to three axes.

    Attributes:
        base: what is not on an axis.
        axes: the first gives the columns, the second the rows, the third the pages.
        refused: cells that were found impossible where the sweep was begun, and why.
    """

    base: RunSpec
    axes: tuple[Axis, ...]
    refused: Mapping[int, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Raises :class:`InvalidAxis` for axes that do not go together."""
        if not 1 <= len(self.axes) <= MAX_AXES:
            raise InvalidAxis(f"A sweep has one to three axes, not {len(self.axes)}.")
        if not all(axis.values for axis in self.axes):
            raise InvalidAxis("An axis has no values.")
        for one, other in combinations(self.axes, 2):
            if both := one.fields & other.fields:
                name = _CALLED.get(min(both), min(both).removeprefix(SWITCH).replace("_", " "))
                raise InvalidAxis(f"Two axes set the {name}. Make them one, or leave one out.")
        if (count := prod(self.shape)) > MAX_CELLS:
            sides = " x ".join(map(str, self.shape))
            raise InvalidAxis(
                f"{sides} are {count:,} cells; {MAX_CELLS:,} at most. Leave some values out."
            )

    @property
    def shape(self) -> tuple[int, ...]:
        """How many values each axis has."""
        return tuple(len(axis.values) for axis in self.axes)

    @property
    def title(self) -> str:
        """What it is, in a line."""
        return " x ".join(f"{axis.label} ({len(axis.values)})" for axis in self.axes)

    def cells(self) -> tuple[Cell, ...]:
        """All cells, in reading order."""
        return tuple(self.cell(index) for index in range(prod(self.shape)))

    def cell(self, index: int) -> Cell:
        """One cell."""
        at = self.at(index)
        if why := self.refused.get(index, ""):
            return Cell(index, at, None, why)
        try:
            spec = applied(self.base, self.values_at(at))
            name, reason = conflict(spec.switches)
        except (InvalidSpec, InvalidAxis) as error:
            return Cell(index, at, None, str(error))
        if name:
            return Cell(index, at, None, f"{reason[0].upper()}{reason[1:]}.")
        return Cell(index, at, spec)

    def at(self, index: int) -> tuple[int, ...]:
        """The place of a cell on each axis."""
        places = []
        for length in self.shape:
            index, place = divmod(index, length)
            places.append(place)
        return tuple(places)

    def index(self, at: tuple[int, ...]) -> int:
        """The number of the cell at a place."""
        number = 0
        for place, length in zip(reversed(at), reversed(self.shape), strict=True):
            number = number * length + place
        return number

    def values_at(self, at: tuple[int, ...]) -> tuple[Any, ...]:
        """The value of each axis at a place."""
        return tuple(axis.values[place] for axis, place in zip(self.axes, at, strict=True))

    def labels(self, at: tuple[int, ...]) -> tuple[tuple[str, str], ...]:
        """Of each axis its label and that of its value, at a place."""
        values = self.values_at(at)
        return tuple(
            (axis.label, value.label) for axis, value in zip(self.axes, values, strict=True)
        )

    def refusing(self, refused: Mapping[int, str]) -> Sweep:
        """The same, with more cells that are impossible."""
        return replace(self, refused={**self.refused, **refused})

    def to_json(self) -> dict[str, Any]:
        """A plain dictionary of JSON values: the plan of a :class:`~engine.group.Group`."""
        return {
            "base": self.base.to_json(),
            "axes": [axis.to_json() for axis in self.axes],
            "refused": {str(index): why for index, why in self.refused.items()},
        }

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Sweep:
        """The sweep of :meth:`to_json`.

        Raises :class:`InvalidAxis` when it cannot be read any more.
        """
        try:
            return cls(
                RunSpec.from_json(values["base"]),
                tuple(map(Axis.from_json, values["axes"])),
                {int(index): str(why) for index, why in values.get("refused", {}).items()},
            )
        except InvalidAxis:
            raise
        except (InvalidSpec, LookupError, TypeError, ValueError, AttributeError) as error:
            raise InvalidAxis("The plan of this sweep is damaged and cannot be read.") from error
