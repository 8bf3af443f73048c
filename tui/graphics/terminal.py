"""What the terminal can draw. Asked once, before the app starts, while imports run anyway.

``CSI 16 t`` asks for the size of a cell in pixels, ``CSI c`` for the device's attributes, of which
``4`` is sixel graphics (xterm's control sequences, "Device Attributes"). Every terminal answers the
second, so its answer also ends the first.
"""

from __future__ import annotations

import os
import re
import sys
from contextlib import suppress
from dataclasses import dataclass, replace
from select import select
from time import monotonic
from typing import Any

_ASK = b"\x1b[16t\x1b[c"
_CELL = re.compile(rb"\x1b\[6;(\d{1,4});(\d{1,4})t")
_ATTRIBUTES = re.compile(rb"\x1b\[\?([\d;]*)c")
_MOST_BYTES = 4096


@dataclass(frozen=True, slots=True)
class Terminal:
    """What was learnt.

    Attributes:
        protocol: ``"sixel"`` or ``"half"`` (half blocks).
        cell_width, cell_height: in pixels; 0 when not told.
        answered: whether the terminal answered in time.
    """

    protocol: str = "half"
    cell_width: int = 0
    cell_height: int = 0
    answered: bool = False

    @property
    def cell_ratio(self) -> float:
        """Height of a cell divided by its width."""
        if self.cell_width and self.cell_height:
            return self.cell_height / self.cell_width
        return 2.0

    def limited_to(self, graphics: str) -> Terminal:
        """The same terminal, drawing as the user wants: ``auto`` is as it can."""
        if graphics == "auto":
            return self
        known = self.cell_width and self.cell_height
        width, height = (self.cell_width, self.cell_height) if known else (10, 20)
        return replace(self, protocol=graphics, cell_width=width, cell_height=height)


class Probe:
    """A question to the terminal: :meth:`ask` early, :meth:`answer` late.

    A context manager: from the question to its end the terminal does not echo, so that an answer
    that comes while nobody reads is not printed.

    Attributes:
        typed_ahead: what else came in while the answer was read: keys of the user.
    """

    def __init__(self) -> None:
        self.typed_ahead = ""
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
            os.write(output, _ASK)
            self._asked_at = monotonic()
        except (ImportError, OSError, ValueError):
            self.restore()

    def answer(self, patience: float) -> Terminal:
        """What the terminal has said by now.

        An answer that has begun is waited for until ``patience`` seconds after the question. One
        that has not is left to the app's driver, so that nobody waits for a slow link.
        """
        heard = b""
        if self._saved is None:
            return Terminal()
        try:
            until = self._asked_at + patience
            while not _ATTRIBUTES.search(heard) and len(heard) < _MOST_BYTES:
                wait = max(0.0, until - monotonic()) if heard else 0.0
                ready, _, _ = select([self._input], [], [], wait)
                if not ready:
                    break
                heard += os.read(self._input, 256)
        except OSError:
            pass
        typed = _ATTRIBUTES.sub(b"", _CELL.sub(b"", heard))
        self.typed_ahead = typed.decode("utf-8", errors="ignore")
        return understood(heard, cell_of_window())

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


def cell_of_window() -> tuple[int, int]:
    """Width and height of a cell as the terminal's driver tells them; zeros when it does not."""
    import array
    import fcntl
    import termios

    sizes = array.array("H", [0, 0, 0, 0])
    try:
        fcntl.ioctl(sys.__stdout__.fileno() if sys.__stdout__ else 1, termios.TIOCGWINSZ, sizes)
    except (OSError, ValueError):
        return 0, 0
    rows, columns, width, height = sizes
    return (width // columns, height // rows) if rows and columns else (0, 0)


def understood(heard: bytes, window_cell: tuple[int, int] = (0, 0)) -> Terminal:
    """What an answer means. The window's own word about its cells goes before the answer's."""
    attributes = _ATTRIBUTES.search(heard)
    cell = _CELL.search(heard)
    width, height = window_cell
    if not (width and height) and cell:
        height, width = int(cell[1]), int(cell[2])
    sixel = attributes is not None and b"4" in attributes[1].split(b";")
    # Without the size of a cell a sixel picture would cover the wrong cells.
    protocol = "sixel" if sixel and width and height else "half"
    return Terminal(protocol, width, height, attributes is not None)
