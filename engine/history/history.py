"""The history: one row for every run that started, kept whatever happens.

What is searched and sorted has a column; the whole record is JSON beside it. Picture paths are
stored relative to the history's folder, so the folder can be moved. The picture is on disk before
the row is written.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

from engine.history import repair
from engine.history.file import NUMBER_SECONDS, DamagedWords, HistoryFile
from engine.history.groups import Groups
from engine.history.marks import Marks
from engine.history.queue import Queue, next_id
from engine.history.rows import ENTRY_COLUMNS, Entry, entry_of, insert, parse
from engine.history.search import Search
from engine.history.trash import Trash
from engine.record import RunRecord

T = TypeVar("T")


class History:
    """The runs kept in a folder: ``history.sqlite3`` and ``images/`` below it.

    Attributes:
        folder: where they are.
        repaired: what had to be done to open it, in a sentence; empty when nothing.
        search: pages of what was asked for.
        marks: rating, tags, notes, winners.
        trash: runs that may be taken back.
        queue: runs that wait.
        groups: what runs were asked for together.
    """

    def __init__(self, folder: Path, *, read_only: bool = False) -> None:
        """Open the history, making it first where there is none.

        A damaged file is set aside, and what can be read of it and of the pictures makes a new one.

        Args:
            folder: where it is.
            read_only: make and change nothing; where there is no history, it reads as an empty
                one, until somebody makes it.

        Raises:
            HistoryError: the folder or the file cannot be used; the sentence says why.
        """
        if read_only:
            self._file, self._alive = HistoryFile(folder, read_only=True), None
            self.repaired = ""
        else:
            self._file, self._alive, self.repaired = repair.open_file(folder)
        self.folder, self.path = self._file.folder, self._file.path
        self.search = Search(self._file)
        self.marks = Marks(self._file)
        self.trash = Trash(self._file)
        self.queue = Queue(self._file, self._alive)
        self.groups = Groups(self._file)

    def new_id(self) -> int:
        """The number of the next run: durable at once, and never given twice by any process.

        Raises :class:`HistoryError` when it cannot be written, after at most about a second.
        """
        with self._file.writing(NUMBER_SECONDS) as db:
            return next_id(db)

    def add(self, record: RunRecord) -> None:
        """Keep a record, durably, and take it off the queue. Its pictures must be on disk already.

        Raises :class:`HistoryError` when it cannot be written, or its number is taken.
        """
        self.add_entry(Entry(record))

    def add_entry(self, entry: Entry) -> None:
        """As :meth:`add`, with what the user has said of the run."""

        def work(db: sqlite3.Connection) -> None:
            insert(db, self.folder, entry)
            db.execute("DELETE FROM queue WHERE run = ?", (entry.id,))

        self._write(work)

    def put(self, record: RunRecord) -> None:
        """As :meth:`add`, in the place of what was kept under that number; marks stay."""

        def work(db: sqlite3.Connection) -> None:
            sql = f"SELECT {ENTRY_COLUMNS} FROM runs WHERE id = ?"
            row = db.execute(sql, (record.id,)).fetchone()
            before = entry_of(row, self.folder) if row is not None else None
            entry = replace(before, record=record) if before is not None else Entry(record)
            db.execute("DELETE FROM runs WHERE id = ?", (record.id,))
            insert(db, self.folder, entry)
            db.execute("DELETE FROM queue WHERE run = ?", (record.id,))

        self._write(work)

    def adopt(self, entry: Entry) -> int | None:
        """Keep a run that was made elsewhere, under a number of its own here.

        Returns that number, or ``None`` when the run (by its ``uid``) is here already, be it in the
        trash. Raises :class:`HistoryError`.
        """
        return self._write(lambda db: repair.adopt(db, self.folder, entry))

    def _write(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Do ``work`` in a transaction; once more, when the index of words had to be mended."""
        try:
            with self._file.writing() as db:
                return work(db)
        except DamagedWords:
            with self._file.writing() as db:
                return work(db)

    def get(self, run_id: int) -> RunRecord | None:
        """One run, or ``None`` when there is none of that number."""
        rows = self._file.read("SELECT record FROM runs WHERE id = ?", (run_id,))
        return parse(rows[0][0], self.folder) if rows else None

    def entry(self, run_id: int) -> Entry | None:
        """One run with what the user has said of it, also from the trash."""
        rows = self._file.read(f"SELECT {ENTRY_COLUMNS} FROM runs WHERE id = ?", (run_id,))
        return entry_of(rows[0], self.folder) if rows else None

    def by_uid(self, uid: str) -> Entry | None:
        """The run of that ``uid``, also from the trash."""
        rows = self._file.read(f"SELECT {ENTRY_COLUMNS} FROM runs WHERE uid = ?", (uid,))
        return entry_of(rows[0], self.folder) if rows else None

    def latest(self, limit: int = 50, before: int | None = None) -> tuple[RunRecord, ...]:
        """The newest runs first, at most ``limit``; only those below number ``before``."""
        top = 2**63 - 1 if before is None else before
        rows = self._file.read(
            "SELECT record FROM runs WHERE id < ? AND trashed_at IS NULL ORDER BY id DESC LIMIT ?",
            (top, limit),
        )
        found = (parse(text, self.folder) for (text,) in rows)
        return tuple(record for record in found if record is not None)

    def count(self) -> int:
        """How many runs are kept, the trash left out."""
        rows = self._file.read("SELECT count(*) FROM runs WHERE trashed_at IS NULL")
        return int(rows[0][0]) if rows else 0

    def last_uses(self) -> dict[str, str]:
        """Each checkpoint that a run has asked for, with the time of the newest, ISO 8601."""
        rows = self._file.read("SELECT checkpoint, max(created_at) FROM runs GROUP BY checkpoint")
        return {str(checkpoint): str(at) for checkpoint, at in rows}

    @property
    def version(self) -> int:
        """Another number whenever another Safelight has written something."""
        return self._file.version

    def check(self) -> str:
        """Look whether the whole file is as it should be; what is wrong, in a sentence.

        Takes a second for 100,000 runs, which another thread need not wait for. A file that is
        damaged is made anew when it is opened next.
        """
        if self._file.is_sound():
            return ""
        self._file.mark_damage()
        return (
            f"{self.path} is damaged. Quit and open Safelight again: it is made anew from what can "
            "be read of it, and from the pictures."
        )

    def close(self) -> None:
        """Close the file. The history cannot be used after it."""
        self._file.close()
        if self._alive is not None:
            self._alive.close()
