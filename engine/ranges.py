"""Brings values from anywhere into the range of a spec, and says what was changed."""

from __future__ import annotations

import math
import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from engine.errors import InvalidSpec
from engine.schedulers import canonical_name
from engine.spec import (
    BUNDLED,
    MAX_BATCH,
    MAX_GUIDANCE,
    MAX_PROMPT,
    MAX_SEED,
    MAX_SIDE,
    MAX_STEPS,
    SIZE_MULTIPLE,
    RunSpec,
)
from engine.switches import parse

_LONGEST_NUMBER = 40
_SEEDS = 2**32
_DEFAULT = RunSpec("")


@dataclass
class Fitted:
    """A spec that can be run, and what was not as it was asked for.

    Attributes:
        notes: a sentence for each value that was changed.
        unknown: what a spec has no place for, by name.
    """

    spec: RunSpec
    notes: tuple[str, ...] = ()
    unknown: Mapping[str, str] = field(default_factory=dict)


def fit(values: Mapping[str, Any]) -> Fitted:
    """The spec of some values, by the names of :class:`~engine.spec.RunSpec`.

    Numbers may be texts. What is missing or makes no sense is left at its default, the scheduler at
    the checkpoint's own; what is out of range goes to its nearest end.
    """
    fitting = _Fitting(values)
    spec = RunSpec(**fitting.all())
    return Fitted(spec, tuple(fitting.notes), fitting.unknown)


def number(value: object) -> float | None:
    """A finite number, also of a text; ``None`` for anything else."""
    if isinstance(value, str) and len(value) <= _LONGEST_NUMBER:
        try:
            value = int(value) if value.strip().lstrip("+-").isdecimal() else float(value)
        except ValueError:
            return None
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    return value if isinstance(value, int) or math.isfinite(value) else None


class _Fitting:
    """One spec on its way."""

    def __init__(self, values: Mapping[str, Any]) -> None:
        self._values = values
        self.notes: list[str] = []
        self.unknown: dict[str, str] = {}

    def all(self) -> dict[str, Any]:
        fitted: dict[str, Any] = {
            "prompt": self._text("prompt", "Prompt"),
            "negative_prompt": self._text("negative_prompt", "Negative prompt"),
            "checkpoint": self._checkpoint(),
            "num_inference_steps": self._whole("num_inference_steps", "Steps", 1, MAX_STEPS),
            "guidance_scale": self._guidance(),
            "width": self._side("width", "Width"),
            "height": self._side("height", "Height"),
            "scheduler": self._scheduler(),
            "switches": self._switches(),
        }
        prompts = len(RunSpec(fitted["prompt"]).prompts) if self._countable(fitted) else 1
        most = MAX_BATCH // prompts
        batch = self._whole("batch_size", "Batch", 1, most)
        seed = self._seed(MAX_SEED - batch + 1)
        return {**fitted, "batch_size": batch, "seed": seed}

    def _countable(self, fitted: dict[str, Any]) -> bool:
        """Whether there are not more prompts than pictures; else their separators are undone."""
        try:
            RunSpec(fitted["prompt"])
        except InvalidSpec:
            fitted["prompt"] = fitted["prompt"].replace("---", "–")
            self.notes.append(f"The prompt holds more than {MAX_BATCH} prompts; they are one now.")
            return False
        return True

    def _text(self, name: str, label: str) -> str:
        value = self._values.get(name)
        if value is None:
            return ""
        if not isinstance(value, str):
            self.notes.append(f"{label} is no text and was left out.")
            return ""
        text = value.encode("utf-8", "replace").decode("utf-8") if not _is_text(value) else value
        if len(text) > MAX_PROMPT:
            self.notes.append(f"{label} was cut to {MAX_PROMPT:,} characters.")
        return text[:MAX_PROMPT]

    def _checkpoint(self) -> str:
        name = self._text("checkpoint", "Checkpoint")
        return name if name.strip() else BUNDLED

    def _number(self, name: str, label: str, default: float) -> float:
        value = self._values.get(name)
        if value is None:
            return default
        read = number(value)
        if read is None:
            self._odd(label, value, f"{default:g} is used")
            return default
        return read

    def _whole(self, name: str, label: str, low: int, high: int) -> int:
        value = self._number(name, label, getattr(_DEFAULT, name))
        fitted = min(max(round(value), low), high)
        if fitted != value:
            self.notes.append(f"{label} {_shown(value)} cannot be run; {fitted:,} is used.")
        return fitted

    def _guidance(self) -> float:
        value = self._number("guidance_scale", "Guidance", _DEFAULT.guidance_scale)
        fitted = float(min(max(value, 0), MAX_GUIDANCE))
        if fitted != value:
            self.notes.append(f"Guidance {_shown(value)} cannot be run; {fitted:g} is used.")
        return fitted

    def _side(self, name: str, label: str) -> int | None:
        if self._values.get(name) is None:
            return None
        value = number(self._values[name])
        if value is None or value <= 0:
            self._odd(label, self._values[name], "the checkpoint's own is used")
            return None
        units = math.floor(min(value, MAX_SIDE) / SIZE_MULTIPLE + 0.5)
        fitted = max(1, units) * SIZE_MULTIPLE
        if fitted != value:
            self.notes.append(f"{label} {_shown(value)} cannot be run; {fitted} is used.")
        return fitted

    def _seed(self, high: int) -> int:
        value = self._number("seed", "Seed", _DEFAULT.seed)
        if value < 0:
            self.notes.append("The seed was left to chance; a new random one is taken.")
            return random.SystemRandom().randrange(_SEEDS)
        fitted = min(int(value), high)
        if fitted != value:
            self.notes.append(f"Seed {_shown(value)} cannot be used; {fitted} is.")
        return fitted

    def _scheduler(self) -> str | None:
        value = self._values.get("scheduler")
        if value is None:
            return None
        try:
            return canonical_name(str(value))
        except InvalidSpec:
            self.unknown["Scheduler"] = str(value)
            self._odd("Scheduler", value, "the checkpoint's own is used", "is not known here")
            return None

    def _switches(self) -> dict[str, str]:
        values = self._values.get("switches") or {}
        if not isinstance(values, Mapping):
            self.notes.append("The switches make no sense and were left out.")
            return {}
        fitted: dict[str, str] = {}
        for name, value in values.items():
            try:
                fitted.update([parse(str(name), str(value))])
            except InvalidSpec as error:
                self.unknown[f"switch {name}"] = str(value)
                self.notes.append(str(error))
        return fitted

    def _odd(self, label: str, value: object, used: str, why: str = "makes no sense") -> None:
        self.notes.append(f"{label} “{str(value)[:60]}” {why}; {used}.")


def _is_text(value: str) -> bool:
    return not any("\ud800" <= character <= "\udfff" for character in value)


def _shown(value: float) -> str:
    """A number in a sentence, however many digits it has."""
    text = f"{value:,}" if abs(value) < 10**15 else "that large" if value > 0 else "that small"
    return text.removesuffix(".0")
