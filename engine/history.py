"""The history: one row for every run that started, in SQLite.

What is searched and sorted has a column; the whole record is JSON beside it. Picture paths are
stored relative to the history's folder, so the folder can be moved. One connection, one lock:
readers and the writer of this process take turns, and processes take turns at writing, by a lock of
our own (see :mod:`engine.file_lock`).
"""

from __future__ import annotations

import json
import os
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import replace
from pathlib import Path

from engine import schema
from engine.errors import HistoryError, InvalidSpec
from engine.file_lock import locked
from engine.pictures.files import write_failure
from engine.record import RunRecord

FILE = "history.sqlite3"
_BUSY_SECONDS = 3.0
_NUMBER_SECONDS = 1.0  # a number is asked for by whoever pressed the key, and waits for it


class History:
    """The runs kept in a folder: ``history.sqlite3`` and ``images/`` below it."""

    def __init__(self, folder: Path, *, read_only: bool = False) -> None:
        """Open the history, making it first where there is none.

        Args:
            folder: where it is.
            read_only: make and change nothing; where there is no history, it reads as an empty
                one, until somebody makes it.

        Raises:
            HistoryError: the folder or the file cannot be used; the sentence says why.
        """
        self.folder = folder = folder.absolute()
        self.path = folder / FILE
        self._lock_path = folder / (FILE + ".lock")
        self._lock = threading.RLock()
        self._db: sqlite3.Connection | None = None
        self._read_only = read_only
        if read_only:
            return
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise HistoryError(write_failure(self.path, error)) from error
        with self._exclusive(_BUSY_SECONDS) as deadline:  # opening may repair after a crash
            self._db = self._connect(deadline)
            try:
                self._db.execute("PRAGMA journal_mode = WAL")
                self._db.execute("PRAGMA synchronous = FULL")
                schema.migrate(self._db, self.path)
            except BaseException:
                self._close()
                raise

    def new_id(self) -> int:
        """The number of the next run: durable at once, and never given twice by any process.

        Raises :class:`HistoryError` when it cannot be written, after at most about a second.
        """
        with self._writing(_NUMBER_SECONDS) as db:
            number = db.execute("INSERT INTO run_ids DEFAULT VALUES").lastrowid
            db.execute("DELETE FROM run_ids WHERE id < ?", (number,))
        assert number is not None
        return number

    def add(self, record: RunRecord) -> None:
        """Keep a record, durably. Its pictures must be on disk already.

        Raises :class:`HistoryError` when it cannot be written, or its number is taken.
        """
        spec = record.spec
        values = (
            record.id,
            record.status.value,
            record.created_at,
            spec.checkpoint,
            spec.prompt,
            spec.negative_prompt,
            spec.seed,
            spec.scheduler,
            spec.num_inference_steps,
            spec.guidance_scale,
            spec.width,
            spec.height,
            spec.batch_size,
            record.seconds.total,
            record.memory_peak_bytes,
            json.dumps(self._relative(record).to_json()),
        )
        with self._writing() as db:
            db.execute(f"INSERT INTO runs VALUES ({', '.join('?' * len(values))})", values)

    def get(self, run_id: int) -> RunRecord | None:
        """One run, or ``None`` when there is none of that number."""
        rows = self._read("SELECT record FROM runs WHERE id = ?", (run_id,))
        return self._parse(rows[0]) if rows else None

    def latest(self, limit: int = 50, before: int | None = None) -> tuple[RunRecord, ...]:
        """The newest runs first, at most ``limit``; only those below number ``before``."""
        top = 2**63 - 1 if before is None else before
        rows = self._read(
            "SELECT record FROM runs WHERE id < ? ORDER BY id DESC LIMIT ?", (top, limit)
        )
        return tuple(record for row in rows if (record := self._parse(row)) is not None)

    def count(self) -> int:
        """How many runs are kept."""
        rows = self._read("SELECT count(*) FROM runs", ())
        return int(rows[0]) if rows else 0

    def last_uses(self) -> dict[str, str]:
        """Each checkpoint that a run has asked for, with the time of the newest, ISO 8601."""
        pair = "json_array(checkpoint, max(created_at))"
        rows = self._read(f"SELECT {pair} FROM runs GROUP BY checkpoint", ())
        return dict(json.loads(row) for row in rows)

    def close(self) -> None:
        """Close the file. The history cannot be used after it."""
        # The last to close writes the log back into the file, so it takes its turn too.
        with suppress(HistoryError), self._exclusive(_BUSY_SECONDS):
            self._close()
        self._close()

    def _close(self) -> None:
        if self._db is not None:
            with suppress(sqlite3.Error):
                self._db.close()

    # Reading and writing

    def _read(self, sql: str, values: tuple[int, ...]) -> list[str]:
        if not self._read_only:
            with self._lock, self._friendly():
                return [row[0] for row in self._open_db().execute(sql, values)]
        nearest = next(path for path in (self.folder, *self.folder.parents) if path.exists())
        if not nearest.is_dir():
            raise HistoryError(f"{nearest} is not a folder. Set SAFELIGHT_HOME to one.")
        with self._exclusive(_BUSY_SECONDS) as deadline:
            if not os.path.lexists(self.path):
                return []
            with closing(self._connect(deadline)) as db:
                made = schema.version(db, self.path) > 0
                return [row[0] for row in db.execute(sql, values)] if made else []

    @contextmanager
    def _writing(self, seconds: float = _BUSY_SECONDS) -> Iterator[sqlite3.Connection]:
        """A transaction, while no other process writes."""
        if self._read_only:
            raise HistoryError(f"{self.path} was opened for reading only.")
        with self._exclusive(seconds) as deadline:
            db = self._open_db()
            left = max(0, round((deadline - time.monotonic()) * 1000))
            db.execute(f"PRAGMA busy_timeout = {left}")
            with schema.transaction(db):
                yield db

    @contextmanager
    def _exclusive(self, seconds: float) -> Iterator[float]:
        """Keep out the other processes, then the threads of this one; gives the deadline.

        Raises :class:`HistoryError` when they are not out within ``seconds``.
        """
        deadline = time.monotonic() + seconds
        try:
            with self._friendly(), locked(self._lock_path, deadline, create=not self._read_only):
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
        if not self._read_only:
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

    def _relative(self, record: RunRecord) -> RunRecord:
        def shorten(path: str) -> str:
            with suppress(ValueError):
                return Path(path).relative_to(self.folder).as_posix()
            return path

        images = tuple(replace(image, path=shorten(image.path)) for image in record.images)
        return replace(record, images=images)

    def _parse(self, text: str) -> RunRecord | None:
        """A record with absolute paths, or ``None`` for a row that cannot be read any more."""
        try:  # a newer version, or somebody else, may have written anything
            record = RunRecord.from_json(json.loads(text))
        except (
            ArithmeticError,
            AttributeError,
            InvalidSpec,
            LookupError,
            RecursionError,
            TypeError,
            ValueError,
        ):
            return None
        images = tuple(
            replace(image, path=str(self.folder / image.path)) for image in record.images
        )
        return replace(record, images=images)

    @contextmanager
    def _friendly(self) -> Iterator[None]:
        """Turn SQLite's errors into sentences."""
        try:
            yield
        except sqlite3.Error as error:
            raise HistoryError(self._sentence(error)) from error
        except (UnicodeError, OverflowError) as error:  # text or a number that SQLite cannot hold
            raise HistoryError(f"{self.path} cannot hold or find that: {error}.") from error

    def _locked(self) -> str:
        return f"{self.path} is locked by another program. Close it and try again."

    def _sentence(self, error: sqlite3.Error) -> str:
        code = getattr(error, "sqlite_errorcode", None)
        primary = code & 0xFF if isinstance(code, int) else None
        if primary in (sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT):
            return f"{self.path} is damaged or not a history. Move it away to start a new one."
        if primary in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
            return self._locked()
        if primary == sqlite3.SQLITE_FULL:
            return f"The disk is full: {self.path} could not be written. Free some space."
        if self._read_only and primary in (sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM):
            return f"Not allowed to read {self.path}. Change its rights."
        if primary in (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM):
            return f"Not allowed to write {self.path}. Change its rights or set SAFELIGHT_HOME."
        if primary == sqlite3.SQLITE_CONSTRAINT:
            return f"{self.path} already has a run of that number."
        return f"{self.path} could not be used: {error}."
