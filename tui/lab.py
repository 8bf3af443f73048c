"""The real engine and history, as the app takes them. Tests of screens use a scripted one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from tui.paths import Paths
from tui.settings import Settings

if TYPE_CHECKING:
    from engine.api import Emit, EngineAPI
    from engine.history import History
    from engine.record import RunRecord


class Lab(Protocol):
    """What the app needs of the engine's side. Nothing of it imports torch."""

    def open(self, emit: Emit) -> EngineAPI:
        """An engine that tells its events to ``emit``, not started yet.

        Raises ``SafelightError`` when there can be none.
        """
        ...

    def past_runs(self, limit: int) -> Sequence[RunRecord]:
        """The latest runs, newest first, at most ``limit``."""
        ...


@dataclass
class RealLab:
    """Opens the history when it is first needed, so that the first frame need not wait."""

    paths: Paths
    settings: Settings
    _history: History | None = None

    @property
    def history(self) -> History:
        """The user's history. Raises ``HistoryError`` when it cannot be opened."""
        if self._history is None:
            from engine.history import History

            self._history = History(self.paths.data)
        return self._history

    def open(self, emit: Emit) -> EngineAPI:
        """The engine, on the device of the settings. Not started yet."""
        from engine.engine import Engine

        device = None if self.settings.device == "auto" else self.settings.device
        return Engine(
            emit,
            self.history,
            device=device,
            previews=self.settings.previews,
            climb=self.settings.climb,
        )

    def past_runs(self, limit: int) -> Sequence[RunRecord]:
        """The latest runs, newest first."""
        return self.history.latest(limit)

    def close(self) -> None:
        """Close the history. After the engine has stopped."""
        if self._history is not None:
            self._history.close()
