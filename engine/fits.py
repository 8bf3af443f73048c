"""The largest batches that were found to fit, remembered in a small JSON file.

A file that is broken, or cannot be written, costs a search and nothing else.
"""

from __future__ import annotations

import hashlib
import json
import logging
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.pictures.files import write_atomically
from engine.spec import MAX_BATCH, RunSpec

if TYPE_CHECKING:
    from engine.loaded import Loaded

log = logging.getLogger("safelight.engine")

FILE = "fits.json"
_MOST = 500
_MAX_BYTES = 2**20


@dataclass(frozen=True, slots=True)
class Fit:
    """An answer.

    Attributes:
        batch: the largest that fits.
        peak_bytes: of memory, while it was made.
    """

    batch: int
    peak_bytes: int = 0


class Fits:
    """Answers by key; the newest last, and the oldest dropped when there are too many."""

    def __init__(self, folder: Path | None) -> None:
        """``folder`` is the history's; without one, answers live as long as this object."""
        self._path = folder / FILE if folder is not None else None
        self._fits: dict[str, Fit] = {}

    def get(self, key: str) -> Fit | None:
        """The answer, or ``None`` when there is none."""
        return self._read().get(key)

    def put(self, key: str, fit: Fit) -> None:
        """Remember an answer."""
        fits = self._read()
        fits.pop(key, None)
        self._write({**fits, key: fit})

    def forget(self, key: str) -> None:
        """Forget an answer that turned out to be wrong."""
        fits = self._read()
        if fits.pop(key, None) is not None:
            self._write(fits)

    def _read(self) -> dict[str, Fit]:
        """What the file says now: another program may have written it."""
        if self._path is None:
            return dict(self._fits)
        try:
            with self._path.open("rb") as file:
                values = json.loads(file.read(_MAX_BYTES))
        except (OSError, ValueError, RecursionError):
            return {}
        if not isinstance(values, dict):
            return {}
        read = ((key, _fit(value)) for key, value in values.items())
        return {key: fit for key, fit in read if fit is not None}

    def _write(self, fits: dict[str, Fit]) -> None:
        newest = dict(list(fits.items())[-_MOST:])
        if self._path is None:
            self._fits = newest
            return
        values = {k: {"batch": f.batch, "peak_bytes": f.peak_bytes} for k, f in newest.items()}
        try:
            write_atomically(self._path, memoryview(json.dumps(values, indent=1).encode()))
        except OSError as error:
            log.warning("%s could not be written: %s", self._path, error)


def key_of(spec: RunSpec, loaded: Loaded, device: str) -> str:
    """What an answer depends on, in words; of a checkpoint's files only a short hash.

    Args:
        spec: with its size filled in; its batch and its steps do not matter.
        device: with the card's name.
    """
    files = hashlib.sha256(json.dumps(loaded.stamp).encode()).hexdigest()[:16]
    guided = "guided" if spec.guidance_scale > 1 else "unguided"
    switches = " ".join(f"{name}={value}" for name, value in sorted(spec.switches.items()))
    prompts = f"prompts {len(spec.prompts)}"
    shape = f"{spec.width}x{spec.height}"
    return " | ".join((device, loaded.name, files, shape, guided, prompts, switches))


def _fit(value: Any) -> Fit | None:
    """An entry of the file, which may hold anything."""
    if not isinstance(value, dict):
        return None
    batch, peak = value.get("batch"), value.get("peak_bytes", 0)
    if not isinstance(batch, int) or not isinstance(peak, int):
        return None
    return Fit(batch, peak) if 1 <= batch <= MAX_BATCH and peak >= 0 else None
