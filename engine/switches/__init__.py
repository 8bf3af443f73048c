"""Everything that can be turned, one class each. A new switch is one class, named here once.

The form, ``--set``, ``safelight switches``, records and history all go by :data:`SWITCHES`.
Importing this costs nothing: no torch.
"""

from __future__ import annotations

from collections.abc import Mapping

from engine.errors import InvalidSpec
from engine.switches.attention import Attention, AttentionSlicing
from engine.switches.base import NOWHERE, Build, Choice, Cost, Part, Place, Switch
from engine.switches.memory import Offload, Split, VaeSlicing, VaeTiling
from engine.switches.names import nearest
from engine.switches.parts import Vae
from engine.switches.precision import Layerwise, Precision, VaePrecision
from engine.switches.scheduling import Sigmas, Spacing
from engine.switches.speed import Cache, ChannelsLast, Compile, FusedQkv

__all__ = [
    "BY_NAME",
    "NOWHERE",
    "SWITCHES",
    "Build",
    "Choice",
    "Cost",
    "Part",
    "Place",
    "Switch",
    "build_of",
    "normalised",
    "parse",
    "refuse",
    "unavailable",
]

SWITCHES: tuple[Switch, ...] = (
    *(Sigmas(), Spacing()),
    *(Precision(), VaePrecision(), Layerwise()),
    *(Attention(), AttentionSlicing()),
    *(Offload(), VaeSlicing(), VaeTiling(), Split()),
    *(ChannelsLast(), FusedQkv(), Compile(), Cache()),
    Vae(),
)
"""In the order in which they are shown."""

BY_NAME: Mapping[str, Switch] = {switch.name: switch for switch in SWITCHES}

_STACKS: Mapping[Part, tuple[str, ...]] = {
    # What compiling must see comes before it; the caches hook whole blocks and come after.
    Part.DENOISER: (
        *("channels_last", "fused_qkv", "attention", "attention_slicing"),
        *("compile", "cache"),
    ),
    Part.VAE: ("vae", "channels_last", "vae_precision", "vae_slicing", "vae_tiling"),
}
"""In which order the switches of a part are put on."""


def stack(part: Part) -> tuple[Switch, ...]:
    """The switches of a part, in the order in which they are put on."""
    return tuple(BY_NAME[name] for name in _STACKS[part])


def switch(name: str) -> Switch:
    """The switch called ``name``, in any letter case, with ``-`` or ``_``.

    Raises :class:`InvalidSpec` when there is none; the sentence names the nearest.
    """
    found = BY_NAME.get(name.strip().lower().replace("-", "_"))
    if found is None:
        hint = nearest(name, BY_NAME) or f" Known: {', '.join(BY_NAME)}."
        raise InvalidSpec("switches", f"Safelight has no switch called “{name[:80]}”.{hint}")
    return found


def parse(name: str, value: str) -> tuple[str, str]:
    """A switch and its value as they go into a spec.

    Raises :class:`InvalidSpec` for an unknown name or value; the sentence names the nearest.
    """
    found = switch(name)
    return found.name, found.parse(value)


def normalised(values: Mapping[str, str]) -> dict[str, str]:
    """What differs from the defaults, in the one spelling and order: equal runs, equal specs.

    Raises :class:`InvalidSpec` for the first name or value that is unknown.
    """
    parsed = dict(parse(name, value) for name, value in values.items())
    return {
        s.name: parsed[s.name] for s in SWITCHES if s.name in parsed and parsed[s.name] != s.default
    }


def unavailable(values: Mapping[str, str], place: Place) -> dict[str, str]:
    """Why values do not work at a place, by switch; empty when all do."""
    reasons = ((name, BY_NAME[name].unavailable(value, place)) for name, value in values.items())
    return {name: reason for name, reason in reasons if reason}


def refuse(values: Mapping[str, str], place: Place) -> None:
    """Raises :class:`InvalidSpec` for the first value that does not work at a place."""
    for name, reason in unavailable(values, place).items():
        raise InvalidSpec("switches", f"{name} {values[name]} cannot be used: {reason}.")


def build_of(values: Mapping[str, str]) -> Build:
    """The part of some values that decides how a checkpoint is loaded."""
    return Build({n: v for n, v in values.items() if Part.LOADING in BY_NAME[n].parts})
