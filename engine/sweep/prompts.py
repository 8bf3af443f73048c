"""Prompts of an axis: from a file, by wildcards, by parts that are replaced."""

from __future__ import annotations

import re
from itertools import product
from math import prod
from pathlib import Path

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
    path = Path(name).expanduser()
    try:
        if path.stat().st_size > _MAX_FILE_BYTES:
            raise InvalidAxis(f"{name} is too large for a file of prompts.")
        text = path.read_text("utf-8-sig")
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is no text in UTF-8"
        raise InvalidAxis(f"{name} could not be read: {why}.") from error
    lines = [line.strip() for line in text.splitlines()]
    found = [line for line in lines if line and not line.startswith("#")]
    if not found:
        raise InvalidAxis(f"{name} has no prompts in it.")
    return found


def replacements(name: str, word: str, texts: list[str]) -> list[AxisValue]:
    """What stands in the place of ``word``; where there is no word it is the first of ``texts``."""
    return [AxisValue(t or "(nothing)", {REPLACE + name: [word or texts[0], t]}) for t in texts]
