"""A search line: words and filters in one text, read the same by the app and the command line.

``sunset "blue hour" -draft scheduler:euler rating:>=3 after:7d sort:time``
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from engine.errors import InvalidQuery
from engine.history.filters import FILTERS, Condition, unknown_filter
from engine.switches.names import nearest

SORTS = {
    "new": "newest first",
    "old": "oldest first",
    "time": "shortest first",
    "speed": "most steps a second first",
    "memory": "least memory first",
    "rating": "best first",
}
"""What can be sorted by; ``-`` in front turns it round."""

_TOKEN = re.compile(r"(?P<minus>-?)(?:(?P<name>[a-z_]+):)?(?P<value>\"[^\"]*\"?|[^\s\"]*)", re.I)
_NUMBER = re.compile(r"#(\d{1,18})")
_WORD = re.compile(r"\w", re.UNICODE)


@dataclass(frozen=True, slots=True)
class Word:
    """A text to look for in prompts and notes.

    Attributes:
        phrase: it was in quotes: its words in this order, the last one whole.
        without: runs that have it are left out.
    """

    text: str
    phrase: bool = False
    without: bool = False


@dataclass(frozen=True, slots=True)
class Query:
    """What is looked for, in which order.

    Attributes:
        words: all must be there.
        conditions: all must hold; SQL with its values, see :mod:`engine.history.filters`.
        sort: one of :data:`SORTS`.
        backwards: the other way round.
        in_trash: look in the trash, and nowhere else.
    """

    words: tuple[Word, ...] = ()
    conditions: tuple[Condition, ...] = ()
    sort: str = "new"
    backwards: bool = False
    in_trash: bool = False


@dataclass(frozen=True, slots=True)
class Token:
    """One piece of a search line, with where it is: ``text[start:end]``."""

    start: int
    end: int
    without: bool
    name: str
    value: str
    quoted: bool


@dataclass
class _Parts:
    words: list[Word] = field(default_factory=list)
    conditions: list[Condition] = field(default_factory=list)
    sort: str = "new"
    backwards: bool = False
    in_trash: bool = False


def parse_query(text: str) -> Query:
    """Read a search line.

    Raises:
        InvalidQuery: an unknown filter or value; the sentence names the nearest.
    """
    parts = _Parts()
    for token in tokens(text):
        if token.name == "sort":
            _sort(parts, token)
        elif token.name == "in":
            if not "trash".startswith(token.value.lower()):
                raise InvalidQuery("Only the trash can be looked into: in:trash.")
            parts.in_trash = token.value.lower() == "trash"
        elif token.name:
            _filter(parts, token)
        elif not token.quoted and (number := _NUMBER.fullmatch(token.value)):
            parts.conditions.append(_negated(("runs.id = ?", (int(number[1]),)), token))
        elif _WORD.search(token.value):
            parts.words.append(Word(token.value, token.quoted, token.without))
    return Query(
        tuple(parts.words), tuple(parts.conditions), parts.sort, parts.backwards, parts.in_trash
    )


def tokens(text: str) -> Iterator[Token]:
    """The pieces of a search line, in their order."""
    at = 0
    while at < len(text):
        if text[at].isspace():
            at += 1
            continue
        match = _TOKEN.match(text, at)
        assert match is not None  # it matches anything, also nothing
        end = max(match.end(), at + 1)
        value = match["value"]
        quoted = value.startswith('"')
        yield Token(
            at,
            end,
            bool(match["minus"]),
            (match["name"] or "").lower(),
            value.strip('"') if quoted else value,
            quoted,
        )
        at = end


def _filter(parts: _Parts, token: Token) -> None:
    found = FILTERS.get(token.name)
    if found is None:
        raise unknown_filter(token.name)
    if token.value.strip():  # else it is still being typed
        parts.conditions.append(_negated(found.condition(token.value.strip()), token))


def _sort(parts: _Parts, token: Token) -> None:
    value = token.value.lower()
    wanted = value.removeprefix("-")
    if not wanted:
        return
    if wanted not in SORTS:
        if any(order.startswith(wanted) for order in SORTS):
            return  # it is still being typed
        hint = nearest(wanted, SORTS) or f" It takes: {', '.join(SORTS)}."
        raise InvalidQuery(f"There is no order “{wanted[:30]}”.{hint}")
    parts.sort, parts.backwards = wanted, value.startswith("-") or token.without


def _negated(condition: Condition, token: Token) -> Condition:
    if not token.without:
        return condition
    sql, values = condition
    return f"coalesce(NOT ({sql}), 1)", values
