"""What the command line takes, as scripts of completion need it: made from its argparse parser."""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

SHELLS = ("bash", "zsh", "fish")
_FILES = ("FILE", "PICTURE|RUN", "RUN|PICTURE", "PLACE", "SOURCE", "WHAT", "CHECKPOINT", "FOLDERS")
"""Metavars of what may be a file or a folder."""


@dataclass(frozen=True, slots=True)
class Value:
    """What stands behind an option, or in a place.

    Attributes:
        words: to choose from.
        is_file: whether it may be a file or a folder.
        name: of it, for shells that show one.
    """

    words: tuple[str, ...] = ()
    is_file: bool = False
    name: str = ""


@dataclass(frozen=True, slots=True)
class Option:
    """An option.

    Attributes:
        flags: all of its names.
        help: a few words.
        value: what it takes; ``None`` takes nothing.
        repeats: whether it may be given more than once.
    """

    flags: tuple[str, ...]
    help: str
    value: Value | None
    repeats: bool = False


@dataclass(frozen=True, slots=True)
class Part:
    """The options and places of a command, or of what stands before it.

    Attributes:
        name: of the command; empty for what stands before it.
        places: what stands without an option; the last may be there again and again.
    """

    name: str
    help: str = ""
    options: tuple[Option, ...] = ()
    places: tuple[Value, ...] = ()


@dataclass(frozen=True, slots=True)
class Grammar:
    """The command line.

    Attributes:
        before: what stands before a command.
    """

    before: Part
    commands: tuple[Part, ...] = field(default=())


def grammar(parser: argparse.ArgumentParser) -> Grammar:
    """What a parser takes. Its commands are the choices of its subparsers."""
    commands: list[Part] = []
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            helps = {each.dest: each.help or "" for each in action._choices_actions}
            commands += [_part(name, helps[name], each) for name, each in action.choices.items()]
    return Grammar(_part("", "", parser), tuple(commands))


def _part(name: str, help_: str, parser: argparse.ArgumentParser) -> Part:
    options, places = [], []
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            continue
        takes = action.nargs != 0
        value = _value(action) if takes else None
        if action.option_strings:
            repeats = isinstance(action, argparse._AppendAction)
            flags = tuple(action.option_strings)
            options.append(Option(flags, _brief(action.help or ""), value, repeats))
        elif value is not None:
            places.append(value)
    return Part(name, _brief(help_), tuple(options), tuple(places))


def _value(action: argparse.Action) -> Value:
    metavar = action.metavar if isinstance(action.metavar, str) else action.dest
    words = tuple(map(str, action.choices)) if action.choices is not None else _words(metavar)
    return Value(words, metavar in _FILES, metavar.lower())


def _words(metavar: str) -> tuple[str, ...]:
    """The words behind a metavar, where they are known."""
    if metavar == "SWITCH=VALUE":
        return tuple(_switches())
    if metavar == "SCHEDULER":
        from engine.schedulers import SCHEDULERS

        return tuple(scheduler.name for scheduler in SCHEDULERS)
    if metavar == "THEME":
        return tuple(_themes())
    if metavar == "SETTING":
        from tui.settings import SETTINGS

        return tuple(SETTINGS)
    if metavar == "DEVICE":
        return ("auto", "cuda", "mps", "cpu")
    return tuple(metavar.split("|")) if re.fullmatch(r"[a-z0-9]+(\|[a-z0-9]+)+", metavar) else ()


def _switches() -> Sequence[str]:
    from engine.switches import SWITCHES

    # Of one that takes other values too, its name alone can be completed as well.
    return [f"{switch.name}={value}" for switch in SWITCHES for value in switch.values]


def _themes() -> Iterator[str]:
    """Textual's themes, ours, and those of the user that can be read now."""
    from contextlib import suppress

    from textual.theme import BUILTIN_THEMES

    from tui.paths import Paths
    from tui.themes import BadTheme, builtin_themes, read_theme, theme_files

    yield from BUILTIN_THEMES
    yield from (theme.name for theme in builtin_themes())
    for path in theme_files(Paths.find().themes):
        with suppress(BadTheme):
            yield read_theme(path).name


def _brief(help_: str) -> str:
    """A help text as a few words on one line, for a menu."""
    text = " ".join(help_.replace("%%", "%").split())
    text = re.split(r"[.;:(] | \(|; ", text)[0].rstrip(".")
    return text if len(text) <= 60 else f"{text[:59].rstrip()}…"
