"""Files written whole and durably: after a crash there is all of one or none."""

from __future__ import annotations

import contextlib
import errno
import os
import re
import secrets
from collections.abc import Iterator
from pathlib import Path

from engine.errors import HistoryError

_PART = re.compile(r"\.(?:\d+-[0-9a-f]{12}|[0-9a-f]{16})\.part")
_NO_LINKS = (
    *(errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EINVAL, errno.EMLINK),
)
"""What file systems without hard links answer."""
_writing: set[Path] = set()
"""What this process is writing now, in whichever thread."""


def write_failure(path: Path, error: OSError) -> str:
    """The sentence for a file that could not be written."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return f"The disk is full: the run could not be kept in {path.parent}. Free some space."
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return f"Not allowed to write in {path.parent}. Change its rights or set SAFELIGHT_HOME."
    return f"{path} could not be written: {error.strerror or error}."


def write_atomically(path: Path, data: memoryview) -> None:
    """Write a file whole and durably, or not at all; replaces what is there. Raises ``OSError``."""
    with _beside(path, data) as temporary:
        temporary.replace(path)
    sync_folder(path.parent)


def write_new(path: Path, data: memoryview) -> Path:
    """Write a file whole and durably, and replace nothing, whoever else writes at the same time.

    Returns:
        Where it is: ``path``, or its next free neighbour (``name-2.png``) when that was taken.

    Raises:
        OSError: it could not be written; nothing is left behind.
    """
    with _beside(path, data) as temporary:
        for candidate in neighbours(path):
            with contextlib.suppress(FileExistsError):
                put(temporary, candidate)
                break
    sync_folder(path.parent)
    return candidate


def put_new(path: Path, data: memoryview) -> None:
    """Write a file whole and durably, under this name or not at all.

    Raises ``FileExistsError`` when the name is taken, also by then, and other ``OSError``.
    """
    with _beside(path, data) as temporary:
        put(temporary, path)
    sync_folder(path.parent)


def make_folder(folder: Path, inside: Path | None) -> None:
    """Make a folder, and see to it that no link leads it out of ``inside``.

    Raises:
        HistoryError: a link does; nothing is to be written there.
        OSError: it could not be made.
    """
    folder.mkdir(parents=True, exist_ok=True)
    if inside is not None and not folder.resolve().is_relative_to(inside.resolve()):
        raise HistoryError(f"{folder} leads out of {inside}, so nothing is written there.")


def sync_file(path: Path) -> None:
    """Make what was written to a file durable. Raises ``OSError``."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def sync_folder(folder: Path) -> None:
    """Make a rename in ``folder`` durable, where the system can (not on Windows)."""
    with contextlib.suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def sweep(folder: Path) -> None:
    """Remove what writes that were cut off have left below a folder.

    Only when no other process writes there; what this one is writing stays.
    """
    for place, _, names in os.walk(folder):
        for name in names:
            path = Path(place, name).absolute()
            if _PART.fullmatch(name) and path not in _writing:
                with contextlib.suppress(OSError):
                    path.unlink()


@contextlib.contextmanager
def _beside(path: Path, data: memoryview) -> Iterator[Path]:
    """A synced file with ``data`` in the folder of ``path``, which is gone in the end."""
    temporary = path.with_name(f".{os.getpid()}-{secrets.token_hex(6)}.part")
    _writing.add(temporary.absolute())
    try:
        with temporary.open("xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        yield temporary
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink()
        _writing.discard(temporary.absolute())


def put(temporary: Path, path: Path) -> None:
    """Give a file its name. Raises ``FileExistsError`` when another file has it."""
    try:
        os.link(temporary, path)
    except FileExistsError:
        raise
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY))  # ours from here on
        try:
            temporary.replace(path)
        except BaseException:
            with contextlib.suppress(OSError):
                path.unlink()
            raise


def neighbours(path: Path) -> Iterator[Path]:
    """A name, and those to take when it is taken: a lost database starts counting again."""
    yield path
    number = 2
    while True:
        yield path.with_name(f"{path.stem}-{number}{path.suffix}")
        number += 1
