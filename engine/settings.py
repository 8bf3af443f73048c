"""The settings of a run in words, by their names: what exports and comparisons show."""

from __future__ import annotations

from engine.record import RunRecord
from engine.switches import BY_NAME

_LABELS = {
    "prompt": "Prompt",
    "negative_prompt": "Negative prompt",
    "checkpoint": "Checkpoint",
    "seed": "Seed",
    "num_inference_steps": "Steps",
    "guidance_scale": "Guidance",
    "size": "Size",
    "scheduler": "Scheduler",
    "batch_size": "Batch",
    "device": "Device",
    "dtype": "Type",
}


def settings_of(record: RunRecord) -> dict[str, str]:
    """What a run was asked for and what it ran on, in the order of the form; empty ones left out.

    The names are those of the spec, of switches, and ``size``, ``device`` and ``dtype``.
    """
    spec = record.spec
    found = {
        "prompt": spec.prompt,
        "negative_prompt": spec.negative_prompt,
        "checkpoint": spec.checkpoint,
        "seed": str(spec.seed),
        "num_inference_steps": str(spec.num_inference_steps),
        "guidance_scale": f"{spec.guidance_scale:g}",
        "size": f"{spec.width}x{spec.height}" if spec.width and spec.height else "own",
        "scheduler": spec.scheduler or "own",
        "batch_size": str(spec.batch_size),
        **spec.switches,
        "device": record.device,
        "dtype": record.dtype,
    }
    return {name: value for name, value in found.items() if value}


def label_of(name: str) -> str:
    """A setting's name as the form has it."""
    if name in _LABELS:
        return _LABELS[name]
    return BY_NAME[name].label if name in BY_NAME else name
