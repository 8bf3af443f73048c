"""Runs with real pictures in a history, made without any model."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path
from typing import Any

from PIL import Image

from engine.history import Entry, History
from engine.pictures.save import save_image
from engine.record import ImageRecord, RunRecord, Seconds, Status
from engine.spec import RunSpec

CREATED = "2026-01-31T10:00:00.000Z"
ESC = "\x1b[31m"
NASTY = f'a "red" <script>alert(1)</script> & sun {ESC}'


def picture(seed: int, side: int = 64) -> Image.Image:
    """Noise of a seed: large in a PNG, and no two alike."""
    grain = hashlib.sha256(str(seed).encode()).digest()
    data = (grain * (side * side * 3 // len(grain) + 1))[: side * side * 3]
    return Image.frombytes("RGB", (side, side), data)


def add_run(history: History, spec: RunSpec | None = None, **marks: Any) -> Entry:
    """Keep a finished run with the pictures that its spec asks for."""
    spec = spec or RunSpec("a red sun", seed=7)
    spec = spec.with_(width=64, height=64)
    run = history.new_id()
    images = []
    for index, (prompt, seed) in enumerate(spec.pictures):
        path = history.folder / f"images/2026-01-31/{run:06d}-{index}-seed{seed}.png"
        metadata = metadata_of(run, index, spec)
        save_image(picture(seed + index * 1000), path, metadata)
        own = prompt if len(spec.prompts) > 1 else ""
        images.append(ImageRecord(str(path), seed, 64, 64, own))
    record = RunRecord(
        run,
        Status.FINISHED,
        spec,
        CREATED,
        tuple(images),
        Seconds(denoise=0.5, total=0.75),
        evaluations=20,
        steps=20,
        memory_peak_bytes=3 * 2**30,
        versions={"torch": "2.9.0", "diffusers": "0.42.0"},
        notes=("A remark.",),
    )
    history.add_entry(Entry(record, **marks))
    found = history.entry(run)
    assert found is not None
    return found


def metadata_of(run: int, index: int, spec: RunSpec) -> dict[str, Any]:
    """What a picture says of its run."""
    prompt, seed = spec.pictures[index]
    return {
        "run": run,
        "created_at": CREATED,
        "index": index,
        "seed": seed,
        "prompt": prompt,
        "device": "cpu",
        "dtype": "float32",
        "versions": {},
        "spec": spec.to_json(),
    }


def pictures_of(entry: Entry) -> list[bytes]:
    """The bytes of a run's pictures."""
    return [Path(image.path).read_bytes() for image in entry.record.images]


def without_places(entry: Entry) -> Entry:
    """An entry as it is the same in every history: no number, no paths."""
    images = tuple(replace(image, path="") for image in entry.record.images)
    return replace(entry, record=replace(entry.record, id=0, images=images))


def files_in(folder: Path) -> set[str]:
    """All files below a folder, also hidden ones."""
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
