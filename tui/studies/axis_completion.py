"""What can follow in the line of an axis: its name, then its values, one after another."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from engine.history.completion import Completion, Option
from engine.spec import RunSpec
from engine.switches.base import Place

_EXAMPLES: dict[str, tuple[str, ...]] = {
    "steps": ("10,20,30", "20,30,50", "4..12:2"),
    "guidance": ("1..7:1.5", "2,4,8"),
    "seed": ("1..4", "1..9"),
    "size": ("512x512,768x512",),
    "batch": ("1,2,4,8",),
    "width": ("512,640,768",),
    "height": ("512,640,768",),
    "prompt": ("@prompts.txt",),
    "negative_prompt": ("@prompts.txt",),
}
_HELP = {
    "steps": "20,30,50 or a range 4..12:2",
    "guidance": "4..8:1",
    "seed": "1..4, the same picture in variants",
    "scheduler": "one after another",
    "size": "512x512,768x512",
    "width": "pixels",
    "height": "pixels",
    "batch": "pictures a run",
    "prompt": "whole prompts, or @file",
    "prompt:": "a word, and what takes its place",
    "wildcards": "{red|green} in the prompt",
    "negative_prompt": "whole prompts, or @file",
    "checkpoint": "one after another",
}
_WORD = re.compile(r"[^\W\d_]{3,}")
_SMALL = {"the", "and", "over", "with", "from", "for", "into", "under"}


@dataclass(frozen=True, slots=True)
class Sources:
    """Where values come from.

    Attributes:
        base: the spec of the form.
        schedulers: that the checkpoint takes.
        place: what switches can work on, as far as is known.
        checkpoints: of this machine.
    """

    base: RunSpec
    schedulers: Sequence[str] = ()
    place: Place = field(default_factory=Place)
    checkpoints: Sequence[str] = ()


def complete_axis(text: str, cursor: int, sources: Sources) -> Completion:
    """What can be put at ``cursor``, an index into ``text``."""
    equals = text.find("=")
    if equals < 0 or cursor <= equals:
        end = equals + 1 if equals >= 0 else len(text)
        typed = text[:cursor].strip().lower()
        if typed.startswith("prompt:"):
            return Completion(0, end, tuple(_words(typed.removeprefix("prompt:"), sources)))
        return Completion(0, end, tuple(_names(typed)))
    name = text[:equals].strip().lower()
    start = max(equals + 1, text.rfind(",", 0, cursor) + 1)
    start += len(text[start:cursor]) - len(text[start:cursor].lstrip())
    end = text.find(",", cursor)
    end = len(text) if end < 0 else end
    typed = text[start:cursor].strip().strip('"').lower()
    others = f"{text[equals + 1 : start]},{text[end:]}".split(",")
    had = {part.strip().strip('"').lower() for part in others}
    is_first = not text[equals + 1 : start].strip()
    return Completion(start, end, tuple(_values(name, typed, had, sources, is_first=is_first)))


def _names(typed: str) -> Iterable[Option]:
    from engine.sweep import NAMES
    from engine.switches import BY_NAME

    names = [*NAMES]
    names.insert(names.index("prompt") + 1, "prompt:")
    for name in names:
        if name.startswith(typed):
            switch = BY_NAME.get(name)
            about = switch.help if switch is not None else _HELP.get(name, "")
            yield Option(name if name == "prompt:" else f"{name}=", about)


def _words(typed: str, sources: Sources) -> Iterable[Option]:
    """Words of the prompt that may be replaced."""
    words = dict.fromkeys(_WORD.findall(sources.base.prompt))
    for word in words:
        if word.lower().startswith(typed) and word.lower() not in _SMALL:
            yield Option(f"prompt:{word}={word},", f"others in the place of {word}")


def _values(
    name: str, typed: str, had: set[str], sources: Sources, *, is_first: bool
) -> Iterable[Option]:
    from engine.switches import BY_NAME

    if (switch := BY_NAME.get(name)) is not None:
        offered = {choice.value: choice.help for choice in switch.choices}
        if name == "vae":
            offered |= dict.fromkeys(sources.place.vaes, "beside the checkpoint")
    elif name in ("scheduler", "sampler"):
        offered = dict.fromkeys(sources.schedulers, "")
    elif name in ("checkpoint", "model"):
        offered = dict.fromkeys(sources.checkpoints, "")
    else:
        offered = dict.fromkeys(_EXAMPLES.get(name, ()) if is_first and not typed else (), "")
    fitting = [v for v in offered if typed in v.lower() and v.lower() not in had]
    if [value.lower() for value in fitting] == [typed]:
        return
    for value in sorted(fitting, key=lambda value: not value.lower().startswith(typed)):
        yield Option(f'"{value}"' if _needs_quotes(name, value) else value, offered[value])


def _needs_quotes(name: str, value: str) -> bool:
    return "," in value and name not in _EXAMPLES
