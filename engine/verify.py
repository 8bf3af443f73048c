"""Is a checkpoint's folder safe and whole? Asked before anything of it is loaded.

Light: no torch. Weights are only taken as safetensors, because a pickle can run any code hidden in
it, and no code that comes with a checkpoint is ever run.
"""

from __future__ import annotations

import json
import struct
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from engine.checkpoints import PICKLES, read_json
from engine.errors import CheckpointError

_MAX_HEADER = 100_000_000  # the limit of the safetensors format itself


@dataclass(frozen=True, slots=True)
class Part:
    """One component of a pipeline: ``unet`` is a ``UNet2DConditionModel`` of ``diffusers``."""

    name: str
    library: str
    cls: str


def parts_of(folder: Path) -> tuple[Part, ...]:
    """The components that a checkpoint's ``model_index.json`` names, in its order.

    Raises:
        CheckpointError: the file is damaged, or asks for code of its own.
    """
    return parts_in(read_json(folder / "model_index.json"), str(folder))


def parts_in(index: dict[str, Any], where: str) -> tuple[Part, ...]:
    """The components that a ``model_index.json`` names; ``where`` it is from goes into sentences.

    Raises as :func:`parts_of`.
    """
    if not isinstance(index.get("_class_name"), str):
        raise CheckpointError(
            f"{where} brings a pipeline with code of its own, which Safelight does not run."
        )
    parts = []
    for name, value in index.items():
        if name.startswith("_") or not isinstance(value, list) or len(value) != 2:
            continue
        if not name.isidentifier():  # it becomes a path below
            raise CheckpointError(f"{where} has a part of the name “{name}”; it is damaged.")
        library, cls = value
        if library is None or cls is None:
            continue
        if not (isinstance(library, str) and isinstance(cls, str) and _is_known(library)):
            raise CheckpointError(
                f"The part {name} of {where} wants code of its own ({library}), "
                "which Safelight does not run."
            )
        parts.append(Part(name, library, cls))
    return tuple(parts)


def verify_folder(folder: Path) -> tuple[Part, ...]:
    """Check that every part is there, whole, and free of pickles; returns the parts.

    Raises:
        CheckpointError: for the first that is not.
    """
    parts = parts_of(folder)
    for part in parts:
        place = folder / part.name
        if not place.is_dir():
            raise CheckpointError(f"The checkpoint is not complete: {place} is missing.")
        files = [path for path in place.iterdir() if path.is_file()]
        weights = [path for path in files if path.suffix == ".safetensors"]
        pickles = [path for path in files if path.suffix.lower() in PICKLES]
        if pickles and not weights:
            raise CheckpointError(
                f"{place} has its weights only as a pickle ({pickles[0].name}), and loading a "
                "pickle can run any code hidden in it. Convert it to .safetensors first."
            )
        if not weights and (place / "config.json").is_file():
            raise CheckpointError(f"The checkpoint is not complete: {place} has no weights.")
        for path in weights:
            check_safetensors(path)
    return parts


def check_safetensors(path: Path) -> dict[str, Any]:
    """Read a safetensors header and compare it with the size of the file.

    Returns:
        The header: tensor name to dtype, shape and offsets.
        Source: https://github.com/huggingface/safetensors#format

    Raises:
        CheckpointError: the file cannot be read, is cut short, or is something else.
    """
    damaged = CheckpointError(f"{path} is cut short or damaged. Download it again.")
    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            start = file.read(8)
            if len(start) < 8:
                raise damaged
            (length,) = struct.unpack("<Q", start)
            if length > min(size - 8, _MAX_HEADER):
                raise damaged
            header = json.loads(file.read(length))
        ends = [
            int(value["data_offsets"][1]) for key, value in header.items() if key != "__metadata__"
        ]
    except OSError as error:
        raise CheckpointError(f"{path} cannot be read: {error.strerror or error}.") from error
    except (ValueError, KeyError, TypeError, IndexError, AttributeError, RecursionError):
        raise damaged from None
    if 8 + length + max(ends, default=0) != size:
        raise damaged
    assert isinstance(header, dict)
    return header


def variant_of(place: Path, half: bool) -> str | None:
    """``"fp16"`` when a part has such files, and half is wanted or there are no others."""
    names = [path.name for path in place.glob("*.safetensors")]
    fp16 = [name for name in names if ".fp16" in name]
    return "fp16" if fp16 and (half or len(fp16) == len(names)) else None


def _is_known(library: str) -> bool:
    """Whether a library is diffusers, transformers, or a pipeline folder of diffusers."""
    if library in ("diffusers", "transformers"):
        return True
    spec = find_spec("diffusers")
    if spec is None or spec.origin is None or not library.isidentifier():
        return False
    return (Path(spec.origin).parent / "pipelines" / library).is_dir()
