"""What the headers of safetensors files tell of a model: its family and its dtype.

A header names every tensor with dtype and shape; the tensors themselves stay on the disk. The names
are those of the models' authors, as diffusers knows them too
(``diffusers.loaders.single_file_utils.CHECKPOINT_KEY_NAMES``).
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
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
_NOT_FLUX_1 = ("distilled_guidance_layer.", "single_stream_modulation.")  # Chroma and Flux 2
_LARGE = "joint_blocks.37.x_block.mlp.fc1.weight"  # the last block of SD 3.5 large
_POSITIONS = {36_864: "sd3", 147_456: "sd35-medium"}  # by how many places of a picture they know


@dataclass(frozen=True, slots=True)
class Origin:
    """The model that a single file was made from, which has what the file lacks.

    Attributes:
        pipeline: the class of diffusers that makes pictures with it.
        hub_id: whose configuration and tokenizer are used.
            Source: ``DIFFUSERS_DEFAULT_PIPELINE_PATHS`` of ``single_file_utils``.
    """

    pipeline: str
    hub_id: str


_ORIGINS = {
    "sd1": Origin("StableDiffusionPipeline", "stable-diffusion-v1-5/stable-diffusion-v1-5"),
    "sd2": Origin("StableDiffusionPipeline", "stabilityai/stable-diffusion-2-1"),
    "sdxl": Origin("StableDiffusionXLPipeline", "stabilityai/stable-diffusion-xl-base-1.0"),
    "playground": Origin(
        "StableDiffusionXLPipeline", "playgroundai/playground-v2.5-1024px-aesthetic"
    ),
    "sd3": Origin("StableDiffusion3Pipeline", "stabilityai/stable-diffusion-3-medium-diffusers"),
    "sd35-medium": Origin("StableDiffusion3Pipeline", "stabilityai/stable-diffusion-3.5-medium"),
    "sd35-large": Origin("StableDiffusion3Pipeline", "stabilityai/stable-diffusion-3.5-large"),
    "flux-dev": Origin("FluxPipeline", "black-forest-labs/FLUX.1-dev"),
    "flux-schnell": Origin("FluxPipeline", "black-forest-labs/FLUX.1-schnell"),
}


def origin_of(path: Path) -> Origin | None:
    """The model that a single file was made from; ``None`` where it is no whole checkpoint of ours.

    Raises :class:`CheckpointError` when it is damaged or cannot be read.
    """
    header = check_safetensors(path)
    return _ORIGINS.get(_model_of(header, _family_of(header)))


def _model_of(header: dict[str, Any], family: str) -> str:
    """Which model of a family it is; ``""`` for one that wants more than a text."""
    names = {name.removeprefix("model.diffusion_model."): name for name in header}

    def side(name: str, index: int) -> int:
        shape = header[names[name]].get("shape") if name in names else None
        return shape[index] if isinstance(shape, list) and len(shape) > index else 0

    if family in ("sd", "sd1", "sd2", "sdxl"):
        if side("input_blocks.0.0.weight", 1) in (8, 9):  # edits, or fills in, a picture
            return ""
        if family != "sdxl":
            return "sd2" if family == "sd2" else "sd1"
        if not any(name.startswith("conditioner.embedders.1.") for name in header):  # a refiner
            return ""
        return "playground" if "edm_mean" in header else "sdxl"
    if family == "sd3":
        return "sd35-large" if _LARGE in names else _POSITIONS.get(side("pos_embed", 1), "")
    if family == "flux" and not any(name.startswith(_NOT_FLUX_1) for name in names):
        if "guidance_in.in_layer.bias" not in names:
            return "flux-schnell"
        return "flux-dev" if side("img_in.weight", 1) not in (128, 384) else ""
    return ""


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
