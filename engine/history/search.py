"""Pages of the history: what was asked for, in order, a screenful at a time."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import Any

from engine.history.file import HistoryFile
from engine.history.filters import LIVE
from engine.history.query import Query, Word
from engine.history.rows import ENTRY_COLUMNS, Entry, entry_of

_KEYS = {
    # column, whether the largest comes first
    "new": ("id", True),
    "old": ("id", False),
    "time": ("total_seconds", False),
    "speed": ("speed", True),
    "memory": ("memory_peak_bytes", False),
    "rating": ("rating", True),
}
_FINISHED_ONLY = ("time", "speed", "memory")
"""Orders in which a run that did not come to an end would stand first for nothing."""
_WORDS = re.compile(r"\w+", re.UNICODE)
_GLANCE = 3000
"""So many rows are looked at in their order, before those that fit are sorted."""
_MANY = 5000
_WITHOUT_BLANKS = (
    *("CJK", "HIRAGANA", "KATAKANA", "BOPOMOFO", "YI "),
    *("THAI", "LAO", "KHMER", "MYANMAR", "TIBETAN", "TAI ", "JAVANESE"),
)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a page ended: the next one begins after it."""

    key: float
    id: int


@dataclass(frozen=True, slots=True)
class Page:
    """Some entries, and where the next begin; ``None`` when there are no more."""

    entries: tuple[Entry, ...]
    next: Place | None


class Search:
    """Reads only."""

    def __init__(self, file: HistoryFile) -> None:
        self._file = file
        self._matched: tuple[str, frozenset[int]] = "", frozenset()

    def page(self, query: Query, limit: int = 50, after: Place | None = None) -> Page:
        """The next ``limit`` entries of a query.

        Rows that cannot be read any more are left out, so a page may be shorter than it could be.
        Raises :class:`~engine.errors.HistoryError`.
        """
        asked = Asked.of(query)
        common = self._common(asked, again=after is not None)
        if common is not None:
            rows = self._walk(asked, common, limit + 1, after)
        else:
            rows = self._file.read(*asked.glance(limit + 1, after)) if asked.is_narrow else []
            if len(rows) <= limit:  # too few of those are among the first
                rows = self._file.read(*asked.all(limit + 1, after))
        more = len(rows) > limit
        rows = rows[:limit]
        found = (entry_of(row[1:], self._file.folder) for row in rows)
        place = Place(float(rows[-1][0]), int(rows[-1][1])) if more else None
        return Page(tuple(entry for entry in found if entry is not None), place)

    def count(self, query: Query) -> int:
        """How many entries a query has."""
        rows = self._file.read(*Asked.of(query).count())
        return int(rows[0][0]) if rows else 0

    def _common(self, asked: Asked, *, again: bool) -> frozenset[int] | None:
        """The runs that have the words, when they are so many that sorting these would be felt."""
        if not asked.match or asked.column == "id" or asked.is_narrow:
            return None
        match, runs = self._matched  # at once: another thread may be searching too
        if again and match == asked.match:
            return runs
        rows = self._file.read("SELECT count(*) FROM words WHERE words MATCH ?", (asked.match,))
        if not rows or rows[0][0] < _MANY:
            return None
        found = self._file.read("SELECT rowid FROM words WHERE words MATCH ?", (asked.match,))
        runs = frozenset(run for (run,) in found)
        self._matched = asked.match, runs
        return runs

    def _walk(
        self, asked: Asked, runs: frozenset[int], limit: int, after: Place | None
    ) -> list[tuple[Any, ...]]:
        """Go through all runs in their order, and take those that have the words."""
        found: list[tuple[float, int]] = []
        while len(found) < limit:
            rows = self._file.read(*asked.keys(_GLANCE, after))
            found += [(key, run) for key, run in rows if run in runs]
            if len(rows) < _GLANCE:
                break
            after = Place(*rows[-1])
        found = found[:limit]
        marks = ", ".join("?" * len(found))
        sql = f"SELECT runs.id, {ENTRY_COLUMNS} FROM runs WHERE runs.id IN ({marks})"
        rows = self._file.read(sql, [run for _, run in found])
        by_run = {row[0]: row[1:] for row in rows}
        return [(key, *by_run[run]) for key, run in found if run in by_run]

    def values(self, name: str) -> tuple[str, ...]:
        """Values that the history has for a filter, to complete a search line with."""
        if name == "tag":
            sql = "SELECT tag FROM tags GROUP BY tag ORDER BY count(*) DESC, tag LIMIT 200"
        elif name == "switch":
            sql = "SELECT DISTINCT name || '=' || value FROM run_switches LIMIT 200"
        elif name in ("checkpoint", "scheduler"):
            sql = _distinct(name)
        else:
            return ()
        return tuple(str(value) for (value,) in self._file.read(sql))

    def prompts(self, limit: int = 5000) -> tuple[tuple[str, str], ...]:
        """The newest different prompts, each with the negative prompt of its newest run."""
        rows = self._file.read(
            "SELECT prompt, negative_prompt FROM ("
            " SELECT prompt, negative_prompt, id FROM runs WHERE trashed_at IS NULL"
            " ORDER BY id DESC LIMIT ?) GROUP BY prompt ORDER BY max(id) DESC",
            (limit,),
        )
        return tuple((str(prompt), str(negative)) for prompt, negative in rows)


