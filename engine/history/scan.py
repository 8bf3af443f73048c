"""The runs that pictures in a folder tell of, by their metadata alone."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from engine.errors import HistoryError
from engine.history.rows import Entry
from engine.pictures.read import read_metadata
from engine.pictures.records import record_of

SUFFIXES = (".png", ".jpg", ".jpeg", ".webp")


def pictures_in(folder: Path) -> Iterator[Path]:
    """All pictures below a folder, by name; links to folders are not followed."""
    for place, folders, files in os.walk(folder):
        folders.sort()
        for name in sorted(files):
            if name.lower().endswith(SUFFIXES) and not name.startswith("."):
                yield Path(place) / name


def runs_in(folder: Path, *, skip: Collection[Path] = ()) -> Iterator[Entry]:
    """The runs of the pictures of ours below a folder; pictures of one run become one.

    Args:
        folder: where to look.
        skip: pictures that are known already.
    """
    runs: dict[tuple[str, str], list[tuple[Path, dict[str, Any]]]] = {}
    for path in pictures_in(folder):
        if path in skip:
            continue
        with suppress(HistoryError):
            metadata = read_metadata(path)
            if metadata is not None:
                key = str(metadata.get("created_at")), str(metadata.get("run"))
                runs.setdefault(key, []).append((path, metadata))
    for key in sorted(runs):
        with suppress(HistoryError):
            yield Entry(record_of(runs[key]))
