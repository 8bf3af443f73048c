"""Small pictures of what a run is about to make, without the VAE.

Two steps. First the predicted x0 of a denoising step: what the scheduler thinks the finished
latents are. Then latents to RGB by a matrix: one picture pixel for each latent pixel, which is
1/8 of the size and plenty for a preview.

For the two best-known VAEs the matrix is published. For any other it is fitted once, when the
checkpoint is loaded: the VAE's encoder is shown a few synthetic pictures of flat colours, and least
squares finds the matrix from its latents to those colours.
"""

from __future__ import annotations

import functools
import logging
from dataclasses import dataclass
from types import TracebackType
from typing import Any

import torch
from PIL import Image

log = logging.getLogger("safelight.engine")

PERIOD_SECONDS = 0.2
"""Previews are at most this often."""
MAX_SIDE = 256
"""Pixels; a preview of a very large picture is averaged down to it."""

# Rows are latent channels (scaled, as the UNet sees them), columns R, G, B in -1 to 1.
# SD 1: https://discuss.huggingface.co/t/decoding-latents-to-rgb-without-upscaling/23204
_SD1 = (
    (0.298, 0.207, 0.208),
    (0.187, 0.286, 0.173),
    (-0.158, 0.189, 0.264),
    (-0.184, -0.271, -0.473),
)
# SDXL: https://huggingface.co/blog/TimothyAlexisVass/explaining-the-sdxl-latent-space
# (given there in 0 to 255)
_SDXL_255 = ((60, 60, 60), (-60, -5, 10), (25, 15, -5), (-70, -50, -35))
_SDXL_BIAS_255 = (150, 140, 130)
_REAL_CHANNELS = (128, 256, 512, 512)  # of both VAEs; a smaller one is not one of them


@dataclass(frozen=True)
class LatentRgb:
    """RGB in -1 to 1 from latents: ``matrix`` is (channels, 3), ``bias`` (3,), both float32."""

    matrix: torch.Tensor
    bias: torch.Tensor

    def pictures(self, latents: torch.Tensor) -> tuple[Image.Image, ...]:
        """Latents of shape (batch, channels, height, width) as RGB pictures of the same size."""
        latents = latents.float()
        longest = max(latents.shape[-2:])
        if longest > MAX_SIDE:
            scale = MAX_SIDE / longest
            latents = torch.nn.functional.interpolate(latents, scale_factor=scale, mode="area")
        rgb = torch.einsum("bchw,cr->bhwr", latents, self.matrix) + self.bias
        bytes_ = rgb.add(1).mul(127.5).nan_to_num().clamp(0, 255).byte().cpu().numpy()
        return tuple(Image.fromarray(picture) for picture in bytes_)


def latent_rgb(pipeline: Any) -> LatentRgb | None:
    """The matrix for a loaded pipeline, or ``None`` when its latents are not like pictures."""
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
    """Fit the matrix of a VAE by least squares on pictures of random flat rectangles.

    Twelve pictures of 8x8 latents: 768 equations for at most a few dozen unknowns. Takes about
    0.1 s on the bundled VAE on two cores.
    """
    generator = torch.Generator().manual_seed(0)
    scale = 2 ** (len(vae.config.block_out_channels) - 1)
    side = 8
    colours = _rectangles(12, side, generator)  # (n, 3, side, side), in -1 to 1
    pictures = colours.repeat_interleave(scale, -1).repeat_interleave(scale, -2)
    with torch.inference_mode():
        latents = vae.encode(pictures.to(vae.device, vae.dtype)).latent_dist.mode()
    latents = latents.float().cpu()
    shift = getattr(vae.config, "shift_factor", None) or 0.0
    latents = (latents - shift) * vae.config.scaling_factor
    rows = latents.permute(0, 2, 3, 1).flatten(0, 2)
    wanted = colours.permute(0, 2, 3, 1).flatten(0, 2)
    unknowns = torch.cat([rows, torch.ones(len(rows), 1)], dim=1)
    if not unknowns.isfinite().all():
        raise ValueError("its encoder gives NaN")
    # gelsd: the default driver goes wrong, without a word, where latents depend on each other.
    solution = torch.linalg.lstsq(unknowns.double(), wanted.double(), driver="gelsd").solution
    matrix, bias = solution.float().split([len(solution) - 1, 1])
    return LatentRgb(matrix.to(vae.device), bias[0].to(vae.device))


