"""The settings that count, and where each comes from.

What is said first counts: an option of the command line, the environment, what was changed in the
app and could not be written, the file, what was chosen in the app, the default. What cannot be used
is said, and the next in this order counts.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from tui.paths import HOME_VARIABLE
from tui.settings.setting import PREFIX, Value
from tui.settings.table import SETTINGS, TABLES, Settings
from tui.settings.values import WrongValue, from_text, from_toml
from tui.stamp import NONE, Stamp, stamp

FLAG, ENVIRONMENT, SESSION, FILE = "flag", "environment", "session", "file"
CHOSEN, DEFAULT = "chosen", "default"
"""Where a value may come from."""
MOST_TOLD = 8
"""Of names that nobody knows: a file of another program's may have thousands."""
OTHER_VARIABLES = ("SAFELIGHT_NEW_SCREENS", "SAFELIGHT_STAGE", "SAFELIGHT_FAULT")
"""Not settings, but known: those of the tests."""


@dataclass(frozen=True, slots=True)
class File:
    """What ``config.toml`` says.

    Attributes:
        path: where it is, or would be.
        version: its stamp from before it was read.
        text: all of it, as far as it can be read; empty when there is none.
        said: its values and tables.
        problem: why it, or its end, cannot be read, as a sentence; empty when it can.
    """

    path: Path
    version: Stamp = NONE
    text: str = ""
    said: Mapping[str, Any] = field(default_factory=dict)
    problem: str = ""

    @classmethod
    def read(cls, path: Path) -> File:
        """Read a file. Never raises: what is wrong with it is its ``problem``."""
        version = stamp(path)
        try:
            text = path.read_bytes().decode("utf-8-sig")
        except FileNotFoundError:
            return cls(path, version)
        except (OSError, UnicodeDecodeError) as error:
            why = "it is not UTF-8" if isinstance(error, UnicodeDecodeError) else error.strerror
            return cls(path, version, problem=f"Cannot read {path}: {why}.")
        try:
            return cls(path, version, text, tomllib.loads(text))
        except RecursionError:
            return cls(path, version, problem=f"{path.name} nests too deeply.")
        except ValueError as error:  # TOMLDecodeError, or a number that is too long
            from tui.settings.toml_lines import explained, readable

            line, column, what = explained(error, text)
            above = readable(text, line)
            problem = f"{path.name} is not valid TOML: line {line}, column {column}: {what}."
            return cls(path, version, above, tomllib.loads(above), problem)

    def line(self, *names: str) -> int:
        """On which line something stands, such as ``keys`` and ``run``; 0 where it is unknown."""
        from tui.settings.toml_lines import lines_of

        return lines_of(self.text).get(names, 0)

    def place(self, *names: str) -> str:
        """The same in words: ``config.toml, line 3``."""
        line = self.line(*names)
        return f"{self.path.name}, line {line}" if line else self.path.name


@dataclass(frozen=True, slots=True)
class Asked:
    """What besides the file says something, from the weakest to the strongest.

    Attributes:
        defaults: what counts when nobody says anything.
        chosen: what was chosen in the app, by the names of the settings.
        session: what counts until the app is closed.
        environment: that of the process.
        flags: what the command line says, by the names of the settings.
    """

    defaults: Settings = field(default_factory=Settings)
    chosen: Mapping[str, Value] = field(default_factory=dict)
    session: Mapping[str, Value] = field(default_factory=dict)
    environment: Mapping[str, str] = field(default_factory=dict)
    flags: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Sources:
    """The settings, and where each comes from.

    Attributes:
        settings: what counts.
        origins: for each setting :data:`FLAG`, :data:`ENVIRONMENT`, :data:`SESSION`,
            :data:`FILE`, :data:`CHOSEN` or :data:`DEFAULT`.
        problems: what cannot be used, a sentence each.
        refused: the settings that the file, a variable or an option gives a value they cannot
            have: where, as in ``line 3``, by their names.
        file: what the file says; also its tables, such as ``keys``.
        asked: what besides the file was asked.
    """

    settings: Settings
    origins: Mapping[str, str]
    problems: tuple[str, ...]
    file: File
    asked: Asked
    refused: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, settings: Settings, path: Path, problems: Iterable[str] = ()) -> Sources:
        """Settings as they are given, as though all of them were defaults."""
        origins = dict.fromkeys(SETTINGS, DEFAULT)
        return cls(settings, origins, tuple(problems), File(path, stamp(path)), Asked(settings))

    @property
    def complaint(self) -> str:
        """All that cannot be used; empty when all can."""
        return " ".join(self.problems)

    def table(self, name: str) -> Mapping[str, Any]:
        """A table of the file, such as ``keys``; empty when there is none."""
        found = self.file.said.get(name, {})
        return found if isinstance(found, dict) else {}

    def origin(self, name: str) -> str:
        """Where a setting comes from, in words: ``--device``, ``config.toml, line 3``."""
        kind, setting = self.origins[name], SETTINGS[name]
        if kind == FILE:
            return self.file.place(name)
        words = {
            **{FLAG: setting.flag, ENVIRONMENT: setting.variable},
            **{SESSION: "until you quit", CHOSEN: "chosen in the app"},
        }
        return words.get(kind, DEFAULT)