def _distinct(column: str) -> str:
    """The different values of an indexed column, by leaps: a few rows, however many runs."""
    here = "trashed_at IS NULL"
    return (
        f"WITH RECURSIVE each (value) AS (SELECT min({column}) FROM runs WHERE {here} UNION ALL"
        f" SELECT (SELECT min({column}) FROM runs WHERE {column} > value AND {here})"
        " FROM each WHERE value IS NOT NULL)"
        " SELECT value FROM each WHERE value IS NOT NULL LIMIT 1000"
    )


_WITH = f"WITH checkpoints (name) AS ({_distinct('checkpoint')}) "


@dataclass(frozen=True, slots=True)
class Asked:
    """A query as SQL.

    Attributes:
        column: what is sorted by; ``falling``: whether the largest comes first.
        match: the words, in the language of FTS5; empty when there are none.
        base: what every run must be, that the index of the order knows.
        index: that index, where there is one.
        where: further conditions, with their ``values``.
    """

    column: str
    falling: bool
    match: str
    base: str
    index: str
    where: tuple[str, ...]
    values: tuple[Any, ...]

    @classmethod
    def of(cls, query: Query) -> Asked:
        column, falling = _KEYS[query.sort]
        base = f"runs.trashed_at IS {'NOT ' if query.in_trash else ''}NULL"
        if query.sort in _FINISHED_ONLY:
            base += " AND runs.status = 'finished'"
        # Named, for SQLite thinks that it had better sort all that are finished.
        kind = "finished" if query.sort in _FINISHED_ONLY else "runs"
        index = "" if query.in_trash or column == "id" else f"INDEXED BY {kind}_by_{column}"
        where: list[str] = []
        values: list[Any] = []
        for word in query.words:
            if not _is_indexed(word):
                sign = "=" if word.without else ">"
                text = "runs.prompt || char(10) || runs.negative_prompt || char(10) || runs.note"
                where.append(f"instr({text}, ?) {sign} 0")
                values.append(word.text)
            elif word.without:
                where.append("runs.id NOT IN (SELECT rowid FROM words WHERE words MATCH ?)")
                values.append(_match(word))
        for sql, given in query.conditions:
            where.append(sql.replace(LIVE, "") if query.in_trash else sql)
            values += given
        match = " AND ".join(_match(w) for w in query.words if not w.without and _is_indexed(w))
        return cls(
            column, falling != query.backwards, match, base, index, tuple(where), tuple(values)
        )

    @property
    def is_narrow(self) -> bool:
        """Whether there are conditions that the index of the order does not know."""
        return bool(self.where)

    @property
    def _direction(self) -> str:
        return "DESC" if self.falling else "ASC"

    def _order(self, key: str, run: str) -> str:
        if self.column == "id":
            return f"ORDER BY {run} {self._direction}"
        return f"ORDER BY {key} {self._direction}, {run} {self._direction}"

    def _after(self, place: Place | None, key: str, run: str) -> tuple[str, tuple[Any, ...]]:
        if place is None:
            return "1", ()
        sign = "<" if self.falling else ">"
        if self.column == "id":
            return f"{run} {sign} ?", (place.id,)
        return f"({key}, {run}) {sign} (?, ?)", (place.key, place.id)

    def keys(self, limit: int, after: Place | None) -> tuple[str, tuple[Any, ...]]:
        """What is sorted by and the numbers of runs, whatever their words."""
        key = f"runs.{self.column}"
        beyond, place = self._after(after, key, "runs.id")
        conditions = " AND ".join((self.base, beyond, *self.where))
        sql = (
            f"SELECT {key}, runs.id FROM runs {self.index} WHERE {conditions}"
            f" {self._order(key, 'runs.id')} LIMIT ?"
        )
        return _WITH + sql, (*place, *self.values, limit)

    def glance(self, limit: int, after: Place | None) -> tuple[str, tuple[Any, ...]]:
        """Those among the first :data:`_GLANCE` in order that fit."""
        if self.match and self.column == "id":
            beyond, place = self._after(after, "rowid", "rowid")
            first = f"SELECT rowid AS key, rowid AS run FROM words WHERE words MATCH ? AND {beyond}"
            given: tuple[Any, ...] = (self.match, *place)
            order = self._order("rowid", "rowid")
        else:
            key = f"runs.{self.column}"
            beyond, place = self._after(after, key, "runs.id")
            first = f"SELECT {key} AS key, runs.id AS run FROM runs {self.index}"
            first += f" WHERE {self.base} AND {beyond}"
            given = place
            order = self._order(key, "runs.id")
        where, values = self._conditions(with_words=self.column != "id")
        sql = (
            f"SELECT key, {ENTRY_COLUMNS} FROM ({first} {order} LIMIT {_GLANCE})"
            f" CROSS JOIN runs ON runs.id = run WHERE {where} {self._order('key', 'run')} LIMIT ?"
        )
        return _WITH + sql, (*given, *values, limit)

    def all(self, limit: int, after: Place | None) -> tuple[str, tuple[Any, ...]]:
        """All that fit, as SQLite thinks best."""
        # The index of words has them in the order of their numbers already.
        by_words = bool(self.match) and self.column == "id" and not self.is_narrow
        run = "words.rowid" if by_words else "runs.id"
        key = run if self.column == "id" else f"runs.{self.column}"
        beyond, place = self._after(after, key, run)
        where, values = self._conditions(with_words=not by_words)
        source = "words CROSS JOIN runs ON runs.id = words.rowid" if by_words else "runs"
        if not self.is_narrow and not self.match:
            source += f" {self.index}"
        words, match = ("words MATCH ?", (self.match,)) if by_words else ("1", ())
        sql = (
            f"SELECT {key}, {ENTRY_COLUMNS} FROM {source} WHERE {words} AND {beyond} AND {where}"
            f" {self._order(key, run)} LIMIT ?"
        )
        return _WITH + sql, (*match, *place, *values, limit)

    def count(self) -> tuple[str, tuple[Any, ...]]:
        """How many fit."""
        if self.match and not self.is_narrow and self.index == "" and "NOT NULL" not in self.base:
            found = "SELECT count(*) FROM words WHERE words MATCH ?"
            gone = (
                "SELECT count(*) FROM runs WHERE trashed_at IS NOT NULL AND EXISTS"
                " (SELECT 1 FROM words WHERE words MATCH ? AND rowid = runs.id)"
            )
            return f"SELECT ({found}) - ({gone})", (self.match, self.match)
        where, values = self._conditions(with_words=True)
        return _WITH + f"SELECT count(*) FROM runs WHERE {where}", values

    def _conditions(self, *, with_words: bool) -> tuple[str, tuple[Any, ...]]:
        parts, values = [self.base, *self.where], self.values
        if with_words and self.match:
            parts.append("runs.id IN (SELECT rowid FROM words WHERE words MATCH ?)")
            values = (*values, self.match)
        return " AND ".join(parts), values


def _is_indexed(word: Word) -> bool:
    """Whether the index of words can find it: writing without blanks is one long word to it."""
    return not any(
        unicodedata.name(character, "").startswith(_WITHOUT_BLANKS)
        for character in word.text
        if unicodedata.category(character) == "Lo"
    )


def _match(word: Word) -> str:
    """A word in the language of FTS5 (https://sqlite.org/fts5.html#full_text_query_syntax)."""
    text = " ".join(_WORDS.findall(word.text))
    return f'"{text}"' if word.phrase else f'"{text}" *'
