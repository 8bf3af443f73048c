"""Stable Diffusion 1.5 and SDXL in shape and size, with random weights: nothing is downloaded.

The configurations are those that ``stable-diffusion-v1-5/stable-diffusion-v1-5`` and
``stabilityai/stable-diffusion-xl-base-1.0`` are published with. Time and memory do not depend on
what the weights are, only the pictures do, and those are noise.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from engine.spec import RunSpec
from tests.engine import tiny

SECOND_VAE = "vae-second"
"""The folder of the further VAE, which is also its name as a value of the switch ``vae``."""
PROMPT = "portrait photo of an old warrior chief"
"""The tutorial's."""
_NOISE = {"beta_start": 0.00085, "beta_end": 0.012, "beta_schedule": "scaled_linear"}


@dataclass(frozen=True)
class Shape:
    """The configurations of a pipeline's models.

    Attributes:
        unet, vae: arguments of diffusers' classes.
        texts: of each text encoder, arguments of transformers' ``CLIPTextConfig``.
    """

    unet: Mapping[str, Any]
    vae: Mapping[str, Any]
    texts: tuple[Mapping[str, Any], ...]

    @property
    def is_xl(self) -> bool:
        return len(self.texts) > 1


_VIT_L = {
    "vocab_size": 49408,
    "hidden_size": 768,
    "intermediate_size": 3072,
    "num_attention_heads": 12,
    "num_hidden_layers": 12,
    "projection_dim": 768,
    "hidden_act": "quick_gelu",
}
_BIG_G = {
    "vocab_size": 49408,
    "hidden_size": 1280,
    "intermediate_size": 5120,
    "num_attention_heads": 20,
    "num_hidden_layers": 32,
    "projection_dim": 1280,
    "hidden_act": "gelu",
}
_VAE = {
    "block_out_channels": (128, 256, 512, 512),
    "down_block_types": ("DownEncoderBlock2D",) * 4,
    "up_block_types": ("UpDecoderBlock2D",) * 4,
    "layers_per_block": 2,
    "latent_channels": 4,
    "norm_num_groups": 32,
}

SD15 = Shape(
    unet={
        "sample_size": 64,
        "block_out_channels": (320, 640, 1280, 1280),
        "layers_per_block": 2,
        "down_block_types": (*("CrossAttnDownBlock2D",) * 3, "DownBlock2D"),
        "up_block_types": ("UpBlock2D", *("CrossAttnUpBlock2D",) * 3),
        "cross_attention_dim": 768,
        "attention_head_dim": 8,  # of heads, really: diffusers keeps an old misnomer
    },
    vae={**_VAE, "sample_size": 512, "scaling_factor": 0.18215},
    texts=(_VIT_L,),
)
SDXL = Shape(
    unet={
        "sample_size": 128,
        "block_out_channels": (320, 640, 1280),
        "layers_per_block": 2,
        "down_block_types": ("DownBlock2D", *("CrossAttnDownBlock2D",) * 2),
        "up_block_types": (*("CrossAttnUpBlock2D",) * 2, "UpBlock2D"),
        "transformer_layers_per_block": (1, 2, 10),
        "cross_attention_dim": 2048,
        "attention_head_dim": (5, 10, 20),
        "use_linear_projection": True,
        "addition_embed_type": "text_time",
        "addition_time_embed_dim": 256,
        "projection_class_embeddings_input_dim": 2816,
    },
    # force_upcast: the published VAE overflows in fp16, so pipelines decode it in fp32.
    vae={**_VAE, "sample_size": 1024, "scaling_factor": 0.13025, "force_upcast": True},
    texts=(_VIT_L, _BIG_G),
)

_TINY_TEXT = {
    "vocab_size": 256,
    "hidden_size": 32,
    "intermediate_size": 64,
    "num_attention_heads": 4,
    "num_hidden_layers": 2,
    "projection_dim": 32,
}
_TINY_VAE = {"block_out_channels": (4, 4, 8, 8), "layers_per_block": 1, "norm_num_groups": 4}
_TINY_UNET = {"sample_size": 8, "layers_per_block": 1, "norm_num_groups": 8}
# Heads of 8 channels or more: what GPU kernels of attention take.
TINY_SD15 = Shape(
    unet={
        **SD15.unet,
        **_TINY_UNET,
        "block_out_channels": (16, 32, 32, 32),
        "cross_attention_dim": 32,
        "attention_head_dim": 2,
    },
    vae={**SD15.vae, **_TINY_VAE, "sample_size": 64},
    texts=(_TINY_TEXT,),
)
TINY_SDXL = Shape(
    unet={
        **SDXL.unet,
        **_TINY_UNET,
        "block_out_channels": (16, 32, 32),
        "transformer_layers_per_block": (1, 1, 2),
        "cross_attention_dim": 64,
        "attention_head_dim": (2, 4, 4),
        "addition_time_embed_dim": 8,
        "projection_class_embeddings_input_dim": 6 * 8 + 32,
    },
    vae={**SDXL.vae, **_TINY_VAE, "sample_size": 64},
    texts=(_TINY_TEXT, _TINY_TEXT),
)


