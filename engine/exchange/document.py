"""``runs.json``: what an export says of its runs and files, written and read."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from engine import __version__
from engine.errors import ExchangeError, HistoryError
from engine.history.marks import MAX_NOTE, MAX_RATING, check_tag
from engine.history.rows import BAD_RECORD, Entry, check_record
from engine.pictures.identity import uid_of
from engine.record import RunRecord, now

NAME = "runs.json"
FORMAT = 1
MAX_BYTES = 32 * 1024 * 1024
"""Of ``runs.json``: 10,000 runs with long prompts."""
MAX_RUNS = 10_000
_MAX_TAGS = 100
_UID = re.compile(r"[0-9a-f]{32}")
_HASH = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Document:
    """What an export tells.

    Attributes:
        entries: its runs; the paths of their pictures begin at the export, with ``/`` between.
        files: every other file of the export by its path there, with its SHA-256 in hex digits.
        refused: runs that cannot be, each with the reason.
    """

    entries: tuple[Entry, ...]
    files: Mapping[str, str]
    refused: tuple[tuple[str, str], ...] = ()


def write(entries: Sequence[Entry], files: Mapping[str, str]) -> bytes:
    """The text of ``runs.json``. Raises :class:`ExchangeError` when it would be too large."""
    values = {
        "safelight": __version__,
        "format": FORMAT,
        "exported_at": now(),
        "runs": [entry.to_json() for entry in entries],
        "files": dict(files),
    }
    text = json.dumps(values, indent=1).encode("ascii")
    if len(text) > MAX_BYTES:
        raise ExchangeError("These are too many runs for one export. Export them in parts.")
    return text


def read(data: bytes) -> Document:
    """Read ``runs.json``, whoever wrote it.

    Raises:
        ExchangeError: it is not of an export, is damaged, or is of a newer Safelight.
    """
    try:
        values = json.loads(data) if len(data) <= MAX_BYTES else None
    except (ValueError, RecursionError):
        values = None
    if not isinstance(values, dict) or "safelight" not in values:
        raise ExchangeError(f"{NAME} is not of an export, or damaged.")
    version = values.get("format")
    if isinstance(version, int) and version > FORMAT:
        raise ExchangeError(f"{NAME} was made by a newer Safelight. Update Safelight to import it.")
    runs, files = values.get("runs"), values.get("files")
    if not isinstance(runs, list) or not isinstance(files, dict) or version != FORMAT:
        raise ExchangeError(f"{NAME} is damaged.")
    if len(runs) > MAX_RUNS:
        raise ExchangeError(f"{NAME} tells of {len(runs):,} runs; {MAX_RUNS:,} at most.")
    if not all(isinstance(sha, str) and _HASH.fullmatch(sha) for sha in files.values()):
        raise ExchangeError(f"{NAME} is damaged.")
    entries, refused = [], []
    for number, run in enumerate(runs, 1):
        try:
            entries.append(_entry(run))
        except BAD_RECORD:
            refused.append((f"{NAME}, run {number}", "What it says of the run is damaged."))
    return Document(tuple(entries), files, tuple(refused))


def _entry(values: Mapping[str, Any]) -> Entry:
    """Raises one of :data:`BAD_RECORD` for values that cannot be a run."""
    record = RunRecord.from_json(values)
    check_record(record)
    rating, note, tags = int(values["rating"]), str(values["note"]), values["tags"]
    if not 0 <= rating <= MAX_RATING or len(note) > MAX_NOTE or len(tags) > _MAX_TAGS:
        raise ValueError("marks")
    if not isinstance(tags, list):
        raise TypeError("tags")
    note.encode("utf-8")
    try:
        tags = tuple(sorted({check_tag(str(tag)) for tag in tags}, key=str.casefold))
    except HistoryError:
        raise ValueError("tags") from None
    "".join(tags).encode("utf-8")
    uid = str(values["uid"])
    if not _UID.fullmatch(uid):
        uid = uid_of(record.id, record.created_at, record.spec.to_json())
    # What is in a trash elsewhere was exported on purpose.
    return Entry(record, rating, tags, note, bool(values["winner"]), "", uid)


def with_paths(entry: Entry, paths: Sequence[str]) -> Entry:
    """An entry whose pictures are elsewhere: one path for each."""
    images = tuple(
        replace(image, path=path) for image, path in zip(entry.record.images, paths, strict=True)
    )
    return replace(entry, record=replace(entry.record, images=images))
