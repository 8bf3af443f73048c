"""``safelight keys``: every command with its id and its keys, and what is wrong with the user's."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from typing import Any

from rich.cells import set_cell_size

from tui.headless.output import DONE, FAILED, print_json, show_line, tell
from tui.keys.command import use
from tui.keys.contexts import CONTEXTS, keys_of
from tui.keys.keymap import Keymap, read_keymap
from tui.keys.taking import told
from tui.paths import Paths
from tui.settings import gather

_ID, _KEYS = 26, 20
"""Columns, with a blank or more at the end."""


def as_json(keymap: Keymap, problems: list[str]) -> dict[str, Any]:
    """One JSON document. Keys are as in ``config.toml``."""
    return {
        "keymap": keymap.flavour,
        "problems": problems,
        "contexts": [
            {
                "context": context.name,
                "title": context.title,
                "while_typing": context.while_typing,
                "commands": [
                    {
                        "id": command.id,
                        "label": command.label,
                        "help": command.help,
                        "keys": list(command.now),
                        "shown": keys_of(command.id),
                        "default": command.keys.split(","),
                        "follows": command.follows,
                    }
                    for command in context.commands
                ],
            }
            for context in CONTEXTS
        ],
    }


def lines(keymap: Keymap) -> Iterator[str]:
    """The same for a person; ``*`` marks keys that are not the command's own."""
    for context in CONTEXTS:
        yield context.title
        for command in context.commands:
            changed = "*" if {command.id, command.follows} & set(keymap.changed) else " "
            keys = set_cell_size(keys_of(command.id) or "–", _KEYS)
            yield f" {changed} {command.id:<{_ID}} {keys} {command.help}"
        yield ""


def command(options: argparse.Namespace, paths: Paths) -> int:
    """The keys as the app has them, or those of one that is shipped. 1 when keys are refused."""
    sources = gather(paths.settings_file)
    table = {"keymap": options.keymap} if options.keymap else sources.table("keys")
    keymap = read_keymap(table)
    use(keymap.changed)
    problems = told(keymap, sources)
    code = FAILED if problems else DONE
    if options.json:
        print_json(as_json(keymap, problems))
        return code
    for line in lines(keymap):
        show_line(line)
    if keymap.flavour:
        tell(f"The keymap is {keymap.flavour}.")
    for problem in problems:
        tell(problem)
    return code
