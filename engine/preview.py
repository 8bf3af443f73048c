"""Small pictures of what a run is about to make, without the VAE.

Two steps. First the predicted x0 of a denoising step: what the scheduler thinks the finished
latents are. Then latents to RGB: one picture pixel for each latent pixel, which is 1/8 of the size
and plenty for a preview.

For the two best-known VAEs RGB is a published linear map of the latent channels. For any other VAE
a map is fitted once, when the checkpoint is loaded; see :mod:`engine.latent_rgb`.
"""

from __future__ import annotations

import functools
from types import TracebackType
from typing import Any

import torch

PERIOD_SECONDS = 0.2
"""Previews are at most this often."""


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
