"""The settings of runs in words, and which of them tell the runs apart."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from engine.record import RunRecord, Status
from engine.settings import label_of
from engine.settings import settings_of as by_name
from engine.switches import BY_NAME
from engine.units import seconds, size

ABSENT = "–"
"""In place of what is not known of a run."""
_DEFAULT = "default"
_SWITCHES = frozenset(switch.label for switch in BY_NAME.values())


@dataclass(frozen=True, slots=True)
class Compared:
    """What several runs share, and where they differ.

    Attributes:
        shared: settings that are the same in all of them.
        differing: names of the others, in the order in which a form has them.
        rows: for each run the values of ``differing``, in that order.
    """

    shared: Mapping[str, str]
    differing: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def settings_of(record: RunRecord) -> dict[str, str]:
    """The settings of a run by the words of the form, and what it ran on."""
    found = {label_of(name): value for name, value in by_name(record).items()}
    versions = ", ".join(f"{name} {value}" for name, value in record.versions.items())
    return {**found, "Versions": versions} if versions else found


def compare(records: Sequence[RunRecord]) -> Compared:
    """What some runs share and where they differ. Of one run alone, all is shared."""
    each = [settings_of(record) for record in records]
    names = list(dict.fromkeys(name for settings in each for name in settings))
    shared, differing = {}, []
    for name in names:
        values = {_value(settings, name) for settings in each}
        if len(values) == 1:
            shared[name] = values.pop()
        else:
            differing.append(name)
    rows = tuple(tuple(_value(settings, name) for name in differing) for settings in each)
    return Compared(shared, tuple(differing), rows)


def _value(settings: Mapping[str, str], name: str) -> str:
    return settings.get(name, _DEFAULT if name in _SWITCHES else ABSENT)


def time_of(record: RunRecord) -> str:
    """What a run took, or how else it ended."""
    finished = record.status is Status.FINISHED
    if not finished:
        return record.status.value
    return seconds(record.seconds.total) if record.seconds.total else ABSENT


def memory_of(record: RunRecord) -> str:
    """The peak of a run's memory with its kind."""
    peak = record.memory_peak_bytes
    return f"{size(peak)} ({record.memory_kind})" if peak else ABSENT
