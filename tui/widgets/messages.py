"""What happened, in a few words a line, newest last."""

from __future__ import annotations

from collections import deque
from datetime import datetime

from textual.app import ComposeResult
from textual.content import Content
from textual.widgets import Static

from tui.text import clean
from tui.widgets.editors import Scroll

_COLOURS = {"": "", "good": "$success", "warning": "$warning", "bad": "$error"}
_KEPT = 200


class Messages(Scroll, can_focus=True):
    """The messages of this session. No markup is read from them."""

    BORDER_TITLE = "Messages"

    def __init__(self) -> None:
        super().__init__(id="messages", classes="panel")
        self._lines: deque[Content] = deque(maxlen=_KEPT)

    def compose(self) -> ComposeResult:
        yield Static("")

    def on_resize(self) -> None:
        self.scroll_end(animate=False)

    def say(self, text: str, tone: str = "") -> None:
        """Add a line. ``tone`` is ``""``, ``"good"``, ``"warning"`` or ``"bad"``."""
        time = datetime.now().strftime("%H:%M:%S ")
        self._lines.append(Content.assemble((time, "$text-muted"), (clean(text), _COLOURS[tone])))
        self.query_one(Static).update(Content("\n").join(self._lines))
        self.scroll_end(animate=False)
