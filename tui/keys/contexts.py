"""Where each command works: contexts, and which of them work together.

The focused widget's come before the panel's, those before the screen's, and the app's come last.
"""

from __future__ import annotations

from dataclasses import dataclass

from tui.keys.command import Command
from tui.keys.compare import COMPARE
from tui.keys.fetching import FETCH
from tui.keys.machine import CHECKPOINTS, SETTINGS_SCREEN, SHELF, SWITCHES
from tui.keys.moving import CHOICE, DIALOG, FOCUS, LIST, OFFER
from tui.keys.names import show_key
from tui.keys.runs import HISTORY, MARKS, PICTURE, PROMPTS, RUNS, SELECT
from tui.keys.shown import key_of, with_keys
from tui.keys.studies import LADDER, PAST, PLAN, SWEEP
from tui.keys.studio import APP, STUDIO
from tui.keys.typing import TYPING
from tui.keys.viewer import VIEWER

__all__ = ["COMMANDS", "CONTEXTS", "Context", "key_of", "keys_of", "with_keys", "with_name"]


@dataclass(frozen=True, slots=True)
class Context:
    """Where some commands work.

    Attributes:
        name: what their ids begin with.
        title: as people call it.
        while_typing: whether they must work while something is typed, so that a letter alone
            cannot be their key.
    """

    name: str
    title: str
    commands: tuple[Command, ...]
    while_typing: bool = False


CONTEXTS: tuple[Context, ...] = (
    Context("app", "Everywhere", APP, while_typing=True),
    Context("focus", "Everywhere", FOCUS, while_typing=True),
    Context("studio", "Studio", STUDIO, while_typing=True),
    Context("runs", "Runs, in the studio", RUNS),
    Context("picture", "Picture, in the studio", PICTURE),
    Context("history", "History", (*HISTORY, *MARKS, *SELECT)),
    Context("prompts", "Prompts", PROMPTS, while_typing=True),
    Context("viewer", "Viewer", VIEWER),
    Context("fetch", "Fetching a picture", FETCH),
    Context("compare", "Compare", COMPARE),
    Context("ladder", "Ladder", (*LADDER, *PAST)),
    Context("plan", "Sweep, its axes", PLAN, while_typing=True),
    Context("sweep", "Sweep", SWEEP),
    Context("checkpoints", "Checkpoints", (*CHECKPOINTS, *SHELF)),
    Context("switches", "Switches", SWITCHES),
    Context("settings", "Settings", SETTINGS_SCREEN),
    Context("dialog", "Questions", DIALOG),
    Context("list", "Lists and pictures", LIST),
    Context("choice", "Values to choose", CHOICE),
    Context("offer", "Lines that offer something", OFFER, while_typing=True),
    Context("typing", "Prompts and fields", TYPING, while_typing=True),
)

COMMANDS: dict[str, Command] = {
    command.id: command for context in CONTEXTS for command in context.commands
}


def with_name(name: str) -> tuple[str, ...]:
    """The ids that somebody may mean by a name: an id, or its last part alone.

    Of several, those of the studio and the app come before all others.
    """
    if name in COMMANDS:
        return (name,)
    for context in ("studio", "app"):
        if f"{context}.{name}" in COMMANDS:
            return (f"{context}.{name}",)
    return tuple(each for each in COMMANDS if each.partition(".")[2] == name)


def keys_of(command_id: str) -> str:
    """All keys of a command as people write them, with a blank between."""
    return " ".join(dict.fromkeys(show_key(key) for key in COMMANDS[command_id].now))
