"""Textual's driver, with ears for what the terminal answers late.

Over a slow link the answers to :class:`tui.graphics.terminal.Probe` come when the app already runs.
Textual does not know them and would type them into the prompt.
"""

from __future__ import annotations

import errno
import re
import termios
from collections.abc import Iterator, Sequence
from contextlib import suppress
from time import monotonic
from typing import Any, ClassVar

from textual._xterm_parser import XTermParser
from textual.drivers import linux_driver
from textual.message import Message

from tui.graphics.terminal import Terminal, cell_of_window, understood

_ANSWER = re.compile(r"\x1b\[(?:6;\d{1,4};\d{1,4}t|\?[\d;]{0,64}c)")
_BEGINNING = re.compile(r"\x1b\[(?:6;[\d;]{0,9}|\?[\d;]{0,64})\Z")
"""Of an answer whose rest has not come yet. ``ESC [ 6`` alone may be Page Down."""

_PATIENCE = 0.5
"""Seconds for the rest of an answer to come."""


class TerminalAnswered(Message):
    """The terminal said what it can draw, after the app had started."""

    def __init__(self, terminal: Terminal) -> None:
        super().__init__()
        self.terminal = terminal


class _Parser(XTermParser):
    """Takes the answers out of what was typed.

    Attributes:
        held: typed already, but not told yet: what was typed before the app listened, or the
            beginning of what may be an answer.
    """

    held = ""
    _held_since = 0.0
    _heard = ""

    def tick(self) -> Iterator[Message]:
        """Textual's clock, ten times a second: what was held too long was no answer."""
        if self.held and monotonic() - self._held_since > _PATIENCE:
            text, self.held = self.held, ""
            yield from super().feed(text)
        yield from super().tick()

    def feed(self, data: str) -> Iterator[Message]:
        text = self.held + data
        beginning = _BEGINNING.search(text) if data else None
        self.held = beginning[0] if beginning else ""
        self._held_since = monotonic()
        text = text.removesuffix(self.held) if self.held else text
        answers = _ANSWER.findall(text)
        if answers:
            text = _ANSWER.sub("", text)
            self._heard += "".join(answers)
            if answers[-1].endswith("c"):
                heard, self._heard = self._heard.encode(), ""
                yield TerminalAnswered(understood(heard, cell_of_window()))
        if text or not data:
            yield from super().feed(text)


class _Output:
    """The terminal's file, which may go away: what is written then is dropped.

    An error would end the thread that writes, and quitting would wait for it for ever.
    """

    def __init__(self, file: Any) -> None:
        self._file = file

    def write(self, text: str) -> None:
        with suppress(OSError, ValueError):
            self._file.write(text)

    def flush(self) -> None:
        with suppress(OSError, ValueError):
            self._file.flush()

    def fileno(self) -> int:
        return int(self._file.fileno())


class Driver(linux_driver.LinuxDriver):
    """The driver of a terminal on Linux and macOS.

    Attributes:
        typed_ahead: what the user typed before the app was there to hear it.
    """

    typed_ahead: ClassVar[str] = ""

    @property
    def outgoing(self) -> Driver:
        """See :class:`tui.graphics.outgoing.Outgoing`."""
        return self

    def draw(self, name: str, parts: Sequence[str], *, whole: bool = False) -> None:
        del name, whole
        self.write("".join(parts))

    def withdraw(self, name: str) -> None:
        """Nothing is ever left."""

    has_room = True

    def start_application_mode(self) -> None:
        vars(self)["_file"] = _Output(self._file)
        super().start_application_mode()  # type: ignore[no-untyped-call]

    @property
    def is_gone(self) -> bool:
        """Whether the terminal has hung up: its signal may go to whoever started us."""
        try:
            termios.tcgetattr(self.fileno)
        except termios.error as error:
            return bool(error.args) and error.args[0] == errno.EIO
        return False

    def run_input_thread(self) -> None:
        _Parser.held, Driver.typed_ahead = Driver.typed_ahead, ""
        # The parser is made in there, under this name; there is no other way in.
        vars(linux_driver)["XTermParser"] = _Parser
        super().run_input_thread()
