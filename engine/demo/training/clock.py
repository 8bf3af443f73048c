"""Training by the clock: a budget in minutes, a rate that falls to zero over it,
and a state file that lets a stopped run go on where it was."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
from torch import nn


class Clock:
    """Counts the minutes of one stage over all of its runs.

    `ticks` yields the share of the budget that is used up, 0..1, once a step.
    """

    def __init__(self, minutes: float, used_minutes: float = 0.0) -> None:
        self.minutes = minutes
        self._before = used_minutes
        self._start = time.monotonic()
        self.step = 0

    @property
    def used_minutes(self) -> float:
        return self._before + (time.monotonic() - self._start) / 60

    def ticks(self) -> Iterator[float]:
        while (share := self.used_minutes / self.minutes) < 1:
            yield share
            self.step += 1


def cosine(share: float, step: int, peak: float, warm_up: int = 150, floor: float = 0.0) -> float:
    """The learning rate after `share` (0..1) of the budget and `step` steps."""
    rate = floor + (peak - floor) * 0.5 * (1 + math.cos(math.pi * min(share, 1)))
    return rate * min(1.0, (step + 1) / warm_up)


def set_rate(optimizer: torch.optim.Optimizer, rate: float) -> None:
    """Give every parameter group `rate`, times the group's own `scale` if it has one."""
    for group in optimizer.param_groups:
        group["lr"] = rate * float(group.get("scale", 1.0))


class Average:
    """An exponential moving average of a module's weights (fp32)."""

    def __init__(self, module: nn.Module, decay: float) -> None:
        self.decay = decay
        self.weights = {k: v.detach().clone() for k, v in module.state_dict().items()}

    @torch.no_grad()
    def update(self, module: nn.Module, step: int) -> None:
        """Mix the module's weights in; young averages forget faster."""
        decay = min(self.decay, (step + 1) / (step + 10))
        for key, value in module.state_dict().items():
            if value.dtype.is_floating_point:
                self.weights[key].lerp_(value, 1 - decay)
            else:
                self.weights[key].copy_(value)


def save_state(path: Path, state: dict[str, Any]) -> None:
    """Write `state` whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_suffix(".tmp")
    torch.save(state, temporary)
    temporary.rename(path)


def load_state(path: Path, resume: bool) -> dict[str, Any] | None:
    """The saved state, or None when there is none or it shall not be used."""
    if not (resume and path.exists()):
        return None
    state: dict[str, Any] = torch.load(path, weights_only=True)
    return state
