"""Where a step's time goes: how long the device computes, and at what kind of work.

Imports torch only when a run is profiled.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from engine.events import Event, StepCompleted

_KINDS = {
    # The first that fits. Names of CUDA kernels, and of operators where the device is the CPU.
    "attention": r"attention|fmha|flash|sdpa",
    "convolutions": r"conv|fprop|implicit|winograd|wgrad|dgrad",
    "matrix products": r"gemm|cutlass|nvjet|cublas|xmma|addmm|aten::mm|linear|bmm|matmul",
    "fused kernels": r"^triton",
    "normalisation": r"norm|moments",
    "copies": r"mem(cpy|set)|copy|contiguous|nchwTonhwc|nhwcTonchw|transpose|cat",
    "elementwise": r"elementwise|vectorized|aten::(add|mul|silu|gelu|div|sub)",
}


@dataclass(frozen=True)
class Profile:
    """Some steps in the middle of a run.

    Attributes:
        steps: how many.
        wall_seconds: from the first to the last, the profiler's own work included.
        busy_seconds: of that, while at least one kernel was running.
        shares: of the kernels' time, by kind of work, the largest first; they sum to 1.
    """

    steps: int
    wall_seconds: float
    busy_seconds: float
    shares: tuple[tuple[str, float], ...]

    @property
    def busy_a_step(self) -> float:
        return self.busy_seconds / self.steps


class StepProfiler:
    """Profiles the middle steps of a run. ``react`` is called on the engine's thread.

    Both ends wait for the device, so that what it was given lies wholly inside or outside.
    """

    def __init__(self, device: str) -> None:
        self._device = device
        self._profiler: Any = None
        self._began = 0.0
        self._first = 0
        self._found: Profile | None = None

    def react(self, event: Event) -> None:
        if not isinstance(event, StepCompleted) or self._found is not None:
            return
        if self._profiler is None and event.step >= max(1, event.steps // 4):
            self._start(event.step)
        elif self._profiler is not None and event.step >= event.steps - event.steps // 4 - 1:
            self._stop(event.step)

    def found(self) -> Profile | None:
        """The profile; ``None`` when the run was too short, or the profiler saw no kernel."""
        return self._found

    def _start(self, step: int) -> None:
        from torch.profiler import ProfilerActivity, profile

        activity = ProfilerActivity.CUDA if self._is_cuda else ProfilerActivity.CPU
        self._synchronize()
        self._profiler = profile(activities=[activity])
        self._profiler.start()
        self._first, self._began = step, time.perf_counter()

    def _stop(self, step: int) -> None:
        self._synchronize()
        wall = time.perf_counter() - self._began
        self._profiler.stop()
        kind = "CUDA" if self._is_cuda else "CPU"
        events = [
            event
            for event in self._profiler.events()
            if event.device_type.name == kind and not getattr(event, "is_user_annotation", False)
        ]
        busy = union((event.time_range.start, event.time_range.end) for event in events) / 1e6
        if events and busy > 0:
            times = ((event.name, self._own_time(event)) for event in events)
            self._found = Profile(step - self._first, wall, busy, shares(times))

    def _own_time(self, event: Any) -> float:
        """Kernels do not overlap with what they call; operators on the CPU do."""
        own = event.time_range.elapsed_us() if self._is_cuda else event.self_cpu_time_total
        return float(own)

    def _synchronize(self) -> None:
        if self._is_cuda:
            import torch

            torch.cuda.synchronize(self._device)

    @property
    def _is_cuda(self) -> bool:
        return self._device.startswith("cuda")


def union(spans: Iterable[tuple[float, float]]) -> float:
    """How long at least one of some spans of time lasted: streams run side by side."""
    total, until = 0.0, float("-inf")
    for begin, end in sorted(spans):
        total += max(0.0, end - max(begin, until))
        until = max(until, end)
    return total


def shares(times: Iterable[tuple[str, float]]) -> tuple[tuple[str, float], ...]:
    """Shares of time by kind of work, the largest first."""
    found: dict[str, float] = {}
    for name, seconds in times:
        kind = kind_of(name)
        found[kind] = found.get(kind, 0.0) + seconds
    total = sum(found.values()) or 1.0
    ordered = sorted(found.items(), key=lambda item: -item[1])
    return tuple((kind, seconds / total) for kind, seconds in ordered)


def kind_of(name: str) -> str:
    """What kind of work a kernel does, by its name."""
    for kind, pattern in _KINDS.items():
        if re.search(pattern, name, re.IGNORECASE):
            return kind
    return "other"
