"""The tables of the history, and how an older file becomes one of today."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any

from engine.errors import HistoryError
from engine.pictures.files import sync_file, sync_folder
from engine.pictures.identity import uid_of

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
    (
        # What is one run, also under another number in another history.
        "ALTER TABLE runs ADD COLUMN uid TEXT",
        "ALTER TABLE runs ADD COLUMN speed REAL NOT NULL DEFAULT 0",  # denoising steps a second
        "ALTER TABLE runs ADD COLUMN rating INTEGER NOT NULL DEFAULT 0",
        "ALTER TABLE runs ADD COLUMN winner INTEGER NOT NULL DEFAULT 0",
        "ALTER TABLE runs ADD COLUMN note TEXT NOT NULL DEFAULT ''",
        "ALTER TABLE runs ADD COLUMN trashed_at TEXT",
        "UPDATE runs SET uid = run_uid(record), speed = run_speed(record)",
        "CREATE UNIQUE INDEX runs_by_uid ON runs (uid)",
        "DROP INDEX runs_by_time",
        "CREATE INDEX runs_in_trash ON runs (trashed_at) WHERE trashed_at IS NOT NULL",
        *(
            f"CREATE INDEX runs_by_{column} ON runs ({column}, id) WHERE trashed_at IS NULL"
            for column in ("status", "created_at", "checkpoint", "scheduler", "seed", "rating")
        ),
        *(  # a run that did not come to an end would stand first for nothing
            f"CREATE INDEX finished_by_{column} ON runs ({column}, id)"
            " WHERE trashed_at IS NULL AND status = 'finished'"
            for column in ("total_seconds", "speed", "memory_peak_bytes")
        ),
        "CREATE INDEX runs_that_won ON runs (id) WHERE winner AND trashed_at IS NULL",
        """CREATE TABLE tags (
            tag TEXT NOT NULL COLLATE NOCASE,
            run INTEGER NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
            PRIMARY KEY (tag, run)
        ) STRICT, WITHOUT ROWID""",
        "CREATE INDEX tags_by_run ON tags (run)",
        """CREATE TABLE run_switches (
            name TEXT NOT NULL,
            value TEXT NOT NULL,
            run INTEGER NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
            PRIMARY KEY (name, value, run)
        ) STRICT, WITHOUT ROWID""",
        "CREATE INDEX run_switches_by_run ON run_switches (run)",
        """INSERT INTO run_switches
            SELECT each.key, each.value, runs.id
            FROM runs, json_each(runs.record, '$.spec.switches') AS each
            WHERE json_valid(runs.record)""",
        """CREATE VIRTUAL TABLE words USING fts5 (
            prompt, negative_prompt, note,
            content = 'runs', content_rowid = 'id',
            tokenize = 'unicode61 remove_diacritics 2', prefix = '2 3'
        )""",
        "INSERT INTO words (words) VALUES ('rebuild')",
        """CREATE TRIGGER words_of_new AFTER INSERT ON runs BEGIN
            INSERT INTO words (rowid, prompt, negative_prompt, note)
            VALUES (new.id, new.prompt, new.negative_prompt, new.note);
        END""",
        """CREATE TRIGGER words_of_gone AFTER DELETE ON runs BEGIN
            INSERT INTO words (words, rowid, prompt, negative_prompt, note)
            VALUES ('delete', old.id, old.prompt, old.negative_prompt, old.note);
        END""",
        """CREATE TRIGGER words_of_changed
            AFTER UPDATE OF prompt, negative_prompt, note ON runs BEGIN
            INSERT INTO words (words, rowid, prompt, negative_prompt, note)
            VALUES ('delete', old.id, old.prompt, old.negative_prompt, old.note);
            INSERT INTO words (rowid, prompt, negative_prompt, note)
            VALUES (new.id, new.prompt, new.negative_prompt, new.note);
        END""",
        """CREATE TABLE queue (
            run INTEGER PRIMARY KEY,
            position INTEGER NOT NULL,
            spec TEXT NOT NULL,
            queued_at TEXT NOT NULL,
            started_at TEXT,
            owner TEXT NOT NULL
        ) STRICT""",
    ),
    (
        # Runs that were asked for together; ``group`` is a word of SQL's own.
        """CREATE TABLE groups (
            id TEXT PRIMARY KEY,
            kind TEXT NOT NULL,
            created_at TEXT NOT NULL,
            title TEXT NOT NULL,
            plan TEXT NOT NULL,
            result TEXT NOT NULL
        ) STRICT""",
        "CREATE INDEX groups_by_time ON groups (created_at)",
        *(
            f"ALTER TABLE {table} ADD COLUMN {column}"
            for table in ("runs", "queue")
            for column in ("grp TEXT NOT NULL DEFAULT ''", "cell INTEGER NOT NULL DEFAULT 0")
        ),
        "CREATE INDEX runs_by_group ON runs (grp, cell, id) WHERE grp != ''",
    ),
)


_NO_VERSION = 10_000  # damage, and no Safelight of the future


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

    What is there is copied first, to ``history-v1.sqlite3`` for version 1; the copy stays.

    Raises:
        HistoryError: it is of a newer Safelight, or there is no room for the copy.
    """
    found = version(db, path)
    if found == len(MIGRATIONS):
        return
    if found:
        _back_up(db, path.with_name(f"{path.stem}-v{found}{path.suffix}"))
    db.create_function("run_uid", 1, _uid, deterministic=True)
    db.create_function("run_speed", 1, _speed, deterministic=True)
    with transaction(db):  # asked again inside: another process may have been faster
        for statements in MIGRATIONS[version(db, path) :]:
            for statement in statements:
                db.execute(statement)
        db.execute(f"PRAGMA user_version = {len(MIGRATIONS)}")


