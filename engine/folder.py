"""Loads a folder in the diffusers layout, part by part with the classes its ``model_index.json``
names, so that the screen can say which part, and a cancel takes effect between two parts.
"""

from __future__ import annotations

import gc
import importlib
from pathlib import Path
from typing import Any

from engine import checkpoints
from engine.errors import CheckpointError
from engine.hub import Check, Tell
from engine.verify import Part, variant_of


def load_folder(
    folder: Path, parts: tuple[Part, ...], device: Any, wanted: Any, tell: Tell, check: Check
) -> tuple[Any, str, Any]:
    """Load a verified folder; returns the pipeline (on the CPU), its family and dtype.

    ``wanted`` is the dtype that was asked for; ``None`` picks what suits the device.

    Raises:
        CheckpointError: a class is unknown, tensors are lacking, or it makes no pictures from text;
            and what the libraries raise for damaged files.
    """
    import diffusers

    from engine.devices import pick_dtype

    cls = str(checkpoints.read_json(folder / "model_index.json")["_class_name"])
    family = checkpoints.family_of(cls)
    dtype = wanted or pick_dtype(device, family)
    classes = [class_of(part) for part in parts]
    getattr(diffusers, cls, None)
    check()
    # The libraries' half a million objects live as long as the process. Out of the collector's
    # sight they no longer cost 200 ms, with the screen standing still, at each collection. Before
    # the first weights: those must stay where they can be collected.
    gc.freeze()
    loaded = {}
    for part, part_cls in zip(parts, classes, strict=True):
        tell(f"loading {part.name.replace('_', ' ')}")
        loaded[part.name] = _load_part(folder / part.name, part_cls, dtype)
        check()
    try:
        auto = diffusers.AutoPipelineForText2Image
        pipeline = auto.from_pretrained(folder, dtype=dtype, **loaded)
    except ValueError as error:
        if "AutoPipeline can't find" not in str(error):
            raise
        raise CheckpointError(f"{folder} ({cls}) does not make pictures from text.") from error
    return pipeline, family, dtype


def class_of(part: Part) -> Any:
    """The class of a component, from diffusers, one of its pipelines, or transformers."""
    library = part.library
    if library not in ("diffusers", "transformers"):
        library = f"diffusers.pipelines.{library}"
    cls = getattr(importlib.import_module(library), part.cls, None)
    if cls is None:
        raise CheckpointError(
            f"The part {part.name} is a {part.cls}, which this version of {part.library} lacks."
        )
    return cls


def _load_part(place: Path, cls: Any, dtype: Any) -> Any:
    """One component, as ``DiffusionPipeline.from_pretrained`` would load it."""
    import torch

    is_model = isinstance(cls, type) and issubclass(cls, torch.nn.Module)
    if not is_model:
        return cls.from_pretrained(place, local_files_only=True)
    model, info = cls.from_pretrained(
        place,
        dtype=dtype,
        use_safetensors=True,
        variant=variant_of(place, half=dtype != torch.float32),
        local_files_only=True,
        output_loading_info=True,
    )
    missing = [key for key in info["missing_keys"] if not key.endswith("position_ids")]
    if missing:  # diffusers would fill them with random numbers and only warn
        raise CheckpointError(
            f"The weights in {place} lack {len(missing)} tensors ({sorted(missing)[0]} is one)."
        )
    return model.eval()
