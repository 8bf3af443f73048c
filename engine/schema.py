"""The tables of the history, and how an older file becomes one of today."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from engine.errors import HistoryError

# One entry a version of the schema (PRAGMA user_version); never edit one that was released.
MIGRATIONS: tuple[tuple[str, ...], ...] = (
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


@contextmanager
def transaction(db: sqlite3.Connection) -> Iterator[None]:
    """A transaction that takes the write lock at once, so it cannot fail half-way for it."""
    db.execute("BEGIN IMMEDIATE")
    try:
        yield
        db.execute("COMMIT")
    except BaseException:
        with suppress(sqlite3.Error):
            db.execute("ROLLBACK")
        raise


def migrate(db: sqlite3.Connection, path: Path) -> None:
    """Bring the file ``path``, open as ``db``, to the newest version of the tables.

    Raises:
        HistoryError: it is of a newer Safelight.
    """
    if version(db, path) == len(MIGRATIONS):
        return
    with transaction(db):  # asked again inside: another process may have been faster
        for statements in MIGRATIONS[version(db, path) :]:
            for statement in statements:
                db.execute(statement)
        db.execute(f"PRAGMA user_version = {len(MIGRATIONS)}")


def version(db: sqlite3.Connection, path: Path) -> int:
    """The version of a file's tables; 0 when it has none yet. Raises as :func:`migrate`."""
    found = int(db.execute("PRAGMA user_version").fetchone()[0])
    if found > len(MIGRATIONS):
        raise HistoryError(f"{path} was made by a newer Safelight. Update Safelight to open it.")
    return found
