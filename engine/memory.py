"""Memory in use: a sampler of its own thread, and the peak of a run.

On CUDA the figures are torch's (allocated, reserved) and the card's; elsewhere they are the
process's resident set and the machine's memory.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable

from engine.events import MemorySampled
from engine.main_memory import HighWater

HERTZ = 4.0
CALM_SECONDS = 2.0
"""Between two samples while no run is on and nothing changes."""
_SAME = 8 * 2**20
"""Bytes by which samples may differ that are called the same."""


class MemorySampler:
    """Emits :class:`MemorySampled` a few times a second while started, and keeps a run's peak.

    Until :meth:`use_device` names a CUDA device it watches the process, which needs no torch.
    """

    def __init__(self, emit: Callable[[MemorySampled], None], *, hertz: float = HERTZ) -> None:
        self._emit = emit
        self._period = 1.0 / hertz
        self._cuda: int | None = None
        self._peak = 0
        self._mark = HighWater()
        self._stopped = threading.Event()
        self._hurry = threading.Event()
        self._run_on = False
        self._thread: threading.Thread | None = None

    @property
    def kind(self) -> str:
        """``"vram"`` or ``"rss"``."""
        return "rss" if self._cuda is None else "vram"

    def start(self) -> None:
        """Start sampling. Can be called again after :meth:`stop`."""
        if self._thread is None:
            self._stopped.clear()
            self._thread = threading.Thread(target=self._loop, name="safelight-memory", daemon=True)
            self._thread.start()

    def stop(self, timeout: float = 1.0) -> None:
        """End the thread; waits for at most ``timeout`` seconds."""
        self._stopped.set()
        self._hurry.set()
        if self._thread is not None:
            self._thread.join(timeout)
            self._thread = None

    def use_device(self, device: str) -> None:
        """Watch this torch device from now on. Called on the engine's thread, after torch came."""
        if device.startswith("cuda"):
            _, _, index = device.partition(":")
            self._cuda = int(index or 0)
        else:
            self._cuda = None

    def sample(self) -> MemorySampled:
        """Memory now; also counts towards the peak."""
        if self._cuda is None:
            import psutil

            rss = psutil.Process().memory_info().rss
            machine = psutil.virtual_memory()
            sampled = MemorySampled(
                "rss", rss, rss, machine.total - machine.available, machine.total
            )
        else:
            cuda = sys.modules["torch"].cuda
            free, total = cuda.mem_get_info(self._cuda)
            sampled = MemorySampled(
                "vram",
                cuda.memory_allocated(self._cuda),
                cuda.memory_reserved(self._cuda),
                total - free,
                total,
            )
        self._peak = max(self._peak, sampled.used)
        return sampled

    def reset_peak(self) -> None:
        """Forget the peak: a run begins."""
        self._run_on = True
        self._hurry.set()
        self._peak = 0
        self._mark.reset()
        if self._cuda is not None:
            sys.modules["torch"].cuda.reset_peak_memory_stats(self._cuda)
        self.sample()

    @property
    def seen_peak(self) -> int:
        """The largest sample since :meth:`reset_peak`; asks no device, which may be busy."""
        return self._peak

    def peak(self) -> int:
        """The peak since :meth:`reset_peak`, in bytes.

        Exact on CUDA, where the allocator keeps it, and on Linux, where the kernel does; elsewhere
        the largest sample.
        """
        self._run_on = False
        self.sample()
        if self._cuda is not None:
            return int(sys.modules["torch"].cuda.max_memory_allocated(self._cuda))
        return max(self._peak, self._mark.bytes())

    def _loop(self) -> None:
        pause, before = self._period, 0
        while not self._stopped.is_set():
            if self._hurry.wait(pause):
                self._hurry.clear()
                pause = self._period  # a run has begun
                continue
            try:
                sampled = self.sample()
            except Exception:  # a lost device must not end the gauge: the next run tells of it
                continue
            self._emit(sampled)
            same = not self._run_on and abs(sampled.used - before) < _SAME
            pause = min(pause * 1.5, max(CALM_SECONDS, self._period)) if same else self._period
            before = sampled.used
