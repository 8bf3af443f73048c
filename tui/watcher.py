"""Tells when files of the user's have changed: a thread looks now and then."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

from tui.stamp import Stamp, stamp
from tui.themes import theme_files

SECONDS = 1.0
"""Between two looks. One takes some 20 µs; a disk that is slow to answer holds up nobody."""


class Watcher:
    """Watches TOML files, and those of folders."""

    def __init__(
        self, places: tuple[Path, ...], changed: Callable[[], object], seconds: float = SECONDS
    ) -> None:
        """``changed`` is called by who looks: from :meth:`start` on, a thread."""
        self._places = places
        self._changed = changed
        self._seconds = seconds
        self._stop = threading.Event()
        self._seen = self._stamps()

    def start(self) -> None:
        threading.Thread(target=self._watch, name="safelight-watcher", daemon=True).start()

    def stop(self) -> None:
        self._stop.set()

    def look(self) -> None:
        """Look once. ``changed`` is called when there is something new since the last look."""
        seen = self._stamps()
        if seen != self._seen:
            self._seen = seen
            self._changed()

    def _watch(self) -> None:
        while not self._stop.wait(self._seconds):
            self.look()

    def _stamps(self) -> list[tuple[Path, Stamp]]:
        found = []
        for place in self._places:
            files = [place] if place.suffix == ".toml" else theme_files(place)
            found += [(path, stamp(path)) for path in files]
        return found
