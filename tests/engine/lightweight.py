"""The real engine with pictures that cost nothing: no checkpoint, no torch.

Everything around the model is the real thing: queue, worker, files, history.
"""

from __future__ import annotations

import random

from PIL import Image

from engine.attempt import Attempt
from engine.maker import Maker
from engine.spec import RunSpec


def without_a_model() -> None:
    """From here on, in this process, runs make noise of their size at once."""
    Maker.make = _make  # type: ignore[assignment,method-assign]
    Maker.load = _load  # type: ignore[assignment,method-assign]


def _make(self: Maker, attempt: Attempt) -> None:
    del self
    attempt.device, attempt.dtype = "cpu", "float32"
    size = attempt.spec.width or 64, attempt.spec.height or 64
    attempt.spec = attempt.spec.with_(width=size[0], height=size[1])
    attempt.pictures = tuple(picture(seed, size) for seed in attempt.spec.seeds)


def _load(self: Maker, *_: object, **__: object) -> tuple[object, bool]:
    del self
    return object(), False


def picture(seed: int, size: tuple[int, int]) -> Image.Image:
    """The picture of a seed."""
    return Image.frombytes("RGB", size, random.Random(seed).randbytes(3 * size[0] * size[1]))


def spec_of(seed: int) -> RunSpec:
    """A run of a batch or of one, of no checkpoint at all."""
    return RunSpec(f"scene {seed}", seed=seed, width=64, height=64, batch_size=1 + seed % 3)
