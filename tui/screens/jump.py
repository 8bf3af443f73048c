"""Jump: a letter on every panel and field; press it to be there."""

from __future__ import annotations

from string import ascii_lowercase

from textual.app import ComposeResult
from textual.events import Click, Key
from textual.screen import ModalScreen, Screen
from textual.widget import Widget
from textual.widgets import Label

from tui.keys.command import acting, bindings
from tui.keys.contexts import COMMANDS
from tui.keys.moving import DIALOG, FOCUS
from tui.widgets.field import Field

_MNEMONICS = {
    **{"prompt": "p", "negative": "n", "runs": "r", "picture": "i", "messages": "m"},
    **{"field-seed": "s", "field-num-inference-steps": "t", "field-guidance-scale": "g"},
    **{"field-scheduler": "d", "field-size": "z", "field-batch-size": "b"},
    **{"field-checkpoint": "c", "field-switches": "w"},
}


class JumpScreen(ModalScreen[Widget | None], inherit_bindings=False):
    """Letters over another screen. Gives the widget whose letter was pressed."""

    DEFAULT_CSS = """
    JumpScreen {
        background: $background 55%;
        layers: labels;
        & Label {
            layer: labels;
            position: absolute;
            background: $accent;
            color: $background;
            text-style: bold;
            padding: 0 1;
            width: auto;
            height: 1;
            &.-tight { padding: 0; }
        }
    }
    """
    BINDINGS = bindings(acting(DIALOG, leave="dismiss(None)"), FOCUS)

    def __init__(self, below: Screen[None]) -> None:
        super().__init__()
        self._targets = letters(below)
        self._gone = False

    def compose(self) -> ComposeResult:
        for key, widget in self._targets.items():
            # At the start of a field's row, where it hides neither the label nor the value.
            field = next((node for node in widget.ancestors if isinstance(node, Field)), None)
            row = field or widget
            label = Label(key, markup=False, classes="-tight" if field else "")
            label.absolute_offset = row.region.offset
            yield label

    def on_key(self, event: Key) -> None:
        if event.key in COMMANDS["app.quit"].now:
            return
        event.stop()
        event.prevent_default()
        self._go(self._targets.get((event.character or "").lower()))

    def on_click(self, event: Click) -> None:
        event.stop()
        self._go(None)

    def _go(self, target: Widget | None) -> None:
        # A second key may come before the screen has gone: it must not close the one below.
        if not self._gone and self.is_active and len(self.app.screen_stack) > 1:
            self._gone = True
            self.dismiss(target)


def letters(screen: Screen[None]) -> dict[str, Widget]:
    """A letter for each widget that can be focused and seen, the same one every time."""
    found: dict[str, Widget] = {}
    for widget in screen.focus_chain:
        names = (node.id or "" for node in widget.ancestors_with_self)
        wanted = next((_MNEMONICS[name] for name in names if name in _MNEMONICS), "")
        free = (letter for letter in ascii_lowercase if letter not in found)
        key = wanted if wanted and wanted not in found else next(free, "")
        if key and widget.region:
            found[key] = widget
    return found
