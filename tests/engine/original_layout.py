"""Writes a diffusers SD 1.x pipeline as one file in the original layout, to test reading such.

The names are those of the CompVis Stable Diffusion code.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file

Weights = dict[str, torch.Tensor]
_UNET_RESNET = {
    "norm1": "in_layers.0",
    "conv1": "in_layers.2",
    "norm2": "out_layers.0",
    "conv2": "out_layers.3",
    "time_emb_proj": "emb_layers.1",
    "conv_shortcut": "skip_connection",
}
_UNET_ENDS = {
    "time_embedding.linear_1": "time_embed.0",
    "time_embedding.linear_2": "time_embed.2",
    "conv_in": "input_blocks.0.0",
    "conv_norm_out": "out.0",
    "conv_out": "out.2",
}
_VAE_ATTENTION = {
    "group_norm": "norm",
    "to_q": "q",
    "to_k": "k",
    "to_v": "v",
    "to_out.0": "proj_out",
}


def write(pipeline: Any, path: Path) -> Path:
    """Write a loaded ``StableDiffusionPipeline`` to ``path``."""
    weights: Weights = {}
    per_block = pipeline.unet.config.layers_per_block
    for name, value in pipeline.unet.state_dict().items():
        weights["model.diffusion_model." + _unet_name(name, per_block)] = value
    for name, value in pipeline.vae.state_dict().items():
        new = _vae_name(name, len(pipeline.vae.config.block_out_channels))
        if re.search(r"attn_1\.(q|k|v|proj_out)\.weight", new):
            value = value[:, :, None, None]  # a 1x1 convolution there
        weights["first_stage_model." + new] = value
    for name, value in pipeline.text_encoder.state_dict().items():
        name = name if name.startswith("text_model.") else "text_model." + name
        weights["cond_stage_model.transformer." + name] = value
    save_file({name: value.contiguous() for name, value in weights.items()}, path)
    return path


def _unet_name(name: str, layers: int) -> str:
    for ours, theirs in _UNET_ENDS.items():
        if name.startswith(ours + "."):
            return theirs + name[len(ours) :]
    part, rest = name.split(".", 1)
    if part == "mid_block":
        kind, number, rest = rest.split(".", 2)
        if kind == "attentions":
            return f"middle_block.1.{rest}"
        return f"middle_block.{2 * int(number)}.{_resnet(rest)}"
    block, kind, number, rest = rest.split(".", 3)
    i, j = int(block), int(number)
    if part == "down_blocks":
        if kind == "downsamplers":
            return f"input_blocks.{(layers + 1) * (i + 1)}.0.op.{rest.removeprefix('conv.')}"
        place = f"input_blocks.{(layers + 1) * i + j + 1}"
    else:
        if kind == "upsamplers":  # after the attention, where the block has one
            return f"output_blocks.{(layers + 1) * i + layers}.{2 if i == 0 else 1}.{rest}"
        place = f"output_blocks.{(layers + 1) * i + j}"
    return f"{place}.1.{rest}" if kind == "attentions" else f"{place}.0.{_resnet(rest)}"


def _resnet(rest: str) -> str:
    part, last = rest.split(".", 1)
    return f"{_UNET_RESNET[part]}.{last}"


def _vae_name(name: str, blocks: int) -> str:
    name = name.replace("conv_shortcut", "nin_shortcut").replace("conv_norm_out", "norm_out")
    if match := re.match(r"(\w+)\.mid_block\.attentions\.0\.(.+)\.(\w+)$", name):
        return f"{match[1]}.mid.attn_1.{_VAE_ATTENTION[match[2]]}.{match[3]}"
    if match := re.match(r"(\w+)\.mid_block\.resnets\.(\d)\.(.+)", name):
        return f"{match[1]}.mid.block_{int(match[2]) + 1}.{match[3]}"
    if match := re.match(r"(\w+)\.(down|up)_blocks\.(\d)\.(.+)", name):
        side, way, number, rest = match.groups()
        i = int(number) if way == "down" else blocks - 1 - int(number)
        rest = rest.replace("resnets", "block")
        rest = re.sub(r"(down|up)samplers\.0", r"\1sample", rest)
        return f"{side}.{way}.{i}.{rest}"
    return name
