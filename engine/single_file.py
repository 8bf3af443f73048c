"""Loads one ``.safetensors`` file in the original layout of its model's authors.

Such a file holds weights only: configuration and tokenizer are those of the model it was made
from, which come from the hub's cache. :func:`engine.hub.missing` tells what of them is not there.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from engine import checkpoints
from engine.errors import CheckpointError
from engine.hub import Check, Tell
from engine.weights import Origin, origin_of


def load_file(
    path: Path, device: Any, wanted: Any, tell: Tell, check: Check
) -> tuple[Any, str, Any]:
    """Load a file; returns the pipeline (on the CPU), its family and dtype.

    ``wanted`` is the dtype that was asked for; ``None`` picks what suits the device.

    Raises:
        CheckpointError: it is cut short, only a part, of an unknown kind, or its configuration
            is not here.
    """
    import diffusers

    from engine.devices import pick_dtype

    origin = require_origin(path)
    config = checkpoints.cached_snapshot(origin.hub_id)
    if config is None:
        raise CheckpointError(
            f"{path.name} holds no tokenizer, and that of {origin.hub_id} is not on this machine."
        )
    family = checkpoints.family_of(origin.pipeline)
    dtype = wanted or pick_dtype(device, family)
    tell("loading the file")
    check()
    pipeline = getattr(diffusers, origin.pipeline).from_single_file(
        str(path), config=str(config), dtype=dtype, local_files_only=True
    )
    return pipeline, family, dtype


def require_origin(path: Path) -> Origin:
    """The model that a file was made from. Raises :class:`CheckpointError` where there is none."""
    origin = origin_of(path)
    if origin is None:
        raise CheckpointError(
            f"{path.name} is only a part of a checkpoint, a LoRA, or of a kind that makes no "
            "picture from a text alone. Choose a whole SD, SDXL, SD 3 or Flux checkpoint."
        )
    return origin
