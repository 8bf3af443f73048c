"""What can be read of a damaged history, which is never changed."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path

from engine.history.rows import ENTRY_COLUMNS, Entry, entry_of

UNREADABLE = (sqlite3.Error, UnicodeError, OverflowError)
"""What reading a damaged file may raise; SQLite's own words may be no text any more."""


def rows_of(aside: Path) -> Iterator[Entry]:
    """What can be read of a damaged file, row by row."""
    folder = aside.parent
    try:
        with closing(_reading(aside)) as db:
            columns = {row[1] for row in db.execute("PRAGMA table_info(runs)")}
            newest = "uid" in columns
            sql = ENTRY_COLUMNS if newest else "id, record, 0, '', 0, NULL, NULL, '[]'"
            for run in _numbers(db):
                try:
                    row = db.execute(f"SELECT {sql} FROM runs WHERE id = ?", (run,)).fetchone()
                except UNREADABLE:
                    row = _without_tags(db, run) if newest else None
                entry = _entry(row, folder)
                if entry is not None:
                    yield entry
    except UNREADABLE:
        return


def _without_tags(db: sqlite3.Connection, run: int) -> tuple[object, ...] | None:
    """A row whose tags are the damage."""
    columns = "id, record, rating, note, winner, trashed_at, uid, '[]'"
    try:
        row = db.execute(f"SELECT {columns} FROM runs WHERE id = ?", (run,)).fetchone()
    except UNREADABLE:
        return None
    return tuple(row) if row is not None else None


def _entry(row: tuple[object, ...] | None, folder: Path) -> Entry | None:
    if row is None:
        return None
    try:
        return entry_of(row, folder)
    except (TypeError, ValueError, OverflowError):  # damaged in what the user has said
        return None


def _numbers(db: sqlite3.Connection) -> Iterator[int]:
    """The numbers of the rows that can be reached: from both ends, around what cannot be read."""
    seen: set[int] = set()
    for order, beyond in (("ASC", ">"), ("DESC", "<")):
        edge: int | None = None
        while True:
            where = f"WHERE id {beyond} {edge}" if edge is not None else ""
            try:
                row = db.execute(f"SELECT id FROM runs {where} ORDER BY id {order} LIMIT 1")
                found = row.fetchone()
            except UNREADABLE:
                # The page of the next one is damaged; the number after it may be on another.
                found = _leap(db, edge, order)
            if found is None:
                break
            edge = int(found[0])
            if edge not in seen:
                seen.add(edge)
                yield edge


def _leap(db: sqlite3.Connection, edge: int | None, order: str) -> tuple[int] | None:
    """The next number that can be found by itself, beyond an unreadable page."""
    if edge is None:
        return None
    sign = 1 if order == "ASC" else -1
    for step in range(1, 2000):
        number = edge + sign * step
        if number < 1:
            return None
        try:
            if db.execute("SELECT 1 FROM runs WHERE id = ?", (number,)).fetchone():
                return (number,)
        except UNREADABLE:
            continue
    return None


def take_queue(db: sqlite3.Connection, aside: Path) -> None:
    """What waited waits on, where it can be read. Its owner is found to be dead later."""
    try:
        with closing(_reading(aside)) as old:
            columns = {row[1] for row in old.execute("PRAGMA table_info(queue)")}
            member = "grp, cell" if "grp" in columns else "'', 0"
            names = "run, position, spec, queued_at, started_at, owner"
            rows = old.execute(f"SELECT {names}, {member} FROM queue")
            for row in rows.fetchall():
                with suppress(sqlite3.Error):
                    count_on(db, int(row[0]))
                    db.execute(
                        f"INSERT INTO queue ({names}, grp, cell) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                        row,
                    )
    except (*UNREADABLE, TypeError, ValueError):
        return


def take_groups(db: sqlite3.Connection, aside: Path) -> None:
    """What runs were asked for together, row by row, where it can be read."""
    with suppress(*UNREADABLE), closing(_reading(aside)) as old:
        for (row,) in old.execute("SELECT rowid FROM groups").fetchall():
            with suppress(*UNREADABLE):
                found = old.execute(
                    "SELECT id, kind, created_at, title, plan, result FROM groups WHERE rowid = ?",
                    (row,),
                ).fetchone()
                db.execute("INSERT INTO groups VALUES (?, ?, ?, ?, ?, ?)", found)


def _reading(path: Path) -> sqlite3.Connection:
    """A connection that changes nothing of the file, and reads its log where there is one."""
    log = path.with_name(path.name + "-wal")
    how = "mode=ro" if log.exists() else "mode=ro&immutable=1"
    return sqlite3.connect(f"{path.as_uri()}?{how}", uri=True, isolation_level=None)


def count_on(db: sqlite3.Connection, number: int) -> None:
    """See to it that no later run gets this number, or one before it."""
    db.execute("INSERT OR IGNORE INTO run_ids (id) VALUES (?)", (number,))
    db.execute("DELETE FROM run_ids WHERE id < (SELECT max(id) FROM run_ids)")
