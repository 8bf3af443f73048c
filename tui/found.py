"""What a search found, as far as it has been fetched: from its first run on and from its last.

A list of 100,000 runs is shown at once, and its end is one key away: what nobody has looked at,
between the two, is not in memory.
"""

from __future__ import annotations

from collections.abc import Container, Iterable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from engine.history import Entry, Page, Place, Query
    from engine.history.search import Search

PAGE = 100
FAR_PAGE = 500
"""Of a place that the list was dragged to, far from what is there."""
MOST_AGAIN = 1000
"""So many are fetched again at most when the history has changed."""

End = Literal["head", "tail"]


@dataclass
class Found:
    """The runs of a query, by their place in its order.

    Attributes:
        total: how many there are, fetched or not.
        head: the first ones.
        tail: the last ones, in the order of the list; no run is in both.
    """

    query: Query
    total: int
    head: list[Entry] = field(default_factory=list)
    tail: list[Entry] = field(default_factory=list)
    _next: dict[End, Place | None] = field(default_factory=dict)
    _ids: set[int] = field(default_factory=set)
    _whole: bool = False

    def __len__(self) -> int:
        return self.total

    def __getitem__(self, index: int) -> Entry | None:
        """The run at a place, or ``None`` when it is not fetched yet."""
        if index < len(self.head):
            return self.head[index]
        from_tail = index - (self.total - len(self.tail))
        return self.tail[from_tail] if 0 <= from_tail < len(self.tail) else None

    def place_of(self, run: int) -> int | None:
        """Where a run is, as far as is known."""
        for first, part in ((0, self.head), (self.total - len(self.tail), self.tail)):
            for at, entry in enumerate(part):
                if entry.id == run:
                    return first + at
        return None

    def missing(self, first: int, last: int) -> tuple[End, int] | None:
        """The end to fetch from, and how many, so that ``first`` to ``last`` come nearer."""
        begin, end = len(self.head), self.total - len(self.tail)
        if self._whole or last < begin or first >= end:
            return None
        from_head, from_tail = last - begin, end - first
        way = min(from_head, from_tail)
        return "head" if from_head <= from_tail else "tail", PAGE if way < FAR_PAGE else FAR_PAGE

    def fetch(self, search: Search, end: End, limit: int) -> Page:
        """The next page from an end. In a thread; raises ``HistoryError``."""
        query = self.query
        if end == "tail":
            query = replace(query, backwards=not query.backwards)
        return search.page(query, limit, self._next.get(end))

    def add(self, end: End, page: Page) -> None:
        """Put a page that was fetched from an end where it belongs."""
        other = self.tail[:1] if end == "head" else self.head[-1:]
        met = any(entry.id == other[0].id for entry in page.entries) if other else False
        new = [entry for entry in page.entries if entry.id not in self._ids]
        self._ids.update(entry.id for entry in new)
        if end == "head":
            self.head += new
        else:
            self.tail[:0] = reversed(new)
        self._next[end] = page.next
        self._whole = met or page.next is None
        there = len(self.head) + len(self.tail)
        # Counted before it was read, and rows that cannot be read were counted too.
        self.total = there if self._whole else max(self.total, there + 1)

    def renew(self, entries: Iterable[Entry]) -> None:
        """Show runs as they are now."""
        now = {entry.id: entry for entry in entries}
        for part in (self.head, self.tail):
            part[:] = [now.get(entry.id, entry) for entry in part]

    def drop(self, runs: Container[int]) -> None:
        """Take runs off the list."""
        for part in (self.head, self.tail):
            before = len(part)
            part[:] = [entry for entry in part if entry.id not in runs]
            self.total -= before - len(part)
        self._ids = {entry.id for part in (self.head, self.tail) for entry in part}


def look_up(search: Search, query: Query, head: int = 0, tail: int = 0) -> Found:
    """Ask the history, in a thread: the first ``head`` runs and the last ``tail``.

    Raises ``HistoryError``.
    """
    found = Found(query, search.count(query))
    found.add("head", found.fetch(search, "head", max(PAGE, min(head, MOST_AGAIN))))
    if tail and found.missing(0, found.total):
        found.add("tail", found.fetch(search, "tail", max(PAGE, min(tail, MOST_AGAIN))))
    return found
