"""The last line: the few keys that matter here. Also for the mouse."""

from __future__ import annotations

from collections.abc import Sequence

from textual.content import Content
from textual.events import Click, MouseMove
from textual.reactive import reactive
from textual.widget import Widget

from tui.keys.command import Command
from tui.keys.shown import command_of

Hint = tuple[str, str]
"""The id of a command, or several with a blank between, and what it does in a word or two.

``history.rate-0 … history.rate-5`` are all from one to the other.
"""


_GAP = 3


def shown(ids: str) -> str:
    """The keys of some commands as one: ``↑↓``, ``0-5``. Empty when one has none."""
    keys = [command_of(each).shown_key if each != "…" else "-" for each in ids.split()]
    return "".join(keys) if all(keys) else ""


class KeyBar(Widget):
    """Keys of the focused panel first, then those of the app, as many as there is room for."""

    DEFAULT_CSS = """
    KeyBar { height: 1; padding: 0 1; }
    """

    here: reactive[tuple[Hint, ...]] = reactive(())
    renamed: reactive[tuple[Hint, ...]] = reactive(())
    """Those that do something else for now."""

    def __init__(self, commands: Sequence[Command] = ()) -> None:
        super().__init__()
        self._always = tuple((command.id, command.label) for command in commands)
        self._spans: list[tuple[int, int, str]] = []

    def render(self) -> Content:
        renamed = dict(self.renamed)
        hints = [
            (ids, key, renamed.get(ids, label))
            for ids, label in (*self.here, *self._always)
            if (key := shown(ids))
        ]
        # The last is how to get help, and always there.
        room = self.content_size.width - sum(_wide(key, label) for _, key, label in hints[-1:])
        parts: list[tuple[str, str]] = []
        self._spans = []
        x = 0
        for at, (ids, key, label) in enumerate(hints):
            wide = _wide(key, label)
            if at < len(hints) - 1:
                if room < 0:
                    continue
                room -= wide + _GAP
                if room < 0:
                    continue
            self._spans.append((x, x + wide, ids))
            parts += [(key, "$accent bold"), (f" {label}{' ' * _GAP}", "$text-muted")]
            x += wide + _GAP
        return Content.assemble(*parts)

    def _command_at(self, x: int) -> Command | None:
        ids = next((ids for start, end, ids in self._spans if start <= x < end), "")
        return command_of(ids.split()[0]) if ids else None

    async def on_click(self, event: Click) -> None:
        offset = event.get_content_offset(self)
        if offset is not None and (command := self._command_at(offset.x)):
            from tui.keys.here import find

            found = find(self.screen, command.id)
            if found is not None:
                await found.run()

    def on_mouse_move(self, event: MouseMove) -> None:
        command = self._command_at(event.x - self.gutter.left)
        tooltip = command.help if command else None
        if tooltip != self.tooltip:
            self.tooltip = tooltip


def _wide(key: str, label: str) -> int:
    return len(key) + 1 + len(label)
