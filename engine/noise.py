"""The noise of a seed: in 16 bits the same as in 32, whichever torch is there.

Imports torch and diffusers: only for the engine's thread.
"""

from __future__ import annotations

from typing import Any

import torch
from diffusers.utils import torch_utils

_HALF = (torch.float16, torch.bfloat16)


def settle() -> None:
    """Where torch draws other numbers in 16 bits, let diffusers draw in 32 and round them.

    torch 2.13 rounds by itself; with 2.11 half precision made another picture of the same seed.
    """
    if torch_utils.torch is torch and not _rounds():
        torch_utils.torch = Rounding()


def _rounds() -> bool:
    """Whether torch does. Of counts of 16, as latents have; of others it never did."""
    full, half = (
        torch.randn(256, generator=torch.Generator().manual_seed(0), dtype=dtype)
        for dtype in (torch.float32, torch.float16)
    )
    return torch.equal(full.half(), half)


class Rounding:
    """torch, as it is seen by the module in which diffusers draws its noise."""

    def randn(self, *size: Any, dtype: torch.dtype | None = None, **how: Any) -> torch.Tensor:
        """As torch's, but drawn in 32 bits."""
        if dtype not in _HALF:
            return torch.randn(*size, dtype=dtype, **how)
        return torch.randn(*size, dtype=torch.float32, **how).to(dtype)

    def __getattr__(self, name: str) -> Any:
        return getattr(torch, name)
