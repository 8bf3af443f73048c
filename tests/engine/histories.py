"""Histories with runs in them, made without an engine."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from PIL import Image

from engine.history import Entry, History
from engine.pictures.records import metadata_of
from engine.pictures.save import save_image
from engine.record import ImageRecord, RunRecord, Seconds, Status
from engine.spec import RunSpec

CREATED = "2026-01-31T10:00:00.000Z"


def record_of(run_id: int, spec: RunSpec | None = None, **changes: Any) -> RunRecord:
    """A finished run, whose picture is nowhere."""
    spec = spec or RunSpec("a red sun", seed=run_id)
    record = RunRecord(
        run_id,
        Status.FINISHED,
        spec.with_(width=spec.width or 64, height=spec.height or 64),
        CREATED,
        seconds=Seconds(denoise=1.0, total=1.5),
        evaluations=20,
        steps=20,
        memory_peak_bytes=10**9,
    )
    return replace(record, **changes)


def with_picture(history: History, record: RunRecord) -> RunRecord:
    """The record with its picture on disk, as the engine writes it."""
    spec = record.spec
    metadata = metadata_of(record, 0, spec.width or 8, spec.height or 8)
    path = history.folder / "images" / record.created_at[:10] / f"{record.id:06d}-0.png"
    image = Image.new("RGB", (spec.width or 8, spec.height or 8), (record.id % 255, 0, 0))
    path = save_image(image, path, metadata)
    return replace(record, images=(ImageRecord(str(path), spec.seed, image.width, image.height),))


def fill(folder: Path, runs: int, *, pictures: bool = True) -> list[RunRecord]:
    """A history of so many runs in a folder, closed again; its records, oldest first."""
    history = History(folder)
    records = []
    for _ in range(runs):
        record = record_of(history.new_id())
        record = with_picture(history, record) if pictures else record
        history.add(record)
        records.append(record)
    history.close()
    return records


def add(history: History, spec: RunSpec, **changes: Any) -> int:
    """Keep one run; its number."""
    marks = {name: changes.pop(name) for name in ("rating", "tags", "note") if name in changes}
    record = record_of(history.new_id(), spec, **changes)
    history.add_entry(Entry(record, **marks))
    return record.id
