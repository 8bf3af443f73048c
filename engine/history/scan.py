"""The runs that pictures in a folder tell of, by their metadata alone."""

from __future__ import annotations

import json
import os
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Any

from engine.errors import HistoryError
from engine.history.rows import Entry, check_record
from engine.pictures.read import read_metadata
from engine.pictures.records import record_of
from engine.record import RunRecord

SUFFIXES = (".png", ".jpg", ".jpeg", ".webp")


def pictures_in(folder: Path) -> Iterator[Path]:
    """All pictures below a folder, by name; links to folders are not followed."""
    for place, folders, files in os.walk(folder):
        folders.sort()
        for name in sorted(files):
            if name.lower().endswith(SUFFIXES) and not name.startswith("."):
                yield Path(place) / name


def made_by(folder: Path, begun: Mapping[int, str]) -> dict[int, RunRecord]:
    """What the pictures below a folder tell of runs that were on when their process ended.

    Args:
        folder: where to look.
        begun: when each of the runs began, ISO 8601, by number.
    """
    if not begun:
        return {}
    first = 0.0
    with suppress(ValueError):  # a moment that is damaged: then all pictures are looked at
        first = min(datetime.fromisoformat(at).timestamp() for at in begun.values()) - 1

    def fresh(path: Path) -> bool:
        with suppress(OSError):
            return path.stat().st_mtime >= first
        return False

    return {
        record.id: record  # the last one, should there be several
        for record in _records(filter(fresh, pictures_in(folder)))
        if record.id in begun and record.created_at >= begun[record.id][:10]
    }


def runs_in(folder: Path, *, skip: Collection[Path] = ()) -> Iterator[Entry]:
    """The runs of the pictures of ours below a folder; pictures of one run become one.

    Args:
        folder: where to look.
        skip: pictures that are known already.
    """
    paths = (path for path in pictures_in(folder) if path not in skip)
    return map(Entry, _records(paths))


def _records(paths: Iterable[Path]) -> Iterator[RunRecord]:
    """The records that pictures tell of, in the order of their making; odd ones are left out."""
    runs: dict[tuple[str, str, str], list[tuple[Path, dict[str, Any]]]] = {}
    for path in paths:
        with suppress(HistoryError, RecursionError, TypeError, ValueError):
            metadata = read_metadata(path)
            if metadata is not None:
                # The spec too: a picture that lies of its run must not spoil the others.
                spec = json.dumps(metadata.get("spec"), sort_keys=True)
                key = str(metadata.get("created_at")), str(metadata.get("run")), spec
                runs.setdefault(key, []).append((path, metadata))
    for key in sorted(runs):
        with suppress(HistoryError, ValueError):
            record = record_of(runs[key])
            check_record(record)
            yield record
