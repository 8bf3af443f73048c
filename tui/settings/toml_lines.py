"""On which line of a TOML file something stands: tomllib does not tell."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

Path = tuple[str, ...]
_PLACE = re.compile(r"\s*\(at line (\d+), column (\d+)\)$|\s*\(at end of document\)$")


@dataclass(frozen=True, slots=True)
class Statement:
    """A header, or a name with its value.

    Attributes:
        first, last: its lines, counted from 1.
        said: what it says by itself.
        is_header: of a table.
    """

    first: int
    last: int
    said: dict[str, Any]
    is_header: bool


def statements(text: str) -> Iterator[Statement]:
    """Each statement of a file.

    A statement ends with its line, unless it is not valid yet: then it goes on. ``text`` must be
    valid TOML; of what is not, the statements before the mistake are given.
    """
    begin, lines = 0, lines_in(text)
    for number, line in enumerate(lines, 1):
        if not begin:
            if not line.strip() or line.lstrip().startswith("#"):
                continue
            begin = number
        try:
            said = tomllib.loads("\n".join(lines[begin - 1 : number]))
        except tomllib.TOMLDecodeError:
            continue
        yield Statement(begin, number, said, lines[begin - 1].lstrip().startswith("["))
        begin = 0


def lines_of(text: str) -> Mapping[Path, int]:
    """The line of each table and value, by its path: ``("keys", "run")``."""
    found: dict[Path, int] = {}
    table: Path = ()
    for each in statements(text):
        for path in _paths(each.said):
            if each.is_header:
                table = path
            found.setdefault(path if each.is_header else (*table, *path), each.first)
    return found


def lines_in(text: str) -> list[str]:
    """The lines as TOML counts them: nothing else than these two ends one."""
    return text.replace("\r\n", "\n").split("\n")


def _paths(said: Mapping[str, Any]) -> Iterator[Path]:
    """The path of every value; of an empty table, its own."""
    for name, value in said.items():
        inner = value[-1] if isinstance(value, list) and value else value
        if isinstance(inner, dict):
            yield from ((name, *path) for path in _paths(inner))
            if not inner:
                yield (name,)
        else:
            yield (name,)


def explained(error: tomllib.TOMLDecodeError, text: str) -> tuple[int, int, str]:
    """Line and column of a mistake, counted from 1, and what it is, in words."""
    said = str(error)
    place = _PLACE.search(said)
    what = _PLACE.sub("", said)
    if place and place[1]:
        return int(place[1]), int(place[2]), what
    lines = lines_in(text.rstrip("\r\n"))
    return len(lines), len(lines[-1]) + 1, what


def readable(text: str, line: int) -> dict[str, Any]:
    """What the file says above ``line``, where a mistake was found: as much as is valid."""
    said: dict[str, Any] = {}
    lines = lines_in(text)[: line - 1]
    while lines:
        try:
            said = tomllib.loads("\n".join(lines))
            break
        except tomllib.TOMLDecodeError:
            lines.pop()  # a list or a text that was never closed began above
    return said
