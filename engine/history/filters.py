"""What a search can ask of a run besides its words: one object each, named here once.

A search line, its completion and its help all go by :data:`FILTERS`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from engine.errors import InvalidQuery
from engine.record import Status
from engine.schedulers import SCHEDULERS
from engine.switches import BY_NAME as SWITCHES
from engine.switches.names import nearest

LIVE = " AND trashed_at IS NULL"
"""What a condition asks of other runs; left out where the trash is searched."""
Condition = tuple[str, tuple[Any, ...]]
"""SQL about ``runs``, and its values."""

_SECONDS = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|min|h)?")
_AGO = re.compile(r"(\d{1,4})(h|d|w|mo|y)")
_DATE = re.compile(r"(\d{4})(?:-(\d{1,2}))?(?:-(\d{1,2}))?")
_RATING = re.compile(r"(>=|<=|>|<|=)?([0-5])(\+)?")
_STEPS = re.compile(r"(>=|<=|>|<|=)?(\d{1,9})(\+)?")
_SPAN = re.compile(r"(\d{1,19})(?:(?:\.\.|-)(\d{1,19}))?")
_UNITS = {"s": 1.0, "m": 60.0, "min": 60.0, "h": 3600.0}
_DAYS = {"h": 1 / 24, "d": 1.0, "w": 7.0, "mo": 30.0, "y": 365.0}
_STATUS_WORDS = {"stopped": "cancelled", "done": "finished"}


@dataclass(frozen=True, slots=True)
class Filter:
    """One thing that can be asked.

    Attributes:
        name: before the colon.
        help: what it keeps, in a few words.
        examples: values to offer where the history itself has none.
        condition: SQL for a value. Raises :class:`InvalidQuery`.
    """

    name: str
    help: str
    examples: tuple[str, ...]
    condition: Callable[[str], Condition]


def _status(value: str) -> Condition:
    wanted = _STATUS_WORDS.get(value.lower(), value.lower())
    found = next((each.value for each in Status if each.value.startswith(wanted)), None)
    if not wanted or found is None:
        raise _wrong("status", value, [each.value for each in Status])
    return "runs.status = ?", (found,)


def _checkpoint(value: str) -> Condition:
    return "runs.checkpoint IN (SELECT name FROM checkpoints WHERE instr(lower(name), ?))", (
        value.lower(),
    )


def _scheduler(value: str) -> Condition:
    exact = next((s.name for s in SCHEDULERS if s.name.lower() == value.lower()), None)
    if exact is not None:
        return "runs.scheduler = ?", (exact,)
    names = [s.name for s in SCHEDULERS if value.lower() in s.name.lower()]
    if not names:
        raise _wrong("scheduler", value, [s.name for s in SCHEDULERS])
    return f"runs.scheduler IN ({', '.join('?' * len(names))})", tuple(names)


def _seed(value: str) -> Condition:
    span = _SPAN.fullmatch(value)
    low, high = (int(span[1]), int(span[2] or span[1])) if span else (-1, -1)
    if not 0 <= low <= high < 2**63:
        raise InvalidQuery(f"“seed:{value[:30]}” wants a seed, or a span such as 7..12.")
    if low == high:
        return "runs.seed = ?", (low,)
    return "runs.seed BETWEEN ? AND ?", (low, high)


def _rating(value: str) -> Condition:
    match = _RATING.fullmatch(value)
    if match is None:
        raise InvalidQuery(f"“rating:{value[:30]}” wants 0 to 5, such as rating:4 or rating:>=3.")
    sign = ">=" if match[3] else match[1] or "="
    return f"runs.rating {sign} ?", (int(match[2]),)


def _steps(value: str) -> Condition:
    match = _STEPS.fullmatch(value)
    if match is None:
        raise InvalidQuery(f"“steps:{value[:30]}” wants a number, such as steps:20 or steps:>=40.")
    sign = ">=" if match[3] else match[1] or "="
    return f"runs.num_inference_steps {sign} ?", (int(match[2]),)


def _tag(value: str) -> Condition:
    return "runs.id IN (SELECT run FROM tags WHERE tag = ?)", (value.lstrip("#"),)


def _after(value: str) -> Condition:
    # Later runs have higher numbers, but for those that were imported: a bound to begin with.
    moment = _moment("after", value)
    first = f"SELECT min(+id) FROM runs WHERE created_at >= ?{LIVE}"
    return f"(+runs.created_at >= ? AND runs.id >= ({first}))", (moment, moment)


def _before(value: str) -> Condition:
    moment = _moment("before", value)
    last = f"SELECT max(+id) FROM runs WHERE created_at < ?{LIVE}"
    return f"(+runs.created_at < ? AND runs.id <= ({last}))", (moment, moment)


def _faster(value: str) -> Condition:
    finished = "runs.status = 'finished'"
    return f"(runs.total_seconds < ? AND {finished})", (_seconds("faster", value),)


def _slower(value: str) -> Condition:
    return "runs.total_seconds > ?", (_seconds("slower", value),)


def _switch(value: str) -> Condition:
    name, equals, wanted = value.partition("=")
    name = name.strip().lower().replace("-", "_")
    if name not in SWITCHES:
        raise _wrong("switch", name, list(SWITCHES))
    if not equals:
        return "runs.id IN (SELECT run FROM run_switches WHERE name = ?)", (name,)
    return "runs.id IN (SELECT run FROM run_switches WHERE name = ? AND value = ?)", (name, wanted)


def _group(value: str) -> Condition:
    # The second is what the index is of.
    return "(runs.grp = ? AND runs.grp != '')", (value.lower(),)


def _is(value: str) -> Condition:
    if value.lower() in ("winner", "won"):
        return "runs.winner", ()
    if value.lower() in ("rated", "starred"):
        return "runs.rating > 0", ()
    if value.lower() in ("noted", "note"):
        return "runs.note != ''", ()
    raise _wrong("is", value, ["winner", "rated", "noted"])


FILTERS: Mapping[str, Filter] = {
    found.name: found
    for found in (
        Filter("status", "how it ended", tuple(each.value for each in Status), _status),
        Filter("checkpoint", "part of the checkpoint's name", (), _checkpoint),
        Filter("scheduler", "the scheduler, or part of its name", (), _scheduler),
        Filter("seed", "a seed, or a span: 7..12", (), _seed),
        Filter("steps", "steps: 20, >=40", ("20", ">=40", "<10"), _steps),
        Filter("rating", "stars: 4, >=3", ("5", ">=4", ">=3", "0"), _rating),
        Filter("tag", "a tag", (), _tag),
        Filter("after", "made since: 2026-01-31, today, 7d", ("today", "yesterday", "7d"), _after),
        Filter("before", "made before", ("today", "7d"), _before),
        Filter("faster", "took less than: 2s, 500ms", ("1s", "10s", "1m"), _faster),
        Filter("slower", "took more than", ("1s", "10s", "1m"), _slower),
        Filter("switch", "a switch was turned: compile, precision=fp16", (), _switch),
        Filter("group", "of a sweep or a ladder, by its id", (), _group),
        Filter("is", "winner, rated or noted", ("winner", "rated", "noted"), _is),
    )
}


def unknown_filter(name: str) -> InvalidQuery:
    """The error for a name that is no filter."""
    hint = nearest(name, (*FILTERS, "sort", "in")) or f" Known: {', '.join(FILTERS)}, sort, in."
    return InvalidQuery(
        f"There is no filter “{name[:30]}:”.{hint} To search for the text, put it in quotes."
    )


def _wrong(name: str, value: str, known: list[str]) -> InvalidQuery:
    hint = nearest(value, known) or f" It takes: {', '.join(known)}."
    return InvalidQuery(f"“{name}:{value[:40]}” finds nothing.{hint}")


def _seconds(name: str, value: str) -> float:
    match = _SECONDS.fullmatch(value.lower())
    if match is None or len(match[1]) > 9:
        raise InvalidQuery(f"“{name}:{value[:30]}” wants a time, such as 2s, 500ms or 1m.")
    number, unit = float(match[1]), match[2] or "s"
    return number / 1000 if unit == "ms" else number * _UNITS[unit]


def _moment(name: str, value: str) -> str:
    """A moment as records have it. Dates are those of the user's clock."""
    here = datetime.now().astimezone()
    midnight = here.replace(hour=0, minute=0, second=0, microsecond=0)
    text = value.lower()
    try:
        if text in ("today", "yesterday"):
            when = midnight - timedelta(days=text == "yesterday")
        elif ago := _AGO.fullmatch(text):
            when = here - timedelta(days=int(ago[1]) * _DAYS[ago[2]])
        elif date := _DATE.fullmatch(text):
            year, month, day = int(date[1]), int(date[2] or 1), int(date[3] or 1)
            when = datetime(year, month, day).astimezone()
        else:
            when = datetime.fromisoformat(value).astimezone()
        return when.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    except (ValueError, OverflowError, OSError):
        raise InvalidQuery(
            f"“{name}:{value[:30]}” wants a date or an age, such as 2026-01-31, today or 7d."
        ) from None
