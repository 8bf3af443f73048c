"""The keys of the panel that says how to fetch pictures."""

from __future__ import annotations

from tui.keys.command import Command, of

FETCH = of(
    "fetch",
    (
        Command("path", "p", "Copy the path", "The path, to your clipboard.", "path", "Fetch"),
        Command(
            "line", "y,enter", "Copy the scp line", "The line, to your clipboard.", "line", "Fetch"
        ),
    ),
)