def gather(
    path: Path,
    flags: Mapping[str, str] | None = None,
    environment: Mapping[str, str] | None = None,
    chosen: Mapping[str, Value] | None = None,
) -> Sources:
    """Find the settings.

    Args:
        path: of the file; there may be none.
        flags: what the command line says, by the names of the settings.
        environment: that of the process, unless given.
        chosen: what was chosen in the app, by the names of the settings.
    """
    environment = os.environ if environment is None else environment
    asked = Asked(chosen=chosen or {}, environment=environment, flags=flags or {})
    return weigh(File.read(path), asked)


def weigh(file: File, asked: Asked) -> Sources:
    """Find the settings; see :func:`gather`."""
    good: dict[str, Value] = {}
    origins = dict.fromkeys(SETTINGS, DEFAULT)
    problems = []
    refused: dict[str, str] = {}
    if file.problem:
        rest = "What stands above it counts." if file.said else "Using the defaults."
        problems.append(f"{file.problem} {rest}")

    def take(name: str, kind: str, value: Value) -> None:
        good[name] = value
        origins[name] = kind

    # From the weakest to the strongest, so that each goes over the one before.
    for name, value in asked.chosen.items():
        if name in SETTINGS and value != SETTINGS[name].default:
            take(name, CHOSEN, value)
    unknown = [name for name in file.said if name not in SETTINGS]
    for name in unknown[:MOST_TOLD]:
        problems += _unknown(file, name, file.said[name])
    if more := len(unknown[MOST_TOLD:]):
        problems.append(f"{file.path.name} has {more} more names that are no settings.")
    for name in (name for name in file.said if name in SETTINGS):
        try:
            take(name, FILE, from_toml(SETTINGS[name], file.said[name]))
        except WrongValue as error:
            problems.append(f"{file.place(name)}: {error}")
            line = file.line(name)
            refused[name] = f"line {line}" if line else file.path.name
    for name, value in asked.session.items():
        take(name, SESSION, value)
    for kind, texts in ((ENVIRONMENT, _variables(asked.environment)), (FLAG, asked.flags)):
        for name, text in texts.items():
            try:
                take(name, kind, from_text(SETTINGS[name], text))
            except WrongValue as error:
                setting = SETTINGS[name]
                refused[name] = setting.flag if kind == FLAG else setting.variable
                problems.append(f"{refused[name]}: {error}")
    problems += _misspelt(asked.environment)
    settings = replace(asked.defaults, **good)  # type: ignore[arg-type]
    return Sources(settings, origins, tuple(problems), file, asked, refused)


def read_settings(path: Path, flags: Mapping[str, str] | None = None) -> tuple[Settings, str]:
    """The settings that count, and sentences about what cannot be used (empty when all can)."""
    sources = gather(path, flags)
    return sources.settings, sources.complaint


def _variables(environment: Mapping[str, str]) -> dict[str, str]:
    """What the environment sets, by the names of the settings. An empty variable sets nothing."""
    found = ((name, environment.get(each.variable, "")) for name, each in SETTINGS.items())
    return {name: text for name, text in found if text.strip()}


def _unknown(file: File, name: str, said: object) -> Iterator[str]:
    if name in TABLES:
        if not isinstance(said, dict):
            yield f"{file.place(name)}: “{name}” must be a table: [{name}]."
        return
    from engine.switches.names import nearest

    what = "table" if isinstance(said, dict) else "setting"
    meant = nearest(name, (*SETTINGS, *TABLES))
    line = file.line(name) or (file.line(name, *list(said)[:1]) if isinstance(said, dict) else 0)
    where = f"{file.path.name}, line {line}" if line else file.path.name
    yield f"{where}: no {what} is called “{name}”.{meant}"


def _misspelt(environment: Mapping[str, str]) -> Iterator[str]:
    """Variables that are called as ours are, and are none of them."""
    ours = {HOME_VARIABLE, *(each.variable for each in SETTINGS.values())}
    known = {*ours, *OTHER_VARIABLES}
    others = [name for name in environment if name.startswith(PREFIX) and name not in known]
    if others:
        from difflib import get_close_matches

        names = [name.removeprefix(PREFIX) for name in ours]
        for other in others[:MOST_TOLD]:
            near = get_close_matches(other.removeprefix(PREFIX), names, n=1, cutoff=0.75)
            rest = f"Did you mean {PREFIX}{near[0]}?" if near else "No setting is called so."
            yield f"The environment has {other}. {rest}"
        if more := len(others[MOST_TOLD:]):
            yield f"The environment has {more} more names with {PREFIX} that are no settings."
