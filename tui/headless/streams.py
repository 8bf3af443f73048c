"""The standard streams of a command: whatever is written, nothing in it is obeyed.

Also what argparse says of arguments, what libraries warn of, and what a log of theirs prints.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any, TextIO

from tui.text import clean

_OVER = "\r\x1b[K"


class Careful:
    """A stream of text on which everything is shown: :func:`tui.text.clean`."""

    def __init__(self, stream: TextIO) -> None:
        self.stream = stream
        with suppress(AttributeError, OSError, ValueError):
            # Not every terminal has every letter: a sign stands for those, and nothing fails.
            stream.reconfigure(errors="replace")  # type: ignore[attr-defined]

    def write(self, text: str) -> int:
        # A long history as JSON is ASCII but for its ends of lines: quick to see.
        is_safe = text.isascii() and text.replace("\n", "").isprintable()
        self.stream.write(text if is_safe else clean(text, lines=True))
        return len(text)

    def writelines(self, lines: list[str]) -> None:
        for line in lines:
            self.write(line)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.stream, name)


@contextmanager
def careful_streams() -> Iterator[None]:
    """Standard output and error are careful, as long as this is on."""
    before = sys.stdout, sys.stderr
    ours = Careful(sys.stdout), Careful(sys.stderr)
    sys.stdout, sys.stderr = ours
    try:
        yield
    finally:
        # Whoever has set them to something else since then has meant it.
        if sys.stdout is ours[0]:
            sys.stdout = before[0]
        if sys.stderr is ours[1]:
            sys.stderr = before[1]


def write_over(text: str, end: str = "") -> None:
    """Write over the line of the terminal that standard error is on."""
    stream = getattr(sys.stderr, "stream", sys.stderr)
    stream.write(f"{_OVER}{clean(text)}{end}")
    stream.flush()
