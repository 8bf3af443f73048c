"""Attention: which kernel computes it, and whether in slices."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, Any

from engine.errors import InvalidSpec, SafelightError
from engine.spec import RunSpec
from engine.switches.base import Choice, Part, Place, Switch, Undo

if TYPE_CHECKING:
    from engine.loaded import Loaded

_KERNELS = {
    "flash": "FLASH_ATTENTION",
    "efficient": "EFFICIENT_ATTENTION",
    "math": "MATH",
    "cudnn": "CUDNN_ATTENTION",
}
"""SDPA's kernels, by torch's names: they serve every model whose attention is SDPA."""
_DISPATCHED = {"flex": "flex", "flash-attn": "flash", "sage": "sage", "xformers": "xformers"}
"""Backends of diffusers' dispatcher, by its names: they serve the transformers that heed it."""
_PACKAGES = {
    "flash-attn": ("flash_attn", "flash-attn"),
    "sage": ("sageattention", "sageattention"),
    "xformers": ("xformers", "xformers"),
}


class Attention(Switch):
    """The kernel that computes attention."""

    name = "attention"
    label = "Attention"
    group = "Attention"
    help = "The kernel that computes attention. PyTorch picks a good one by itself."
    choices = (
        Choice("sdpa", "PyTorch picks among its kernels; hard to beat."),
        Choice("flash", "SDPA's FlashAttention, and no other."),
        Choice("efficient", "SDPA's memory-efficient kernel, and no other."),
        Choice("math", "Plain matrix products: the reference, slow and large."),
        Choice("cudnn", "SDPA's cuDNN kernel, and no other."),
        Choice("xformers", "xFormers' memory-efficient attention."),
        Choice("flex", "PyTorch's FlexAttention; only worth it with compile."),
        Choice("flash-attn", "The flash-attn package's kernel."),
        Choice("sage", "SageAttention: 8-bit products, faster and slightly coarser."),
    )

    def unavailable(self, value: str, place: Place) -> str:
        if value == "sdpa" or (value in ("flash", "math") and place.device == "cpu"):
            return ""
        if value != "math" and place.device in ("cpu", "mps"):
            return "needs CUDA"
        if package := _PACKAGES.get(value):
            module, pip = package
            if place.lacks(module):
                return f"needs {module}: pip install {pip}"
        if value in ("flex", "flash-attn", "sage") and place.lacks("attention_backends"):
            what = "a UNet" if place.denoiser == "unet" else "this model"
            return f"no effect on {what}: diffusers ignores it there"
        if value == "xformers" and place.lacks("attention_processors"):
            return "this kind of model has no attention processors to replace"
        if value in ("flash", "cudnn", "flash-attn", "sage") and place.dtype == "float32":
            return "needs fp16 or bf16"
        return ""

    def apply(self, value: str, loaded: Loaded, part: Part, spec: RunSpec) -> Undo:
        del part, spec
        denoiser = loaded.denoiser
        if value in _KERNELS:
            return lambda: None  # held during the run; here only so that compiling comes after it
        if value == "xformers" and not _heeds_backend(denoiser):
            before = dict(denoiser.attn_processors)
            try:
                denoiser.enable_xformers_memory_efficient_attention()
            except (ModuleNotFoundError, ValueError, RuntimeError) as error:
                denoiser.set_attn_processor(dict(before))
                raise SafelightError(f"xFormers cannot be used here: {_first(error)}") from error
            return lambda: denoiser.set_attn_processor(dict(before))
        return _use_backend(denoiser, _DISPATCHED[value])

    def during(self, value: str, loaded: Loaded) -> AbstractContextManager[object]:
        if value not in _KERNELS:
            return nullcontext()
        from torch.nn.attention import SDPBackend, sdpa_kernel

        del loaded
        return sdpa_kernel([getattr(SDPBackend, _KERNELS[value])])

    def hidden_by(self, values: Mapping[str, str]) -> str:
        if values.get("attention_slicing", "off") != "off":
            return "sliced attention has a kernel of its own"
        return ""


class AttentionSlicing(Switch):
    """Attention computed a few heads at a time."""

    name = "attention_slicing"
    label = "Slicing"
    group = "Attention"
    help = "Attention a few heads at a time: less memory, and usually slower than SDPA."
    choices = (
        Choice("off", "All heads at once."),
        Choice("auto", "In two halves."),
        Choice("max", "One head at a time: the least memory, the slowest."),
    )
    open_hint = "a number of heads"

    def parse_open(self, text: str) -> str:
        if text.isdecimal() and 0 < int(text) <= 1024:
            return str(int(text))
        return super().parse_open(text)

    def unavailable(self, value: str, place: Place) -> str:
        if value != "off" and place.lacks("attention_slicing"):
            what = "a transformer" if place.denoiser == "transformer" else "this model"
            return f"no effect on {what}: diffusers has no slicing there"
        return ""

    def apply(self, value: str, loaded: Loaded, part: Part, spec: RunSpec) -> Undo:
        del part, spec
        denoiser = loaded.denoiser
        before = dict(denoiser.attn_processors)
        size: Any = int(value) if value.isdecimal() else value
        heads = [m.sliceable_head_dim for m in denoiser.modules() if _slices(m)]
        if value == "auto" and min(heads, default=2) < 2:
            size = "max"  # half of one head is none
        try:
            denoiser.set_attention_slice(size)
        except ValueError as error:
            denoiser.set_attn_processor(dict(before))
            raise InvalidSpec(
                "switches", f"attention_slicing {value} does not fit this model: {_first(error)}."
            ) from error
        # Not disable_attention_slicing: it makes new processors, and drops a fused one.
        return lambda: denoiser.set_attn_processor(dict(before))


def _slices(module: Any) -> bool:
    return hasattr(module, "sliceable_head_dim") and hasattr(module, "set_attention_slice")


def _heeds_backend(denoiser: Any) -> bool:
    return any(hasattr(processor, "_attention_backend") for processor in _processors(denoiser))


def _use_backend(denoiser: Any, backend: str) -> Undo:
    """Set a dispatcher's backend on each processor.

    Not by ``set_attention_backend``, which also sets one for the whole process, and for good.
    """
    from diffusers.models.attention_dispatch import (
        AttentionBackendName,
        _check_attention_backend_requirements,
    )

    wanted = AttentionBackendName(backend)
    try:
        _check_attention_backend_requirements(wanted)
    except (RuntimeError, ImportError) as error:
        raise SafelightError(f"This attention cannot be used here: {_first(error)}") from error
    heeding = [p for p in _processors(denoiser) if hasattr(p, "_attention_backend")]
    before = [p._attention_backend for p in heeding]
    for processor in heeding:
        processor._attention_backend = wanted

    def undo() -> None:
        for processor, old in zip(heeding, before, strict=True):
            processor._attention_backend = old

    return undo


def _processors(denoiser: Any) -> list[Any]:
    found = (getattr(module, "processor", None) for module in denoiser.modules())
    return [processor for processor in found if processor is not None]


def _first(error: BaseException) -> str:
    lines = str(error).strip().splitlines()
    return (lines[0] if lines else type(error).__name__)[:200].rstrip(".")
