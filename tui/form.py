"""From what was typed to a :class:`RunSpec`, and back. No widgets here.

A form is a dictionary of texts, one a field, exactly as typed, so that it can be kept and brought
back even while it is wrong.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Mapping
from typing import Any

from engine.errors import InvalidSpec
from engine.spec import BUNDLED, MAX_SEED, RunSpec

FIELDS = (
    *("prompt", "negative_prompt", "checkpoint", "seed", "num_inference_steps"),
    *("guidance_scale", "size", "batch_size", "scheduler", "switches"),
)

OWN_SCHEDULER = "checkpoint's own"
RANDOM_SEEDS = 1_000_000
"""New seeds are drawn below this, so that they stay short enough to read out."""

_SIZE = re.compile(r"(\d{1,6})\s*(?:[x×*,]|by|\s)\s*(\d{1,6})", re.IGNORECASE)

Form = dict[str, str]


def default_form(checkpoint: str = BUNDLED) -> Form:
    """What a first-time user sees."""
    return {
        "prompt": "a red sun over blue mountains, orange sky, birds",
        "negative_prompt": "",
        "checkpoint": checkpoint,
        "seed": "7",
        "num_inference_steps": "20",
        "guidance_scale": "4.0",
        "size": "",
        "batch_size": "1",
        "scheduler": "DPM++ 2M",
        "switches": "",
    }


def form_of(spec: RunSpec) -> Form:
    """The texts that give ``spec`` again."""
    size = "" if spec.width is None or spec.height is None else f"{spec.width}x{spec.height}"
    return {
        "prompt": spec.prompt,
        "negative_prompt": spec.negative_prompt,
        "checkpoint": spec.checkpoint,
        "seed": str(spec.seed),
        "num_inference_steps": str(spec.num_inference_steps),
        "guidance_scale": str(spec.guidance_scale),
        "size": size,
        "batch_size": str(spec.batch_size),
        "scheduler": spec.scheduler or OWN_SCHEDULER,
        "switches": written_switches(spec.switches),
    }


def known_form(values: object) -> Form:
    """A form from a file, which may hold anything: unknown fields and wrong types are left out."""
    if not isinstance(values, dict):
        return {}
    return {k: v for k, v in values.items() if k in FIELDS and isinstance(v, str)}


def parse(form: Mapping[str, str]) -> tuple[RunSpec | None, dict[str, str]]:
    """The spec of a form, or a sentence for each field that cannot be run.

    An empty seed becomes a random one.
    """
    values: dict[str, Any] = {
        "prompt": form["prompt"],
        "negative_prompt": form["negative_prompt"],
        "checkpoint": form["checkpoint"].strip(),
        "scheduler": None if form["scheduler"] == OWN_SCHEDULER else form["scheduler"],
    }
    problems: dict[str, str] = {}
    for name, read in _READERS.items():
        try:
            values.update(read(form.get(name, "").strip()))
        except InvalidSpec as error:
            problems[name] = str(error)
    for name, value in values.items():
        try:
            RunSpec(**{"prompt": "", name: value})
        except InvalidSpec as error:
            problems.setdefault("size" if name in ("width", "height") else name, str(error))
    if problems:
        return None, problems
    try:
        return RunSpec(**values), {}
    except InvalidSpec as error:
        return None, {error.field: str(error)}


def written_switches(values: Mapping[str, str]) -> str:
    """The text on the form of some switches."""
    if not values:
        return ""
    from tui.switchboard import written

    return written(values)


def read_switches(text: str) -> dict[str, str]:
    """The switches of a form's text. Raises :class:`InvalidSpec`."""
    if not text.strip():
        return {}
    from tui.switchboard import read  # not in the first frame

    return read(text)


def new_seed() -> int:
    """A random seed."""
    return random.SystemRandom().randrange(RANDOM_SEEDS)


def differences(
    form: Mapping[str, str], last: Mapping[str, str], own_scheduler: str = ""
) -> set[str]:
    """The fields that mean something else than in ``last``; how they are written is no difference.

    A size left empty stands for whatever it was, and the checkpoint's own scheduler for
    ``own_scheduler``, where that is known.
    """

    def meaning(texts: Mapping[str, str], name: str) -> object:
        text = texts.get(name, "").strip()
        if name == "scheduler" and text == OWN_SCHEDULER:
            return own_scheduler or text
        read = _READERS.get(name)
        if read is None or (name == "seed" and not text):
            return text
        try:
            return read(text)
        except InvalidSpec:
            return text

    return {
        name
        for name in FIELDS
        if meaning(form, name) != meaning(last, name)
        and not (name == "size" and not form.get(name, "").strip())
    }


def _seed(text: str) -> dict[str, Any]:
    if text.lower() in ("", "random", "-1"):
        return {"seed": new_seed()}
    try:
        value = int(text.replace(" ", "").replace("_", ""))
    except ValueError:
        raise InvalidSpec("seed", "Seed must be a whole number, or empty for random.") from None
    if not 0 <= value <= MAX_SEED:
        raise InvalidSpec("seed", "Seed must be from 0 to 2^63 - 1.")
    return {"seed": value}


def _whole(name: str, label: str) -> Callable[[str], dict[str, Any]]:
    def read(text: str) -> dict[str, Any]:
        try:
            return {name: int(text)}
        except ValueError:
            raise InvalidSpec(name, f"{label} must be a whole number.") from None

    return read


def _guidance(text: str) -> dict[str, Any]:
    try:
        return {"guidance_scale": float(text.replace(",", "."))}
    except ValueError:
        raise InvalidSpec("guidance_scale", "Guidance must be a number, such as 4.0.") from None


def _size(text: str) -> dict[str, Any]:
    if not text:
        return {"width": None, "height": None}
    if text.isdecimal() and len(text) < 7:
        return {"width": int(text), "height": int(text)}
    if match := _SIZE.fullmatch(text):
        return {"width": int(match[1]), "height": int(match[2])}
    raise InvalidSpec("size", "Size must be width x height, such as 512x512, or empty.")


_READERS: dict[str, Callable[[str], dict[str, Any]]] = {
    "seed": _seed,
    "num_inference_steps": _whole("num_inference_steps", "Steps"),
    "guidance_scale": _guidance,
    "size": _size,
    "batch_size": _whole("batch_size", "Batch"),
    "switches": lambda text: {"switches": read_switches(text)},
}
