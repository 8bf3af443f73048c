"""What a command writes: facts, JSON on stdout, sentences on stderr. All of it is cleaned."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable

from engine.errors import SafelightError
from tui.headless.streams import write_over
from tui.hyperlinks import Placed, has_links, linked
from tui.text import clean

DONE, FAILED, BAD_ARGUMENTS, CANCELLED = 0, 1, 2, 130
"""Exit codes."""


class BadArguments(SafelightError):
    """The arguments of a command make no sense."""


def print_facts(facts: Iterable[tuple[str, object]]) -> None:
    rows = [(clean(name.replace("_", " ")), value) for name, value in facts]
    width = max(len(name) for name, _ in rows)
    for name, value in rows:
        if isinstance(value, Placed):
            show_file(value, f"{name:<{width}}  ")
        else:
            show_line(f"{name:<{width}}  {value}")


def show_line(text: str) -> None:
    print(clean(text))


def show_file(file: Placed, before: str = "") -> None:
    """A line about a file, whose path is a link where somebody looks and the terminal has them."""
    path = clean(file.path)
    if sys.stdout.isatty() and has_links():
        path = linked(path, file.path)
    # Past what shows escape codes: this one is our own.
    stream = getattr(sys.stdout, "stream", sys.stdout)
    stream.write(f"{clean(before)}{path}{clean(file.rest)}\n")


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
