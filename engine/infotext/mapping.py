"""Names of samplers and schedules: those of other programs, and what they are here.

Source of the pairs: diffusers' scheduler overview, section "A1111/k-diffusion". The names of
stable-diffusion.cpp, ComfyUI and NovelAI differ from A1111's in how they are written only.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from engine import schedulers

_TRAILING = {"spacing": "trailing"}
SCHEDULES: Mapping[str, Mapping[str, str]] = {
    "karras": {"sigmas": "karras"},
    "exponential": {"sigmas": "exponential"},
    "beta": {"sigmas": "beta"},
    "sgmuniform": _TRAILING,
    "simple": _TRAILING,
    "trailing": _TRAILING,
    **{name: {} for name in ("uniform", "normal", "discrete", "default", "native")},
}
_AUTOMATIC: Mapping[str, str] = {
    **dict.fromkeys(("DPM++ 2M", "DPM++ 2S", "DPM2", "DPM2 a"), "karras"),
    **dict.fromkeys(("DPM++ 2M SDE", "DPM++ 3M"), "exponential"),
}
"""The schedules that A1111 means by “Automatic”; of other samplers it is their plain one."""
_OTHER_NAMES: Mapping[str, str] = {
    **{
        "plms": "PNDM",
        "lmsd": "LMS",
        "kdpm2": "DPM2",
        "kdpm2a": "DPM2 a",
        "unipcmultistep": "UniPC",
    },
    **{"eulerflowmatch": "Flow Euler", "heunflowmatch": "Flow Heun"},
}
_NEAREST: Mapping[str, str] = {
    **{"dpm++2sa": "DPM++ 2S", "dpm++sde": "DPM++ 2S", "dpmsde": "DPM++ 2S"},
    **{"dpm++3msde": "DPM++ 3M", "dpm++2msdeheun": "DPM++ 2M SDE", "dpm++2mv2": "DPM++ 2M"},
}
"""What diffusers has no twin of, with the most like it."""
_WRITTEN = {"PNDM": "PLMS"}


@dataclass(frozen=True, slots=True)
class Sampler:
    """A sampler of another program, as it is here.

    Attributes:
        scheduler: our name.
        switches: what its name says besides.
        exact: whether it is the same; else the most like it.
    """

    scheduler: str
    switches: Mapping[str, str] = field(default_factory=dict)
    exact: bool = True


def sampler(name: str) -> Sampler | None:
    """What another program calls ``name``, which may end in its schedule; ``None``: not known."""
    short = _short(name)
    if (found := _known(short)) is not None:
        return found
    for schedule, switches in SCHEDULES.items():
        if short.endswith(schedule) and (found := _known(short.removesuffix(schedule))):
            return Sampler(found.scheduler, switches, found.exact)
    return None


def schedule(name: str, scheduler: str | None) -> Mapping[str, str] | None:
    """The switches that a schedule type is here; ``None`` when it is not known.

    Args:
        scheduler: the one that it is used with, by our name.
    """
    short = _short(name)
    if short == "automatic":
        sigmas = _AUTOMATIC.get(scheduler or "")
        return {"sigmas": sigmas} if sigmas else {}
    return SCHEDULES.get(short)


def written_sampler(scheduler: str) -> str:
    """A1111's name for a scheduler of ours; our own where it has none."""
    return _WRITTEN.get(scheduler, scheduler)


def written_schedule(scheduler: str, switches: Mapping[str, str]) -> str:
    """A1111's name for the switches, as far as it has one; empty when there is nothing to say."""
    sigmas = switches.get("sigmas", "default")
    if sigmas != "default":
        return sigmas.title()
    if switches.get("spacing") == "trailing":
        return "SGM Uniform"
    # Said where saying nothing would mean something else.
    return "Uniform" if scheduler in _AUTOMATIC else ""


def _short(name: str) -> str:
    """A name without what programs write differently: ``dpmpp_2s_ancestral`` is ``dpm++2sa``."""
    text = name.strip().lower().removeprefix("k_").removeprefix("sample_")
    for written, meant in (("dpmpp", "dpm++"), ("ancestral", "a"), ("_", ""), ("-", ""), (" ", "")):
        text = text.replace(written, meant)
    return text


_OURS = {_short(entry.name): entry.name for entry in schedulers.SCHEDULERS}


def _known(short: str) -> Sampler | None:
    name = _OURS.get(short) or _OTHER_NAMES.get(short)
    if name is not None:
        return Sampler(name)
    near = _NEAREST.get(short)
    return Sampler(near, exact=False) if near is not None else None
