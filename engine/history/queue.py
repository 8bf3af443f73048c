"""The queue on disk: what waits is there before anybody is told that it waits.

A row belongs to the process that will run it, for as long as that lives; what a dead one has left
is found by the next.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace

from engine.errors import HistoryError
from engine.history.alive import Alive, has_open
from engine.history.file import NUMBER_SECONDS, HistoryFile
from engine.history.rows import BAD_RECORD, Entry, insert
from engine.history.scan import made_by
from engine.pictures.files import sweep
from engine.record import RunRecord, Status, now
from engine.spec import RunSpec

INTERRUPTED = "Safelight ended while this run was on. It is not tried again unless you say so."


@dataclass(frozen=True, slots=True)
class QueuedSpec:
    """A run that waits, with the number that it has already, and its place in a group."""

    run_id: int
    spec: RunSpec
    group: str = ""
    cell: int = 0


@dataclass(frozen=True, slots=True)
class Left:
    """What processes that have ended left in the queue.

    Attributes:
        interrupted: runs that were on; each has its record in the history now, with those pictures
            that were on disk. One whose pictures all were is finished.
        waiting: runs that had not begun, in their order; they belong to whoever asked.
    """

    interrupted: tuple[RunRecord, ...] = ()
    waiting: tuple[QueuedSpec, ...] = ()


class Queue:
    """The rows of this process, and those that others have left."""

    def __init__(self, file: HistoryFile, alive: Alive | None) -> None:
        """``alive`` is nobody of a history that is only read."""
        self._file = file
        self._alive = alive

    def add(self, spec: RunSpec) -> int:
        """Put a run at the end, durably; its number.

        Raises :class:`HistoryError` when it cannot be written, after at most about a second.
        """
        with self._file.writing(NUMBER_SECONDS) as db:
            return self._add(db, spec)

    def add_many(self, group: str, cells: Sequence[tuple[int, RunSpec]]) -> tuple[QueuedSpec, ...]:
        """Put cells of a group at the end, in one write; those that were put there.

        Cells that are finished (and not in the trash), on or waiting, in whichever process, are
        left out. What an ended process had begun of the group must be settled before that, by
        :meth:`take_over`; what it left waiting is put at the end like the rest.

        Raises :class:`HistoryError` as :meth:`add`; then nothing was queued.
        """
        added: list[QueuedSpec] = []
        me = self._me
        with self._file.writing(NUMBER_SECONDS) as db:
            sql = "SELECT cell, started_at, owner FROM queue WHERE grp = ? AND grp != ''"
            queued = db.execute(sql, (group,)).fetchall()
            there = {owner for owner in {row[2] for row in queued} if me.has(owner)}
            dead = {row[2] for row in queued} - there
            taken = {cell for cell, at, owner in queued if owner in there or at is not None}
            db.executemany(
                "DELETE FROM queue WHERE grp = ? AND owner = ? AND started_at IS NULL",
                [(group, owner) for owner in dead],
            )
            done = db.execute(
                "SELECT cell FROM runs"
                " WHERE grp = ? AND grp != '' AND status = 'finished' AND trashed_at IS NULL",
                (group,),
            )
            taken |= {cell for (cell,) in done}
            for cell, spec in cells:
                if cell not in taken:
                    taken.add(cell)
                    added.append(QueuedSpec(self._add(db, spec, group, cell), spec, group, cell))
        return tuple(added)

    def _add(self, db: sqlite3.Connection, spec: RunSpec, group: str = "", cell: int = 0) -> int:
        number = next_id(db)
        db.execute(
            "INSERT INTO queue (run, position, spec, queued_at, owner, grp, cell)"
            " VALUES (?, (SELECT coalesce(max(position), 0) + 1 FROM queue), ?, ?, ?, ?, ?)",
            (number, json.dumps(spec.to_json()), now(), self._me.name, group, cell),
        )
        return number

    def start(self, run_id: int) -> None:
        """Note that a run is on now: if the process dies with it, nobody tries it again unasked."""
        with self._file.writing() as db:
            db.execute("UPDATE queue SET started_at = ? WHERE run = ?", (now(), run_id))

    def remove(self, runs: Sequence[int]) -> None:
        """Take runs off the queue: nothing is kept of them."""
        with self._file.writing() as db:
            db.executemany("DELETE FROM queue WHERE run = ?", [(run,) for run in runs])

    def replace(self, run_id: int, spec: RunSpec) -> None:
        """Put another spec in a waiting run's place; it is no cell of its group any more."""
        with self._file.writing() as db:
            db.execute(
                "UPDATE queue SET spec = ?, grp = '', cell = 0 WHERE run = ?",
                (json.dumps(spec.to_json()), run_id),
            )

    def arrange(self, runs: Sequence[int]) -> None:
        """Put the waiting runs of this process in an order."""
        with self._file.writing() as db:
            places = sorted(
                place
                for run in runs
                for (place,) in db.execute("SELECT position FROM queue WHERE run = ?", (run,))
            )
            db.executemany(
                "UPDATE queue SET position = ? WHERE run = ?",
                list(zip(places, runs, strict=False)),
            )

    def take_over(self, *, waiting: bool = True, group: str = "") -> Left:
        """Take what processes that have ended left, this one's earlier lives among them.

        A run that was on becomes a record with the status ``interrupted``, with those of its
        pictures that are on disk; when all of them are, it is ``finished``. Those that waited
        become this process's own, in their order; a spec that cannot be read any more is dropped.

        Args:
            waiting: else only those that were on are taken.
            group: only those of that group; empty for all.

        Raises:
            HistoryError: it cannot be written.
        """
        me, sql = self._me, "SELECT run, spec, started_at, owner, grp, cell FROM queue"
        others = f"{sql} WHERE owner != ? AND (? = '' OR grp = ?) ORDER BY position, run"
        whose = me.name, group, group
        rows = self._file.read(others, whose)
        dead = {owner for owner in {row[3] for row in rows} if not me.has(owner)}
        if not dead:
            return Left()
        # Before the lock is held: a disk may be slow.
        begun = {int(run): at for run, _, at, owner, _, _ in rows if at and owner in dead}
        made = made_by(self._file.folder / "images", begun)
        cut_off: list[RunRecord] = []
        waits: list[QueuedSpec] = []
        with self._file.writing() as db:
            for run, text, started_at, owner, grp, cell in db.execute(others, whose).fetchall():
                if owner not in dead or (started_at is None and not waiting):
                    continue
                spec = _parse(text)
                if spec is None or started_at is not None:
                    db.execute("DELETE FROM queue WHERE run = ?", (run,))
                if spec is not None and started_at is not None:
                    record = _cut_off(run, spec, started_at, made.get(run))
                    record = replace(record, group=grp, cell=cell)
                    with suppress(sqlite3.IntegrityError):  # it had come to an end after all
                        insert(db, self._file.folder, Entry(record))
                        cut_off.append(record)
                elif spec is not None:
                    db.execute("UPDATE queue SET owner = ? WHERE run = ?", (me.name, run))
                    waits.append(QueuedSpec(run, spec, grp, cell))
        me.bury_all()
        if not group and not me.others():  # at the start, when nothing is staged here either
            sweep(self._file.folder / "images")
        return Left(tuple(cut_off), tuple(waits))

    def waiting(self) -> tuple[QueuedSpec, ...]:
        """All runs that wait, of whichever process, in their order."""
        rows = self._file.read(
            "SELECT run, spec, grp, cell FROM queue WHERE started_at IS NULL ORDER BY position, run"
        )
        specs = ((run, _parse(text), grp, cell) for run, text, grp, cell in rows)
        return tuple(
            QueuedSpec(run, spec, grp, cell) for run, spec, grp, cell in specs if spec is not None
        )

    def of_group(self, group: str) -> dict[int, bool]:
        """The cells of a group that wait or are on, in whichever process; whether each is on.

        Those that an ended process left are not among them.
        """
        rows = self._file.read("SELECT cell, started_at, owner FROM queue WHERE grp = ?", (group,))
        me, folder = self._alive, self._file.folder
        owners = {row[2] for row in rows}
        there = {o for o in owners if (me.has(o) if me is not None else has_open(folder, o))}
        return {int(cell): at is not None for cell, at, owner in rows if owner in there}

    @property
    def _me(self) -> Alive:
        if self._alive is None:
            raise HistoryError(f"{self._file.path} was opened for reading only.")
        return self._alive


def next_id(db: sqlite3.Connection) -> int:
    """The number of the next run, inside a transaction; never given twice."""
    number = db.execute("INSERT INTO run_ids DEFAULT VALUES").lastrowid
    db.execute("DELETE FROM run_ids WHERE id < ?", (number,))
    assert number is not None
    return number


def _parse(text: str) -> RunSpec | None:
    try:
        return RunSpec.from_json(json.loads(text))
    except BAD_RECORD:
        return None


def _cut_off(run: int, spec: RunSpec, started_at: str, made: RunRecord | None) -> RunRecord:
    """The record of a run that was on when its process ended."""
    if made is None:
        return RunRecord(
            run, Status.INTERRUPTED, spec, started_at, device="", dtype="", error=INTERRUPTED
        )
    if made.status is Status.FINISHED:
        return replace(made, notes=(*made.notes, "Safelight ended when its pictures were written."))
    return replace(made, status=Status.INTERRUPTED, error=INTERRUPTED)
