"""One axis of a sweep: what it changes of a spec, value by value."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from engine.errors import InvalidAxis, InvalidSpec
from engine.spec import RunSpec
from engine.switches import normalised

SWITCH = "switch:"
"""Before the name of a switch, among the names of fields."""
REPLACE = "replace:"
"""Before ``prompt`` or ``negative_prompt``: a part of it is replaced by something else."""


@dataclass(frozen=True, slots=True)
class AxisValue:
    """One place on an axis.

    Attributes:
        label: for the head of its row or column; text from outside, of any length.
        changes: values of fields of the spec by name; of a switch as ``switch:NAME``; and
            ``replace:prompt``, whose value is what to look for and what to put there.
    """

    label: str
    changes: Mapping[str, Any]

    def to_json(self) -> dict[str, Any]:
        """A plain dictionary of JSON values."""
        return {"label": self.label, "changes": dict(self.changes)}


@dataclass(frozen=True, slots=True)
class Axis:
    """What one axis changes.

    Attributes:
        name: as it is typed, such as ``"steps"``.
        label: for its head, such as ``"Steps"``.
        values: one or more, no two of them equal.
        text: as it was typed, all of it.
        notes: what is to be known of how it was read, in sentences.
    """

    name: str
    label: str
    values: tuple[AxisValue, ...]
    text: str = ""
    notes: tuple[str, ...] = field(default=(), compare=False)

    @property
    def fields(self) -> frozenset[str]:
        """The fields that it sets; a replacement sets none."""
        names = (name for value in self.values for name in value.changes)
        return frozenset(name for name in names if not name.startswith(REPLACE))

    def to_json(self) -> dict[str, Any]:
        """A plain dictionary of JSON values."""
        return {
            "name": self.name,
            "label": self.label,
            "values": [value.to_json() for value in self.values],
            "text": self.text,
        }

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Axis:
        """The axis of :meth:`to_json`. Raises ``LookupError``, ``TypeError``, ``ValueError``."""
        return cls(
            str(values["name"]),
            str(values["label"]),
            tuple(AxisValue(str(v["label"]), dict(v["changes"])) for v in values["values"]),
            str(values.get("text", "")),
        )


def applied(base: RunSpec, values: Sequence[AxisValue]) -> RunSpec:
    """``base`` with some changes: what replaces parts of a prompt comes last.

    Raises:
        InvalidSpec: it cannot be run.
        InvalidAxis: what is to be replaced is not there.
    """
    fields: dict[str, Any] = {}
    switches = dict(base.switches)
    replaced: list[tuple[str, Any]] = []
    for value in values:
        for name, change in value.changes.items():
            if name.startswith(SWITCH):
                switches[name.removeprefix(SWITCH)] = str(change)
            elif name.startswith(REPLACE):
                replaced.append((name.removeprefix(REPLACE), change))
            else:
                fields[name] = change
    for name, (old, new) in replaced:
        text = fields.get(name, getattr(base, name))
        if old not in text:
            raise InvalidAxis(f"“{old[:80]}” is not in this {name.replace('_', ' ')}.")
        fields[name] = text.replace(old, new)
    try:
        return base.with_(**fields, switches=normalised(switches))
    except TypeError as error:  # a plan that somebody wrote by hand
        raise InvalidSpec("", f"This cannot be set: {', '.join(fields)[:80]}.") from error
