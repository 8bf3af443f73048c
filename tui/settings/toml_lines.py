"""On which line of a TOML file something stands: tomllib does not tell."""

from __future__ import annotations

import re
import tomllib
from bisect import bisect_left
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

Path = tuple[str, ...]
_ENDS = ("]", '"""', "'''")
"""One of these is on the last line of all that goes over several."""
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
        elif not any(end in line for end in _ENDS):
            continue
        try:
            said = tomllib.loads("\n".join(lines[begin - 1 : number]))
        except ValueError:
            continue
        yield Statement(begin, number, said, lines[begin - 1].lstrip().startswith("["))
        begin = 0


@lru_cache(maxsize=4)
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


def explained(error: ValueError, text: str) -> tuple[int, int, str]:
    """Line and column of what tomllib cannot read, counted from 1, and what it is, in words."""
    lines = lines_in(text)
    if not isinstance(error, tomllib.TOMLDecodeError):
        # Python refuses to read whole numbers of more than some thousand digits.
        line = bisect_left(range(len(lines)), True, key=lambda n: _is_too_long(lines[: n + 1]))
        number = re.search(r"\d[\d_]{1000,}", lines[line])
        return line + 1, number.start() + 1 if number else 1, "A number is too long"
    said = str(error)
    place = _PLACE.search(said)
    what = _PLACE.sub("", said)
    if place and place[1]:
        return int(place[1]), int(place[2]), what
    lines = lines_in(text.rstrip("\r\n"))
    return len(lines), len(lines[-1]) + 1, what


def _is_too_long(lines: list[str]) -> bool:
    try:
        tomllib.loads("\n".join(lines))
    except tomllib.TOMLDecodeError:
        return False
    except ValueError:
        return True
    return False


def readable(text: str, line: int) -> str:
    """What stands above ``line``, where a mistake was found: as much as is whole statements."""
    lines = lines_in(text)[: line - 1]
    # A list or a text that was never closed may begin above.
    last = max((each.last for each in statements("\n".join(lines))), default=0)
    return "\n".join(lines[:last])
