"""Where a report goes: a file that is there whole or not at all, and replaces nothing by chance."""

from __future__ import annotations

import os
from pathlib import Path

from engine.errors import ExchangeError
from engine.pictures.files import put_new, write_atomically

SIGN = b"Safelight report"
"""Every report has this in its first kilobytes, by which it is known as ours."""
_START = 4096


def place_of(to: Path, *, replace: bool) -> Path:
    """Where a report goes: without links, and free to be written.

    Args:
        replace: whether an earlier report may be replaced. Nothing else ever is.

    Raises:
        ExchangeError: there is something that may not be replaced.
    """
    try:
        place = to.expanduser().resolve()
        if not os.path.lexists(place):
            return place
        with place.open("rb") as file:
            ours = SIGN in file.read(_START)
    except IsADirectoryError:
        raise ExchangeError(f"{to} is a folder. Choose the name of a file.") from None
    except (OSError, RuntimeError) as error:
        raise ExchangeError(f"{to} cannot be written: {_reason(error)}.") from error
    if not ours:
        raise ExchangeError(f"{place} is not an earlier report. Choose another name.")
    if not replace:
        raise ExchangeError(
            f"{place} is an earlier report. Choose another name, or replace it with --replace."
        )
    return place


def write(to: Path, data: bytes, *, replace: bool = False) -> Path:
    """Write a report, whole and durably; returns its place.

    Args:
        data: with :data:`SIGN` near its start.
        replace: as for :func:`place_of`.

    Raises:
        ExchangeError: the place is taken or cannot be written.
    """
    assert SIGN in data[:_START]
    place = place_of(to, replace=replace)
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        put = write_atomically if replace else put_new
        put(place, memoryview(data))
    except OSError as error:
        raise ExchangeError(f"{place} could not be written: {_reason(error)}.") from error
    return place


def _reason(error: Exception) -> str:
    return (error.strerror if isinstance(error, OSError) else None) or str(error)
