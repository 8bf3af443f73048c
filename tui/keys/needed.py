"""What a keymap must leave: keys without which one could not leave a screen, or answer.

A key counts when every terminal sends it and, where something is typed, when it is not typed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from tui.keys.command import keys_in
from tui.keys.contexts import COMMANDS, CONTEXTS
from tui.keys.names import is_everywhere, is_typed

NEEDED = {
    *("app.quit", "app.palette"),
    *("dialog.close", "dialog.leave", "dialog.accept", "typing.submit"),
}
"""Each of these has a key of its own in any case."""

NEVER_TYPED = {"dialog.leave", "dialog.accept", "typing.submit"}
"""No key of these is one that is typed: it would be text, or answer while one types."""

WHILE_TYPING = NEVER_TYPED | {
    command.id for context in CONTEXTS if context.while_typing for command in context.commands
}
"""One key of each of these at least is none that is typed."""


@dataclass(frozen=True, slots=True)
class WayOut:
    """The commands of which any leaves a screen.

    Attributes:
        screen: as people call it.
        typed_into: whether something may be typed there.
    """

    screen: str
    ids: tuple[str, ...]
    typed_into: bool = False

    def is_open(self, changed: Mapping[str, tuple[str, ...]]) -> bool:
        """Whether one of the commands has a key that counts."""
        keys = {key for each in self.ids for key in keys_in(COMMANDS[each], changed)}
        return any(counts(key, typed_into=self.typed_into) for key in keys)


WAYS_OUT = (
    WayOut("the viewer", ("viewer.back", "viewer.leave", "studio.view")),
    WayOut("the history", ("history.back", "studio.history"), typed_into=True),
    WayOut("the prompts", ("prompts.back", "studio.prompts"), typed_into=True),
    WayOut("what is compared", ("compare.back", "studio.compare")),
    WayOut("the ladder", ("ladder.back", "studio.ladder")),
    WayOut("the axes of a sweep", ("plan.back", "studio.sweep"), typed_into=True),
    WayOut("the sweep", ("sweep.back", "studio.sweep")),
    WayOut("the checkpoints", ("checkpoints.back", "studio.checkpoints"), typed_into=True),
    WayOut("the switches", ("switches.done", "studio.switches")),
    WayOut("the settings", ("settings.done", "app.settings")),
)


def counts(key: str, *, typed_into: bool) -> bool:
    return is_everywhere(key) and not (typed_into and is_typed(key))


def shut(changed: Mapping[str, tuple[str, ...]]) -> Iterable[WayOut]:
    """The screens out of which a keymap has no way."""
    return (way for way in WAYS_OUT if not way.is_open(changed))
