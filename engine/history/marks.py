"""What the user says of runs: rating, tags, a note, and which one won."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterable, Sequence

from engine.errors import HistoryError
from engine.history.file import HistoryFile

MAX_RATING = 5
MAX_TAG = 40
MAX_NOTE = 2000
_TAG = re.compile(r"[^\s,:\"\x00-\x1f\x7f-\x9f]+")


class Marks:
    """Each method takes several runs at once, raises :class:`HistoryError`, and is durable."""

    def __init__(self, file: HistoryFile) -> None:
        self._file = file

    def rate(self, runs: Sequence[int], rating: int) -> None:
        """Give runs 1 to 5 stars; 0 takes them away."""
        if not 0 <= rating <= MAX_RATING:
            raise HistoryError(f"A rating is a number from 0 to {MAX_RATING}.")
        self._update("rating", rating, runs)

    def win(self, runs: Sequence[int], winner: bool = True) -> None:
        """Mark runs as winners, or no longer."""
        self._update("winner", int(winner), runs)

    def note(self, runs: Sequence[int], text: str) -> None:
        """Write a note on runs, in place of the one before."""
        text = text.strip()
        if len(text) > MAX_NOTE:
            raise HistoryError(f"A note is {MAX_NOTE:,} characters at most.")
        self._update("note", text, runs)

    def tag(self, runs: Sequence[int], tags: Iterable[str]) -> None:
        """Put tags on runs; those that are there already stay."""
        values = [(check_tag(tag), run) for tag in tags for run in runs]
        with self._file.writing() as db:
            _require(db, runs)
            db.executemany("INSERT OR IGNORE INTO tags (tag, run) VALUES (?, ?)", values)

    def untag(self, runs: Sequence[int], tags: Iterable[str]) -> None:
        """Take tags off runs."""
        values = [(tag.strip().lstrip("#"), run) for tag in tags for run in runs]
        with self._file.writing() as db:
            db.executemany("DELETE FROM tags WHERE tag = ? AND run = ?", values)

    def _update(self, column: str, value: int | str, runs: Sequence[int]) -> None:
        with self._file.writing() as db:
            _require(db, runs)
            db.executemany(
                f"UPDATE runs SET {column} = ? WHERE id = ?", [(value, run) for run in runs]
            )


def check_tag(text: str) -> str:
    """A tag in its one spelling: without ``#`` and blanks around it. Raises ``HistoryError``."""
    tag = text.strip().lstrip("#")
    if not _TAG.fullmatch(tag) or len(tag) > MAX_TAG:
        raise HistoryError(
            f"A tag is one word of at most {MAX_TAG} characters, without commas, colons or quotes."
        )
    return tag


def _require(db: sqlite3.Connection, runs: Sequence[int]) -> None:
    for run in runs:
        if db.execute("SELECT 1 FROM runs WHERE id = ?", (run,)).fetchone() is None:
            raise HistoryError(f"There is no run #{run}.")
