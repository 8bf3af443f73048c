"""Runs as they are named on the command line: ``41``, ``#41``, ``41-47``, or by a search."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from engine.errors import HistoryError, InvalidQuery
from engine.history import Entry, History, Place, Query, parse_query

_SPAN = re.compile(r"#?(\d{1,18})(?:(?:-|\.\.)#?(\d{1,18}))?", re.ASCII)
_PAGE = 500


def named(history: History, texts: Sequence[str], *, in_trash: bool = False) -> tuple[int, ...]:
    """The numbers of the runs that are meant, in the order in which they are named.

    A span holds those that are there.

    Args:
        in_trash: whether runs in the trash are meant, else the others.

    Raises:
        InvalidQuery: a text is no number and no span.
        HistoryError: a run is not there, or is where it is not meant to be.
    """
    found: dict[int, None] = {}
    for text in texts:
        match = _SPAN.fullmatch(text.strip())
        if match is None or (match[2] and int(match[2]) < int(match[1])):
            raise InvalidQuery(f"“{text[:60]}” is not a run. Try 41, or 41-47 for several.")
        low = int(match[1])
        if match[2] is None:
            _check(history, low, in_trash)
            found[low] = None
        else:
            high = int(match[2])
            span = [entry.id for entry in _between(history, low, high, in_trash)]
            if not span:
                where = "in the trash" if in_trash else "there"
                raise HistoryError(f"No run from #{low} to #{high} is {where}.")
            found.update(dict.fromkeys(span))
    return tuple(found)


def searched(history: History, line: str) -> tuple[int, ...]:
    """The numbers of all runs of a search. Raises :class:`InvalidQuery` and ``HistoryError``."""
    return tuple(entry.id for entry in everything(history, parse_query(line)))


def everything(history: History, query: Query, after: Place | None = None) -> Iterator[Entry]:
    """All entries of a query, page by page."""
    while True:
        page = history.search.page(query, _PAGE, after)
        yield from page.entries
        after = page.next
        if after is None:
            return


def _between(history: History, low: int, high: int, in_trash: bool) -> Iterator[Entry]:
    before = Place(low - 1, low - 1)
    for entry in everything(history, Query(sort="old", in_trash=in_trash), before):
        if entry.id > high:
            return
        yield entry


def _check(history: History, run: int, in_trash: bool) -> None:
    entry = history.entry(run)
    if entry is None:
        raise HistoryError(f"There is no run #{run}; safelight history lists them.")
    if entry.trashed_at and not in_trash:
        raise HistoryError(
            f"Run #{run} is in the trash. Take it out with: safelight trash --restore {run}"
        )
    if in_trash and not entry.trashed_at:
        raise HistoryError(f"Run #{run} is not in the trash.")
