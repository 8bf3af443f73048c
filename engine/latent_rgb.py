"""From latents to RGB without the VAE: published maps, or one fitted to a VAE.

The fit: the VAE encodes and decodes a few small pictures of flat rectangles, and least squares
finds RGB from the latents of each pixel and its eight neighbours, and from random features of them
(rectified random projections, "extreme learning machine": Huang et al. 2006). The features matter
for small VAEs, whose colours are no linear function of their latents: on a 4-channel VAE of 0.5 M
parameters the mean error fell from 30 to 17 of 255. What the decoder makes of the latents is the
goal, not the picture that was encoded: it is what the user will see.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from PIL import Image
from torch.nn import functional

log = logging.getLogger("safelight.engine")

MAX_SIDE = 128
"""Pixels; a preview of a very large picture is averaged down to it."""

# Rows are latent channels (scaled, as the UNet sees them), columns R, G, B in -1 to 1.
# SD 1: https://discuss.huggingface.co/t/decoding-latents-to-rgb-without-upscaling/23204
_SD1 = (
    (0.298, 0.207, 0.208),
    (0.187, 0.286, 0.173),
    (-0.158, 0.189, 0.264),
    (-0.184, -0.271, -0.473),
    (0.0, 0.0, 0.0),  # the bias
)
# SDXL: https://huggingface.co/blog/TimothyAlexisVass/explaining-the-sdxl-latent-space
# (given there in 0 to 255)
_SDXL_255 = ((60, 60, 60), (-60, -5, 10), (25, 15, -5), (-70, -50, -35))
_SDXL_BIAS_255 = (150, 140, 130)
_REAL_CHANNELS = (128, 256, 512, 512)  # of both VAEs; a smaller one is not one of them

# Of the fit; the side is in latent pixels. With 24 pictures the mean error on scenes is 17 of 255,
# with 16 it is 18, with 12 already 24.
_PICTURES, _SIDE = 16, 8
_FEATURES = 128
_RIDGE = 3.0


@dataclass(frozen=True)
class LatentRgb:
    """A map from latents to RGB in -1 to 1.

    Attributes:
        weights: (features, 3), float32; the last feature is the constant 1.
        random: (2 * channels + 1, n) of the random features; ``None`` for a map of the channels
            alone.
    """

    weights: torch.Tensor
    random: torch.Tensor | None = None

    def pictures(self, latents: torch.Tensor) -> tuple[Image.Image, ...]:
        """Latents of shape (batch, channels, height, width) as RGB pictures of the same size."""
        latents = latents.float()
        longest = max(latents.shape[-2:])
        if longest > MAX_SIDE:
            scale = MAX_SIDE / longest
            latents = functional.interpolate(latents, scale_factor=scale, mode="area")
        height, width = latents.shape[-2:]
        pictures = []
        for number in range(len(latents)):  # one by one, for the features take memory
            rgb = _features(latents[number : number + 1], self.random) @ self.weights
            levels = rgb.add(1).mul(127.5).nan_to_num().clamp(0, 255).byte()
            pictures.append(Image.fromarray(levels.view(height, width, 3).cpu().numpy()))
        return tuple(pictures)


def latent_rgb(pipeline: Any) -> LatentRgb | None:
    """The map for a loaded pipeline, or ``None`` when its latents are not like pictures."""
    vae = getattr(pipeline, "vae", None)
    if vae is None:
        return None
    try:
        known = _known(vae)
        return known if known is not None else fit(vae)
    except Exception as error:  # a preview is a comfort: a checkpoint must run without it too
        log.info("No previews for this checkpoint: %s", error)
        return None


def fit(vae: Any) -> LatentRgb:
    """Fit the map of a VAE. Some 0.17 s for the bundled one on a core; less on a GPU.

    Raises:
        ValueError: the VAE gives NaN; and whatever a VAE of another kind raises.
    """
    generator = torch.Generator().manual_seed(0)
    scale = 2 ** (len(vae.config.block_out_channels) - 1)
    large = vae.device.type == "cpu" and vae.config.block_out_channels[0] >= 64
    count = 6 if large else _PICTURES  # a large VAE on a CPU would take many seconds
    colours = _rectangles(count, _SIDE, generator)  # (n, 3, side, side), in -1 to 1
    pictures = colours.repeat_interleave(scale, -1).repeat_interleave(scale, -2)
    with _one_thread(), torch.inference_mode():
        code = vae.encode(pictures.to(vae.device, vae.dtype)).latent_dist.mode()
        decoded = vae.decode(code, return_dict=False)[0].float().cpu()
    shift = getattr(vae.config, "shift_factor", None) or 0.0
    latents = (code.float().cpu() - shift) * vae.config.scaling_factor
    goal = _rows(functional.avg_pool2d(decoded.clamp(-1, 1), scale)).double()
    inputs = 2 * latents.shape[1] + 1
    random = torch.randn(inputs, _FEATURES, generator=generator) * (2.4 / inputs**0.5)
    features = _features(latents, random).double()
    if not (features.isfinite().all() and goal.isfinite().all()):
        raise ValueError("its VAE gives NaN")
    # Ridge regression by the normal equations.
    square = features.T @ features + _RIDGE * torch.eye(features.shape[1], dtype=torch.float64)
    weights = torch.linalg.solve(square, features.T @ goal).float()
    return LatentRgb(weights.to(vae.device), random.to(vae.device))


@contextmanager
def _one_thread() -> Iterator[None]:
    """Work on one core: so little work in many small layers that threads gain next to nothing.

    Beside another busy program they lose: at each layer they wait for the one that has no core,
    and the fit took 3 s instead of 0.3.
    """
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


def _features(latents: torch.Tensor, random: torch.Tensor | None) -> torch.Tensor:
    """(batch, channels, height, width) to one row of features a pixel."""
    rows = _rows(latents)
    ones = rows.new_ones(len(rows), 1)
    if random is None:
        return torch.cat([rows, ones], dim=1)
    padded = functional.pad(latents, (1, 1, 1, 1), mode="replicate")
    near = functional.unfold(padded, 3).transpose(1, 2).flatten(0, 1)
    mean = _rows(functional.avg_pool2d(padded, 3, stride=1))
    projected = functional.relu(torch.cat([rows, mean, ones], dim=1) @ random)
    return torch.cat([near, projected, ones], dim=1)


def _rows(values: torch.Tensor) -> torch.Tensor:
    return values.permute(0, 2, 3, 1).flatten(0, 2)


def _known(vae: Any) -> LatentRgb | None:
    if tuple(vae.config.block_out_channels) != _REAL_CHANNELS:
        return None
    factor = round(float(vae.config.scaling_factor), 5)
    if vae.config.latent_channels != 4 or factor not in (0.18215, 0.13025):
        return None
    if factor == 0.18215:
        weights = torch.tensor(_SD1)
    else:
        weights = torch.tensor((*_SDXL_255, _SDXL_BIAS_255)) / 127.5
        weights[-1] -= 1
    return LatentRgb(weights.to(vae.device))


def _rectangles(count: int, side: int, generator: torch.Generator) -> torch.Tensor:
    """Random flat rectangles over a flat ground: (count, 3, side, side) in -1 to 1."""

    def number(low: int, high: int) -> int:
        return int(torch.randint(low, high, (1,), generator=generator))

    pictures = torch.empty(count, 3, side, side)
    for picture in pictures:
        picture[:] = _colour(generator)
        for _ in range(3):
            x, y = number(0, side - 1), number(0, side - 1)
            w, h = number(2, side), number(2, side)
            picture[:, y : y + h, x : x + w] = _colour(generator)
    return pictures


def _colour(generator: torch.Generator) -> torch.Tensor:
    return torch.rand(3, 1, 1, generator=generator) * 2 - 1
