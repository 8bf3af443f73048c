"""The real engine and history, as the app takes them. Tests of screens use a scripted one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Protocol

from engine.errors import SafelightError
from tui.paths import Paths
from tui.settings import Settings
from tui.stock import Stock

if TYPE_CHECKING:
    from engine.api import Emit, EngineAPI
    from engine.history import Entry, History
    from engine.hub import HubSize, Need
    from engine.shelf import Shelved


class Lab(Stock, Protocol):
    """What the app needs of the engine's side. Nothing of it imports torch."""

    def open(self, emit: Emit) -> EngineAPI:
        """An engine that tells its events to ``emit``, not started yet.

        Raises ``SafelightError`` when there can be none.
        """
        ...

    @property
    def repaired(self) -> str:
        """What it took to open the history, in a sentence; empty when nothing."""
        ...

    def go_by(self, settings: Settings) -> None:
        """Look for checkpoints where these settings say, from now on."""

    def past_runs(self, limit: int) -> Sequence[Entry]:
        """The latest runs, newest first, at most ``limit``."""
        ...

    @property
    def history(self) -> History:
        """The user's history. Raises ``SafelightError`` when it cannot be opened."""
        ...


@dataclass
class RealLab:
    """Opens the history when it is first needed, so that the first frame need not wait.

    Attributes:
        watched: whether somebody looks on, who may want previews later.
    """

    paths: Paths
    settings: Settings
    watched: bool = False
    _history: History | None = None
    _opening: Lock = field(default_factory=Lock)

    @property
    def history(self) -> History:
        """The user's history. Raises ``HistoryError`` when it cannot be opened."""
        with self._opening:  # a screen may ask from a thread while the engine is being opened
            if self._history is None:
                from engine.history import History

                self._history = History(self.paths.data)
            return self._history

    def open(self, emit: Emit) -> EngineAPI:
        """The engine, on the device of the settings. Not started yet."""
        from engine.engine import Engine

        previews = self.settings.previews or self.watched
        engine = Engine(emit, self.history, device=self._device, previews=previews)
        engine.go_by(self.settings.manner)
        return engine

    def go_by(self, settings: Settings) -> None:
        """Look for checkpoints where these settings say, from now on."""
        self.settings = settings

    @property
    def repaired(self) -> str:
        """What it took to open the history; empty when nothing."""
        return self._history.repaired if self._history is not None else ""

    def past_runs(self, limit: int) -> Sequence[Entry]:
        """The latest runs, newest first."""
        from engine.history import Query

        return self.history.search.page(Query(), limit).entries

    def checkpoints(self) -> Sequence[Shelved]:
        """What is on this machine. A history that cannot be read only leaves the last uses out."""
        from engine.shelf import list_checkpoints

        try:
            last_uses = self.history.last_uses()
        except SafelightError:
            last_uses = {}
        return list_checkpoints(last_uses, map(Path, self.settings.checkpoint_folders))

    def delete_checkpoint(self, shelved: Shelved, listed: Sequence[Shelved]) -> int:
        """Delete one of ``listed``; returns the bytes that this freed."""
        from engine.shelf import delete

        return delete(shelved, listed)

    def download_size(self, need: Need) -> HubSize:
        """Ask the hub how much a download would be, in the precision that the device takes."""
        from engine.devices import pick_device
        from engine.hub import size_of

        return size_of(need, half=pick_device(self._device).type != "cpu")

    @property
    def _device(self) -> str | None:
        return None if self.settings.device == "auto" else self.settings.device

    def close(self) -> None:
        """Close the history. After the engine has stopped."""
        if self._history is not None:
            self._history.close()
