"""Themes as TOML files: ours in the package's ``themes`` folder, the user's in the config folder.

A file holds ``name``, ``dark`` and the colours of :class:`textual.theme.Theme`; a table
``variables`` may set any of Textual's CSS variables.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path
from typing import Any

from textual.color import Color
from textual.theme import Theme

_COLOURS = (
    *("primary", "secondary", "accent", "foreground", "background", "surface", "panel", "boost"),
    *("success", "warning", "error"),
)


def builtin_themes() -> list[Theme]:
    """The themes that come with Safelight."""
    folder = files("themes")
    names = sorted(entry.name for entry in folder.iterdir() if entry.name.endswith(".toml"))
    return [parse_theme((folder / name).read_text(encoding="utf-8"), name) for name in names]


def user_themes(folder: Path) -> Iterator[Theme | str]:
    """Each theme of a folder, or a sentence that says why a file is none."""
    for path in sorted(folder.glob("*.toml")):
        try:
            yield parse_theme(path.read_text(encoding="utf-8"), path.name)
        except (OSError, UnicodeDecodeError, ValueError) as error:
            yield f"The theme {path.name} was left out: {error}."


def parse_theme(text: str, source: str) -> Theme:
    """A theme from TOML. Raises ``ValueError`` that says what is wrong."""
    try:
        values: dict[str, Any] = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ValueError(f"it is not valid TOML ({error})") from error
    name = values.pop("name", Path(source).stem)
    dark = values.pop("dark", True)
    variables = values.pop("variables", {})
    unknown = set(values) - set(_COLOURS)
    if unknown:
        raise ValueError(f"no colour is called {', '.join(sorted(unknown))}")
    if "primary" not in values:
        raise ValueError("“primary” is missing")
    if not isinstance(variables, dict) or not isinstance(dark, bool) or not isinstance(name, str):
        raise ValueError("“name” must be text, “dark” true or false, “variables” a table")
    for key, value in values.items():
        try:
            Color.parse(value)
        except Exception as error:
            raise ValueError(f"“{key}” is not a colour: {value!r}") from error
    if not all(isinstance(value, str) for value in variables.values()):
        raise ValueError("“variables” holds something that is not text")
    return Theme(name=name, dark=dark, variables=variables, **values)
