"""Watches the VAE decode: tells when it begins, and does not let a broken picture pass.

A VAE that overflows in 16 bits gives NaN, or black, in silence. It is tried once more in 32 bits.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from typing import Any

from engine.errors import BrokenOutput
from engine.loaded import Loaded

_BLACK = -0.98
"""Of a decoded picture in -1 to 1: no drawn pixel of a sound picture is all below this."""


class Decoder:
    """Stands around ``vae.decode`` of a pipeline for the time of a run."""

    def __init__(self, loaded: Loaded, before: Callable[[], None], notes: list[str]) -> None:
        """
        Args:
            before: is called each time that decoding begins; may raise to stop the run.
            notes: is given what the user should know of how it went.
        """
        self._notes = notes
        self._loaded = loaded
        self._before = before

    def watch(self, hooks: ExitStack) -> None:
        """Begin to watch; ``hooks`` end it."""
        vae = getattr(self._loaded.pipeline, "vae", None)
        if vae is None:
            return
        # Pipelines that widen their VAE narrow it again after decoding, but not when that fails.
        hooks.callback(_narrow, vae, vae.dtype)
        decode = vae.decode
        vae.decode = lambda latents, *args, **kwargs: self._decode(
            vae, decode, latents, *args, **kwargs
        )
        hooks.callback(delattr, vae, "decode")

    def _decode(
        self, vae: Any, decode: Callable[..., Any], latents: Any, *args: Any, **kwargs: Any
    ) -> Any:
        import torch

        self._before()
        if not bool(latents.isfinite().all()):
            raise BrokenOutput(
                "The model gave NaN instead of a picture: its weights are broken, or it does not "
                f"work in {self._dtype()}."
            )
        dtype = vae.dtype
        out = decode(latents.to(dtype), *args, **kwargs)
        trouble = _trouble(out)
        if trouble and dtype != torch.float32 and self._can_widen():
            del out  # its memory is needed now
            vae.to(torch.float32)
            try:
                out = decode(latents.float(), *args, **kwargs)
            finally:
                vae.to(dtype)
            name = str(dtype).removeprefix("torch.")
            if not _trouble(out):
                self._notes.append(
                    f"The VAE gave {trouble} in {name}; the picture was decoded again in float32."
                )
            trouble = _trouble(out)
        if trouble == "black" and dtype != torch.float32 and not self._can_widen():
            self._notes.append(
                "The picture is black, and while weights are offloaded the VAE cannot decode it in "
                "float32. Try precision bf16."
            )
        if trouble == "NaN":
            raise BrokenOutput(
                "The VAE gave NaN instead of a picture: its weights are broken, or it does not "
                f"work in {str(dtype).removeprefix('torch.')}."
            )
        return out

    def _can_widen(self) -> bool:
        """Not where the weights are somewhere else until they are needed."""
        return self._loaded.build.get("offload", "none") in ("none", "model")

    def _dtype(self) -> str:
        return str(self._loaded.dtype).removeprefix("torch.")


def _narrow(vae: Any, dtype: Any) -> None:
    if vae.dtype != dtype:
        vae.to(dtype)


def _trouble(out: Any) -> str:
    """``"NaN"``, ``"black"``, or ``""`` for a picture that is sound."""
    sample = out[0] if isinstance(out, tuple) else out.sample
    if not bool(sample.isfinite().all()):
        return "NaN"
    return "black" if bool((sample <= _BLACK).all()) else ""
