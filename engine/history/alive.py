"""Which processes have a history open: each holds the lock of a file of its own.

The system lets the lock go when a process ends, however it ends.
"""

from __future__ import annotations

import os
import re
import secrets
import sys
import time
from contextlib import ExitStack, suppress
from pathlib import Path

from engine.errors import HistoryError
from engine.file_lock import locked

FOLDER = "alive"
_YOUNG_SECONDS = 60.0
_NAME = re.compile(r"\d{1,10}-[0-9a-f]{8}")


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
        return name == self.name or has_open(self._folder.parent, name)

    def bury_all(self) -> None:
        """Remove the files of all processes that have ended."""
        for path in self._folder.glob("*.lock"):
            with suppress(OSError):
                # One that was made just now may not be locked yet.
                if time.time() - path.stat().st_mtime > _YOUNG_SECONDS and not self.has(path.stem):
                    path.unlink()

    def close(self) -> None:
        """This process has closed it."""
        self._held.close()
        with suppress(OSError):
            self._path(self.name).unlink()

    def _path(self, name: str) -> Path:
        return _path(self._folder.parent, name)


def has_open(folder: Path, name: str) -> bool:
    """Whether the process of that name is still there and has the history of a folder open.

    For another process than the one that asks; see :meth:`Alive.has`.
    """
    path = _path(folder, name)
    if not _NAME.fullmatch(name) or not path.is_file():
        return False
    try:
        with locked(path, time.monotonic(), create=False) as locks:
            return not locks and _is_there(int(name.partition("-")[0]))
    except TimeoutError:
        return True


def _path(folder: Path, name: str) -> Path:
    return folder / FOLDER / f"{Path(name).name}.lock"


def _is_there(pid: int) -> bool:
    """Whether a process is there, where no lock can tell; on this machine."""
    if sys.platform == "win32":  # there the question would end the process
        return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True
