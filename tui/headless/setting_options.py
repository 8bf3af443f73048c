"""An option of the command line for every setting, and the settings that a command goes by."""

from __future__ import annotations

import argparse

from tui.headless.output import BadArguments, tell
from tui.paths import Paths
from tui.settings import SETTINGS, Settings, gather
from tui.settings.setting import Setting
from tui.settings.values import WrongValue, as_text, from_text

_DEST = "setting_"


def add_all(top: argparse.ArgumentParser) -> None:
    """Add an option for every setting. They stand before the command."""
    group = top.add_argument_group("settings", "go before the environment and config.toml")
    for setting in SETTINGS.values():
        add(group, setting)


def add(
    place: argparse._ActionsContainer, setting: Setting, dest: str = "", help_: str = ""
) -> None:
    """Add the option of one setting; it keeps the text."""
    dest = dest or _DEST + setting.name
    help_ = (help_ or _help(setting)).replace("%", "%%")
    if isinstance(setting.default, bool):
        place.add_argument(
            setting.flag, dest=dest, action=argparse.BooleanOptionalAction, help=help_
        )
        return
    metavar = "|".join(setting.choices) or setting.name.rsplit("_", 1)[-1].upper()
    place.add_argument(setting.flag, dest=dest, metavar=metavar, help=help_)


def _help(setting: Setting) -> str:
    default = setting.at_default or as_text(setting.default)
    takes = f": {setting.takes}" if setting.takes else ""
    return f"{setting.help.removesuffix('.')}{takes} (default: {default})"


def given(options: argparse.Namespace) -> dict[str, str]:
    """What the command line says of settings, by their names.

    An option of a command, as that of the device, goes before the same one before the command.
    Raises :class:`BadArguments` for a value that cannot be.
    """
    said = {name: getattr(options, _DEST + name, None) for name in SETTINGS}
    said["device"] = getattr(options, "run_device", None) or said["device"]
    found = {}
    for name, value in said.items():
        if value is None:
            continue
        found[name] = as_text(value) if isinstance(value, bool) else value
        try:
            from_text(SETTINGS[name], found[name])
        except WrongValue as error:
            raise BadArguments(f"{SETTINGS[name].flag}: {error}") from error
    return found


def settings_of(options: argparse.Namespace, paths: Paths) -> Settings:
    """The settings that a command goes by. What is wrong with them is told.

    Raises :class:`BadArguments` for an option that cannot be.
    """
    sources = gather(paths.settings_file, given(options))
    for sentence in sources.problems:
        tell(sentence)
    return sources.settings