def version(db: sqlite3.Connection, path: Path) -> int:
    """The version of a file's tables; 0 when it has none yet.

    Raises as :func:`migrate`, and ``sqlite3.DatabaseError`` when there is no telling.
    """
    found = int(db.execute("PRAGMA user_version").fetchone()[0])
    tables = db.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
    if not 0 <= found < _NO_VERSION or bool(found) != bool(tables):
        raise sqlite3.DatabaseError("the number of the version is damaged")
    if found > len(MIGRATIONS):
        raise HistoryError(f"{path} was made by a newer Safelight. Update Safelight to open it.")
    return found


def _back_up(db: sqlite3.Connection, copy: Path) -> None:
    """Copy the file, whole or not at all. A copy that is there already is of before: it stays."""
    if copy.exists():
        return
    unfinished = copy.with_name(copy.name + ".part")
    try:
        unfinished.unlink(missing_ok=True)
        with closing(sqlite3.connect(unfinished)) as other:
            db.backup(other)
        sync_file(unfinished)
        unfinished.replace(copy)
    except (OSError, sqlite3.OperationalError) as error:
        with suppress(OSError):
            unfinished.unlink(missing_ok=True)
        raise HistoryError(
            f"{copy} could not be written ({error}), and the history is not changed without that "
            "copy of it. Free some space."
        ) from error
    sync_folder(copy.parent)


def _values(record: str) -> dict[str, Any]:
    try:
        values = json.loads(record)
    except (ValueError, RecursionError):
        return {}
    return values if isinstance(values, dict) else {}


def _uid(record: str) -> str | None:
    values = _values(record)
    try:
        return uid_of(int(values["id"]), str(values["created_at"]), values["spec"])
    except (KeyError, TypeError, ValueError):
        return None  # unreadable already; NULLs do not collide


def _speed(record: str) -> float:
    values = _values(record)
    try:
        denoise = float(values["seconds"]["denoise"])
        return float(values["steps"]) / denoise if denoise > 0 else 0.0
    except (KeyError, TypeError, ValueError, ArithmeticError):
        return 0.0
