"""Memory: where weights wait, and how much is decoded at once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from engine.spec import MAX_BATCH, RunSpec
from engine.switches.base import Choice, Cost, Part, Place, Switch, Undo, on_off

if TYPE_CHECKING:
    from engine.loaded import Loaded

_BLOCKS_PER_GROUP = 1


class Offload(Switch):
    """Weights that wait in main memory until they are needed.

    A reload both ways: with offloading the weights never all go to the card, which may not hold
    them, and diffusers cannot take group offloading off.
    """

    name = "offload"
    label = "Offload"
    group = "Memory"
    help = "Weights wait in main memory and come to the GPU when they are needed."
    choices = (
        Choice("none", "Everything stays on the device: the fastest."),
        Choice("model", "One model at a time; little slower, saves the text encoders and the VAE."),
        Choice("group-block", "One block of layers at a time."),
        Choice("group-block-stream", "One block at a time, the next one fetched meanwhile."),
        Choice("group-leaf", "One layer at a time."),
        Choice("group-leaf-stream", "One layer at a time, the next one fetched meanwhile."),
        Choice("sequential", "One layer at a time by accelerate: the least memory, the slowest."),
    )
    cost = Cost.RELOAD
    parts = (Part.LOADING,)

    def unavailable(self, value: str, place: Place) -> str:
        if value == "none":
            return ""
        if place.device in ("cpu", "mps"):
            return "needs CUDA: here weights are in main memory already"
        if value.startswith("group") and place.lacks("group_offload"):
            return "this kind of model has no groups of layers to offload"
        return ""

    @staticmethod
    def enable(pipeline: Any, value: str, device: Any) -> None:
        """Turn it on, on a pipeline that is still in main memory."""
        import torch

        if value == "model":
            pipeline.enable_model_cpu_offload(device=device)
        elif value == "sequential":
            pipeline.enable_sequential_cpu_offload(device=device)
        else:
            leaf, stream = value.startswith("group-leaf"), value.endswith("-stream")
            vae = getattr(pipeline, "vae", None)
            # With a stream diffusers fetches copies in the old dtype: a VAE that its pipeline
            # widens to decode (SDXL's) would be of two dtypes. It stays on the device.
            widens = stream and bool(vae is not None and vae.config.get("force_upcast"))
            pipeline.enable_group_offload(
                onload_device=device,
                offload_device=torch.device("cpu"),
                offload_type="leaf_level" if leaf else "block_level",
                num_blocks_per_group=None if leaf else _BLOCKS_PER_GROUP,
                use_stream=stream,
                exclude_modules=["vae"] if widens else None,
            )


class Split(Switch):
    """A batch made in several calls."""

    name = "split"
    label = "Per call"
    group = "Memory"
    help = "A batch made in several calls of so many pictures: less memory, somewhat slower."
    choices = (
        Choice("all", "The whole batch in one call."),
        *(Choice(str(n), f"{n} picture{'s' if n > 1 else ''} a call.") for n in (1, 2, 4, 8)),
    )
    parts = (Part.RUN,)
    open_hint = "a number of pictures"

    def parse_open(self, text: str) -> str:
        if text.isdecimal() and 0 < int(text) <= MAX_BATCH:
            return str(int(text))
        return super().parse_open(text)

    def idle(self, value: str, spec: RunSpec) -> str:
        count = len(spec.pictures)
        if value != "all" and int(value) >= count:
            return f"all {count} fit in one call" if count > 1 else "there is only one picture"
        return ""

    @staticmethod
    def size(value: str, pictures: int) -> int:
        """Pictures a call."""
        return pictures if value == "all" else min(int(value), pictures)


class VaeSlicing(Switch):
    """The VAE decodes the pictures of a batch one by one."""

    name = "vae_slicing"
    label = "VAE slicing"
    group = "Memory"
    help = "The VAE decodes a batch picture by picture: less memory at the end of a run."
    choices = on_off("One picture at a time.", "All pictures at once.")
    parts = (Part.VAE,)

    def unavailable(self, value: str, place: Place) -> str:
        if value == "on" and place.lacks("vae_slicing"):
            return "this kind of VAE cannot slice"
        return ""

    def idle(self, value: str, spec: RunSpec) -> str:
        return "there is only one picture" if value == "on" and len(spec.pictures) == 1 else ""

    def apply(self, value: str, loaded: Loaded, part: Part, spec: RunSpec) -> Undo:
        del value, part, spec
        return _enable(loaded.pipeline.vae, "slicing")


class VaeTiling(Switch):
    """The VAE decodes in tiles that overlap."""

    name = "vae_tiling"
    label = "VAE tiling"
    group = "Memory"
    help = "The VAE decodes in overlapping tiles: large pictures in little memory, faint seams."
    choices = on_off("Tile by tile, where a picture is larger than a tile.", "In one piece.")
    parts = (Part.VAE,)

    def unavailable(self, value: str, place: Place) -> str:
        if value == "on" and place.lacks("vae_tiling"):
            return "this kind of VAE cannot tile"
        return ""

    def apply(self, value: str, loaded: Loaded, part: Part, spec: RunSpec) -> Undo:
        del value, part, spec
        return _enable(loaded.pipeline.vae, "tiling")

    @staticmethod
    def tile(vae: Any) -> int:
        """Side of this VAE's tiles in pixels; 0 when it has none."""
        sides = (getattr(vae, f"tile_sample_min_{name}", None) for name in ("size", "height"))
        return next((int(side) for side in sides if side), 0)

    @classmethod
    def is_idle(cls, vae: Any, width: int, height: int) -> bool:
        """Whether a picture is no larger than one tile of this VAE, so that tiling does nothing."""
        return max(width, height) <= cls.tile(vae)


def _enable(vae: Any, what: str) -> Undo:
    """Turn a VAE's ``slicing`` or ``tiling`` on."""
    before = getattr(vae, f"use_{what}")
    getattr(vae, f"enable_{what}")()

    def undo() -> None:
        setattr(vae, f"use_{what}", before)

    return undo


def halved(pictures: int, now: str) -> str:
    """The next smaller ``split``; ``""`` when it is one picture a call already."""
    size = Split.size(now, pictures)
    return str(max(1, size // 2)) if size > 1 else ""
