"""The keys of commands in texts of ours.

The first frame has some, all of the studio: other contexts are imported when they are asked for.
"""

from __future__ import annotations

import re
from functools import cache

from tui.keys.command import Command
from tui.keys.moving import CHOICE, LIST
from tui.keys.runs import PICTURE, RUNS
from tui.keys.studio import APP, STUDIO
from tui.keys.typing import TYPING


def command_of(name: str) -> Command:
    """The command that somebody may mean by a name; see :func:`tui.keys.contexts.with_name`.

    Raises ``LookupError`` where there is none.
    """
    if (near := _near().get(name)) is not None:
        return near
    from tui.keys.contexts import COMMANDS, with_name

    return COMMANDS[with_name(name)[0]]


@cache
def _near() -> dict[str, Command]:
    """Those that the studio shows."""
    tables = APP, STUDIO, RUNS, PICTURE, LIST, CHOICE, TYPING
    return {command.id: command for table in tables for command in table}


def with_keys(text: str) -> str:
    """A text of ours with the keys of commands in it: ``{studio.run} makes the first.``"""
    return re.sub(r"\{([a-z]+\.[a-z0-9-]+)\}", lambda found: key_of(found[1]), text)


def key_of(name: str) -> str:
    """The key of a command as people write it; without any, its name in the palette."""
    command = command_of(name)
    return command.shown_key or f"“{command.label}” in {command_of('app.palette').shown_key}"