class PredictedX0:
    """Watches a scheduler's steps and says what x0 the last one predicted.

    A context manager: inside it ``scheduler.step`` is wrapped. Nothing is computed, and no tensor
    is held, except for a step before which :meth:`want` was called.
    """

    def __init__(self, scheduler: Any) -> None:
        self._scheduler = scheduler
        self._step = scheduler.step
        self._wanted = False
        self._x0: torch.Tensor | None = None

    def want(self) -> None:
        """Capture the next step."""
        self._wanted = True

    def take(self) -> torch.Tensor | None:
        """The captured x0, once; ``None`` when there is none."""
        x0, self._x0 = self._x0, None
        return x0

    def __enter__(self) -> PredictedX0:
        # wraps: pipelines look at the signature of step to see what it takes
        @functools.wraps(self._step)
        def step(model_output: Any, timestep: Any, sample: Any, *args: Any, **kwargs: Any) -> Any:
            wanted, self._wanted = self._wanted, False
            out = self._step(model_output, timestep, sample, *args, **kwargs)
            if wanted:
                self._x0 = self._predict(model_output, timestep, sample, out)
            return out

        self._scheduler.step = step
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        vars(self._scheduler).pop("step", None)  # the class's own is below it
        self._x0 = None

    def _predict(self, model_output: Any, timestep: Any, sample: Any, out: Any) -> Any:
        """x0 of one step; ``sample`` is x_t, with the noise level of ``timestep``.

        Some schedulers return it, multistep ones keep it; for the rest it follows from what the
        model predicted: epsilon or v (Salimans and Ho 2022, appendix D), or a flow's velocity.
        """
        given = getattr(out, "pred_original_sample", None)
        if given is None and isinstance(out, tuple) and len(out) > 1:
            given = out[1]
        if isinstance(given, torch.Tensor):
            return given
        scheduler, config = self._scheduler, self._scheduler.config
        kept = getattr(scheduler, "model_outputs", None)
        if kept and (
            str(config.get("algorithm_type", "")).endswith("dpmsolver++")
            or config.get("predict_x0", False)
        ):
            return kept[-1] if isinstance(kept[-1], torch.Tensor) else None
        kind = config.get("prediction_type", "epsilon")
        if type(scheduler).__name__.startswith("FlowMatch") or kind == "flow_prediction":
            sigma = float(timestep) / config.num_train_timesteps
            return sample - sigma * model_output
        alphas = getattr(scheduler, "alphas_cumprod", None)
        if alphas is None:
            return None
        alpha = float(alphas[int(timestep)])
        if kind == "sample":
            return model_output
        if kind == "v_prediction":
            return alpha**0.5 * sample - (1 - alpha) ** 0.5 * model_output
        return (sample - (1 - alpha) ** 0.5 * model_output) / alpha**0.5


def unpack(pipeline: Any, latents: torch.Tensor, width: int, height: int) -> torch.Tensor | None:
    """Latents as (batch, channels, height, width); Flux packs 2x2 of them into a sequence."""
    if latents.ndim == 4:
        return latents
    if latents.ndim == 3 and hasattr(pipeline, "_unpack_latents"):
        unpacked = pipeline._unpack_latents(latents, height, width, pipeline.vae_scale_factor)
        return unpacked if isinstance(unpacked, torch.Tensor) and unpacked.ndim == 4 else None
    return None


def _known(vae: Any) -> LatentRgb | None:
    if tuple(vae.config.block_out_channels) != _REAL_CHANNELS:
        return None
    factor = round(float(vae.config.scaling_factor), 5)
    if vae.config.latent_channels != 4 or factor not in (0.18215, 0.13025):
        return None
    if factor == 0.18215:
        matrix, bias = torch.tensor(_SD1), torch.zeros(3)
    else:
        matrix = torch.tensor(_SDXL_255) / 127.5
        bias = torch.tensor(_SDXL_BIAS_255) / 127.5 - 1
    return LatentRgb(matrix.to(vae.device), bias.to(vae.device))


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
