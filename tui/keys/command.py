"""One thing the user can do, and the bindings that are made from it.

A command's id is ``context.name``: ``studio.run``, ``list.up``. Contexts are in
:mod:`tui.keys.contexts`; which of them work together, one over the other, is there too.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Literal

from textual.binding import Binding, BindingType

from tui.keys.names import reaches_past_text, show_key

First = Literal["never", "typing", "always"]

_changed: dict[str, tuple[str, ...]] = {}
"""The keys of the commands that the user's keymap changes, by id."""


@dataclass(frozen=True, slots=True)
class Command:
    """One thing the user can do.

    Attributes:
        id: stable name, for keymaps; ``context.name``.
        keys: Textual key names, separated by commas; the first is the one that is shown.
        label: one or two words for the footer.
        help: one sentence for the palette, the help screen and the tooltip.
        action: Textual action.
        group: heading in the help screen.
        footer: whether it is one of the few keys that matter at any moment.
        first: which of its keys come before what the focused widget makes of them: none, those
            that nobody types (with ctrl or alt, and function keys), or all.
        follows: id of a command whose keys it has, too, when the user changes them.
    """

    id: str
    keys: str
    label: str
    help: str
    action: str
    group: str
    footer: bool = False
    first: First = "never"
    follows: str = ""

    @property
    def target(self) -> str:
        """The action with where it is found, for the mouse."""
        return f"{'app' if self.group == 'App' else 'screen'}.{self.action}"

    @property
    def now(self) -> tuple[str, ...]:
        """Its keys as they are, with the user's keymap."""
        return keys_in(self, _changed)

    @property
    def shown_key(self) -> str:
        """The first key as people write it: ``^R``, ``F1``, ``Esc``. Empty without any."""
        return show_key(self.now[0]) if self.now else ""

    def bindings(self) -> list[Binding]:
        """A Textual binding for each key."""
        return [
            Binding(
                key,
                self.action,
                self.label,
                show=self.footer,
                key_display=show_key(key),
                tooltip=self.help,
                id=self.id,
                priority=self.first == "always"
                or (self.first == "typing" and reaches_past_text(key)),
            )
            for key in self.now
        ]


class Keys(list[BindingType]):
    """What a class has as ``BINDINGS``: made from commands, and made anew for another keymap."""

    def __init__(self, commands: Iterable[Command]) -> None:
        self.commands = tuple(commands)
        super().__init__(self._made())

    def _made(self) -> list[BindingType]:
        return [binding for command in self.commands for binding in command.bindings()]

    def make_anew(self) -> None:
        self[:] = self._made()


def keys_in(command: Command, changed: Mapping[str, tuple[str, ...]]) -> tuple[str, ...]:
    """The keys of a command in a keymap that changes those of some."""
    for name in (command.id, command.follows):
        if name in changed:
            return changed[name]
    return tuple(command.keys.split(",")) if command.keys else ()


def bindings(*tables: Iterable[Command]) -> Keys:
    """Textual's bindings for some commands."""
    return Keys(command for table in tables for command in table)


def of(context: str, commands: Iterable[Command], first: First = "never") -> tuple[Command, ...]:
    """Commands of one context: it goes before their names."""
    return tuple(
        replace(
            command,
            id=f"{context}.{command.id}",
            first=first if command.first == "never" else command.first,
        )
        for command in commands
    )


def acting(commands: Iterable[Command], **actions: str) -> tuple[Command, ...]:
    """Some commands as one widget does them, by name: ``acting(LIST, up="move(-1)")``."""
    by_name = {command.id.partition(".")[2].replace("-", "_"): command for command in commands}
    return tuple(replace(by_name[name], action=action) for name, action in actions.items())


def commands_of(node: object) -> tuple[Command, ...]:
    """The commands of a screen, a widget or the app, its own before those it is derived from."""
    found: dict[str, Command] = {}
    for kind in type(node).__mro__:
        keys = kind.__dict__.get("BINDINGS")
        if isinstance(keys, Keys):
            for command in keys.commands:
                found.setdefault(command.id, command)
    return tuple(found.values())


def use(changed: Mapping[str, tuple[str, ...]]) -> None:
    """Take a keymap: from now on commands have these keys. For nodes that are made afterwards."""
    if dict(changed) == _changed:
        return
    _changed.clear()
    _changed.update(changed)
    from textual.dom import DOMNode

    kinds: list[type[DOMNode]] = [DOMNode]
    for kind in kinds:  # grows, a subclass after its bases
        kinds += [each for each in kind.__subclasses__() if each not in kinds]
        keys = kind.__dict__.get("BINDINGS")
        if isinstance(keys, Keys):
            keys.make_anew()
    for kind in kinds:
        # Textual merges the bindings of a class with those of its bases when the class is made.
        kind._merged_bindings = kind._merge_bindings()
