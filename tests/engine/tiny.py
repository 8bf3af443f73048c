"""Tiny random pipelines of each family, saved in the diffusers layout. No network, under 1 MB each.

Sizes are the smallest that diffusers takes; the weights are random, so the pictures are noise.
"""

from __future__ import annotations

import json
import string
from pathlib import Path
from typing import Any

import torch

TOKEN_CHARS = string.ascii_lowercase + string.digits + ",.-"
HIDDEN = 32


def clip_tokenizer(folder: Path) -> Any:
    """A CLIP tokenizer of one token a character."""
    from transformers import CLIPTokenizer

    folder.mkdir(parents=True, exist_ok=True)
    tokens = [*TOKEN_CHARS, *(c + "</w>" for c in TOKEN_CHARS), "<|startoftext|>", "<|endoftext|>"]
    vocab = {token: number for number, token in enumerate(tokens)}
    (folder / "vocab.json").write_text(json.dumps(vocab))
    (folder / "merges.txt").write_text("#version: 0.2\n")
    return CLIPTokenizer.from_pretrained(folder, model_max_length=77)


def clip_encoder(tokenizer: Any, *, projection: bool = False) -> Any:
    from transformers import CLIPTextConfig, CLIPTextModel, CLIPTextModelWithProjection

    config = CLIPTextConfig(
        vocab_size=len(tokenizer),
        hidden_size=HIDDEN,
        intermediate_size=37,
        num_attention_heads=4,
        num_hidden_layers=2,
        projection_dim=HIDDEN,
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
    )
    torch.manual_seed(0)
    return (CLIPTextModelWithProjection if projection else CLIPTextModel)(config).eval()


def t5(folder: Path) -> tuple[Any, Any]:
    """A T5 tokenizer of one token a character, and a tiny encoder."""
    from transformers import T5Config, T5EncoderModel, T5TokenizerFast

    vocab = [("<pad>", 0.0), ("</s>", 0.0), ("<unk>", 0.0), ("▁", -1.0)]
    vocab += [(c, -2.0) for c in TOKEN_CHARS]
    tokenizer = T5TokenizerFast(vocab=vocab, extra_ids=0, model_max_length=77)
    tokenizer.save_pretrained(folder)
    config = T5Config(
        vocab_size=len(vocab), d_model=HIDDEN, d_ff=37, d_kv=8, num_layers=2, num_heads=4
    )
    torch.manual_seed(0)
    return T5TokenizerFast.from_pretrained(folder), T5EncoderModel(config).eval()


def vae(latent_channels: int = 4, scaling_factor: float = 0.18215, **config: Any) -> Any:
    """A VAE at 1/8 size, like the real ones."""
    from diffusers import AutoencoderKL

    torch.manual_seed(0)
    return AutoencoderKL(
        block_out_channels=(8, 8, 16, 16),
        down_block_types=("DownEncoderBlock2D",) * 4,
        up_block_types=("UpDecoderBlock2D",) * 4,
        latent_channels=latent_channels,
        norm_num_groups=4,
        sample_size=64,
        scaling_factor=scaling_factor,
        **config,
    ).eval()


def unet(**config: Any) -> Any:
    from diffusers import UNet2DConditionModel

    torch.manual_seed(0)
    defaults: dict[str, Any] = {
        "sample_size": 8,
        "block_out_channels": (16, 32),
        "layers_per_block": 1,
        "down_block_types": ("DownBlock2D", "CrossAttnDownBlock2D"),
        "up_block_types": ("CrossAttnUpBlock2D", "UpBlock2D"),
        "norm_num_groups": 8,
        "cross_attention_dim": HIDDEN,
        "attention_head_dim": 8,
    }
    return UNet2DConditionModel(**{**defaults, **config}).eval()


