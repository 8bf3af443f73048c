"""A seed's noise does not depend on the precision."""

from __future__ import annotations

import pytest
import torch
from diffusers.utils import torch_utils

from engine import noise
from engine.pipelines import import_libraries

SHAPE = (2, 4, 8, 8)


def drawn(dtype: torch.dtype) -> torch.Tensor:
    seeds = [torch.Generator().manual_seed(seed) for seed in (3, 4)]
    found: torch.Tensor = torch_utils.randn_tensor(SHAPE, generator=seeds, dtype=dtype)
    return found


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision_rounds_the_noise_of_full(
    monkeypatch: pytest.MonkeyPatch, dtype: torch.dtype
) -> None:
    import_libraries()
    assert torch.equal(drawn(dtype), drawn(torch.float32).to(dtype))
    known = drawn(dtype)
    monkeypatch.setattr(torch_utils, "torch", torch)
    monkeypatch.setattr(noise, "_rounds", lambda: False)  # as torch 2.11
    noise.settle()
    assert torch_utils.torch is not torch
    assert torch.equal(drawn(dtype), known)
    assert drawn(torch.float32).dtype == torch.float32
