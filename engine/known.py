"""What is known of a checkpoint before it is loaded: for a forecast. Light: no torch."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from engine.checkpoints import inspect, resolve
from engine.compiling import compile_seconds
from engine.errors import CheckpointError
from engine.forecast import Forecast, dtype_bytes_of, forecast
from engine.record import RunRecord
from engine.spec import RunSpec
from engine.verify import check_safetensors, parts_of


@dataclass(frozen=True, slots=True)
class Known:
    """What a checkpoint's files tell; what is unknown is empty or 0.

    Attributes:
        name: as records have it.
        scheduler: its own, by our name.
        width, height: its own size in pixels.
        weights_bytes: of all its weights, in float32.
    """

    name: str
    scheduler: str = ""
    width: int = 0
    height: int = 0
    weights_bytes: int = 0

    def forecast(
        self,
        spec: RunSpec,
        records: Sequence[RunRecord],
        dtype_bytes: int | None = None,
        made_here: Sequence[RunRecord] = (),
    ) -> Forecast:
        """What a run of ``spec``, which has this checkpoint, will take.

        Args:
            spec: as it is asked for: its size and scheduler may be left to the checkpoint.
            records: the runs that were made.
            dtype_bytes: of one weight as it is loaded here, where ``spec`` does not say; ``None``:
                as in the newest run.
            made_here: those that were made since the checkpoint in use was loaded.
        """
        spec = spec.with_(checkpoint=self.name, scheduler=spec.scheduler or self.scheduler or None)
        told = forecast(
            spec,
            records,
            native_size=(self.width, self.height),
            weights_bytes=self.weights_bytes,
            dtype_bytes=dtype_bytes or dtype_bytes_of(records),
        )
        size = spec.width or self.width or None, spec.height or self.height or None
        sized = spec.with_(width=size[0], height=size[1])
        return replace(told, compile_seconds=compile_seconds(sized, records, made_here))


def look_up(checkpoint: str) -> Known:
    """What is known of a checkpoint. Of one that is not here, or damaged, nothing but its name.

    Args:
        checkpoint: as it was typed; see :func:`engine.checkpoints.resolve`.
    """
    name = checkpoint.strip()
    try:
        where = resolve(name)
        name = where.name
        info = inspect(name)
        weights = _weights_bytes(where.path) if where.path is not None else 0
    except (CheckpointError, OSError):
        return Known(name)
    return Known(name, info.scheduler, info.width, info.height, weights)


def _weights_bytes(path: Path) -> int:
    if path.is_file():
        return _float32_bytes(path)
    places = [path / part.name for part in parts_of(path)]
    return sum(_float32_bytes(file) for place in places for file in _weight_files(place))


def _weight_files(place: Path) -> list[Path]:
    """The files of one part, of which there may be variants: one set of them is loaded."""
    files = sorted(place.glob("*.safetensors"))
    plain = [file for file in files if "." not in file.stem]
    return plain or [file for file in files if ".fp16" in file.name] or files


def _float32_bytes(path: Path) -> int:
    """4 bytes for each value of a safetensors file, however it is stored there."""
    header = check_safetensors(path)
    return sum(4 * _values(entry) for name, entry in header.items() if name != "__metadata__")


def _values(entry: dict[str, Any]) -> int:
    """Values of one tensor, from its place in the file: shapes may say anything."""
    begin, end = entry["data_offsets"]
    bits = re.match(r"[A-Z]+(\d+)", str(entry.get("dtype")))
    size = max(1, int(bits[1]) // 8) if bits else 1
    return max(0, int(end) - int(begin)) // size
