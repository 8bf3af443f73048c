"""Settings from a picture or a text that was typed, pasted or dropped. No widgets here."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from engine.errors import SafelightError

if TYPE_CHECKING:
    from engine.restore import Restored
    from engine.shelf import Shelved

_SUFFIXES = (".png", ".jpg", ".jpeg", ".webp")
_LONGEST_PATH = 4096


def restore(
    text: str, checkpoint: str, checkpoints: Callable[[], Iterable[Shelved]]
) -> tuple[Restored, str]:
    """What a picture, named by its path, or a text says, and what to call it.

    Args:
        checkpoint: what to keep when the one that is named is not here.
        checkpoints: lists those of this machine; asked only when it is needed.

    Raises ``SafelightError`` when nothing can be restored.
    """
    from engine.restore import restore_picture, restore_text

    def shelf() -> Iterator[Shelved]:
        try:
            yield from checkpoints()
        except SafelightError:
            return  # then none of them is found

    path = path_of(text)
    if path is not None:
        return restore_picture(path, checkpoint, shelf()), path.name
    return restore_text(text, checkpoint, shelf()), "the text"


def path_of(text: str) -> Path | None:
    """The path that a text is, as terminals and file managers drop it; ``None`` for other texts.

    It may stand in quotation marks, have a backslash before its blanks, begin with ``~``, or be a
    ``file://`` address.
    """
    text = text.strip()
    if not text or "\n" in text or len(text) > _LONGEST_PATH:
        return None
    if text.startswith("file:"):
        parts = urlsplit(text)
        return Path(unquote(parts.path)) if parts.netloc in ("", "localhost") else None
    candidates = [Path(each) for each in (text, _unescaped(text)) if each]
    for path in candidates:
        if _is_file(path):
            return path.expanduser()
    named = candidates[-1]
    if text.startswith(("/", "~", "./", "../")) or named.suffix.lower() in _SUFFIXES:
        return _expanded(named)
    return None


def lines(found: Restored) -> Iterator[str]:
    """What is to be said of what was found, a line each: notes, then what was not used."""
    yield from found.notes
    if found.unknown:
        kept = " · ".join(f"{name} {value}".strip() for name, value in found.unknown.items())
        yield f"Not used: {kept}"


def _unescaped(text: str) -> str:
    """Without the marks that a shell needs; empty when that is not one word."""
    try:
        words = shlex.split(text)
    except ValueError:
        return ""
    return words[0] if len(words) == 1 else ""


def _is_file(path: Path) -> bool:
    try:
        return path.expanduser().is_file()
    except (OSError, ValueError, RuntimeError):  # too long, a null, no such user
        return False


def _expanded(path: Path) -> Path:
    try:
        return path.expanduser()
    except RuntimeError:
        return path
