"""Ctrl+C, SIGTERM, SIGHUP and output that nobody reads, while a headless run is on."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from threading import Event, Thread
from types import TracebackType
from typing import Any

from engine.api import EngineAPI
from tui.headless.output import CANCELLED

_ENDING = tuple(getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name))
"""After these nobody asks a second time."""
ASKING_SECONDS = 1.5
"""So long a run has to end by itself when the system wants us gone."""
STOP_SECONDS = 1.0
"""Then its end is written down and the process ends."""


class Interrupts:
    """A context manager: the first one asks the work to stop, a second one does not wait for it.

    When something goes wrong inside, as writing to a pipe that nobody reads, the engine is stopped
    and what it did is kept.

    Attributes:
        count: how many there were.
    """

    def __init__(self, engine: EngineAPI, ask: Callable[[], object] | None = None) -> None:
        """``ask`` is what asks the work to stop; else it is one run, which is cancelled."""
        self.count = 0
        self._engine = engine
        self._ask = ask or engine.cancel
        self._over = Event()
        self._before: dict[signal.Signals, Any] = {}

    def __enter__(self) -> Interrupts:
        for number in (signal.SIGINT, *_ENDING):
            if signal.getsignal(number) is not signal.SIG_IGN:  # as under nohup
                self._before[number] = signal.signal(number, self._on_signal)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: object, trace: TracebackType | None
    ) -> None:
        self._over.set()
        for number, handler in self._before.items():
            signal.signal(number, handler)
        if kind is not None and kind is not KeyboardInterrupt:
            self._engine.stop(ASKING_SECONDS + STOP_SECONDS)

    def _on_signal(self, number: int, _: object) -> None:
        self.count += 1
        if self.count > 1:
            raise KeyboardInterrupt
        # Not from here: the main thread may hold the engine's lock at this very moment.
        ending = number in _ENDING
        Thread(target=self._end if ending else self._ask, daemon=True).start()

    def _end(self) -> None:
        """Ask the work to stop, and do not wait for ever."""
        self._ask()
        if not self._over.wait(ASKING_SECONDS):
            self._engine.stop(STOP_SECONDS)
            os._exit(CANCELLED)
