"""A lock between processes, for the moment of a write.

SQLite before 3.51.3 can lose a write-ahead log when two connections write and check-point at once
(https://sqlite.org/wal.html#walresetbug). Whoever writes a history holds this lock meanwhile, so
that cannot happen between two of ours. Where the system or the file system has no such locks,
SQLite's own remain.
"""

from __future__ import annotations

import contextlib
import errno
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

fcntl: Any
try:
    import fcntl
except ImportError:  # Windows
    fcntl = None

_POLL_SECONDS = 0.005


@contextlib.contextmanager
def locked(path: Path, deadline: float, *, create: bool = True) -> Iterator[bool]:
    """Hold the lock of the file ``path`` inside the block, which is told whether there are locks.

    Args:
        path: of the lock's own file, which stays when the lock is let go.
        deadline: of ``time.monotonic()``; later than this nobody waits.
        create: make the file when it is missing; else there is nobody to lock out.

    Raises:
        TimeoutError: another one held it until the deadline.
    """
    descriptor = _opened(path, create)
    if descriptor is None:
        yield False
        return
    try:
        yield _take(descriptor, deadline)
    finally:
        os.close(descriptor)  # which lets the lock go


def _opened(path: Path, create: bool) -> int | None:
    if fcntl is None:
        return None
    flags = os.O_RDWR | os.O_CREAT if create else os.O_RDONLY
    try:
        return os.open(path, flags | os.O_CLOEXEC, 0o666)
    except OSError:  # what follows will tell, if it matters
        return None


def _take(descriptor: int, deadline: float) -> bool:
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
        except OSError as error:
            if error.errno not in (errno.EAGAIN, errno.EACCES):
                return False  # a file system without locks
        if time.monotonic() >= deadline:
            raise TimeoutError
        time.sleep(_POLL_SECONDS)
