"""A checkpoint that is ready, and what is known of it. Importing this costs nothing."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from engine.switches import NOWHERE, Build, Place
from engine.switches.wardrobe import Wardrobe


@dataclass(frozen=True)
class Loaded:
    """A checkpoint that is ready.

    Attributes:
        name: as it goes into a record.
        pipeline: the diffusers pipeline, on its device.
        own_scheduler: the one it was loaded with; runs get copies.
        width, height: its own size in pixels.
        schedulers: names that it takes, its own first.
        rgb: how its latents become a preview; ``None`` when they cannot.
        stamp: of its files, to see whether they have changed since.
        seconds: it took to load.
        path: its folder or file.
        build: the switches it was loaded with.
        place: what other switches can work on it.
        wardrobe: the switches that are on it now.
        warmed: shapes that have been compiled already.
    """

    name: str
    pipeline: Any
    own_scheduler: Any
    family: str
    device: Any
    dtype: Any
    width: int
    height: int
    schedulers: tuple[str, ...]
    uses_negative_prompt: bool
    rgb: Any
    stamp: tuple[tuple[str, int, int], ...]
    seconds: float
    path: Path | None = None
    build: Build = field(default_factory=Build)
    place: Place = NOWHERE
    wardrobe: Wardrobe = field(default_factory=Wardrobe)
    warmed: set[object] = field(default_factory=set)

    @property
    def denoiser(self) -> Any:
        """The UNet or the transformer."""
        return denoiser_of(self.pipeline)


def denoiser_of(pipeline: Any) -> Any:
    """The model that is asked at each step: the UNet or the transformer."""
    unet = getattr(pipeline, "unet", None)
    return unet if unet is not None else pipeline.transformer
