"""The settings described: a file to begin with, and the table of the README."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from itertools import groupby

from tui.settings.setting import NEXT_START, Setting
from tui.settings.table import SETTINGS
from tui.settings.values import as_toml, must_be

_WIDTH = 100


def example() -> str:
    """A ``config.toml`` that says nothing yet: every setting as a comment, at its default."""
    return "\n".join(_lines()) + "\n"


def _lines() -> Iterator[str]:
    yield "# The settings of Safelight. Take the # away from what you want to change."
    yield "# An option of the command line (--theme) and a variable (SAFELIGHT_THEME) go before it."
    for group, settings in groupby(SETTINGS.values(), lambda setting: setting.group):
        yield f"\n# {group}"
        for setting in settings:
            yield ""
            yield from textwrap.wrap(
                f"{setting.help} {described(setting)}",
                _WIDTH,
                initial_indent="# ",
                subsequent_indent="# ",
                break_on_hyphens=False,
                break_long_words=False,
            )
            yield f"# {setting.name} = {as_toml(setting.default)}"


def described(setting: Setting) -> str:
    """What values a setting takes, what its default means and from when a change counts."""
    is_plain = isinstance(setting.default, bool)
    takes = "" if is_plain else f" Takes {setting.takes or must_be(setting)}."
    default = f" By default {setting.at_default}." if setting.at_default else ""
    counts = f" Counts {setting.counts}." if setting.counts != "at once" else ""
    return f"{takes}{default}{counts}".strip()


def table() -> str:
    """The table of the README, in Markdown."""
    rows = ["| setting | values, the default first | what it does |", "| --- | --- | --- |"]
    for setting in SETTINGS.values():
        others = [value for value in setting.values if value != _plain(setting)]
        values = ", ".join(f"`{value}`" for value in (_plain(setting) or '""', *others))
        if not setting.values:
            values = f"`{as_toml(setting.default)}`; {setting.takes or must_be(setting)}"
        default = f" By default {setting.at_default}." if setting.at_default else ""
        meant = "; ".join(f"`{value}`: {words}" for value, words in setting.choices.items())
        choices = f" {meant}." if meant else ""
        counts = f" A change counts {setting.counts}." if setting.counts == NEXT_START else ""
        rows.append(f"| `{setting.name}` | {values} | {setting.help}{choices}{default}{counts} |")
    return "\n".join(rows)


def _plain(setting: Setting) -> str:
    default = setting.default
    return default if isinstance(default, str) else as_toml(default)
