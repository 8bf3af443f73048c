"""Prompts of an axis: from a file, by wildcards, by parts that are replaced."""

from __future__ import annotations

import re
from itertools import product
from math import prod
from pathlib import Path
from stat import S_ISREG

from engine.errors import InvalidAxis
from engine.sweep.axis import REPLACE, AxisValue
from engine.sweep.numbers import MAX_VALUES

_WILDCARD = re.compile(r"\{([^{}|]*(?:\|[^{}|]*)+)\}")
_MAX_FILE_BYTES = 4 * 2**20


def has_wildcards(prompt: str) -> bool:
    """Whether a prompt has choices in it: ``{red|green}``."""
    return _WILDCARD.search(prompt) is not None


def wildcards(prompt: str) -> list[AxisValue]:
    """All that a prompt with choices in it can become; the last choice changes first.

    Raises :class:`InvalidAxis` when it has none, or too many.
    """
    pieces = _WILDCARD.split(prompt)
    choices = [[choice.strip() for choice in piece.split("|")] for piece in pieces[1::2]]
    if not choices:
        raise InvalidAxis("The prompt has no choices in it, such as {red|green|blue}.")
    if has_wildcards(_WILDCARD.sub("", prompt)):
        raise InvalidAxis("Choices within choices are not read: {a|{b|c}} is {a|b|c}.")
    if (count := prod(map(len, choices))) > MAX_VALUES:
        raise InvalidAxis(f"The choices make {count:,} prompts; {MAX_VALUES} at most on an axis.")
    values = []
    for chosen in product(*choices):
        texts = [piece for pair in zip(pieces[::2], (*chosen, ""), strict=True) for piece in pair]
        label = ", ".join(choice or "(nothing)" for choice in chosen)
        values.append(AxisValue(label, {"prompt": "".join(texts)}))
    return values


def from_file(name: str) -> list[str]:
    """The prompts of a text file, one a line; empty lines and those that begin with # are none.

    Raises :class:`InvalidAxis` when it cannot be read.
    """
    try:
        path = Path(name).expanduser()
        if not S_ISREG(path.stat().st_mode):  # others may have no end, or never begin
            raise InvalidAxis(f"{name} is not a file of prompts.")
        with path.open("rb") as file:
            data = file.read(_MAX_FILE_BYTES + 1)
        if len(data) > _MAX_FILE_BYTES:
            raise InvalidAxis(f"{name} is too large for a file of prompts.")
        text = data.decode("utf-8-sig")
    except (OSError, ValueError, RuntimeError) as error:
        why = "it is no text in UTF-8"
        if isinstance(error, OSError):
            why = error.strerror or "it is not there"
        elif not isinstance(error, UnicodeDecodeError):
            why = "it is not the name of a file"
        raise InvalidAxis(f"{name} could not be read: {why}.") from error
    lines = [line.strip() for line in text.splitlines()]
    found = [line for line in lines if line and not line.startswith("#")]
    if not found:
        raise InvalidAxis(f"{name} has no prompts in it.")
    return found


def replacements(name: str, word: str, texts: list[str]) -> list[AxisValue]:
    """What stands in the place of ``word``; where there is no word it is the first of ``texts``."""
    return [AxisValue(t or "(nothing)", {REPLACE + name: [word or texts[0], t]}) for t in texts]
