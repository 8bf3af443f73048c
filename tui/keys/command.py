"""One thing the user can do, and the bindings that are made from it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from textual.binding import Binding, BindingType


@dataclass(frozen=True, slots=True)
class Command:
    """One thing the user can do.

    Attributes:
        id: stable name, for keymaps.
        keys: Textual key names, separated by commas; the first is the one that is shown.
        label: one or two words for the footer.
        help: one sentence for the palette, the help screen and the tooltip.
        action: Textual action.
        group: heading in the help screen.
        footer: whether it is one of the few keys that matter at any moment.
    """

    id: str
    keys: str
    label: str
    help: str
    action: str
    group: str
    footer: bool = False

    @property
    def target(self) -> str:
        """The action with where it is found, for the palette and the mouse."""
        return f"{'app' if self.group == 'App' else 'screen'}.{self.action}"

    @property
    def shown_key(self) -> str:
        """The first key as people write it: ``^R``, ``F1``, ``Esc``."""
        return show_key(self.keys.split(",")[0])

    def binding(self) -> Binding:
        return Binding(
            self.keys,
            self.action,
            self.label,
            show=self.footer,
            key_display=self.shown_key,
            tooltip=self.help,
            id=self.id,
            priority=self.keys.startswith(("ctrl+", "f", "shift+f")),
        )


def show_key(key: str) -> str:
    """A Textual key name as people write it."""
    if key.startswith("shift+"):
        return "⇧" + show_key(key.removeprefix("shift+"))
    if key.startswith("ctrl+"):
        return "^" + key.removeprefix("ctrl+").upper()
    is_function = key[0] == "f" and key[1:].isdigit()
    return _SIGNS.get(key, key.upper() if is_function else key)


_SIGNS = {
    **{"escape": "Esc", "enter": "Enter", "space": "Space", "tab": "Tab"},
    **{"question_mark": "?", "plus": "+", "minus": "-", "comma": ",", "full_stop": "."},
    **{"left": "← →", "up": "↑ ↓"},
}


def commands_of(screen: object) -> tuple[Command, ...]:
    """The commands of a screen, as its ``KEYS`` say."""
    keys: tuple[Command, ...] = getattr(screen, "KEYS", ())
    return keys


def bindings(commands: Iterable[Command]) -> list[BindingType]:
    """Textual's bindings for some commands."""
    return [command.binding() for command in commands]
