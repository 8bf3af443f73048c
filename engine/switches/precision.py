"""Precision: the numbers that weights and activations are kept in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from engine.spec import RunSpec
from engine.switches.base import Choice, Cost, Part, Place, Switch, Undo, undone

if TYPE_CHECKING:
    from engine.loaded import Loaded

DTYPES = {"fp32": "float32", "fp16": "float16", "bf16": "bfloat16"}


class Precision(Switch):
    """The dtype that the checkpoint is loaded in.

    A reload, because rounding to 16 bits cannot be taken back: the weights of never-on are on disk.
    """

    name = "precision"
    label = "Precision"
    group = "Precision"
    help = "Numbers of 16 bits take half the memory and, on a GPU, half the time or less."
    choices = (
        Choice("auto", "What suits the device: half precision on a GPU, fp32 on the CPU."),
        Choice("fp32", "32 bits: the reference, and the largest."),
        Choice("fp16", "16 bits, fine steps and a small range; the tutorial's first advice."),
        Choice("bf16", "16 bits, coarse steps and a large range; never overflows."),
    )
    cost = Cost.RELOAD
    parts = (Part.LOADING,)

    def unavailable(self, value: str, place: Place) -> str:
        if value == "bf16" and place.device == "mps":
            return "MPS computes in fp16 or fp32"
        if value == "bf16" and place.lacks("bf16"):
            return "needs a GPU that computes in bfloat16 (Ampere or newer)"
        return ""

    @staticmethod
    def dtype(value: str) -> Any:
        """The ``torch.dtype`` of a value; ``None`` for ``auto``."""
        import torch

        return getattr(torch, DTYPES[value]) if value in DTYPES else None


class Layerwise(Switch):
    """Weights stored in 8 bits and widened layer by layer. diffusers cannot undo it: a reload."""

    name = "layerwise"
    label = "fp8 storage"
    group = "Precision"
    help = "The denoiser's weights wait in 8 bits and are widened layer by layer."
    choices = (
        Choice("off", "Weights are stored as they compute."),
        Choice("fp8", "A quarter of fp32's memory for weights; somewhat slower, slightly coarser."),
    )
    cost = Cost.RELOAD
    parts = (Part.LOADING,)

    def unavailable(self, value: str, place: Place) -> str:
        if value == "fp8" and place.device == "mps":
            return "MPS has no 8-bit floats"
        if value == "fp8" and place.lacks("layerwise"):
            return "this kind of model cannot store its weights in fp8"
        return ""

    @staticmethod
    def enable(denoiser: Any, dtype: Any) -> None:
        """Store the denoiser's weights in fp8; nothing but another load takes it back."""
        import torch

        denoiser.enable_layerwise_casting(storage_dtype=torch.float8_e4m3fn, compute_dtype=dtype)


class VaePrecision(Switch):
    """The VAE in fp32. Widening 16 bits is exact, and so is narrowing them again."""

    name = "vae_precision"
    label = "VAE precision"
    group = "Precision"
    help = "Some VAEs overflow in fp16 and give black pictures; in fp32 none does."
    choices = (
        Choice("same", "As the rest; fp32 once, by itself, when a picture comes out broken."),
        Choice("fp32", "Decodes in 32 bits: slower, more memory, never broken."),
    )
    parts = (Part.VAE,)

    def unavailable(self, value: str, place: Place) -> str:
        if value == "fp32" and place.lacks("vae"):
            return "this kind of checkpoint has no VAE"
        if value == "fp32" and place.dtype == "float32":
            return "no effect: everything computes in fp32 already"
        return ""

    def apply(self, value: str, loaded: Loaded, part: Part, spec: RunSpec) -> Undo:
        import torch

        del value, part, spec
        vae = loaded.pipeline.vae
        before = vae.dtype

        def undo() -> None:
            vae.to(before)

        with undone(undo):
            vae.to(torch.float32)
        return undo
