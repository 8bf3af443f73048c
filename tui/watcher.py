"""Tells when files of the user's have changed: a thread looks now and then."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from pathlib import Path

SECONDS = 1.0
"""Between two looks. One takes some 20 µs; a disk that is slow to answer holds up nobody."""


class Watcher:
    """Watches files, and the TOML files of folders."""

    def __init__(
        self, places: tuple[Path, ...], changed: Callable[[], object], seconds: float = SECONDS
    ) -> None:
        """``changed`` is called from a thread."""
        self._places = places
        self._changed = changed
        self._seconds = seconds
        self._stop = threading.Event()
        self._seen = self._look()

    def start(self) -> None:
        threading.Thread(target=self._watch, name="safelight-watcher", daemon=True).start()

    def stop(self) -> None:
        self._stop.set()

    def _watch(self) -> None:
        while not self._stop.wait(self._seconds):
            seen = self._look()
            if seen != self._seen:
                self._seen = seen
                self._changed()

    def _look(self) -> list[tuple[str, int, int, int]]:
        """What tells versions of the files apart, also when one was replaced."""
        found = []
        for place in self._places:
            try:
                if place.suffix == ".toml":
                    found.append(_stamp(place, place.stat()))
                    continue
                with os.scandir(place) as entries:
                    found += [_stamp(Path(e.path), e.stat()) for e in entries if _is_toml(e.name)]
            except OSError:
                continue  # not there, or not any more
        return sorted(found)


def _is_toml(name: str) -> bool:
    return name.endswith(".toml")


def _stamp(path: Path, stat: os.stat_result) -> tuple[str, int, int, int]:
    return str(path), stat.st_ino, stat.st_mtime_ns, stat.st_size
