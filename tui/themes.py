"""Themes as TOML files: ours in the package's ``themes`` folder, the user's in the config folder.

A file holds ``name``, ``dark`` and the colours of :class:`textual.theme.Theme`; a table
``variables`` may set any of Textual's CSS variables.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from textual.color import Color
from textual.theme import Theme

_COLOURS = (
    *("primary", "secondary", "accent", "foreground", "background", "surface", "panel", "boost"),
    *("success", "warning", "error"),
)
_KEYS = ("name", "dark", "variables", *_COLOURS)
_NAME = r"\w[\w.-]{0,39}"
_MOST_BYTES = 100_000


class BadTheme(ValueError):
    """A file that is no theme. Says where and why, without a full stop."""


def builtin_themes() -> list[Theme]:
    """The themes that come with Safelight."""
    import themes  # importlib.resources would find the folder too, and delays the first frame

    folder = Path(themes.__file__).parent
    names = sorted(entry.name for entry in folder.iterdir() if entry.name.endswith(".toml"))
    return [parse_theme((folder / name).read_text(encoding="utf-8"), name) for name in names]


def theme_files(folder: Path) -> list[Path]:
    """The files in the user's folder that are to be themes; none where it cannot be read."""
    try:
        paths = sorted(folder.iterdir())
    except OSError:
        return []
    # Those with a dot in front are editors' own: Emacs' .#x.toml is a link to nowhere.
    return [path for path in paths if path.suffix == ".toml" and path.name[0] != "."]


def read_theme(path: Path) -> Theme:
    """The theme of a file of the user's, with all of it checked. Raises :class:`BadTheme`."""
    try:
        with path.open("rb") as file:
            data = file.read(_MOST_BYTES + 1)
        if len(data) > _MOST_BYTES:
            raise BadTheme("it is too large for a theme")
        text = data.decode("utf-8-sig")
    except OSError as error:
        raise BadTheme(f"it cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise BadTheme("it is not UTF-8") from error
    theme = parse_theme(text, path.name)
    _check(theme, text)
    return theme


def parse_theme(text: str, source: str) -> Theme:
    """A theme from TOML; ``source`` names it where it has no name. Raises :class:`BadTheme`."""
    try:
        values: dict[str, Any] = tomllib.loads(text)
    except ValueError as error:  # TOMLDecodeError, or a number that is too long
        from tui.settings.toml_lines import explained

        line, column, what = explained(error, text)
        raise BadTheme(f"line {line}, column {column}: {what}") from error
    except RecursionError as error:
        raise BadTheme("it nests too deeply") from error
    name = values.pop("name", Path(source).stem)
    dark = values.pop("dark", True)
    variables = values.pop("variables", {})
    if not isinstance(name, str) or not re.fullmatch(_NAME, name):
        raise BadTheme(f"{_at(text, 'name')}a name is one word of letters, digits, - and _")
    if not isinstance(dark, bool):
        raise BadTheme(f"{_at(text, 'dark')}“dark” must be true or false")
    if not isinstance(variables, dict):
        raise BadTheme(f"{_at(text, 'variables')}“variables” must be a table: [variables]")
    for key, value in values.items():
        if key not in _COLOURS:
            raise BadTheme(f"{_at(text, key)}no colour is called “{key}”{_meant(key, _KEYS)}")
        if not isinstance(value, str) or not _is_colour(value):
            raise BadTheme(f"{_at(text, key)}“{key}” is not a colour: {value!r}")
    if "primary" not in values:
        raise BadTheme("“primary” is missing")
    for key, value in variables.items():
        if not isinstance(value, str):
            raise BadTheme(f"{_at(text, 'variables', key)}“{key}” must be text in quotes")
    return Theme(name=name, dark=dark, variables=variables, **values)


def _check(theme: Theme, text: str) -> None:
    """Textual must be able to use it: its CSS would not parse else, and the app not start."""
    from tui.theme_variables import Wrong, check, usual_variables

    known = usual_variables(theme)
    for key in theme.variables:
        if key not in known:
            close = _meant(key, known)
            raise BadTheme(f"{_at(text, 'variables', key)}no variable is called “{key}”{close}")
    try:
        check(theme)
    except Wrong as error:
        where = _at(text, "variables", error.key) or _at(text, error.key)
        raise BadTheme(f"{where}{error}") from error


def _is_colour(value: str) -> bool:
    try:
        Color.parse(value)
    except Exception:  # whatever a text of the user's makes of it
        return False
    return True


def _at(text: str, *names: str) -> str:
    from tui.settings.toml_lines import lines_of

    lines: Mapping[tuple[str, ...], int] = lines_of(text)
    line = lines.get(names, 0)
    return f"line {line}: " if line else ""


def _meant(key: str, known: Iterable[str]) -> str:
    from engine.switches.names import nearest

    close = nearest(key, known)
    return f" ({close.strip().removesuffix('?').replace('Did', 'did')}?)" if close else ""
