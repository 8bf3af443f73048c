"""The runs that pictures in a folder tell of, by their metadata alone."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any

from engine.errors import HistoryError
from engine.history.rows import BAD_RECORD, Entry
from engine.pictures.read import read_metadata
from engine.record import ImageRecord, RunRecord, Seconds, Status
from engine.spec import RunSpec

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
    runs: dict[tuple[Any, ...], list[tuple[Path, dict[str, Any]]]] = {}
    for path in pictures_in(folder):
        if path in skip:
            continue
        try:
            metadata = read_metadata(path)
        except HistoryError:
            continue
        if metadata is not None:
            key = (str(metadata.get("run")), str(metadata.get("created_at")))
            runs.setdefault(key, []).append((path, metadata))
    for key in sorted(runs, key=lambda key: (key[1], key[0])):
        try:
            yield Entry(record_of(runs[key]))
        except BAD_RECORD:
            continue


def record_of(pictures: list[tuple[Path, dict[str, Any]]]) -> RunRecord:
    """The record of one run, from the metadata of its pictures. Raises :data:`BAD_RECORD`."""
    pictures = sorted(pictures, key=lambda item: int(item[1].get("index", 0)))
    first = pictures[0][1]
    spec = RunSpec.from_json(first["spec"])
    images = tuple(
        ImageRecord(str(path), int(m["seed"]), spec.width or 0, spec.height or 0)
        for path, m in pictures
    )
    return RunRecord(
        int(first["run"]),
        Status.FINISHED,
        spec,
        str(first["created_at"]),
        images,
        Seconds(),
        device=str(first.get("device", "")),
        dtype=str(first.get("dtype", "")),
    )
