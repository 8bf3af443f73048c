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


class HistoryFile:
    """``history.sqlite3`` in a folder, open until :meth:`close`."""

    def __init__(self, folder: Path, *, read_only: bool = False) -> None:
        """Open the file, making it first where there is none.

        Args:
            folder: where it is.
            read_only: make and change nothing; where there is no history, it reads as an empty
                one, until somebody makes it.

        Raises:
            HistoryError: the folder or the file cannot be used; the sentence says why.
            DamagedHistory: the file is no database any more, or not a whole one.
        """
        self.folder = folder = folder.absolute()
        self.path = folder / FILE
        self.read_only = read_only
        self._lock_path = folder / (FILE + ".lock")
        self._lock = threading.RLock()
        self._db: sqlite3.Connection | None = None
        self._seen_version = 0
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

        Raises :class:`HistoryError` when it cannot be had within ``seconds``, or cannot be written.
        """
        if self.read_only:
            raise HistoryError(f"{self.path} was opened for reading only.")
        with self.exclusive(seconds) as deadline:
            db = self._open_db()
            left = max(0, round((deadline - time.monotonic()) * 1000))
            db.execute(f"PRAGMA busy_timeout = {left}")
            with schema.transaction(db):
                yield db

    def changed_by_others(self) -> bool:
        """Whether another connection has written since this was asked last."""
        (found,) = self.read("PRAGMA data_version") or [(0,)]
        before, self._seen_version = self._seen_version, int(found[0])
        return before not in (0, self._seen_version)

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
            return sqlite3.connect(
                self.path, timeout=left, isolation_level=None, check_same_thread=False
            )
        # SQLite makes a log beside a WAL database even to read it, unless told that nobody writes:
        # true where there is no log, for every writer has one and waits for our lock to make it.
        log = self.path.with_name(FILE + "-wal")
        how = "mode=ro" if log.exists() else "mode=ro&immutable=1"
        return sqlite3.connect(
            f"{self.path.as_uri()}?{how}", uri=True, timeout=left, isolation_level=None
        )

    def _open_db(self) -> sqlite3.Connection:
        assert self._db is not None
        return self._db

    @contextmanager
    def _friendly(self) -> Iterator[None]:
        """Turn SQLite's errors into sentences."""
        try:
            yield
        except sqlite3.Error as error:
            if _primary(error) in (sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT):
                raise DamagedHistory(
                    f"{self.path} is damaged or not a history. "
                    "`safelight history rebuild` makes it anew from the pictures."
                ) from error
            raise HistoryError(self._sentence(error)) from error
        except (UnicodeError, OverflowError) as error:  # text or a number that SQLite cannot hold
            raise HistoryError(f"{self.path} cannot hold or find that: {error}.") from error

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
        if primary == sqlite3.SQLITE_CONSTRAINT:
            return f"{self.path} already has a run of that number."
        return f"{self.path} could not be used: {error}."


def make_folder(folder: Path) -> None:
    """Make the folder of a history. Raises :class:`HistoryError`."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise HistoryError(write_failure(folder / FILE, error)) from error


def _primary(error: sqlite3.Error) -> int | None:
    code = getattr(error, "sqlite_errorcode", None)
    return code & 0xFF if isinstance(code, int) else None
