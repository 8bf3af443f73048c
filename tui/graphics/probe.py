"""Asks the terminal what it is, before the app starts, while imports run anyway.

Every terminal answers the last question, for the device's attributes, so its answer ends the rest.
Only tmux answers that itself, and what stands around it later.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Mapping
from contextlib import suppress
from select import select
from time import monotonic
from typing import Any

from tui.graphics.answers import parted
from tui.graphics.terminal import (
    IMAGE,
    Terminal,
    cell_of_window,
    inside_screen,
    inside_tmux,
    understood,
)
from tui.tmux import passed_on

KITTY = f"\x1b_Gi={IMAGE},s=1,v=1,a=q,t=d,f=24;AAAA\x1b\\"
"""Would you take this pixel? (It is not shown.)"""
NAME = "\x1b[>q"
REGISTERS = "\x1b[?1;1;0S"
CELL = "\x1b[16t"
ATTRIBUTES = "\x1b[c"
COLOUR = "\x1b[48;2;1;2;3m\x1bP$qm\x1b\\\x1b[m"
"""Sets a background as we write them, asks for it, and takes it away: :mod:`tui.graphics.depth`."""
_WIPE = "\r\x1b[K"
"""Where the questions before it were printed instead of understood."""

_ENDED = re.compile(r"\x1b\[\?[\d;]*c")
_MOST_CHARACTERS = 4096


def question(environment: Mapping[str, str]) -> str:
    """What to write to be told what the terminal can do."""
    term = environment.get("TERM", "")
    if term in ("", "dumb", "linux") or environment.get("TERM_PROGRAM") == "Apple_Terminal":
        return CELL + ATTRIBUTES
    if inside_tmux(environment):
        # Asked plainly, tmux would take kitty's question for the title of its window.
        return NAME + passed_on(KITTY) + passed_on(NAME) + CELL + ATTRIBUTES
    if inside_screen(environment):
        return CELL + ATTRIBUTES
    return KITTY + COLOUR + _WIPE + NAME + REGISTERS + CELL + ATTRIBUTES


class Probe:
    """A question to the terminal: :meth:`ask` early, :meth:`answer` late.

    A context manager: from the question to its end the terminal does not echo, so that an answer
    that comes while nobody reads is not printed.

    Attributes:
        asked: what was written.
        heard: the answers that came.
        typed_ahead: what else came in while the answer was read: keys of the user, and at its end
            perhaps the beginning of an answer.
    """

    def __init__(self) -> None:
        self.asked = self.heard = self.typed_ahead = ""
        self._asked_at = 0.0
        self._saved: list[Any] | None = None
        self._input = -1

    def ask(self) -> None:
        """Put the terminal into raw mode and ask. Does nothing where there is no terminal."""
        try:
            import termios
            import tty

            self._input = sys.__stdin__.fileno() if sys.__stdin__ else -1
            output = sys.__stdout__.fileno() if sys.__stdout__ else -1
            if not (os.isatty(self._input) and os.isatty(output)):
                return
            self._saved = termios.tcgetattr(self._input)
            tty.setcbreak(self._input, termios.TCSANOW)
            self.asked = question(os.environ)
            os.write(output, self.asked.encode())
            self._asked_at = monotonic()
        except (ImportError, OSError, ValueError):
            self.restore()
        except BaseException:  # a signal, for one: nobody else would put it back
            self.restore()
            raise

    def answer(self, patience: float, *, begun: bool = True) -> Terminal:
        """What the terminal has said by now.

        Args:
            patience: seconds, from the question on, that an answer is waited for.
            begun: wait only for an answer that has begun. One that has not is left to the app's
                driver, so that nobody waits for a slow link.
        """
        if self._saved is None:
            return Terminal(why="there is no terminal")
        text = ""
        with suppress(OSError):
            until = self._asked_at + patience
            while not self._all_heard(text) and len(text) < _MOST_CHARACTERS:
                wait = max(0.0, until - monotonic()) if text or not begun else 0.0
                ready, _, _ = select([self._input], [], [], wait)
                if not ready or not (data := os.read(self._input, 256)):
                    break
                text += data.decode("utf-8", errors="ignore")
        typed, answers, beginning = parted(text)
        self.typed_ahead, self.heard = typed + beginning, "".join(answers)
        return understood(self.heard, cell_of_window())

    def _all_heard(self, text: str) -> bool:
        # Around tmux another terminal may still answer, after tmux has.
        return _ENDED.search(text) is not None and not inside_tmux(os.environ)

    def __enter__(self) -> Probe:
        self.ask()
        return self

    def __exit__(self, *_: object) -> None:
        self.restore()

    def restore(self) -> None:
        """Put the terminal back as it was before the question, if it is still there."""
        if self._saved is not None:
            import termios

            with suppress(termios.error):
                termios.tcsetattr(self._input, termios.TCSANOW, self._saved)
            self._saved = None
