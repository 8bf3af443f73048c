"""Looks at a pipeline, or only at its classes, and says what switches can work on it.

Imports torch and diffusers: only for the engine's thread, or a command that waits for them.
"""

from __future__ import annotations

import shutil
from importlib.util import find_spec
from typing import Any

from engine.switches.base import Place
from engine.switches.memory import VaeTiling

FEATURES = {
    "attention_processors": "attention processors can be replaced",
    "attention_backends": "its attention goes through diffusers' dispatcher",
    "attention_slicing": "its attention can be sliced",
    "fused_qkv": "query, key and value can be one projection",
    "cache": "it takes diffusers' caches",
    "repeated_blocks": "its blocks can be compiled one by one",
    "layerwise": "its weights can be stored in fp8",
    "group_offload": "groups of its layers can wait in main memory",
    "vae": "it has a VAE",
    "vae_slicing": "its VAE decodes pictures one by one",
    "vae_tiling": "its VAE decodes in tiles",
    "vae_swap": "it has a VAE of a kind that can be swapped",
    "compiler": "torch.compile finds what it needs",
    "bf16": "the device computes in bfloat16",
    "xformers": "xformers is installed",
    "flash_attn": "flash-attn is installed",
    "sageattention": "sageattention is installed",
}
"""What a :class:`~engine.switches.base.Place` may have."""


def place_of(
    family: str,
    denoiser: Any,
    vae: Any,
    device: Any,
    dtype: Any,
    *,
    kind: str,
    vaes: tuple[str, ...] = (),
) -> Place:
    """The place that some models on a device are.

    Args:
        denoiser: the UNet or the transformer; its weights may be on the ``meta`` device.
        vae: likewise; ``None`` when the pipeline has none.
        device: a ``torch.device``.
        dtype: a ``torch.dtype``.
        kind: ``"unet"`` or ``"transformer"``.
        vaes: names of further VAEs that the checkpoint brings.
    """
    checks = {
        "attention_processors": hasattr(denoiser, "set_attn_processor")
        and bool(getattr(denoiser, "attn_processors", None)),
        "attention_backends": _dispatches(denoiser),
        "attention_slicing": hasattr(denoiser, "set_attention_slice"),
        "fused_qkv": _fuses(denoiser),
        "cache": hasattr(denoiser, "enable_cache"),
        "repeated_blocks": bool(getattr(denoiser, "_repeated_blocks", None)),
        "layerwise": hasattr(denoiser, "enable_layerwise_casting"),
        "group_offload": bool(getattr(denoiser, "_supports_group_offloading", False)),
        "vae": vae is not None,
        "vae_slicing": hasattr(vae, "enable_slicing"),
        "vae_tiling": hasattr(vae, "enable_tiling"),
        "vae_swap": type(vae).__name__ == "AutoencoderKL",
        "compiler": _compiles(device.type),
        "bf16": _has_bf16(device),
        **{name: find_spec(name) is not None for name in ("xformers", "flash_attn")},
        "sageattention": find_spec("sageattention") is not None,
    }
    return Place(
        family=family,
        denoiser=kind,
        device=device.type,
        dtype=str(dtype).removeprefix("torch."),
        features=frozenset(name for name, has in checks.items() if has),
        known=True,
        vaes=vaes,
        vae_tile=VaeTiling.tile(vae),
    )


def _dispatches(denoiser: Any) -> bool:
    """Whether any attention of it heeds a backend: on UNets, SD3 and others none does."""
    return any(
        hasattr(getattr(module, "processor", None), "_attention_backend")
        for module in denoiser.modules()
    )


def _fuses(denoiser: Any) -> bool:
    if not hasattr(denoiser, "fuse_qkv_projections"):
        return False
    processors = getattr(denoiser, "attn_processors", {})
    added = any("Added" in type(processor).__name__ for processor in processors.values())
    return bool(processors) and not added


def _compiles(device: str) -> bool:
    """torch.compile makes kernels with triton on CUDA and with a C++ compiler on the CPU."""
    if device == "cuda":
        return find_spec("triton") is not None
    return device == "cpu" and any(shutil.which(name) for name in ("g++", "clang++", "c++"))


def _has_bf16(device: Any) -> bool:
    import torch

    return device.type == "cpu" or bool(device.type == "cuda" and torch.cuda.is_bf16_supported())
