"""Relief: what to turn next when memory ran out, the cheapest thing that can help first.

VAE slicing, VAE tiling, a batch in smaller calls, model offload, sequential offload. Pure: the
spec that failed, where it ran and in which phase go in, and the switches to add come out. Costs
nothing to import.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from engine.spec import RunSpec
from engine.switches import BY_NAME
from engine.switches.base import Place
from engine.switches.memory import Split, halved
from engine.switches.wardrobe import conflict

RUNGS = ("vae_slicing", "vae_tiling", "split", "offload")
"""Switches that are rungs, the lowest first."""

_OFFLOADS = {
    "none": ("model", "sequential"),
    "model": ("sequential",),
    "group-block": ("sequential",),
    "group-block-stream": ("sequential",),
}
"""What saves more than each; leaf by leaf nothing does."""


def next_rung(spec: RunSpec, place: Place, phase: str) -> Mapping[str, str] | None:
    """The switches to add to those of ``spec``; ``None`` when nothing is left that could help.

    Args:
        spec: the run whose memory ran out, with its size as far as it is known.
        place: where it ran. Of one of which nothing is known, everything may work.
        phase: in which it ran out: ``"load"``, ``"dress"`` while switches were put on, ``"save"``,
            or one of :class:`~engine.clock.PhaseClock`; ``""`` when unknown.
    """
    for name, value in _candidates(spec, place, phase):
        switch = BY_NAME[name]
        values = {**spec.switches, name: value}
        if (
            not switch.unavailable(value, place)
            and not switch.idle(value, spec)
            and not switch.hidden_by(values)
            and not conflict(values)[0]
        ):
            return {name: value}
    return None


def words(switches: Mapping[str, str]) -> str:
    """Rungs in words, such as ``VAE slicing, 2 a call``; other switches by label and value."""
    order = [name for name in RUNGS if name in switches]
    order += [name for name in switches if name not in RUNGS]
    return ", ".join(_word(name, switches[name]) for name in order)


def as_options(switches: Mapping[str, str]) -> str:
    """Switches as the command line takes them: ``--set vae_slicing=on``."""
    return " ".join(f"--set {name}={value}" for name, value in switches.items())


def _candidates(spec: RunSpec, place: Place, phase: str) -> Iterator[tuple[str, str]]:
    """Every rung above where ``spec`` stands, the lowest first."""
    now, pictures = spec.switches, len(spec.pictures)
    if phase == "save":  # main memory, and little of it: nothing here helps
        return
    if phase not in ("load", "dress"):
        smaller = halved(pictures, now.get("split", "all"))
        if phase == "decode":
            a_call = Split.size(now.get("split", "all"), pictures)
            if now.get("vae_slicing", "off") == "off" and a_call > 1:
                yield "vae_slicing", "on"
            if now.get("vae_tiling", "off") == "off" and not _fits_in_a_tile(spec, place):
                yield "vae_tiling", "on"
        if smaller:
            yield "split", smaller
    for value in _OFFLOADS.get(now.get("offload", "none"), ()):
        yield "offload", value


def _fits_in_a_tile(spec: RunSpec, place: Place) -> bool:
    """Whether tiling would do nothing. Another VAE than the checkpoint's may have other tiles."""
    if not place.vae_tile or spec.switches.get("vae", "default") != "default":
        return False
    return max(spec.width or 0, spec.height or 0) <= place.vae_tile


def _word(name: str, value: str) -> str:
    if name == "split":
        return f"{value} a call"
    if name == "offload":
        return f"{value} offload"
    label = BY_NAME[name].label if name in BY_NAME else name
    return label if value == "on" else f"{label} {value}"
