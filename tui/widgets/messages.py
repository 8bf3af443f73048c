"""What happened, in a few words a line, newest last."""

from __future__ import annotations

from datetime import datetime

from rich.text import Text
from textual.widgets import RichLog

from tui.text import clean

_STYLES = {"": "", "good": "success", "warning": "warning", "bad": "error"}


class Messages(RichLog, can_focus=True):
    """The log of this session. Text is shown as it is: no markup is read from it."""

    def __init__(self) -> None:
        super().__init__(id="messages", max_lines=1000, wrap=True, markup=False, highlight=False)

    def say(self, text: str, tone: str = "") -> None:
        """Add a line. ``tone`` is ``""``, ``"good"``, ``"warning"`` or ``"bad"``."""
        variables = self.app.theme_variables
        line = Text(datetime.now().strftime("%H:%M:%S "), style=variables["text-muted"])
        line.append(clean(text), style=variables.get(_STYLES[tone], ""))
        self.write(line)