def sd(folder: Path) -> Path:
    """Stable Diffusion 1.x: PNDM by default, 64x64."""
    from diffusers import PNDMScheduler, StableDiffusionPipeline

    tokenizer = clip_tokenizer(folder / "tokenizer")
    StableDiffusionPipeline(
        vae=vae(),
        text_encoder=clip_encoder(tokenizer),
        tokenizer=tokenizer,
        unet=unet(),
        scheduler=PNDMScheduler(
            beta_start=0.00085,
            beta_end=0.012,
            beta_schedule="scaled_linear",
            skip_prk_steps=True,
            steps_offset=1,
        ),
        safety_checker=None,
        feature_extractor=None,
        requires_safety_checker=False,
    ).save_pretrained(folder)
    return folder


def sd_of_one_level(folder: Path) -> Path:
    """Stable Diffusion with as little to compile as can be."""
    from diffusers import StableDiffusionPipeline

    pipeline = StableDiffusionPipeline.from_pretrained(sd(folder))
    pipeline.unet = unet(
        block_out_channels=(16,),
        down_block_types=("CrossAttnDownBlock2D",),
        up_block_types=("CrossAttnUpBlock2D",),
    )
    pipeline.save_pretrained(folder)
    return folder


def sd_with_safety_checker(folder: Path) -> Path:
    """As Stable Diffusion 1.5 is published: with a checker, here one that flags everything."""
    from diffusers import StableDiffusionPipeline
    from diffusers.pipelines.stable_diffusion.safety_checker import StableDiffusionSafetyChecker
    from transformers import CLIPConfig, CLIPImageProcessor

    pipeline = StableDiffusionPipeline.from_pretrained(sd(folder))
    vision = {
        "hidden_size": HIDDEN,
        "intermediate_size": 37,
        "num_attention_heads": 4,
        "num_hidden_layers": 1,
        "image_size": 32,
        "patch_size": 16,
        "projection_dim": HIDDEN,
    }
    checker = StableDiffusionSafetyChecker(CLIPConfig(vision_config=vision, projection_dim=HIDDEN))
    torch.nn.init.constant_(checker.concept_embeds_weights, -1.0)
    size = {"height": 32, "width": 32}
    StableDiffusionPipeline(
        **{
            **pipeline.components,
            "safety_checker": checker,
            "feature_extractor": CLIPImageProcessor(size=size, crop_size=size),
        }
    ).save_pretrained(folder)
    return folder


def sdxl(folder: Path) -> Path:
    """Stable Diffusion XL: two text encoders, Euler by default, 64x64."""
    from diffusers import EulerDiscreteScheduler, StableDiffusionXLPipeline

    tokenizer = clip_tokenizer(folder / "tokenizer")
    StableDiffusionXLPipeline(
        vae=vae(scaling_factor=0.13025),
        text_encoder=clip_encoder(tokenizer),
        text_encoder_2=clip_encoder(tokenizer, projection=True),
        tokenizer=tokenizer,
        tokenizer_2=clip_tokenizer(folder / "tokenizer_2"),
        unet=unet(
            cross_attention_dim=2 * HIDDEN,
            attention_head_dim=(2, 4),
            use_linear_projection=True,
            addition_embed_type="text_time",
            addition_time_embed_dim=8,
            transformer_layers_per_block=(1, 2),
            projection_class_embeddings_input_dim=6 * 8 + HIDDEN,
        ),
        scheduler=EulerDiscreteScheduler(
            beta_start=0.00085,
            beta_end=0.012,
            beta_schedule="scaled_linear",
            timestep_spacing="leading",
            steps_offset=1,
        ),
        add_watermarker=False,
    ).save_pretrained(folder)
    return folder


def sdxl_upcast(folder: Path) -> Path:
    """SDXL whose VAE overflows in fp16, as the published one does: its pipeline widens it."""
    path = sdxl(folder) / "vae" / "config.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "force_upcast": True}))
    return folder


