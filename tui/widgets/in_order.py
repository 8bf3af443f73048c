"""Editing keys that keep their place among the letters.

Textual runs a widget's bindings only after the key has gone up through all its parents, while a
letter is taken at once: of keys that arrive together, as they do over a slow line, the letters
would come first and the Backspace between them last.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.events import Key

if TYPE_CHECKING:
    from textual.binding import Binding
    from textual.widget import Widget as Base
else:
    Base = object  # a second widget among the bases would hide what the first one is made of


class KeysInOrder(Base):
    """Put before ``Input`` or ``TextArea`` among the base classes."""

    async def _on_key(self, event: Key) -> None:
        if event.is_printable:
            return  # whatever the keymap says, a letter is a letter where something is typed
        for binding in self._bindings.key_to_bindings.get(event.key, ()):
            if not binding.priority:
                event.stop()
                event.prevent_default()
                await self.act(binding)
                return

    async def act(self, binding: Binding) -> None:
        """Do what a key is for."""
        await self.run_action(binding.action)
