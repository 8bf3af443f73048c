"""Textual's driver, with ears for what the terminal answers late.

Over a slow link the answers to :class:`tui.graphics.terminal.Probe` come when the app already runs.
Textual does not know them and would type them into the prompt.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from textual._xterm_parser import XTermParser
from textual.drivers import linux_driver
from textual.message import Message

from tui.graphics.terminal import Terminal, cell_of_window, understood

_ANSWER = re.compile(r"\x1b\[(?:6;\d{1,4};\d{1,4}t|\?[\d;]{0,64}c)")
_BEGINNING = re.compile(r"\x1b\[(?:6;[\d;]{0,9}|\?[\d;]{0,64})\Z")
"""Of an answer whose rest has not come yet. ``ESC [ 6`` alone may be Page Down."""


class TerminalAnswered(Message):
    """The terminal said what it can draw, after the app had started."""

    def __init__(self, terminal: Terminal) -> None:
        super().__init__()
        self.terminal = terminal


class _Parser(XTermParser):
    """Takes the answers out of what was typed."""

    _held = ""
    _heard = ""

    def feed(self, data: str) -> Iterator[Message]:
        text = self._held + data
        # An empty feed is Textual's clock: whatever was held back was no answer.
        beginning = _BEGINNING.search(text) if data else None
        self._held = beginning[0] if beginning else ""
        text = text.removesuffix(self._held) if self._held else text
        answers = _ANSWER.findall(text)
        if answers:
            text = _ANSWER.sub("", text)
            self._heard += "".join(answers)
            if answers[-1].endswith("c"):
                heard, self._heard = self._heard.encode(), ""
                yield TerminalAnswered(understood(heard, cell_of_window()))
        if text or not data:
            yield from super().feed(text)


class Driver(linux_driver.LinuxDriver):
    """The driver of a terminal on Linux and macOS."""

    def run_input_thread(self) -> None:
        # The parser is made in there, under this name; there is no other way in.
        vars(linux_driver)["XTermParser"] = _Parser
        super().run_input_thread()
