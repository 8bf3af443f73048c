"""Runs in a folder of pictures, without an export: ours, and those of other programs."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.errors import ExchangeError, SafelightError
from engine.exchange import document
from engine.exchange.source import MAX_FILES
from engine.history.rows import BAD_RECORD, Entry, check_record
from engine.history.scan import SUFFIXES
from engine.pictures.identity import uid_of
from engine.pictures.read import read_metadata
from engine.pictures.records import record_of
from engine.record import ImageRecord, RunRecord, Status, now

if TYPE_CHECKING:
    from engine.restore import Restored
    from engine.shelf import Shelved

_UNKNOWN = "unknown"
"""The checkpoint of a picture that does not name one."""
_MAX_NOTE = 1000


@dataclass
class Found:
    """What a walk has found, by paths relative to its root.

    Attributes:
        exports: folders with a ``runs.json``.
        pictures: all others.
    """

    exports: list[str] = field(default_factory=list)
    pictures: list[str] = field(default_factory=list)


def walk(root: Path, leave: Path) -> Found:
    """Look through a folder; no link to a folder is followed, and nothing hidden is looked at.

    Args:
        root: where to begin.
        leave: a folder to leave out.

    Raises:
        ExchangeError: there are too many pictures.
    """
    found = Found()
    for place, folders, files in os.walk(root):
        here = Path(place)
        folders[:] = sorted(
            name for name in folders if not name.startswith(".") and here / name != leave
        )
        relative = here.relative_to(root)
        if document.NAME in files:
            found.exports.append(relative.as_posix())
        for name in sorted(files):
            if name.lower().endswith(SUFFIXES) and not name.startswith("."):
                found.pictures.append((relative / name).as_posix())
        if len(found.pictures) > MAX_FILES:
            raise ExchangeError(
                f"{root} holds more than {MAX_FILES:,} pictures. Import it in parts."
            )
    return found


def outside(pictures: Iterable[str], folders: Sequence[str]) -> list[str]:
    """Those of some paths that are in none of some folders."""
    if "." in folders:
        return []
    roots = tuple(f"{folder}/" for folder in folders)
    return [path for path in pictures if not path.startswith(roots)]


def uid_in(metadata: Mapping[str, Any] | None) -> str:
    """The run that a picture of ours is of; empty when it is none of ours.

    Raises ``ExchangeError`` when what it says cannot be a run.
    """
    if metadata is None or not {"run", "created_at", "spec", "index"} <= metadata.keys():
        return ""
    try:
        return uid_of(int(metadata["run"]), str(metadata["created_at"]), metadata["spec"])
    except BAD_RECORD:
        raise ExchangeError("What it says of its run is damaged.") from None


def own_run(uid: str, pictures: Sequence[Path]) -> Entry:
    """The run that pictures of ours are of; its pictures have the paths that were given.

    Raises ``ExchangeError`` when what they say cannot be a run.
    """
    try:
        record = record_of([(path, read_metadata(path) or {}) for path in pictures])
        check_record(record)
    except SafelightError as error:
        raise ExchangeError(refusal(error, pictures[0])) from error
    except ValueError:
        raise ExchangeError("What it says of its run is damaged.") from None
    return Entry(record, uid=uid)


def foreign_run(path: Path, sha256: str, size: tuple[int, int], shelf: Iterable[Shelved]) -> Entry:
    """The run of a picture that another program made.

    Args:
        path: the picture.
        sha256: of its content: the same picture is the same run.
        size: in pixels.
        shelf: the checkpoints of this machine, one of which may be meant.

    Raises:
        ExchangeError: it does not say how it was made.
    """
    restored = _restored(path, tuple(shelf))
    spec = restored.spec
    notes = [note for note in restored.notes if "the checkpoint; yours is kept" not in note]
    unknown = {name: value for name, value in restored.unknown.items() if name != "Model"}
    if unknown:
        text = ", ".join(f"{name}: {value}" for name, value in unknown.items())
        notes.append(f"Not taken over: {text}"[:_MAX_NOTE])
    record = RunRecord(
        0,
        Status.FINISHED,
        spec,
        _created_at(restored.unknown, path),
        (ImageRecord(str(path), spec.seed, *size),),
        device="",
        dtype="",
        versions={"imported from": restored.source},
        notes=tuple(notes),
    )
    return Entry(record, uid=sha256[:32])


def _restored(path: Path, shelf: Sequence[Shelved]) -> Restored:
    from engine.restore import restore_picture

    try:
        restored = restore_picture(path, _UNKNOWN, shelf)
        model = str(restored.unknown.get("Model", ""))[:500]
        if restored.spec.checkpoint == _UNKNOWN and model.strip():
            # The record says what made the picture, be that here or not.
            restored = restore_picture(path, model, shelf)
    except SafelightError as error:
        raise ExchangeError(refusal(error, path)) from error
    return restored


def _created_at(unknown: Mapping[str, str], path: Path) -> str:
    """When a picture was made: as it says, else as its file does."""
    try:
        when = datetime.fromisoformat(unknown.get("Created Date", "")).astimezone(UTC)
    except (ValueError, OverflowError, OSError):
        try:
            when = datetime.fromtimestamp(path.stat().st_mtime, UTC)
        except (ValueError, OverflowError, OSError):
            return now()
    return when.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def only(entry: Entry, images: Sequence[ImageRecord]) -> Entry:
    """An entry with other pictures."""
    return replace(entry, record=replace(entry.record, images=tuple(images)))


def refusal(error: SafelightError, path: Path) -> str:
    """The reason of an error, without the path that is named beside it."""
    text = str(error).replace(str(path), "It")
    return f"It{text.removeprefix(path.name)}" if text.startswith(path.name) else text
