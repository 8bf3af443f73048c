"""The grammar of infotext: lines and pairs, and what a reader of them loses.

Source: what A1111 writes and reads (its ``infotext_utils``), and what others write: JSON without
quotation marks (Civitai), lists (stable-diffusion.cpp).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass

NEGATIVE = "Negative prompt:"
MAX_TEXT = 2**20
"""Characters; more is not read."""
_MOST_PAIRS = 2000
_FEWEST_PAIRS = 3
_SURE = frozenset({"steps", "sampler", "seed", "cfg scale"})
"""One of these is among the pairs, or the line is a prompt that has colons."""
_KEY = re.compile(r"\s*(\w[^,:\"{}\[\]\n]{0,99}?)\s*:\s*")
_QUOTED = re.compile(r'"(?:[^"\\]|\\.)*"(?=\s*(?:,|\Z))')
_END = re.compile(r"\s*(?:,|\Z)")
_BRACKETS = {"[": "]", "{": "}"}


@dataclass(frozen=True, slots=True)
class Infotext:
    """A text, taken apart. ``pairs`` is in the order of the text, with no name twice."""

    prompt: str
    negative_prompt: str
    pairs: dict[str, str]


def looks_like_infotext(text: str) -> bool:
    """Whether a text ends in a line of settings, three pairs or more."""
    return bool(_pairs_of_last(text.strip().rpartition("\n")[2]))


def split(text: str) -> Infotext | None:
    """Take a text apart, or ``None`` when its last line holds no settings."""
    *lines, last = text.strip().split("\n")
    pairs = _pairs_of_last(last)
    if not pairs:
        return None
    return Infotext(*_prompts(lines), _named(pairs))


def head(prompt: str, negative_prompt: str) -> str:
    """The lines above the pairs. Characters of no text, which cut one short, are left out."""
    negative = f"\n{NEGATIVE} {negative_prompt}" if negative_prompt else ""
    return f"{prompt}{negative}".replace("\0", "")


def read_back(prompt: str, negative_prompt: str) -> tuple[str, str]:
    """What a reader makes of two prompts: blanks around lines are lost, and more."""
    *lines, _ = f"{head(prompt, negative_prompt)}\n.".strip().split("\n")
    return _prompts(lines)


def join(pairs: Iterable[tuple[str, str]]) -> str:
    """The last line, of some pairs. Empty values are left out: nobody reads them right."""
    return ", ".join(f"{name}: {quoted(value)}" for name, value in pairs if value)


def quoted(value: str) -> str:
    """A value as JSON, where it would end early otherwise."""
    plain = value.isprintable() and not any(mark in value for mark in ',:"') and _is_bare(value)
    return value if plain else json.dumps(value)


def _is_bare(value: str) -> bool:
    return value == value.strip() and not value.startswith(tuple(_BRACKETS))


def _prompts(lines: Iterable[str]) -> tuple[str, str]:
    """The prompt, and the negative one, which begins where a line says so."""
    prompt: list[str] = []
    negative: list[str] = []
    now = prompt
    for line in lines:
        line = line.strip()
        if line.startswith(NEGATIVE):
            now, line = negative, line.removeprefix(NEGATIVE).strip()
        if now or line:  # a reader begins with the first line that is not empty
            now.append(line)
    return "\n".join(prompt), "\n".join(negative)


# Pairs


def _pairs_of_last(line: str) -> list[tuple[str, str]]:
    """The pairs of a line; none when it is no line of settings."""
    if len(line) > MAX_TEXT:
        return []
    pairs = _pairs(line)
    sure = any(name.lower() in _SURE for name, _ in pairs)
    return pairs if sure and len(pairs) >= _FEWEST_PAIRS else []


def _pairs(line: str) -> list[tuple[str, str]]:
    """Names and values. What stands between two commas and has no name is of the value before."""
    found: list[tuple[str, list[str]]] = []
    at = 0
    while at < len(line) and len(found) < _MOST_PAIRS:
        match = _KEY.match(line, at)
        if match is None:
            rest, at = _to_comma(line, at)
            if found and rest:
                found[-1][1].append(rest)
            continue
        value, at = _value(line, match.end())
        found.append((match[1], [value]))
    return [(name, ", ".join(parts)) for name, parts in found]


def _value(line: str, at: int) -> tuple[str, int]:
    """The value that begins at ``at``, and where the next pair does."""
    if match := _QUOTED.match(line, at):
        end = _END.match(line, match.end())
        return unquoted(match[0]), end.end() if end else match.end()
    if line[at : at + 1] in _BRACKETS and (stop := _bracketed(line, at)):
        end = _END.match(line, stop)
        if end is not None:
            return line[at:stop], end.end()
    return _to_comma(line, at)


def _bracketed(line: str, at: int) -> int:
    """Where JSON, or a list that is almost JSON, ends; 0 when it does not."""
    try:
        _, stop = json.JSONDecoder().raw_decode(line, at)
    except (ValueError, RecursionError):
        # A list may end in a comma, which is no JSON; it holds no other brackets.
        limit = at + 1000
        stop = line.find(_BRACKETS[line[at]], at, limit) + 1
    return int(stop)


def _to_comma(line: str, at: int) -> tuple[str, int]:
    end = line.find(",", at)
    end = len(line) if end < 0 else end
    return line[at:end].strip(), end + 1


def unquoted(value: str) -> str:
    """The text of a JSON string; anything else as it is."""
    if value[:1] != '"':
        return value
    try:
        text = json.loads(value)
    except ValueError:
        return value
    return text if isinstance(text, str) else value


def _named(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Pairs by name. Of a name that comes again the last counts; the others are numbered."""
    found: dict[str, str] = {}
    for name, value in pairs:
        if name in found:
            number = 2
            while f"{name} ({number})" in found:
                number += 1
            found[f"{name} ({number})"] = found[name]
        found[name] = value
    return found
