"""What runs were asked for together: sweeps, ladders, comparisons."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping, Sequence
from typing import Any

from engine.errors import HistoryError
from engine.group import Group, Kind
from engine.history.file import HistoryFile
from engine.history.rows import parse
from engine.record import RunRecord

_COLUMNS = "id, kind, created_at, title, plan, result"


class Groups:
    """Each method raises :class:`HistoryError`; what is written is durable."""

    def __init__(self, file: HistoryFile) -> None:
        self._file = file

    def add(self, group: Group) -> None:
        """Keep a group, before its first run is queued."""
        values = (
            *(group.id, group.kind.value, group.created_at, group.title),
            *(json.dumps(dict(group.plan)), json.dumps(dict(group.result))),
        )
        with self._file.writing() as db:
            try:
                db.execute(f"INSERT INTO groups ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?)", values)
            except sqlite3.IntegrityError as error:
                raise HistoryError(f"There is a group {group.id} already.") from error

    def get(self, group_id: str) -> Group | None:
        """One group, or ``None`` when there is none of that id, or it cannot be read any more."""
        rows = self._file.read(f"SELECT {_COLUMNS} FROM groups WHERE id = ?", (group_id,))
        return _group(rows[0]) if rows else None

    def latest(self, kind: Kind | None = None, limit: int = 50) -> tuple[Group, ...]:
        """The newest groups first, of one kind or of all."""
        where, values = ("WHERE kind = ?", (kind.value,)) if kind is not None else ("", ())
        rows = self._file.read(
            f"SELECT {_COLUMNS} FROM groups {where} ORDER BY created_at DESC, rowid DESC LIMIT ?",
            (*values, limit),
        )
        return tuple(group for row in rows if (group := _group(row)) is not None)

    def set_plan(self, group_id: str, plan: Mapping[str, Any]) -> None:
        """Write down what a group asks for, in place of what it asked for before."""
        self._set("plan", group_id, plan)

    def set_result(self, group_id: str, result: Mapping[str, Any]) -> None:
        """Write down what came of a group, in place of what was known before."""
        self._set("result", group_id, result)

    def _set(self, column: str, group_id: str, values: Mapping[str, Any]) -> None:
        with self._file.writing() as db:
            sql = f"UPDATE groups SET {column} = ? WHERE id = ?"
            if not db.execute(sql, (json.dumps(dict(values)), group_id)).rowcount:
                raise HistoryError(f"There is no group {group_id}.")

    def cells(self, group_id: str) -> dict[int, RunRecord]:
        """The record of each cell that has one: the newest that finished, else the newest.

        What is in the trash does not count.
        """
        rows = self._file.read(
            "SELECT cell, record FROM runs WHERE grp = ? AND grp != '' AND trashed_at IS NULL"
            " ORDER BY cell, status = 'finished', id",
            (group_id,),
        )
        found = ((int(cell), parse(text, self._file.folder)) for cell, text in rows)
        return {cell: record for cell, record in found if record is not None}


def _group(row: Sequence[Any]) -> Group | None:
    group_id, kind, created_at, title, plan, result = row
    try:
        values = json.loads(plan), json.loads(result)
        if not all(isinstance(each, dict) for each in values):
            return None
        return Group(str(group_id), Kind(kind), str(created_at), str(title), *values)
    except (ValueError, RecursionError):  # a newer version, or somebody else, may have written it
        return None
