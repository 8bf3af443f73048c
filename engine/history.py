"""The history: one row for every run that started, in SQLite.

What is searched and sorted has a column; the whole record is JSON beside it. Picture paths are
stored relative to the history's folder, so the folder can be moved. One connection, one lock:
readers and the writer of this process take turns, other processes wait a moment for each other.
"""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path

from engine.errors import HistoryError, InvalidSpec
from engine.images import write_failure
from engine.record import RunRecord

FILE = "history.sqlite3"
_BUSY_SECONDS = 3.0

# One entry a version of the schema (PRAGMA user_version); never edit one that was released.
_MIGRATIONS: tuple[tuple[str, ...], ...] = (
    (
        # AUTOINCREMENT: a number is never used twice, even after its row was deleted.
        "CREATE TABLE run_ids (id INTEGER PRIMARY KEY AUTOINCREMENT)",
        """CREATE TABLE runs (
            id INTEGER PRIMARY KEY,
            status TEXT NOT NULL,
            created_at TEXT NOT NULL,
            checkpoint TEXT NOT NULL,
            prompt TEXT NOT NULL,
            negative_prompt TEXT NOT NULL,
            seed INTEGER NOT NULL,
            scheduler TEXT,
            num_inference_steps INTEGER NOT NULL,
            guidance_scale REAL NOT NULL,
            width INTEGER,
            height INTEGER,
            batch_size INTEGER NOT NULL,
            total_seconds REAL NOT NULL,
            memory_peak_bytes INTEGER NOT NULL,
            record TEXT NOT NULL
        ) STRICT""",
        "CREATE INDEX runs_by_time ON runs (created_at)",
    ),
)


class History:
    """The runs kept in a folder: ``history.sqlite3`` and ``images/`` below it."""

    def __init__(self, folder: Path) -> None:
        """Open the history, making it first where there is none.

        Raises:
            HistoryError: the folder or the file cannot be used; the sentence says why.
        """
        self.folder = folder = folder.absolute()
        self.path = folder / FILE
        self._lock = threading.RLock()
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise HistoryError(write_failure(self.path, error)) from error
        with self._friendly():
            self._db = sqlite3.connect(
                self.path, timeout=_BUSY_SECONDS, isolation_level=None, check_same_thread=False
            )
        try:
            with self._friendly():
                self._db.execute("PRAGMA journal_mode = WAL")
                self._db.execute("PRAGMA synchronous = FULL")
                self._migrate()
        except HistoryError:
            self._db.close()
            raise

    def new_id(self) -> int:
        """The number of the next run: durable at once, and never given twice by any process.

        Raises :class:`HistoryError` when it cannot be written.
        """
        with self._writing() as db:
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
        return int(self._read("SELECT count(*) FROM runs", ())[0])

    def close(self) -> None:
        """Close the file. The history cannot be used after it."""
        with self._lock, suppress(sqlite3.Error):
            self._db.close()

    def _read(self, sql: str, values: tuple[int, ...]) -> list[str]:
        with self._lock, self._friendly():
            return [row[0] for row in self._db.execute(sql, values)]

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        """A transaction that takes the write lock at once, so it cannot fail half-way for it."""
        with self._lock, self._friendly():
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield self._db
                self._db.execute("COMMIT")
            except BaseException:
                with suppress(sqlite3.Error):
                    self._db.execute("ROLLBACK")
                raise

    def _migrate(self) -> None:
        if self._version() == len(_MIGRATIONS):
            return
        with self._writing() as db:  # asked again inside: another process may have been faster
            version = self._version()
            if version > len(_MIGRATIONS):
                raise HistoryError(
                    f"{self.path} was made by a newer Safelight. Update Safelight to open it."
                )
            for statements in _MIGRATIONS[version:]:
                for statement in statements:
                    db.execute(statement)
            db.execute(f"PRAGMA user_version = {len(_MIGRATIONS)}")

    def _version(self) -> int:
        return int(self._db.execute("PRAGMA user_version").fetchone()[0])

    def _relative(self, record: RunRecord) -> RunRecord:
        def shorten(path: str) -> str:
            with suppress(ValueError):
                return Path(path).relative_to(self.folder).as_posix()
            return path

        images = tuple(replace(image, path=shorten(image.path)) for image in record.images)
        return replace(record, images=images)

    def _parse(self, text: str) -> RunRecord | None:
        """A record with absolute paths, or ``None`` for a row that cannot be read any more."""
        try:
            record = RunRecord.from_json(json.loads(text))
        except (ValueError, KeyError, TypeError, AttributeError, InvalidSpec):
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

    def _sentence(self, error: sqlite3.Error) -> str:
        code = getattr(error, "sqlite_errorcode", None)
        primary = code & 0xFF if isinstance(code, int) else None
        if primary in (sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT):
            return f"{self.path} is damaged or not a history. Move it away to start a new one."
        if primary in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
            return f"{self.path} is locked by another program. Close it and try again."
        if primary == sqlite3.SQLITE_FULL:
            return f"The disk is full: {self.path} could not be written. Free some space."
        if primary in (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM):
            return f"Not allowed to write {self.path}. Change its rights or set SAFELIGHT_HOME."
        if primary == sqlite3.SQLITE_CONSTRAINT:
            return f"{self.path} already has a run of that number."
        return f"{self.path} could not be used: {error}."
