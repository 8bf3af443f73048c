"""Seconds by phase of a run. Imports torch: only for the engine's thread."""

from __future__ import annotations

import time
from typing import Any

from engine.devices import synchronize


class PhaseClock:
    """Seconds by phase. A phase ends only after the device has done the work it was given."""

    def __init__(self, device: Any) -> None:
        self.seconds = dict.fromkeys(("compile", "encode", "denoise", "decode"), 0.0)
        self._device = device
        self._phase: str | None = None
        self._broken = ""
        self._since = 0.0

    @property
    def phase(self) -> str | None:
        return self._phase

    @property
    def broken(self) -> str:
        """The phase that was on when the run failed; empty when it has not."""
        return self._broken

    def so_far(self) -> dict[str, float]:
        """The seconds of each phase, of the one that is on until now. For any thread."""
        seconds, phase = dict(self.seconds), self._phase
        if phase is not None:
            seconds[phase] += time.perf_counter() - self._since
        return seconds

    def enter(self, phase: str | None) -> float:
        """End the phase that is on and begin ``phase``; returns the time now."""
        synchronize(self._device)
        return self._switch(phase)

    def abort(self) -> None:
        """End the phase that is on, after a failure: the device may be unable to answer."""
        self._broken = self._phase or ""
        self._switch(None)

    def _switch(self, phase: str | None) -> float:
        now = time.perf_counter()
        if self._phase is not None:
            self.seconds[self._phase] += now - self._since
        self._phase, self._since = phase, now
        return now
