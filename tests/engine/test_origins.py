"""Which model a single file was made from: told from its header, as diffusers would tell it."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.errors import CheckpointError
from engine.weights import Origin, origin_of
from tests.engine.headers import write_header

UNET = "model.diffusion_model."
CROSS = f"{UNET}input_blocks.2.1.transformer_blocks.0.attn2.to_k.weight"
IN = f"{UNET}input_blocks.0.0.weight"
VAE = "first_stage_model.encoder.conv_in.weight"
SD1 = {CROSS: [320, 768], IN: [320, 4, 3, 3], VAE: [4, 4]}
SD2 = {**SD1, CROSS: [320, 1024]}
BIG_G = "conditioner.embedders.1.model.transformer.resblocks.9.mlp.c_proj.bias"
SDXL = {IN: [320, 4, 3, 3], VAE: [4, 4], f"{UNET}label_emb.0.0.weight": [8, 8], BIG_G: [8]}
REFINER = {
    IN: [384, 4, 3, 3],
    VAE: [4, 4],
    f"{UNET}label_emb.0.0.weight": [8, 8],
    "conditioner.embedders.0.model.transformer.resblocks.9.mlp.c_proj.bias": [8],
}
JOINT = f"{UNET}joint_blocks.0.context_block.adaLN_modulation.1.bias"
SD3 = {JOINT: [9216], f"{UNET}pos_embed": [1, 36864, 2], VAE: [4, 4]}
DOUBLE = "double_blocks.0.img_attn.norm.key_norm.scale"
FLUX = {DOUBLE: [128], "img_in.weight": [3072, 64], "guidance_in.in_layer.bias": [8]}

WHOLE = {
    "v1": SD1,
    "v2": SD2,
    "xl_base": SDXL,
    "playground-v2-5": {**SDXL, "edm_mean": [4]},
    "sd3": SD3,
    "sd35_medium": {**SD3, f"{UNET}pos_embed": [1, 147456, 2]},
    "sd35_large": {JOINT: [14592], f"{UNET}joint_blocks.37.x_block.mlp.fc1.weight": [8], VAE: [4]},
    "flux-dev": FLUX,
    "flux-schnell": {DOUBLE: [128], "img_in.weight": [3072, 64]},
}
OTHER = {
    "inpainting": {**SD1, IN: [320, 9, 3, 3]},
    "inpainting_v2": {**SD2, IN: [320, 9, 3, 3]},
    "xl_inpaint": {**SDXL, IN: [320, 9, 3, 3]},
    "xl_refiner": REFINER,
    "flux-fill": {**FLUX, "img_in.weight": [3072, 384]},
    "flux-depth": {**FLUX, "img_in.weight": [3072, 128]},
    "chroma": {**FLUX, "distilled_guidance_layer.in_proj.bias": [8]},
    "flux-2-dev": {**FLUX, "single_stream_modulation.lin.weight": [8]},
    "instruct-pix2pix": {VAE: [4, 4], IN: [320, 8, 3, 3]},
}


def kind_by_diffusers(tensors: dict[str, list[int]]) -> str:
    import torch
    from diffusers.loaders import single_file_utils

    shapes = {name: torch.empty(shape, device="meta") for name, shape in tensors.items()}
    return str(single_file_utils.infer_diffusers_model_type(shapes))


@pytest.mark.parametrize("kind", WHOLE)
def test_it_is_the_one_that_diffusers_takes(kind: str, tmp_path: Path) -> None:
    import diffusers
    from diffusers.loaders.single_file_utils import DIFFUSERS_DEFAULT_PIPELINE_PATHS

    assert kind_by_diffusers(WHOLE[kind]) == kind
    origin = origin_of(write_header(tmp_path / "x.safetensors", WHOLE[kind]))
    assert isinstance(origin, Origin)
    assert origin.hub_id == DIFFUSERS_DEFAULT_PIPELINE_PATHS[kind]["pretrained_model_name_or_path"]
    assert hasattr(getattr(diffusers, origin.pipeline), "from_single_file")


@pytest.mark.parametrize("kind", OTHER)
def test_what_wants_more_than_a_text_or_is_not_ours_has_none(kind: str, tmp_path: Path) -> None:
    assert kind_by_diffusers(OTHER[kind]) == kind
    assert origin_of(write_header(tmp_path / "x.safetensors", OTHER[kind])) is None


@pytest.mark.parametrize(
    "tensors",
    [
        {"lora_unet.down.weight": [2]},
        {VAE: [4, 4]},
        {IN: [], CROSS: [], VAE: []},
        {f"{UNET}joint_blocks.0.x": [1], f"{UNET}pos_embed": []},
    ],
)
def test_parts_and_nonsense_have_none_or_a_guess(
    tensors: dict[str, list[int]], tmp_path: Path
) -> None:
    origin = origin_of(write_header(tmp_path / "x.safetensors", tensors))
    assert origin is None or "stable-diffusion-v1-5" in origin.hub_id


def test_a_damaged_file(tmp_path: Path) -> None:
    (tmp_path / "x.safetensors").write_bytes(b"no header here at all")
    with pytest.raises(CheckpointError, match="cut short or damaged"):
        origin_of(tmp_path / "x.safetensors")
