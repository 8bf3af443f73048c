"""``safelight settings``: each setting, its value and where that comes from."""

from __future__ import annotations

import argparse
from typing import Any

from tui.files import write_atomically
from tui.headless.output import DONE, FAILED, BadArguments, complain, print_json, show_line, tell
from tui.headless.setting_options import given
from tui.headless.wrong import wrong_settings
from tui.paths import Paths
from tui.remembered import Remembered
from tui.settings import SETTINGS, Sources, gather
from tui.settings.values import as_toml
from tui.text import clean


def command(options: argparse.Namespace, paths: Paths) -> int:
    """Tell the settings, or write a file to begin with. 1 when something cannot be used."""
    if options.example:
        from tui.settings.example import example

        show_lines(example())
        return DONE
    if options.write_example:
        return _write(paths)
    chosen = Remembered(paths.form_file).settings
    sources = gather(paths.settings_file, given(options), chosen=chosen)
    names = _names(options.names)
    problems = wrong_settings(sources, paths)
    code = FAILED if problems else DONE
    if options.json:
        print_json({"file": str(paths.settings_file), **as_json(sources, names, problems)})
        return code
    for sentence in problems:
        tell(sentence)
    if len(names) == 1:
        show_line(as_toml(getattr(sources.settings, names[0])))
        return code
    values = {name: as_toml(getattr(sources.settings, name)) for name in names}
    width = max(map(len, names))
    wide = min(max(len(clean(value)) for value in values.values()), 48)
    for name, value in values.items():
        show_line(f"{name:<{width}}  {clean(value):<{wide}}  {sources.origin(name)}")
    return code


def show_lines(text: str) -> None:
    for line in text.splitlines():
        show_line(line)


def as_json(sources: Sources, names: list[str], problems: list[str]) -> dict[str, Any]:
    """The settings, what cannot be used, and of each where it comes from."""
    return {
        "problems": problems,
        "settings": {
            name: {
                "value": getattr(sources.settings, name),
                "default": SETTINGS[name].default,
                "source": sources.origins[name],
                "where": sources.origin(name),
                "choices": list(SETTINGS[name].values),
                "variable": SETTINGS[name].variable,
                "flag": SETTINGS[name].flag,
                "help": SETTINGS[name].help,
                "counts": SETTINGS[name].counts,
            }
            for name in names
        },
    }


def _names(asked: list[str]) -> list[str]:
    from engine.switches.names import nearest

    for name in asked:
        if name not in SETTINGS:
            said = f"No setting is called “{clean(name)}”.{nearest(name, SETTINGS)}"
            raise BadArguments(said)
    return asked or list(SETTINGS)


def _write(paths: Paths) -> int:
    from tui.settings.example import example

    path = paths.settings_file
    if path.exists():
        return complain(
            f"{path} is there already and was left as it is. "
            "safelight settings --example shows what it could hold.",
            FAILED,
        )
    try:
        write_atomically(path, example())
    except OSError as error:
        return complain(f"{path} cannot be written: {error.strerror}.", FAILED)
    show_line(str(path))
    return DONE
