"""The palette: every command that works here, by name, with its key."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from textual.app import ComposeResult, SystemCommand
from textual.command import CommandInput, CommandPalette
from textual.screen import Screen

from tui.keys.command import acting, bindings
from tui.keys.here import allowed
from tui.keys.moving import DIALOG, OFFER
from tui.keys.typing import LINE
from tui.widgets.in_order import KeysInOrder

_MOVING = ("list", "offer", "typing", "focus")
"""Contexts whose commands are found when they are looked for, and not listed before."""


class PaletteLine(KeysInOrder, CommandInput, inherit_bindings=False):
    """What is looked for, with the keys of every line."""

    BINDINGS = bindings(LINE)


class Palette(CommandPalette, inherit_bindings=False):
    """Textual's, with our keys."""

    BINDINGS = bindings(
        acting(
            OFFER,
            next="cursor_down",
            previous="command_list('cursor_up')",
            page_down="command_list('page_down')",
            page_up="command_list('page_up')",
        ),
        acting(DIALOG, leave="escape"),
    )

    def compose(self) -> ComposeResult:
        for widget in super().compose():
            if isinstance(widget, CommandInput):
                yield PaletteLine(placeholder=widget.placeholder, select_on_focus=False)
            else:
                yield widget


def offered(screen: Screen[Any]) -> Iterable[SystemCommand]:
    """A line for each command that works on a screen, keys in a column of their own."""
    everything = [each for each in allowed(screen) if each.command.id != "app.palette"]
    names = {each.command.label for each in everything if not each.command.follows}
    # Of a key that closes what it opened there is another command with the same name.
    kept = [e for e in everything if not (e.command.follows and e.command.label in names)]
    width = max((len(each.command.label) for each in kept), default=0)
    for each in kept:
        command = each.command
        help_ = command.help
        if reason := each.why_not:
            help_ = f"Not now: {reason} {help_}"
        yield SystemCommand(
            f"{command.label:<{width}}  {command.shown_key}".rstrip(),
            help_,
            each.run,
            command.id.partition(".")[0] not in _MOVING,
        )
