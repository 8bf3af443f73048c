"""Training drawings: the same scenes and pictures for the same index, always."""

from __future__ import annotations

import random
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from engine.demo import scenes

Pixels = NDArray[np.uint8]
"""Pictures as (n, 128, 128, 3), 0..255."""

TRAIN, HELD_OUT = "train", "held-out"
"""Names of the two streams; a picture's seed is its stream's name and its index."""


def scene_at(index: int, stream: str = TRAIN) -> scenes.Scene:
    """The scene number `index` of a stream."""
    return scenes.sample(random.Random(f"{stream} scene {index}"))


def picture_at(index: int, stream: str = TRAIN) -> Pixels:
    """The drawing number `index` of a stream, (128, 128, 3)."""
    image = scenes.draw(scene_at(index, stream), random.Random(f"{stream} picture {index}"))
    return np.asarray(image, dtype=np.uint8)


def _chunk(task: tuple[int, int, str]) -> Pixels:
    start, stop, stream = task
    return np.stack([picture_at(index, stream) for index in range(start, stop)])


def pictures(start: int, stop: int, stream: str = TRAIN, workers: int = 2) -> Pixels:
    """Drawings `start` to `stop` of a stream, (n, 128, 128, 3), drawn in parallel."""
    tasks = [(at, min(at + 250, stop), stream) for at in range(start, stop, 250)]
    with ProcessPoolExecutor(workers) as pool:
        return np.concatenate(list(pool.map(_chunk, tasks)))


def cached_pictures(folder: Path, count: int) -> Pixels:
    """The first `count` training drawings, kept in `folder` as one uint8 file."""
    path = folder / f"pictures-{count}.npy"
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        temporary = path.with_suffix(".tmp.npy")
        np.save(temporary, pictures(0, count))
        temporary.rename(path)
    found: Pixels = np.load(path, mmap_mode="r")
    return found
