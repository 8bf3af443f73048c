"""What a command writes: facts, JSON on stdout, sentences on stderr. All of it is cleaned."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable

from engine.errors import SafelightError
from tui.headless.streams import write_over
from tui.text import clean

DONE, FAILED, BAD_ARGUMENTS, CANCELLED = 0, 1, 2, 130
"""Exit codes."""


class BadArguments(SafelightError):
    """The arguments of a command make no sense."""


def print_facts(facts: Iterable[tuple[str, object]]) -> None:
    rows = [(clean(name.replace("_", " ")), value) for name, value in facts]
    width = max(len(name) for name, _ in rows)
    for name, value in rows:
        show_line(f"{name:<{width}}  {value}")


def show_line(text: str) -> None:
    print(clean(text))


def print_json(value: object) -> None:
    # Escaped to ASCII, so that no control character of a prompt reaches a terminal.
    print(json.dumps(value, indent=2).replace("\x7f", "\\u007f"))


def tell(text: str) -> None:
    print(clean(text), file=sys.stderr)


def complain(sentence: str, code: int) -> int:
    print(f"safelight: {clean(sentence)}", file=sys.stderr)
    return code


def progress(done: int, of: int) -> None:
    """How far something is, on a line of a terminal that is written over; nothing elsewhere."""
    if sys.stderr.isatty():
        write_over(f"{done + 1:,} of {of:,}")


def end_progress() -> None:
    """Leave the line of :func:`progress` empty."""
    if sys.stderr.isatty():
        write_over("")
