"""What the headers of safetensors files tell of a model: its family and its dtype.

A header names every tensor with dtype and shape; the tensors themselves stay on the disk. The names
are those of the models' authors, as diffusers knows them too
(``diffusers.loaders.single_file_utils.CHECKPOINT_KEY_NAMES``).
"""

from __future__ import annotations

from collections import Counter
from math import prod
from pathlib import Path
from typing import Any

from engine.errors import CheckpointError
from engine.verify import check_safetensors

_DTYPES = {
    **{"F64": "float64", "F32": "float32", "F16": "float16", "BF16": "bfloat16"},
    **{"F8_E4M3": "float8_e4m3fn", "F8_E5M2": "float8_e5m2", "I8": "int8", "U8": "uint8"},
}
_VAE_PARTS = tuple(
    f"{place}{part}."
    for place in ("", "first_stage_model.")
    for part in ("encoder", "decoder", "quant_conv", "post_quant_conv", "loss")
)
_DENOISERS = ("unet", "transformer")
_CROSS = ".attn2.to_k.weight"  # reads the text
VAE = "vae"
"""The "family" of a file that is a VAE alone."""


def family_of_file(path: Path) -> tuple[str, str]:
    """The family and dtype of a single file: ``""`` for a LoRA and the like, or :data:`VAE`.

    Raises :class:`CheckpointError` when it is damaged or cannot be read.
    """
    header = check_safetensors(path)
    return _family_of(header), _most(header)


def dtype_of(folder: Path) -> str:
    """The dtype of most weights of a checkpoint's denoiser, or of a VAE; ``""`` when unknown."""
    places = [folder / name for name in _DENOISERS if (folder / name).is_dir()]
    for place in (*places, folder):
        for path in sorted(place.glob("*.safetensors")):
            try:
                return _most(check_safetensors(path))
            except CheckpointError:
                continue
    return ""


def sd_by_width(width: object) -> str:
    """Which Stable Diffusion it is, by the width of the text that its UNet reads."""
    return {768: "sd1", 1024: "sd2"}.get(width, "sd") if isinstance(width, int) else "sd"


def _family_of(header: dict[str, Any]) -> str:
    names = {name.removeprefix("model.diffusion_model."): name for name in header}
    whole = any(name.startswith("first_stage_model.") for name in header)
    if all(name.startswith(_VAE_PARTS) for name in header if name != "__metadata__"):
        return VAE
    if any(name.startswith("double_blocks.") for name in names):
        return "flux"
    if any(name.startswith("joint_blocks.") for name in names):
        return "sd3"
    if not whole:
        return ""
    if any(name.startswith("conditioner.") for name in header) or "label_emb.0.0.weight" in names:
        return "sdxl"
    cross = [key for key in names if key.startswith("input_blocks.") and key.endswith(_CROSS)]
    if not cross:
        return ""
    shape = header[names[cross[0]]].get("shape")
    return sd_by_width(shape[-1] if isinstance(shape, list) and shape else None)


def _most(header: dict[str, Any]) -> str:
    """The dtype that most of the numbers have."""
    count: Counter[str] = Counter()
    for name, tensor in header.items():
        shape, dtype = tensor.get("shape"), tensor.get("dtype")
        if name == "__metadata__" or not isinstance(shape, list) or not isinstance(dtype, str):
            continue
        if all(type(side) is int for side in shape):
            count[dtype] += prod(shape)
    if not count:
        return ""
    dtype = count.most_common(1)[0][0]
    return _DTYPES.get(dtype, dtype.lower()[:12])