@dataclass(frozen=True)
class Model:
    """One of the two, and the run that its switches are measured on."""

    name: str
    shape: Shape
    side: int
    steps: int
    guidance: float

    def spec(self, folder: Path, **changes: object) -> RunSpec:
        spec = RunSpec(
            PROMPT,
            str(folder),
            num_inference_steps=self.steps,
            guidance_scale=self.guidance,
            width=self.side,
            height=self.side,
            switches={"precision": "fp16"},
        )
        return spec.with_(**changes)

    @property
    def run(self) -> str:
        return f"{self.name}, {self.side}x{self.side}, {self.steps} steps of DPM++ 2M, fp16"


MODELS = {
    "sd15": Model("SD 1.5", SD15, 512, 20, 7.5),
    "sdxl": Model("SDXL", SDXL, 1024, 30, 5.0),
}
TINY_MODELS = {
    "sd15": Model("SD 1.5", TINY_SD15, 64, 4, 7.5),
    "sdxl": Model("SDXL", TINY_SDXL, 64, 4, 5.0),
}


def unet(shape: Shape) -> Any:
    from diffusers import UNet2DConditionModel

    return UNet2DConditionModel(**shape.unet).eval()


def vae(shape: Shape) -> Any:
    from diffusers import AutoencoderKL

    return AutoencoderKL(**shape.vae).eval()


def text_encoder(shape: Shape, number: int, tokenizer: Any = None) -> Any:
    """The first or the second text encoder, for the tokens of a tokenizer."""
    from transformers import CLIPTextConfig, CLIPTextModel, CLIPTextModelWithProjection

    ids = {}
    if tokenizer is not None:
        ids = {f"{name}_token_id": getattr(tokenizer, f"{name}_token_id") for name in _SPECIAL}
    config = CLIPTextConfig(max_position_embeddings=77, **shape.texts[number], **ids)
    return (CLIPTextModelWithProjection if number else CLIPTextModel)(config).eval()


_SPECIAL = ("bos", "eos", "pad")


def kept(folder: Path, shape: Shape) -> Path:
    """As :func:`build`, unless it is there from before."""
    if not folder.exists():
        partial = folder.with_name(f"{folder.name}.partial")
        shutil.rmtree(partial, ignore_errors=True)
        build(partial, shape).rename(folder)
    return folder


def build(folder: Path, shape: Shape) -> Path:
    """Save a pipeline of a shape in the diffusers layout, its weights in fp16, with a second VAE.

    Always of the same weights: each model begins with a seed of its own, on the CPU.
    """
    import diffusers
    import torch

    def made(make: Any, seed: int) -> Any:
        torch.manual_seed(seed)
        return make().half()

    tokenizer = tiny.clip_tokenizer(folder / "tokenizer")
    parts: dict[str, Any] = {
        "tokenizer": tokenizer,
        "unet": made(lambda: unet(shape), 0),
        "vae": made(lambda: vae(shape), 1),
        "text_encoder": made(lambda: text_encoder(shape, 0, tokenizer), 2),
    }
    if shape.is_xl:
        parts["tokenizer_2"] = tiny.clip_tokenizer(folder / "tokenizer_2")
        parts["text_encoder_2"] = made(lambda: text_encoder(shape, 1, tokenizer), 3)
        parts["scheduler"] = diffusers.EulerDiscreteScheduler(
            **_NOISE, timestep_spacing="leading", steps_offset=1
        )
        pipeline = diffusers.StableDiffusionXLPipeline(**parts, add_watermarker=False)
    else:
        parts["scheduler"] = diffusers.PNDMScheduler(
            **_NOISE, skip_prk_steps=True, set_alpha_to_one=False, steps_offset=1
        )
        parts |= {"safety_checker": None, "feature_extractor": None}
        pipeline = diffusers.StableDiffusionPipeline(**parts, requires_safety_checker=False)
    pipeline.save_pretrained(folder)
    made(lambda: vae(shape), 4).save_pretrained(folder / SECOND_VAE)
    return folder
