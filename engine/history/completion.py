"""What can follow in a search line: names of filters, and values that the history has."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import PurePath

from engine.history.filters import FILTERS
from engine.history.query import SORTS, Token, tokens

Values = Callable[[str], Sequence[str]]
"""The values that a history has for the filter of a name."""

_NAMES = {
    **{name: found.help for name, found in FILTERS.items()},
    "sort": "the order: time, -rating",
    "in": "trash: what was deleted",
}
_TRASH = {"trash": "what was deleted"}


@dataclass(frozen=True, slots=True)
class Option:
    """One way to go on.

    Attributes:
        text: what is put into the line. A name ends with a colon; its value comes next.
        help: what it keeps, in a few words; empty for values that say it themselves.
    """

    text: str
    help: str = ""


@dataclass(frozen=True, slots=True)
class Completion:
    """Ways to go on: each option stands in place of ``text[start:end]``."""

    start: int
    end: int
    options: tuple[Option, ...]


def complete(text: str, cursor: int, values: Values) -> Completion:
    """What can be put at ``cursor``, an index into ``text``.

    What is whole already is not offered again. Values that hold quotes or cannot be printed are
    left out, as no line can hold them.

    Args:
        values: asked for at most one name; see :meth:`engine.history.search.Search.values`.
    """
    found = next((t for t in tokens(text) if t.start < cursor <= t.end), None)
    if found is None:
        return Completion(cursor, cursor, tuple(_names("")))
    start = found.start + found.without
    if not found.name:
        typed = "" if found.quoted else text[start:cursor]
        wanted = not found.quoted and (not typed or typed.isidentifier())
        return Completion(start, found.end, tuple(_names(typed)) if wanted else ())
    value_at = start + len(found.name) + 1
    if cursor < value_at:
        return Completion(start, value_at, tuple(_names(text[start:cursor])))
    typed = text[value_at:cursor].strip('"')
    return Completion(value_at, found.end, tuple(_values(found, typed, values)))


def with_order(text: str, sort: str) -> str:
    """A search line that sorts by ``sort``, one of :data:`~engine.history.query.SORTS`, and by
    nothing else. Newest first is what a line without an order says."""
    rest = text
    for token in reversed(list(tokens(text))):
        if token.name == "sort":
            rest = f"{rest[: token.start].rstrip()} {rest[token.end :].lstrip()}"
    return rest.strip() if sort == "new" else f"{rest.strip()} sort:{sort}".lstrip()


def _names(typed: str) -> Iterable[Option]:
    wanted = typed.lower()
    for name, help_text in _NAMES.items():
        if name.startswith(wanted):
            yield Option(f"{name}:", help_text)


def _values(token: Token, typed: str, values: Values) -> Iterable[Option]:
    wanted = typed.lower()
    if token.name == "sort":
        sign = "-" if wanted.startswith("-") else ""
        offered = {sign + name: "the other way round" if sign else SORTS[name] for name in SORTS}
    elif token.name == "in":
        offered = _TRASH
    elif token.name in FILTERS:
        had = values(token.name)
        if token.name == "checkpoint":
            had = [PurePath(name).name for name in had]
        offered = dict.fromkeys(had or FILTERS[token.name].examples, "")
    else:
        return
    fitting = [value for value in offered if wanted in value.lower() and _can_be_written(value)]
    if fitting == [typed]:
        return
    for value in sorted(fitting, key=lambda value: not value.lower().startswith(wanted)):
        yield Option(f'"{value}"' if " " in value else value, offered[value])


def _can_be_written(value: str) -> bool:
    return value.isprintable() and '"' not in value and bool(value.strip())
