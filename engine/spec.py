"""What to do: a :class:`RunSpec`, frozen, validated and JSON-able.

Fields are spelled as diffusers spells them. Importing this module costs nothing: no torch here.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from math import isfinite
from types import MappingProxyType
from typing import Any

from engine.errors import InvalidSpec
from engine.schedulers import canonical_name

BUNDLED = "scenes"
"""The name of the checkpoint that comes with Safelight."""

MAX_SEED = 2**63 - 1
MAX_STEPS = 1000
MAX_GUIDANCE = 100.0
MAX_SIDE = 8192
MAX_BATCH = 64
MAX_PROMPT = 20_000
SIZE_MULTIPLE = 8
PROMPT_SEPARATOR = "---"
_SEPARATOR = re.compile(r"^[ \t]*-{3,}[ \t]*(?:\n|\Z)", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class RunSpec:
    """One run, before it happens.

    Attributes:
        prompt: what to draw; may be empty. Several prompts, with lines of ``---`` between them,
            are drawn from the same seeds.
        checkpoint: the bundled one's name, a hub id, a folder or a ``.safetensors`` file.
        negative_prompt: what to keep away from; only used when ``guidance_scale`` is above 1.
        seed: of the first image; image ``i`` of a prompt's batch has ``seed + i``.
        num_inference_steps: asked of the scheduler; evaluations of the model may be more.
        guidance_scale: 1 or less turns classifier-free guidance off.
        width, height: in pixels, multiples of 8; ``None`` is the checkpoint's own size.
        scheduler: a name of :mod:`engine.schedulers`; ``None`` is the checkpoint's own.
        batch_size: images of each prompt.
        switches: what is turned, by the names of :mod:`engine.switches`; only what differs from
            the default.
    """

    prompt: str
    checkpoint: str = BUNDLED
    negative_prompt: str = ""
    seed: int = 0
    num_inference_steps: int = 20
    guidance_scale: float = 4.0
    width: int | None = None
    height: int | None = None
    scheduler: str | None = "DPM++ 2M"
    batch_size: int = 1
    switches: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Raises :class:`InvalidSpec` for the first field that cannot be run."""
        _check_text("prompt", self.prompt)
        _check_text("negative_prompt", self.negative_prompt)
        _check_text("checkpoint", self.checkpoint)
        if not self.checkpoint.strip():
            raise InvalidSpec("checkpoint", "Name a checkpoint: a hub id, a folder or a file.")
        _check_int("seed", "Seed", self.seed, 0, MAX_SEED, "2^63 - 1")
        _check_int("num_inference_steps", "Steps", self.num_inference_steps, 1, MAX_STEPS)
        _check_int("batch_size", "Batch", self.batch_size, 1, MAX_BATCH)
        if self.seed + self.batch_size - 1 > MAX_SEED:
            raise InvalidSpec("seed", "The last seed of the batch would be beyond 2^63 - 1.")
        guidance = _number("guidance_scale", "Guidance", self.guidance_scale)
        if not 0 <= guidance <= MAX_GUIDANCE:
            raise InvalidSpec(
                "guidance_scale", f"Guidance must be a number from 0 to {MAX_GUIDANCE:g}."
            )
        object.__setattr__(self, "guidance_scale", float(guidance))
        for name, label in (("width", "Width"), ("height", "Height")):
            side = getattr(self, name)
            if side is None:
                continue
            _check_int(name, label, side, SIZE_MULTIPLE, MAX_SIDE)
            if side % SIZE_MULTIPLE:
                low = side - side % SIZE_MULTIPLE
                raise InvalidSpec(
                    name,
                    f"{label} must be a multiple of {SIZE_MULTIPLE}: "
                    f"{low} or {low + SIZE_MULTIPLE}, not {side}.",
                )
        if self.scheduler is not None:
            _check_text("scheduler", self.scheduler)
            object.__setattr__(self, "scheduler", canonical_name(self.scheduler))
        if not isinstance(self.switches, Mapping):
            raise InvalidSpec("switches", "Switches must be names with their values.")
        if len(self.pictures) > MAX_BATCH:
            raise InvalidSpec(
                "batch_size",
                f"{len(self.prompts)} prompts x {self.batch_size} are {len(self.pictures)} "
                f"pictures; {MAX_BATCH} at most.",
            )
        switches = {str(name): str(value) for name, value in self.switches.items()}
        object.__setattr__(self, "switches", MappingProxyType(switches))

    @property
    def prompts(self) -> tuple[str, ...]:
        """The prompts to draw: one, or those between lines of three dashes or more."""
        if PROMPT_SEPARATOR not in self.prompt:  # far faster, and asked of every run of a history
            return (self.prompt,)
        parts = _SEPARATOR.split(self.prompt)
        if len(parts) == 1:
            return (self.prompt,)
        # Nothing between two lines, or before the first, is a slip and no wish for any picture.
        return tuple(part.strip("\n") for part in parts if part.strip()) or ("",)

    @property
    def pictures(self) -> tuple[tuple[str, int], ...]:
        """The prompt and the seed of each image: for each prompt the same seeds, in their order."""
        seeds = range(self.seed, self.seed + self.batch_size)
        return tuple((prompt, seed) for prompt in self.prompts for seed in seeds)

    def only(self, index: int) -> RunSpec:
        """The spec of one picture: its own prompt and seed, and no other picture."""
        prompt, seed = self.pictures[index]
        return replace(self, prompt=prompt, seed=seed, batch_size=1)

    @property
    def seeds(self) -> tuple[int, ...]:
        """The seed of each image."""
        return tuple(seed for _, seed in self.pictures)

    def with_(self, **changes: Any) -> RunSpec:
        """A copy with some fields changed, validated again."""
        return replace(self, **changes)

    def to_json(self) -> dict[str, Any]:
        """A plain dictionary of JSON values, one entry a field."""
        values = {f.name: getattr(self, f.name) for f in fields(self)}
        return {**values, "switches": dict(self.switches)}

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> RunSpec:
        """The spec of :meth:`to_json`. Fields of a newer version are left out.

        Raises :class:`InvalidSpec` for values that cannot be run.
        """
        known = {f.name for f in fields(cls)}
        return cls(**{name: value for name, value in values.items() if name in known})


def _check_text(name: str, value: object) -> None:
    label = name.replace("_", " ").capitalize()
    if not isinstance(value, str):
        raise InvalidSpec(name, f"{label} must be text.")
    if any("\ud800" <= character <= "\udfff" for character in value):
        raise InvalidSpec(name, f"{label} holds bytes that are not text.")
    if len(value) > MAX_PROMPT:
        raise InvalidSpec(name, f"{label} is {len(value):,} characters; {MAX_PROMPT:,} at most.")


def _check_int(
    name: str, label: str, value: object, low: int, high: int, high_text: str = ""
) -> None:
    if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
        top = high_text or f"{high:,}"
        raise InvalidSpec(name, f"{label} must be a whole number from {low} to {top}.")


def _number(name: str, label: str, value: object) -> int | float:
    # A float can be infinite; a whole number can be too large for a float, and for isfinite.
    infinite = isinstance(value, float) and not isfinite(value)
    if not isinstance(value, (int, float)) or isinstance(value, bool) or infinite:
        raise InvalidSpec(name, f"{label} must be a number.")
    return value
