"""Ctrl+C and SIGTERM while a headless run is on."""

from __future__ import annotations

import signal
from collections.abc import Callable
from threading import Thread
from typing import Any

from engine.api import EngineAPI


class Interrupts:
    """A context manager: the first one asks the work to stop, a second one does not wait for it.

    Attributes:
        count: how many there were.
    """

    def __init__(self, engine: EngineAPI, ask: Callable[[], object] | None = None) -> None:
        """``ask`` is what asks the work to stop; else it is one run, which is cancelled."""
        self.count = 0
        self._ask = ask or engine.cancel
        self._before: dict[signal.Signals, Any] = {}

    def __enter__(self) -> Interrupts:
        for number in (signal.SIGINT, signal.SIGTERM):
            self._before[number] = signal.signal(number, self._on_signal)
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _on_signal(self, *_: object) -> None:
        self.count += 1
        if self.count > 1:
            raise KeyboardInterrupt
        # Not from here: the main thread may hold the engine's lock at this very moment.
        Thread(target=self._ask, daemon=True).start()
