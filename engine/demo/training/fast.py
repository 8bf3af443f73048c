"""Group normalisation whose backward pass is quick on a CPU in channels-last layout.

Torch's own takes ten times as long there as on a contiguous tensor, a quarter of
the autoencoder's training. Copying into the other layout and back costs little.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import nn


class _GroupNorm(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any,
        x: torch.Tensor,
        weight: torch.Tensor,
        bias: torch.Tensor,
        groups: int,
        eps: float,
    ) -> torch.Tensor:
        n, c, h, w = x.shape
        weight, bias = weight.to(x.dtype), bias.to(x.dtype)
        y, mean, rstd = torch.native_group_norm(x, weight, bias, n, c, h * w, groups, eps)
        ctx.save_for_backward(x, weight, mean, rstd)
        ctx.groups = groups
        return y

    @staticmethod
    def backward(ctx: Any, *grads: torch.Tensor) -> Any:
        x, weight, mean, rstd = ctx.saved_tensors
        n, c, h, w = x.shape
        dx, dweight, dbias = torch.ops.aten.native_group_norm_backward(
            grads[0].contiguous(),
            x.contiguous(),
            mean,
            rstd,
            weight,
            n,
            c,
            h * w,
            ctx.groups,
            [True, True, True],
        )
        dx = dx.contiguous(memory_format=torch.channels_last)
        return dx, dweight.float(), dbias.float(), None, None


def _forward(self: nn.GroupNorm, x: torch.Tensor) -> torch.Tensor:
    if x.dim() != 4 or not torch.is_grad_enabled():
        return nn.functional.group_norm(x, self.num_groups, self.weight, self.bias, self.eps)
    y: torch.Tensor = _GroupNorm.apply(  # type: ignore[no-untyped-call]
        x, self.weight, self.bias, self.num_groups, self.eps
    )
    return y


def quicken(module: nn.Module) -> None:
    """Use the quick backward pass in every group norm of `module` (for training only)."""
    for part in module.modules():
        if isinstance(part, nn.GroupNorm):
            part.forward = _forward.__get__(part)  # type: ignore[method-assign]
