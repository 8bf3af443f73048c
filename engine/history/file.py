"""The history's file: one SQLite database, opened, locked, read and written.

One connection, one lock: readers and the writer of this process take turns, and processes take
turns at writing, by a lock of our own (see :mod:`engine.file_lock`).
"""

from __future__ import annotations

import os
import sqlite3
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any

from engine.errors import DamagedHistory, HistoryError
from engine.file_lock import locked
from engine.history import schema
from engine.pictures.files import write_failure

FILE = "history.sqlite3"
BUSY_SECONDS = 3.0
NUMBER_SECONDS = 1.0  # a number is asked for by whoever pressed the key, and waits for it
Values = Sequence[Any]


class DamagedWords(DamagedHistory):
    """The index of words is damaged; nothing else needs to be."""


class HistoryFile:
    """``history.sqlite3`` in a folder, open until :meth:`close`."""

    def __init__(self, folder: Path, *, read_only: bool = False, name: str = FILE) -> None:
        """Open the file, making it first where there is none.

        Args:
            folder: where it is.
            read_only: make and change nothing; where there is no history, it reads as an empty
                one, until somebody makes it.
            name: of the file.

        Raises:
            HistoryError: the folder or the file cannot be used; the sentence says why.
            DamagedHistory: the file is no database any more, or not a whole one.
        """
        self.folder = folder = folder.absolute()
        self.path = folder / name
        self.read_only = read_only
        self._lock_path = folder / (name + ".lock")
        self._lock = threading.RLock()
        self._db: sqlite3.Connection | None = None
        self.damage_mark = folder / (name + ".damaged")
        if read_only:
            return
        make_folder(folder)
        with self.exclusive(BUSY_SECONDS) as deadline:  # opening may repair after a crash
            self._db = self._connect(deadline)
            try:
                self._db.execute("PRAGMA journal_mode = WAL")
                self._db.execute("PRAGMA synchronous = FULL")
                self._db.execute("PRAGMA foreign_keys = ON")
                schema.migrate(self._db, self.path)
            except BaseException:
                self._close()
                raise

    @property
    def is_new(self) -> bool:
        """Whether no run was ever numbered in it."""
        return not self.read("SELECT 1 FROM sqlite_sequence WHERE name = 'run_ids'")

    def read(self, sql: str, values: Values = ()) -> list[tuple[Any, ...]]:
        """All rows of a question. Raises :class:`HistoryError`."""
        if not self.read_only:
            try:
                with self._lock, self._friendly():
                    return self._open_db().execute(sql, values).fetchall()
            except DamagedWords:
                self._mend_words()
                with self._lock, self._friendly():
                    return self._open_db().execute(sql, values).fetchall()
        nearest = next(path for path in (self.folder, *self.folder.parents) if path.exists())
        if not nearest.is_dir():
            raise HistoryError(f"{nearest} is not a folder. Set SAFELIGHT_HOME to one.")
        with self.exclusive(BUSY_SECONDS) as deadline:
            if not os.path.lexists(self.path):
                return []
            with closing(self._connect(deadline)) as db:
                found = schema.version(db, self.path)
                if 0 < found < len(schema.MIGRATIONS):
                    raise HistoryError(
                        f"{self.path} was made by an older Safelight. Open Safelight once, and it "
                        "is brought up to date."
                    )
                return db.execute(sql, values).fetchall() if found else []

    @contextmanager
    def writing(self, seconds: float = BUSY_SECONDS) -> Iterator[sqlite3.Connection]:
        """A transaction, while no other process writes.

        Raises :class:`HistoryError` when it cannot be had within ``seconds``, or cannot be written;
        after :class:`DamagedWords` the same may be tried again.
        """
        if self.read_only:
            raise HistoryError(f"{self.path} was opened for reading only.")
        try:
            with self.exclusive(seconds) as deadline:
                db = self._open_db()
                left = max(0, round((deadline - time.monotonic()) * 1000))
                db.execute(f"PRAGMA busy_timeout = {left}")
                with schema.transaction(db):
                    yield db
        except DamagedWords:
            self._mend_words()
            raise

    def _mend_words(self) -> None:
        """Make the index of words anew; it holds nothing that the rows do not."""
        with self.exclusive(BUSY_SECONDS), schema.transaction(self._open_db()):
            self._open_db().execute("INSERT INTO words (words) VALUES ('rebuild')")

    @property
    def version(self) -> int:
        """Another number whenever another connection has written something."""
        rows = self.read("PRAGMA data_version")
        return int(rows[0][0]) if rows else 0

    def is_sound(self) -> bool:
        """Whether every page of the file is as it should be, and every record is JSON.

        Reads all of it: a second for 100,000 runs, which another thread of this process need not
        wait for.
        """
        try:
            with closing(sqlite3.connect(f"{self.path.as_uri()}?mode=ro", uri=True)) as db:
                whole = db.execute("PRAGMA quick_check(1)").fetchone() == ("ok",)
                bad = "SELECT 1 FROM runs WHERE NOT json_valid(record) LIMIT 1"
                return whole and db.execute(bad).fetchone() is None
        except sqlite3.OperationalError as error:
            if _primary(error) in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
                return True  # not now
            return _primary(error) not in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_ERROR)
        except sqlite3.DatabaseError:
            return False

    def mark_damage(self) -> None:
        """Whoever opens the file next makes it anew, however much of it can still be read."""
        if not self.read_only:
            with suppress(OSError):
                self.damage_mark.touch()

    def close(self) -> None:
        """Close the file. It cannot be used after that."""
        # The last to close writes the log back into the file, so it takes its turn too.
        with suppress(HistoryError), self.exclusive(BUSY_SECONDS):
            self._close()
        self._close()

    def _close(self) -> None:
        if self._db is not None:
            with suppress(sqlite3.Error):
                self._db.close()

    @contextmanager
    def exclusive(self, seconds: float) -> Iterator[float]:
        """Keep out the other processes, then the threads of this one; gives the deadline.

        Raises :class:`HistoryError` when they are not out within ``seconds``.
        """
        deadline = time.monotonic() + seconds
        try:
            with self._friendly(), locked(self._lock_path, deadline, create=not self.read_only):
                if not self._lock.acquire(timeout=max(0.0, deadline - time.monotonic())):
                    raise TimeoutError
                try:
                    yield deadline
                finally:
                    self._lock.release()
        except TimeoutError:
            raise HistoryError(self._locked()) from None

    def _connect(self, deadline: float) -> sqlite3.Connection:
        left = max(0.0, deadline - time.monotonic())
        if not self.read_only:
            db = sqlite3.connect(
                self.path, timeout=left, isolation_level=None, check_same_thread=False
            )
            db.text_factory = _text
            return db
        # SQLite makes a log beside a WAL database even to read it, unless told that nobody writes:
        # true where there is no log, for every writer has one and waits for our lock to make it.
        log = self.path.with_name(self.path.name + "-wal")
        how = "mode=ro" if log.exists() else "mode=ro&immutable=1"
        db = sqlite3.connect(
            f"{self.path.as_uri()}?{how}", uri=True, timeout=left, isolation_level=None
        )
        db.text_factory = _text
        return db

    def _open_db(self) -> sqlite3.Connection:
        assert self._db is not None
        return self._db

    @contextmanager
    def _friendly(self) -> Iterator[None]:
        """Turn SQLite's errors into sentences."""
        try:
            yield
        except sqlite3.Error as error:
            if getattr(error, "sqlite_errorcode", 0) == sqlite3.SQLITE_CORRUPT_VTAB:
                raise DamagedWords(
                    f"The index of words of {self.path} was damaged, and is made anew. Try again."
                ) from error
            ours = type(error) is sqlite3.DatabaseError and _primary(error) is None
            if ours or _primary(error) in (sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT):
                raise self._damaged() from error
            raise HistoryError(self._sentence(error)) from error
        except UnicodeDecodeError as error:  # SQLite's own words, of names that are none any more
            raise self._damaged() from error
        except (UnicodeError, OverflowError) as error:  # text or a number that SQLite cannot hold
            raise HistoryError(f"{self.path} cannot hold or find that: {error}.") from error

    def _damaged(self) -> DamagedHistory:
        self.mark_damage()
        return DamagedHistory(
            f"{self.path} is damaged or not a history. Open Safelight again, or run "
            "`safelight history rebuild`: it is made anew from what can be read of it, and from "
            "the pictures."
        )

    def _locked(self) -> str:
        return f"{self.path} is locked by another program. Close it and try again."

    def _sentence(self, error: sqlite3.Error) -> str:
        primary = _primary(error)
        if primary in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
            return self._locked()
        if primary == sqlite3.SQLITE_FULL:
            return f"The disk is full: {self.path} could not be written. Free some space."
        if self.read_only and primary in (sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM):
            return f"Not allowed to read {self.path}. Change its rights."
        if primary in (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM):
            return f"Not allowed to write {self.path}. Change its rights or set SAFELIGHT_HOME."
        if primary == sqlite3.SQLITE_CONSTRAINT and "UNIQUE" in str(error):
            return f"{self.path} already has a run of that number."
        return f"{self.path} could not be used: {error}."


def _text(content: bytes) -> str:
    """A byte that is no text spoils its row, and no other."""
    return content.decode("utf-8", "replace")


def make_folder(folder: Path) -> None:
    """Make the folder of a history. Raises :class:`HistoryError`."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise HistoryError(write_failure(folder / FILE, error)) from error


def _primary(error: sqlite3.Error) -> int | None:
    code = getattr(error, "sqlite_errorcode", None)
    return code & 0xFF if isinstance(code, int) else None
