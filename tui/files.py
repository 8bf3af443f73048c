"""Small files, for the user alone.

They are written so that a crash leaves the old one or the new one, never half of one.
"""

from __future__ import annotations

import os
import tempfile
from contextlib import suppress
from pathlib import Path


def make_folder(path: Path) -> None:
    """Make a folder, and those around it, for the user alone. One that is there stays as it is."""
    if not path.is_dir():
        make_folder(path.parent)
        path.mkdir(mode=0o700, exist_ok=True)


def private(path: str, flags: int) -> int:
    """An ``opener``: a file that is made new is for the user alone."""
    return os.open(path, flags, 0o600)


def write_atomically(path: Path, text: str) -> None:
    """Write ``text`` beside ``path`` and rename it into place, with the rights of the old file.

    Raises ``OSError`` when it could not be written; the old file is then untouched.
    """
    make_folder(path.parent)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")
    temporary = Path(name)
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="") as file:
            file.write(text)
            with suppress(FileNotFoundError):
                os.fchmod(file.fileno(), path.stat().st_mode & 0o7777)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
