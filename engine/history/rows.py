"""A run as a row of the history, and back."""

from __future__ import annotations

import json
import math
import re
import sqlite3
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from engine.errors import InvalidSpec
from engine.pictures.identity import uid_of
from engine.record import RunRecord
from engine.spec import MAX_BATCH

_LARGEST = 2**63 - 1
_DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
BAD_RECORD = (
    *(ArithmeticError, AttributeError, InvalidSpec, LookupError),
    *(RecursionError, TypeError, ValueError),
)
"""What :meth:`RunRecord.from_json` may raise for values that anybody wrote."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A run of the history, with what the user has said of it.

    Attributes:
        rating: 1 to 5 stars; 0 for none.
        tags: in alphabetical order.
        winner: whether it was marked as the one to keep.
        trashed_at: when it was put into the trash, ISO 8601; empty when it was not.
        uid: the same in every history; see :func:`engine.pictures.identity.uid_of`.
    """

    record: RunRecord
    rating: int = 0
    tags: tuple[str, ...] = ()
    note: str = ""
    winner: bool = False
    trashed_at: str = ""
    uid: str = ""

    @property
    def id(self) -> int:
        return self.record.id

    def to_json(self) -> dict[str, Any]:
        """The record's JSON, and beside its values what the user has said."""
        return {
            **self.record.to_json(),
            "rating": self.rating,
            "tags": list(self.tags),
            "note": self.note,
            "winner": self.winner,
            "trashed_at": self.trashed_at,
            "uid": self.uid,
        }


ENTRY_COLUMNS = """runs.id, runs.record, runs.rating, runs.note, runs.winner, runs.trashed_at,
    runs.uid, (SELECT json_group_array(tag) FROM tags WHERE tags.run = runs.id)"""
"""What :func:`entry_of` takes."""


def insert(db: sqlite3.Connection, folder: Path, entry: Entry) -> None:
    """Write a run, with its tags and switches. Raises ``sqlite3.Error``."""
    record, spec = entry.record, entry.record.spec
    values = {
        "id": record.id,
        "status": record.status.value,
        "created_at": record.created_at,
        "checkpoint": spec.checkpoint,
        "prompt": spec.prompt,
        "negative_prompt": spec.negative_prompt,
        "seed": spec.seed,
        "scheduler": spec.scheduler,
        "num_inference_steps": spec.num_inference_steps,
        "guidance_scale": spec.guidance_scale,
        "width": spec.width,
        "height": spec.height,
        "batch_size": spec.batch_size,
        "total_seconds": record.seconds.total,
        "memory_peak_bytes": record.memory_peak_bytes,
        "record": json.dumps(relative(record, folder).to_json()),
        "uid": entry.uid or uid_of(record.id, record.created_at, spec.to_json()),
        "speed": record.steps_per_second,
        "rating": entry.rating,
        "winner": int(entry.winner),
        "note": entry.note,
        "trashed_at": entry.trashed_at or None,
        "grp": record.group,
        "cell": record.cell,
    }
    names, marks = ", ".join(values), ", ".join("?" * len(values))
    db.execute(f"INSERT INTO runs ({names}) VALUES ({marks})", tuple(values.values()))
    db.executemany(
        "INSERT OR IGNORE INTO tags (tag, run) VALUES (?, ?)",
        [(tag, record.id) for tag in entry.tags],
    )
    db.executemany(
        "INSERT INTO run_switches (name, value, run) VALUES (?, ?, ?)",
        [(name, value, record.id) for name, value in spec.switches.items()],
    )


def entry_of(row: Sequence[Any], folder: Path) -> Entry | None:
    """The entry of a row of :data:`ENTRY_COLUMNS`; ``None`` when it cannot be read any more."""
    run_id, text, rating, note, winner, trashed_at, uid, tags = row
    record = parse(text, folder)
    if record is None:
        return None
    return Entry(
        record if record.id == run_id else replace(record, id=run_id),
        int(rating),
        tuple(sorted(json.loads(tags), key=str.casefold)),
        str(note),
        bool(winner),
        str(trashed_at or ""),
        str(uid or ""),
    )


def parse(text: str, folder: Path) -> RunRecord | None:
    """A record with absolute paths, or ``None`` for a row that cannot be read any more."""
    try:  # a newer version, or somebody else, may have written anything
        record = RunRecord.from_json(json.loads(text))
    except BAD_RECORD:
        return None
    images = tuple(replace(image, path=str(folder / image.path)) for image in record.images)
    return replace(record, images=images)


def relative(record: RunRecord, folder: Path) -> RunRecord:
    """A record whose paths start at the history's folder, so that the folder can be moved."""

    def shorten(path: str) -> str:
        with suppress(ValueError):
            return Path(path).relative_to(folder).as_posix()
        return path

    images = tuple(replace(image, path=shorten(image.path)) for image in record.images)
    return replace(record, images=images)


def check_record(record: RunRecord) -> None:
    """Raises ``ValueError`` for figures and times that no run can have."""
    if not _DAY.match(record.created_at) or not datetime.fromisoformat(record.created_at):
        raise ValueError("time")
    figures = (record.id, record.evaluations, record.steps, record.memory_peak_bytes)
    if not all(0 <= figure <= _LARGEST for figure in figures):
        raise ValueError("figures")
    phases = record.seconds.to_json().values()
    if not all(math.isfinite(value) and value >= 0 for value in phases):
        raise ValueError("seconds")
    if len(record.images) > MAX_BATCH:
        raise ValueError("pictures")
    if any(
        not 0 <= side <= 2**20 for image in record.images for side in (image.width, image.height)
    ):
        raise ValueError("sizes")
