"""What works now: the commands of the focused widget, its panels, the screen and the app."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from textual import actions

from tui.keys.command import Command, commands_of

if TYPE_CHECKING:
    from textual.dom import DOMNode
    from textual.screen import Screen


@dataclass(frozen=True, slots=True)
class Ready:
    """A command, and the node whose it is."""

    command: Command
    node: DOMNode

    @property
    def is_allowed(self) -> bool:
        """Whether the node does it as things are."""
        _, name, parameters = actions.parse(self.command.action)
        return self.node.check_action(name, parameters) is True

    @property
    def why_not(self) -> str:
        """Why it would do nothing now, as far as its node knows; else empty."""
        asked = getattr(self.node, "why_not", None)
        return str(asked(self.command.id)) if asked else ""

    async def run(self) -> None:
        await self.node.app.run_action(self.command.action, self.node)


def ready(screen: Screen[Any]) -> Iterator[Ready]:
    """What works on a screen, the focused widget's first. A command once."""
    focused = screen.focused
    chain = focused.ancestors_with_self if focused is not None else (screen, screen.app)
    seen: set[str] = set()
    for node in chain:
        for command in commands_of(node):
            if command.id not in seen:
                seen.add(command.id)
                yield Ready(command, node)


def allowed(screen: Screen[Any]) -> Iterator[Ready]:
    """What works on a screen, without what a node of it does not do as things are."""
    return (each for each in ready(screen) if each.is_allowed)


def find(screen: Screen[Any], command_id: str) -> Ready | None:
    """A command, if it works on a screen now."""
    return next((each for each in ready(screen) if each.command.id == command_id), None)
