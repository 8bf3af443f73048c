"""Where a report goes: a file that is there whole or not at all, and replaces nothing by chance."""

from __future__ import annotations

import hashlib
import io
import os
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from engine.errors import ExchangeError
from engine.pictures.files import put_new, write_atomically
from engine.report import markdown, page

if TYPE_CHECKING:
    from PIL.Image import Image

SIGN = "Safelight report"
"""By this a picture is known as a report: it is its text chunk ``Software``."""
_PNG = b"\x89PNG\r\n\x1a\n"
_SOFTWARE = b"Software\0" + SIGN.encode("ascii")
_START = 4096
"""So many bytes tell whether a file is a report."""


def form_of(to: Path, form: str | None, forms: Sequence[str]) -> str:
    """What kind of file a report is to be: ``form``, or what its name ends in.

    Args:
        forms: the kinds that there are, such as ``".html"``.

    Raises:
        ExchangeError: it is none of them.
    """
    form = form or to.suffix.lower()
    if form not in forms:
        raise ExchangeError(f"{to} should end in {', '.join(forms[:-1])} or {forms[-1]}.")
    return form


def signed_png(image: Image, **chunks: str) -> bytes:
    """A picture that :func:`place_of` knows as a report; with more text chunks, by name."""
    from PIL.PngImagePlugin import PngInfo

    told, buffer = PngInfo(), io.BytesIO()
    for name, text in {**chunks, "Software": SIGN}.items():
        told.add_text(name, text)
    image.save(buffer, format="PNG", pnginfo=told, compress_level=4)
    return buffer.getvalue()


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
            ours = _is_report(file.read(_START))
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
        data: of one of the kinds that :func:`place_of` knows as reports.
        replace: as for :func:`place_of`.

    Raises:
        ExchangeError: the place is taken or cannot be written.
    """
    assert _is_report(data[:_START])
    place = place_of(to, replace=replace)
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        put = write_atomically if replace else put_new
        put(place, memoryview(data))
    except OSError as error:
        raise ExchangeError(f"{place} could not be written: {_reason(error)}.") from error
    return place


def put_picture(image: Image, folder: Path, name: str) -> str:
    """Write a picture of a Markdown report into the folder beside it; its path as the report names
    it.

    It goes by what is in it, so that a picture of another report is never replaced.

    Raises:
        ExchangeError: it cannot be written.
    """
    buffer = io.BytesIO()
    image.save(buffer, format="PNG")
    data = buffer.getvalue()
    path = folder / f"{name}-{hashlib.sha256(data).hexdigest()[:8]}.png"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with suppress(FileExistsError):
            put_new(path, memoryview(data))
    except OSError as error:
        raise ExchangeError(f"{folder} cannot be written: {_reason(error)}.") from error
    return f"{folder.name}/{path.name}"


def _is_report(start: bytes) -> bool:
    """Whether a file that begins so is a report. What a picture or a page tells is no sign of it:
    prompts may say anything.
    """
    if start.startswith(_PNG):
        return _SOFTWARE in _text_chunks(start)
    text = start.decode("utf-8", "replace")
    if text.startswith("<!DOCTYPE html>"):
        return page.GENERATOR in text.partition("<title>")[0]
    return text.partition("\n")[0].rstrip("\r") == markdown.SIGN


def drop(path: Path, *chunks: bytes) -> None:
    """Remove an earlier report that is a picture with some text chunks; leave all else."""
    with suppress(OSError):
        with path.open("rb") as file:
            start = file.read(_START)
        if start.startswith(_PNG) and {_SOFTWARE, *chunks} <= set(_text_chunks(start)):
            path.unlink()


def _text_chunks(start: bytes) -> list[bytes]:
    """What the chunks ``tEXt`` before the pixels hold (PNG, 3rd edition, 5.3 and 11.3.3.2)."""
    found, at = [], len(_PNG)
    while (kind := start[at + 4 : at + 8]) and kind != b"IDAT":
        end = at + 8 + int.from_bytes(start[at : at + 4])
        if kind == b"tEXt":
            found.append(start[at + 8 : end])
        at = end + 4  # after its checksum
    return found


def _reason(error: Exception) -> str:
    return (error.strerror if isinstance(error, OSError) else None) or str(error)
