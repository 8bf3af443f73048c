"""Reads infotext, whoever wrote it."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from engine import schedulers
from engine.infotext.grammar import Infotext, read_back, split
from engine.infotext.mapping import sampler, schedule
from engine.ranges import fit, number
from engine.spec import BUNDLED, RunSpec

OWN = "Safelight"
_SIZE = re.compile(r"\s*(\d{1,9})\s*[x×]\s*(\d{1,9})\s*")
_NUMBERS = {"steps": "num_inference_steps", "cfg scale": "guidance_scale", "seed": "seed"}
_PROGRAMS = (
    ("civitai", "civitai"),
    ("stable-diffusion.cpp", "stable-diffusion.cpp"),
    ("sd.next", "sd.next"),
    ("safelight", "safelight"),
)


@dataclass(frozen=True, slots=True)
class Parsed:
    """What an infotext says.

    Attributes:
        spec: of its one picture.
        model: the name of the checkpoint, as the text has it; empty when it has none.
        own: whether ``spec.checkpoint`` was said by the text: Safelight wrote it.
        program: that wrote it: ``"a1111"`` where nothing else is known.
        unknown: pairs that the spec has no place for, by name.
        notes: sentences on what is not as the text says.
    """

    spec: RunSpec
    model: str = ""
    own: bool = False
    program: str = "a1111"
    unknown: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


def parse(text: str, checkpoint: str = BUNDLED) -> Parsed | None:
    """The settings in a text, or ``None`` when it holds none; never raises for what it says.

    Args:
        text: as it was pasted, or read from a picture.
        checkpoint: of the spec, unless the text is ours and names another.
    """
    infotext = split(text)
    return _Reading(infotext, checkpoint).parsed() if infotext is not None else None


class _Reading:
    """One infotext on its way to a spec. Pairs that are understood are taken out."""

    def __init__(self, infotext: Infotext, checkpoint: str) -> None:
        self._pairs = dict(infotext.pairs)
        self._notes: list[str] = []
        self._program = _program(infotext.pairs)
        self._model = ""
        self._own: Mapping[str, Any] = {}
        self._values: dict[str, Any] = {
            "prompt": infotext.prompt,
            "negative_prompt": infotext.negative_prompt,
            "checkpoint": checkpoint,
        }

    def parsed(self) -> Parsed:
        self._own = self._own_pair()
        for pair, name in _NUMBERS.items():
            self._number(pair, name)
        self._size()
        self._sampler()
        self._distilled()
        self._model = self._take("model")
        self._use_own()
        if self._program == "safelight":
            self._take("version")
        fitted = fit(self._values)
        if len(fitted.spec.prompts) > 1 and not self._own:
            self._notes.append("The prompt has lines of ---, which divide several prompts here.")
        missing = [name.capitalize() for name, to in _NUMBERS.items() if to not in self._values]
        if missing:
            self._notes.append(f"Nothing is said of {', '.join(missing)}; the default is used.")
        return Parsed(
            fitted.spec,
            self._model,
            isinstance(self._own.get("checkpoint"), str),
            self._program,
            {**self._pairs, **fitted.unknown},
            (*self._notes, *fitted.notes),
        )

    def _named(self, name: str) -> str:
        """A pair's name as it is written in the text; empty when there is none."""
        return next((each for each in self._pairs if each.lower() == name), "")

    def _take(self, name: str) -> str:
        """The value of a pair, which is understood then; empty when there is none."""
        return self._pairs.pop(self._named(name), "")

    def _number(self, pair: str, name: str) -> None:
        """Take a number; what is none stays among the unknown."""
        named = self._named(pair)
        value = self._pairs.get(named, "")
        if named and number(value) is None:
            self._notes.append(f"{named} “{value[:60]}” is no number; the default is used.")
            self._values[name] = None
        elif named:
            self._values[name] = self._take(pair)

    def _size(self) -> None:
        match = _SIZE.fullmatch(self._pairs.get(self._named("size"), ""))
        if match:
            self._take("size")
            self._values |= {"width": int(match[1]), "height": int(match[2])}
        elif named := self._named("size"):
            value = self._pairs[named][:60]
            self._notes.append(f"Size “{value}” makes no sense; the checkpoint's own is used.")

    def _sampler(self) -> None:
        """The sampler, with the schedule in its name or beside it."""
        name = self._pairs.get(self._named("sampler"), "")
        if not name:
            return
        found = sampler(name)
        if found is None:
            self._notes.append(
                f"Sampler “{name[:60]}” is not known here; the checkpoint's own scheduler is used."
            )
        else:
            self._take("sampler")
            self._values["scheduler"] = found.scheduler
            if not found.exact:
                self._pairs["Sampler"] = name
                self._notes.append(f"Sampler “{name}” is not here; {found.scheduler} is like it.")
        scheduler = found.scheduler if found is not None else None
        turned = dict(found.switches) if found is not None else {}
        key = "schedule type" if self._named("schedule type") else "scheduler"
        if kind := self._pairs.get(self._named(key), ""):
            switches = schedule(kind, scheduler)
            if switches is None:
                self._notes.append(f"Schedule “{kind[:60]}” is not known here and was left out.")
            else:
                self._take(key)
                turned |= switches
        self._turn(turned, scheduler)

    def _turn(self, switches: Mapping[str, str], scheduler: str | None) -> None:
        """Turn what the scheduler takes."""
        own = _mapping(self._own.get("switches"))
        switches = {name: value for name, value in switches.items() if name not in own}
        lacking = {name: schedulers.lacks(scheduler, name) for name in switches}
        for name, why in lacking.items():
            if why:
                self._pairs[name.capitalize()] = switches[name]
                self._notes.append(f"{why}, so {switches[name]} was left out.")
        kept = {name: value for name, value in switches.items() if not lacking[name]}
        if kept:
            self._values["switches"] = kept

    def _distilled(self) -> None:
        """Flux's guidance, which is not classifier-free, stands in a pair of its own at Forge."""
        named = self._named("distilled cfg scale")
        cfg = number(self._values.get("guidance_scale"))
        if named and number(self._pairs[named]) is not None and (cfg is None or cfg <= 1):
            self._values["guidance_scale"] = self._take("distilled cfg scale")

    def _own_pair(self) -> Mapping[str, Any]:
        """What Safelight could not say in A1111's words; the pair stays when it makes no sense."""
        try:
            own = _mapping(json.loads(self._pairs.get(self._named(OWN.lower()), "")))
        except (ValueError, RecursionError):
            return {}
        if own:
            self._take(OWN.lower())
        return own

    def _use_own(self) -> None:
        """Put it in its place; prompts only where nobody has edited the plain ones since."""
        own = dict(self._own)
        names = ("prompt", "negative_prompt")
        head = [own.get(name, self._values[name]) for name in names]
        is_text = all(isinstance(each, str) for each in head)
        if not is_text or read_back(*head) != tuple(self._values[name] for name in names):
            own = {name: value for name, value in own.items() if name not in names}
        if "switches" in own:
            turned = self._values.get("switches", {})
            own["switches"] = {**turned, **_mapping(own["switches"])}
        self._values |= {name: own[name] for name in RunSpec.__dataclass_fields__ if name in own}


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _program(pairs: Mapping[str, str]) -> str:
    """Which program wrote some pairs, by what only it writes."""
    said = " ".join(pairs.get(name, "") for name in ("Version", "App")).lower()
    said += " civitai" if any(name.startswith("Civitai") for name in pairs) else ""
    for mark, program in _PROGRAMS:
        if mark in said:
            return program
    return "forge" if re.match(r"f\d|neo|forge", said.strip()) else "a1111"
