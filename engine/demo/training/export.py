"""Puts the trained parts together as a diffusers folder, whole or not at all."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import torch
from diffusers import AutoencoderKL, PNDMScheduler, StableDiffusionPipeline
from transformers import CLIPTokenizer

from engine.demo.training import text, unet, vae

BETTER_VAE = "better-vae"
LIMIT_BYTES = 16_000_000


def _autoencoder(state: dict[str, torch.Tensor]) -> AutoencoderKL:
    model = vae.build()
    model.load_state_dict(state)
    return model.eval().half()


def pipeline(work: Path) -> StableDiffusionPipeline:
    """The pipeline in fp16 from the averaged weights in `work`."""
    trained = torch.load(work / "unet.pt", weights_only=True)
    tokenizer = CLIPTokenizer.from_pretrained(work / "tokenizer")
    encoder = text.build(tokenizer)
    encoder.load_state_dict(torch.load(work / "text.pt", weights_only=True)["text"])
    denoiser = unet.build()
    denoiser.load_state_dict(trained["average"])
    scheduler = PNDMScheduler(
        **unet.SCHEDULE, skip_prk_steps=True, steps_offset=1, set_alpha_to_one=False
    )
    early = work / "decoder-early.pt"
    own = (
        torch.load(early, weights_only=True)["average"]
        if early.exists()
        else torch.load(work / "frozen.pt", weights_only=True)["vae"]
    )
    return StableDiffusionPipeline(
        vae=_autoencoder(own),
        text_encoder=encoder.eval().half(),
        tokenizer=tokenizer,
        unet=denoiser.eval().half(),
        scheduler=scheduler,
        safety_checker=None,
        feature_extractor=None,
        requires_safety_checker=False,
    )


def export(work: Path, target: Path) -> int:
    """Write `target` (and the better VAE inside it); returns its size in bytes.

    What the decoder's stage has not made yet is left out, or taken from the stage before.
    """
    fresh, old = target.with_name(target.name + ".new"), target.with_name(target.name + ".old")
    shutil.rmtree(fresh, ignore_errors=True)
    pipeline(work).save_pretrained(fresh, safe_serialization=True)
    # PNDM does not clip, but DDIM and DDPM do unless told not to when they take over its
    # settings, and latents reach far beyond -1..1. SD 1.5 carries the same key.
    settings = fresh / "scheduler" / "scheduler_config.json"
    settings.write_text(
        json.dumps({**json.loads(settings.read_text()), "clip_sample": False}, indent=2)
    )
    # Newer transformers save tokenizer.json alone; older ones want these two.
    text.write_tokenizer(fresh / "tokenizer")
    decoder = work / "decoder.pt"
    if decoder.exists():
        better = _autoencoder(torch.load(decoder, weights_only=True)["average"])
        better.save_pretrained(fresh / BETTER_VAE, safe_serialization=True)
    size = sum(path.stat().st_size for path in fresh.rglob("*") if path.is_file())
    if size > LIMIT_BYTES:
        raise ValueError(f"{size} bytes are more than the {LIMIT_BYTES} that a clone shall carry")
    shutil.rmtree(old, ignore_errors=True)
    if target.exists():
        target.rename(old)
    fresh.rename(target)
    shutil.rmtree(old, ignore_errors=True)
    return size
