"""Loads one ``.safetensors`` file in the original layout of its model's authors.

Such a file holds weights only: configuration and tokenizer are those of the model it was made
from, which are taken from the hub's cache or, when they are not there, from the hub.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from engine import checkpoints, hub
from engine.errors import CheckpointError
from engine.hub import Check, Tell
from engine.verify import check_safetensors

_CLASSES = {
    "xl": "StableDiffusionXLPipeline",
    "playground": "StableDiffusionXLPipeline",
    "v1": "StableDiffusionPipeline",
    "v2": "StableDiffusionPipeline",
    "sd3": "StableDiffusion3Pipeline",
    "flux": "FluxPipeline",
}


def load_file(
    path: Path, device: Any, wanted: Any, tell: Tell, check: Check, *, download: bool
) -> tuple[Any, str, Any]:
    """Load a file; returns the pipeline (on the CPU), its family and dtype.

    ``wanted`` is the dtype that was asked for; ``None`` picks what suits the device. ``download``
    says whether its configuration may be fetched from the hub.

    Raises:
        CheckpointError: it is cut short, only a part, of an unknown kind, or its configuration
            cannot be had.
    """
    import diffusers
    import torch
    from diffusers.loaders import single_file_utils

    from engine.devices import pick_dtype

    header = check_safetensors(path)
    keys = {key: value for key, value in header.items() if key != "__metadata__"}
    if not any("diffusion_model." in key or "double_blocks." in key for key in keys):
        raise CheckpointError(f"{path.name} is only a part of a checkpoint, or a LoRA.")
    # Shapes are enough to tell the kind of model; the weights stay on disk.
    shapes = {key: torch.empty(value["shape"], device="meta") for key, value in keys.items()}
    kind = single_file_utils.infer_diffusers_model_type(shapes)
    repo = single_file_utils.fetch_diffusers_config(shapes)["pretrained_model_name_or_path"]
    cls = next((cls for start, cls in _CLASSES.items() if kind.startswith(start)), None)
    if cls is None:
        raise CheckpointError(f"{path.name} is a {kind} model, which cannot make a whole picture.")
    family = checkpoints.family_of(cls)
    dtype = wanted or pick_dtype(device, family)
    config = checkpoints.cached_snapshot(repo)
    if config is None and not download:
        raise CheckpointError(f"The configuration of {repo} is not on this machine.")
    tell("loading the file" if config else f"downloading the configuration of {repo}")
    check()
    try:
        pipeline = getattr(diffusers, cls).from_single_file(
            str(path),
            config=str(config or repo),
            dtype=dtype,
            local_files_only=config is not None,
        )
    except Exception as error:
        if config is not None:
            raise
        raise CheckpointError(
            f"{path.name} holds no tokenizer; those of {repo} are needed. "
            + hub.sentence(repo, error)
        ) from error
    return pipeline, family, dtype
