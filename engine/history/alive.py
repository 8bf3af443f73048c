"""Which processes have a history open: each holds the lock of a file of its own.

The system lets the lock go when a process ends, however it ends.
"""

from __future__ import annotations

import os
import secrets
import time
from contextlib import ExitStack, suppress
from pathlib import Path

from engine.errors import HistoryError
from engine.file_lock import locked

FOLDER = "alive"


class Alive:
    """This process among those that have the history of a folder open.

    Attributes:
        name: of this process, among them.
    """

    def __init__(self, folder: Path) -> None:
        """Raises :class:`HistoryError` when the lock cannot be made."""
        self._folder = folder / FOLDER
        self._held = ExitStack()
        self.name = f"{os.getpid()}-{secrets.token_hex(4)}"
        path = self._path(self.name)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._held.enter_context(locked(path, time.monotonic()))
        except (OSError, TimeoutError) as error:
            raise HistoryError(f"Not allowed to write in {folder}: {error}.") from error

    def others(self) -> bool:
        """Whether another process has the history open."""
        return any(
            path.stem != self.name and self.has(path.stem) for path in self._folder.glob("*.lock")
        )

    def has(self, name: str) -> bool:
        """Whether the process of that name is still there."""
        path = self._path(name)
        if name == self.name:
            return True
        if not path.is_file():
            return False
        try:
            with locked(path, time.monotonic(), create=False):
                return False
        except TimeoutError:
            return True

    def bury(self, name: str) -> None:
        """Remove the file of a process that has ended."""
        with suppress(OSError):
            self._path(name).unlink()

    def close(self) -> None:
        """This process has closed it."""
        self._held.close()
        self.bury(self.name)

    def _path(self, name: str) -> Path:
        return self._folder / f"{Path(name).name}.lock"
