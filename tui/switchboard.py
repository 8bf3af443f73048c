"""Switches on the form: as one text, in a few words, and with what is known of each. No widgets."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import dataclass, replace

from engine import schedulers
from engine.errors import InvalidSpec
from engine.switches import BY_NAME, Cost, Place, Switch, normalised, parse
from engine.switches.precision import DTYPES
from engine.switches.wardrobe import conflict


def read(text: str) -> dict[str, str]:
    """The switches of a form's text, such as ``precision=fp16 vae='my folder'``.

    Raises:
        InvalidSpec: a name or a value is unknown, or two switches exclude each other.
    """
    try:
        words = shlex.split(text)
    except ValueError:
        raise InvalidSpec("switches", "A quotation mark is missing in the switches.") from None
    values: dict[str, str] = {}
    for word in words:
        name, equals, value = word.partition("=")
        if not (name and equals and value):
            raise InvalidSpec("switches", f"“{word[:80]}” is not of the form switch=value.")
        values.update([parse(name, value)])
    values = normalised(values)
    name, reason = conflict(values)
    if name:
        raise InvalidSpec("switches", f"{reason}.")
    return values


def written(values: Mapping[str, str]) -> str:
    """The text of some switches; :func:`read` gives them back."""
    return " ".join(f"{name}={shlex.quote(value)}" for name, value in values.items())


def in_words(values: Mapping[str, str]) -> str:
    """What is turned, shortest first to be read: ``fp16 · VAE tiling · compile full``."""
    words = []
    for name, value in values.items():
        switch = BY_NAME.get(name)
        if switch is None:  # of another version
            words.append(f"{name} {value}")
        elif value == "on":
            words.append(switch.label)
        elif name == "precision":
            words.append(value)
        else:
            words.append(f"{switch.label} {value}")
    return " · ".join(words)


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of a switch's value where it would be used.

    Attributes:
        reason: why it cannot be chosen; empty when it can.
        cost: what turning it costs, in a word.
    """

    reason: str
    cost: str


def known(
    switch: Switch, value: str, place: Place, values: Mapping[str, str], scheduler: str | None
) -> Known:
    """What is known of setting ``switch`` to ``value``.

    Args:
        place: of the checkpoint and the device.
        values: what is turned besides.
        scheduler: the one on the form; ``None`` is the checkpoint's own.
    """
    if value == switch.default:
        return Known("", switch.cost.value)
    reason = switch.unavailable(value, effective(place, values)) or schedulers.lacks(
        scheduler or place.scheduler, switch.name
    )
    if not reason:
        with_it = {**values, switch.name: value}
        name, why = conflict(with_it)
        reason = why if name else ""
    return Known(reason, switch.cost.value)


def effective(place: Place, values: Mapping[str, str]) -> Place:
    """The place as it will be with the precision that is set."""
    dtype = DTYPES.get(values.get("precision", "auto"), place.auto_dtype)
    return replace(place, dtype=dtype) if dtype else place


COSTS = {
    Cost.INSTANT: "Nothing is loaded again.",
    Cost.PART: "Only this part is loaded.",
    Cost.RELOAD: "The checkpoint is loaded again.",
    Cost.RECOMPILE: "Compiles before the next picture; again for each new size and batch.",
}
"""What each cost means, in a sentence."""
