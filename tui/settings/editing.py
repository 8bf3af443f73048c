"""Changing one value in the text of ``config.toml``; comments, order and all else stay."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tui.files import write_atomically
from tui.settings.setting import Value
from tui.settings.sources import File
from tui.settings.toml_lines import Statement, lines_in, statements
from tui.settings.values import as_toml


class NotWritten(Exception):
    """The file could not be changed, and is as it was. Says why in a sentence."""


def write(path: Path, name: str, value: Value | None) -> None:
    """Write one value into a file; ``None`` takes it out. Raises :class:`NotWritten`.

    The file is read again before, so that what was changed in an editor meanwhile stays.
    """
    file = File.read(path)
    if file.problem:
        raise NotWritten(f"{file.problem} It was left as it is.")
    try:
        text = changed(file.text, name, value)
        if text != file.text:
            write_atomically(path.resolve(), text)
    except OSError as error:
        raise NotWritten(f"{path} cannot be written: {error.strerror}.") from error


def changed(text: str, name: str, value: Value | None) -> str:
    """The text of a file with one value of the topmost table put, or (``None``) taken out.

    Raises :class:`NotWritten` where that cannot be done without touching anything else.
    """
    lines = lines_in(text)
    found = list(statements(text))
    head = next((i for i, each in enumerate(found) if each.is_header), len(found))
    old = next((each for each in found[:head] if name in each.said), None)
    if old is not None:
        new = [] if value is None else [_line(name, value) + _comment(lines, old)]
        lines[old.first - 1 : old.last] = new
    elif value is not None:
        before_tables = found[head].first - 1 if head < len(found) else len(lines)
        at = _place(lines[:before_tables], name, found[:head])
        lines.insert(at, _line(name, value))
        if at == len(lines) - 1 or (at == before_tables and head < len(found)):
            lines.insert(at + 1, "")
    ending = "\r\n" if "\r\n" in text else "\n"
    new_text = ending.join(lines)
    wanted: dict[str, Any] = {k: v for k, v in tomllib.loads(text).items() if k != name}
    if value is not None:
        wanted[name] = list(value) if isinstance(value, tuple) else value
    if _said(new_text) != wanted:
        raise NotWritten(f"“{name}” cannot be changed here; please change it in the file.")
    return new_text


def _said(text: str) -> Mapping[str, Any] | None:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return None


def _line(name: str, value: Value) -> str:
    return f"{name} = {as_toml(value)}"


def _comment(lines: list[str], old: Statement) -> str:
    """The comment behind the value of a statement, with the blanks before it."""
    last = lines[old.last - 1]
    above = lines[old.first - 1 : old.last - 1]
    for mark in (match.start() for match in re.finditer("#", last)):
        # The first # before which the statement is whole begins the comment.
        if _said("\n".join([*above, last[:mark]])) == old.said:
            bare = last[:mark].rstrip()
            return last[len(bare) :]
    return ""


def _place(lines: list[str], name: str, found: list[Statement]) -> int:
    """The line before which a value that is new goes.

    That is below the line that shows it as a comment, where there is one; else below the last
    value; else below what the file begins with.
    """
    shown = re.compile(rf"#\s*{re.escape(name)}\s*=")
    inside = {n for each in found for n in range(each.first, each.last + 1)}
    for number, line in enumerate(lines, 1):
        if number not in inside and shown.match(line):
            return number
    if found:
        return found[-1].last
    return next((n for n, line in enumerate(lines) if not line.startswith("#")), len(lines))
