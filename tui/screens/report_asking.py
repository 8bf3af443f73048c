"""Asks where a report goes, and what is wrong with a place."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.errors import SafelightError
from tui.screens.ask import AskScreen

if TYPE_CHECKING:
    from textual.screen import Screen

    from engine.history import History

FOLDER = "reports"
"""In Safelight's own folder."""


def ask_where(
    screen: Screen[Any],
    title: str,
    name: str,
    kinds: dict[str, str],
    history: Callable[[], History],
    write: Callable[[Path], object],
) -> None:
    """Ask for a place that is free, and write there.

    Args:
        name: without an ending.
        kinds: each ending and what it gives; the first is proposed.
        history: in whose folder the reports are; may raise ``SafelightError``.
    """
    try:
        folder = history().folder / FOLDER
    except SafelightError:
        folder = Path.cwd()
    endings = ", ".join(f"{ending} {about}" for ending, about in kinds.items())

    def done(text: str | None) -> None:
        if text is not None:
            write(Path(text).expanduser())

    place = str(_free(folder / f"{name}{next(iter(kinds))}"))
    hint = f"A file. Its ending says what it is: {endings}."
    screen.app.push_screen(AskScreen(title, hint, place, partial(wrong_place, list(kinds))), done)


def wrong_place(endings: Sequence[str], text: str) -> str:
    """What is wrong with a place, in a sentence; empty when nothing is."""
    path = Path(text).expanduser()
    if path.suffix.lower() not in endings or not path.stem:
        return f"The name must end in {' or '.join(endings)}."
    if os.path.lexists(path):
        return f"{path} is there already. Choose another name."
    return ""


def _free(place: Path) -> Path:
    free, number = place, 2
    while os.path.lexists(free):
        free, number = place.with_stem(f"{place.stem}-{number}"), number + 1
    return free
