"""What a pipeline is asked for: a spec as the arguments of its call, and what it cannot use."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import torch

from engine.errors import InvalidSpec
from engine.pipelines import Loaded
from engine.spec import RunSpec

_CALLBACK = "callback_on_step_end"


def arguments(spec: RunSpec, loaded: Loaded, on_step_end: Callable[..., Any]) -> dict[str, Any]:
    """The keyword arguments of the pipeline's call; only those that it takes."""
    takes = _parameters(loaded.pipeline)
    asked: dict[str, Any] = {
        "prompt": spec.prompt,
        "width": spec.width,
        "height": spec.height,
        "num_inference_steps": spec.num_inference_steps,
        "guidance_scale": spec.guidance_scale,
        # On the CPU, so that a seed gives the same noise on every device and in every batch.
        "generator": [torch.Generator("cpu").manual_seed(seed) for seed in spec.seeds],
        "output_type": "pil",
        _CALLBACK: on_step_end,
    }
    if "num_images_per_prompt" in takes:
        asked["num_images_per_prompt"] = spec.batch_size
    elif spec.batch_size > 1:
        asked["prompt"] = [spec.prompt] * spec.batch_size
    # Left out when empty: SDXL takes "" and nothing for two different things.
    if spec.negative_prompt and loaded.uses_negative_prompt:
        asked["negative_prompt"] = spec.negative_prompt
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
    for words, label in ((spec.prompt, "prompt"), (spec.negative_prompt, "negative prompt")):
        # A token is a byte or more, so short words need no counting.
        length = len(tokenizer(words).input_ids) if len(words.encode()) > limit - 2 else 0
        if length > limit:
            notes.append(
                f"The {label} has {length} tokens; this checkpoint read the first {limit}."
            )
    return notes


def _parameters(pipeline: Any) -> Any:
    return inspect.signature(type(pipeline).__call__).parameters