def sd3(folder: Path) -> Path:
    """Stable Diffusion 3: three text encoders, a transformer, flow matching, 64x64."""
    from diffusers import (
        FlowMatchEulerDiscreteScheduler,
        SD3Transformer2DModel,
        StableDiffusion3Pipeline,
    )

    tokenizer = clip_tokenizer(folder / "tokenizer")
    tokenizer_3, text_encoder_3 = t5(folder / "tokenizer_3")
    torch.manual_seed(0)
    transformer = SD3Transformer2DModel(
        sample_size=8,
        patch_size=2,
        in_channels=16,
        num_layers=2,
        attention_head_dim=8,
        num_attention_heads=4,
        caption_projection_dim=32,
        joint_attention_dim=2 * HIDDEN,
        pooled_projection_dim=2 * HIDDEN,
        out_channels=16,
    ).eval()
    StableDiffusion3Pipeline(
        transformer=transformer,
        scheduler=FlowMatchEulerDiscreteScheduler(shift=3.0),
        vae=vae(16, 1.5305, shift_factor=0.0609, use_quant_conv=False, use_post_quant_conv=False),
        text_encoder=clip_encoder(tokenizer, projection=True),
        tokenizer=tokenizer,
        text_encoder_2=clip_encoder(tokenizer, projection=True),
        tokenizer_2=clip_tokenizer(folder / "tokenizer_2"),
        text_encoder_3=_wide(text_encoder_3),
        tokenizer_3=tokenizer_3,
    ).save_pretrained(folder)
    return folder


def flux(folder: Path) -> Path:
    """Flux: CLIP and T5, a transformer on packed latents, flow matching with dynamic shifting."""
    from diffusers import FlowMatchEulerDiscreteScheduler, FluxPipeline, FluxTransformer2DModel

    tokenizer = clip_tokenizer(folder / "tokenizer")
    tokenizer_2, text_encoder_2 = t5(folder / "tokenizer_2")
    torch.manual_seed(0)
    transformer = FluxTransformer2DModel(
        patch_size=1,
        in_channels=16,
        num_layers=1,
        num_single_layers=1,
        attention_head_dim=16,
        num_attention_heads=2,
        joint_attention_dim=HIDDEN,
        pooled_projection_dim=HIDDEN,
        axes_dims_rope=(4, 4, 8),
        guidance_embeds=True,
    ).eval()
    FluxPipeline(
        scheduler=FlowMatchEulerDiscreteScheduler(shift=3.0, use_dynamic_shifting=True),
        text_encoder=clip_encoder(tokenizer),
        text_encoder_2=text_encoder_2,
        tokenizer=tokenizer,
        tokenizer_2=tokenizer_2,
        transformer=transformer,
        vae=vae(4, 0.3611, shift_factor=0.1159, use_quant_conv=False, use_post_quant_conv=False),
    ).save_pretrained(folder)
    return folder


def _wide(encoder: Any) -> Any:
    """T5 as wide as both CLIPs together, as SD3 wants it."""
    from transformers import T5EncoderModel

    config = encoder.config
    config.d_model = 2 * HIDDEN
    torch.manual_seed(0)
    return T5EncoderModel(config).eval()


def pixart(folder: Path) -> Path:
    """PixArt: of no family of ours, and its pipeline has no callback at the end of a step."""
    from diffusers import DPMSolverMultistepScheduler, PixArtAlphaPipeline, PixArtTransformer2DModel

    tokenizer, text_encoder = t5(folder / "tokenizer")
    torch.manual_seed(0)
    transformer = PixArtTransformer2DModel(
        sample_size=32,
        num_layers=2,
        patch_size=2,
        attention_head_dim=8,
        num_attention_heads=3,
        caption_channels=HIDDEN,
        in_channels=4,
        cross_attention_dim=24,
        out_channels=8,
        attention_bias=True,
        activation_fn="gelu-approximate",
        num_embeds_ada_norm=1000,
        norm_type="ada_norm_single",
        norm_elementwise_affine=False,
        norm_eps=1e-6,
        use_additional_conditions=False,
    ).eval()
    PixArtAlphaPipeline(
        tokenizer=tokenizer,
        text_encoder=text_encoder,
        vae=vae(),
        transformer=transformer,
        scheduler=DPMSolverMultistepScheduler(),
    ).save_pretrained(folder)
    return folder
