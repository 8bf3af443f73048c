"""The settings of several pictures, and which of them differ."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from engine.record import RunRecord
from engine.settings import label_of, settings_of
from engine.switches import BY_NAME

ABSENT = "–"
"""In place of what is not known of a run."""
_TEXTS = ("prompt", "negative_prompt")  # compared by words
_VERSION = "version of "


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting.

    Attributes:
        name: as the spec, a switch or a library is called.
        label: for the user.
        values: of each side.
        differs: of each side, whether it is another than that of the reference.
    """

    name: str
    label: str
    values: tuple[str, ...]
    differs: tuple[bool, ...]

    def to_json(self) -> dict[str, Any]:
        values = {"values": list(self.values), "differs": list(self.differs)}
        return {"name": self.name, "label": self.label, **values}


def compared(
    records: Sequence[RunRecord], seeds: Sequence[int], reference: int
) -> tuple[Setting, ...]:
    """Every setting of some pictures but the prompts, in the order of the form.

    Args:
        records: of their runs.
        seeds: of the pictures themselves.
        reference: which of them the others are compared with.
    """
    each = [_values(record, seed) for record, seed in zip(records, seeds, strict=True)]
    names = list(dict.fromkeys(name for values in each for name in values))
    names.sort(key=_place)
    found = []
    for name in names:
        values = tuple(_value(one, name) for one in each)
        differs = tuple(value != values[reference] for value in values)
        found.append(Setting(name, _label(name), values, differs))
    return tuple(found)


def _values(record: RunRecord, seed: int) -> dict[str, str]:
    found = settings_of(record) | {"seed": str(seed)}
    versions = {_VERSION + name: value for name, value in record.versions.items()}
    return {n: v for n, v in {**found, **versions}.items() if n not in _TEXTS}


def _place(name: str) -> int:
    """Switches in their own order, before what the run ran on; the rest stays as it is."""
    if name in BY_NAME:
        return 1 + list(BY_NAME).index(name)
    late = name in ("device", "dtype") or name.startswith(_VERSION)
    return 1 + len(BY_NAME) if late else 0


def _value(values: Mapping[str, str], name: str) -> str:
    if name in BY_NAME:
        return values.get(name, BY_NAME[name].default)
    return values.get(name, ABSENT)


def _label(name: str) -> str:
    return name.removeprefix(_VERSION) if name.startswith(_VERSION) else label_of(name)
