"""What a pipeline is asked for: a spec as the arguments of its call, and what it cannot use."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from typing import Any

import torch

from engine import schedulers
from engine.errors import InvalidSpec
from engine.loaded import Loaded
from engine.spec import RunSpec
from engine.switches import BY_NAME
from engine.switches.memory import VaeTiling
from engine.switches.precision import DTYPES

_CALLBACK = "callback_on_step_end"


def arguments(
    spec: RunSpec,
    loaded: Loaded,
    pictures: Sequence[tuple[str, int]],
    on_step_end: Callable[..., Any],
) -> dict[str, Any]:
    """The keyword arguments of one call of the pipeline; only those that it takes.

    Args:
        pictures: the prompt and the seed of each picture of this call.
    """
    takes = _parameters(loaded.pipeline)
    prompts = [prompt for prompt, _ in pictures]
    asked: dict[str, Any] = {
        "prompt": prompts,
        "width": spec.width,
        "height": spec.height,
        "num_inference_steps": spec.num_inference_steps,
        "guidance_scale": spec.guidance_scale,
        # On the CPU, so that a seed gives the same noise on every device and in every batch.
        "generator": [torch.Generator("cpu").manual_seed(seed) for _, seed in pictures],
        "output_type": "pil",
        _CALLBACK: on_step_end,
    }
    negative = spec.negative_prompt
    several = len(set(prompts)) > 1 or (len(pictures) > 1 and "num_images_per_prompt" not in takes)
    if not several:  # the text encoder reads it once
        asked["prompt"] = prompts[0]
        asked["num_images_per_prompt"] = len(pictures)
    # Left out when empty: SDXL takes "" and nothing for two different things.
    if negative and loaded.uses_negative_prompt:
        asked["negative_prompt"] = [negative] * len(pictures) if several else negative
    return {name: value for name, value in asked.items() if name in takes}


def takes_callback(pipeline: Any) -> bool:
    """Whether a pipeline calls back at the end of each step."""
    return _CALLBACK in _parameters(pipeline)


def check_steps(spec: RunSpec, scheduler: Any) -> None:
    """A scheduler cannot take more steps than the model was trained with; PNDM one fewer.

    Raises:
        InvalidSpec: too many steps. diffusers would find out at the last of them.
    """
    most = int(scheduler.config.get("num_train_timesteps", 0) or 0)
    if type(scheduler).__name__ == "PNDMScheduler":
        most -= 1
    if 0 < most < spec.num_inference_steps:
        raise InvalidSpec("num_inference_steps", f"This scheduler takes at most {most:,} steps.")


def check_size(spec: RunSpec, loaded: Loaded) -> None:
    """Flux and SD3 work on 2x2 patches of latents; diffusers rounds in silence or raises.

    Raises:
        InvalidSpec: the size is not a multiple of what the checkpoint needs.
    """
    multiple = int(getattr(loaded.pipeline, "vae_scale_factor", 8))
    if loaded.family in ("flux", "sd3"):
        multiple *= 2
    for name in ("width", "height"):
        side = getattr(spec, name)
        if side % multiple:
            low = side - side % multiple
            sizes = f"{low} or {low + multiple}" if low else f"{multiple}"
            raise InvalidSpec(
                name,
                f"{name.capitalize()} must be a multiple of {multiple} for this checkpoint: "
                f"{sizes}, not {side}.",
            )


def unused_words(spec: RunSpec, loaded: Loaded) -> list[str]:
    """A note for each of the user's words that the checkpoint will not read."""
    notes = []
    if spec.negative_prompt and not loaded.uses_negative_prompt:
        notes.append("This kind of checkpoint reads no negative prompt.")
    elif spec.negative_prompt and spec.guidance_scale <= 1:
        notes.append("The negative prompt was not used: guidance is 1 or less.")
    if loaded.family not in ("sd", "sdxl"):
        return notes
    tokenizer = loaded.pipeline.tokenizer
    limit = tokenizer.model_max_length
    prompts = ((prompt, "prompt") for prompt in spec.prompts)
    for words, label in (*prompts, (spec.negative_prompt, "negative prompt")):
        # A token is a byte or more, so short words need no counting.
        length = len(tokenizer(words).input_ids) if len(words.encode()) > limit - 2 else 0
        if length > limit:
            notes.append(
                f"The {label} has {length} tokens; this checkpoint read the first {limit}."
            )
    return notes


def idle_switches(spec: RunSpec, loaded: Loaded) -> list[str]:
    """A note for each switch that has no effect on this run."""
    notes = []
    for name, value in spec.switches.items():
        switch = BY_NAME[name]
        reason = switch.idle(value, spec) or switch.hidden_by(spec.switches)
        if name == "spacing":
            reason = schedulers.idle_spacing(
                spec.scheduler, value, spec.switches.get("sigmas", ""), loaded.own_scheduler
            )
        if name == "precision" and DTYPES.get(value) == loaded.place.auto_dtype:
            reason = "it is what auto means here"
        if name == "vae_tiling" and VaeTiling.is_idle(
            loaded.pipeline.vae, spec.width or 0, spec.height or 0
        ):
            reason = "the picture is no larger than a tile"
        if reason:
            notes.append(f"{switch.label} had no effect: {reason}.")
    return notes


def _parameters(pipeline: Any) -> Any:
    return inspect.signature(type(pipeline).__call__).parameters
