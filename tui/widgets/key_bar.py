"""The last line: the few keys that matter here. Also for the mouse."""

from __future__ import annotations

from collections.abc import Sequence

from textual.content import Content
from textual.events import Click, MouseMove
from textual.reactive import reactive
from textual.widget import Widget

from tui.keys.command import Command

Key = tuple[str, str]
"""A key as people write it, and what it does in a word or two."""


_GAP = 3


def _wide(key: Key) -> int:
    return len(key[0]) + 1 + len(key[1])


def _fitting(keys: Sequence[Key], room: int) -> list[Key]:
    """As many of the keys, from the first on, as there is room for."""
    fitting: list[Key] = []
    for key in keys:
        room -= _wide(key) + _GAP
        if room < 0:
            break
        fitting.append(key)
    return fitting


class KeyBar(Widget):
    """Keys of the focused panel first, then those of the app, as many as there is room for."""

    DEFAULT_CSS = """
    KeyBar { height: 1; padding: 0 1; }
    """

    here: reactive[tuple[Key, ...]] = reactive(())
    renamed: reactive[tuple[Key, ...]] = reactive(())
    """Those that do something else for now."""

    def __init__(self, commands: Sequence[Command]) -> None:
        super().__init__()
        self._commands = {command.shown_key: command for command in commands}
        self._always = tuple((c.shown_key, c.label) for c in commands)
        self._spans: list[tuple[int, int, str]] = []

    def render(self) -> Content:
        renamed = dict(self.renamed)
        keys = (*self.here, *((key, renamed.get(key, label)) for key, label in self._always))
        first, last = keys[:-1], keys[-1]
        room = self.content_size.width - _wide(last)  # Help is always there
        parts: list[tuple[str, str]] = []
        self._spans = []
        x = 0
        for key, label in (*_fitting(first, room), last):
            wide = _wide((key, label))
            self._spans.append((x, x + wide, key))
            parts += [(key, "$accent bold"), (f" {label}{' ' * _GAP}", "$text-muted")]
            x += wide + _GAP
        return Content.assemble(*parts)

    def _command_at(self, x: int) -> Command | None:
        key = next((key for start, end, key in self._spans if start <= x < end), "")
        return self._commands.get(key)

    async def on_click(self, event: Click) -> None:
        offset = event.get_content_offset(self)
        if offset is not None and (command := self._command_at(offset.x)):
            await self.run_action(command.target)

    def on_mouse_move(self, event: MouseMove) -> None:
        command = self._command_at(event.x - self.gutter.left)
        tooltip = command.help if command else None
        if tooltip != self.tooltip:
            self.tooltip = tooltip
