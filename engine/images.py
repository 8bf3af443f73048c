"""Pictures on disk: PNG files that say how they were made.

The whole spec goes as JSON into a text chunk called ``safelight``, so a picture alone is enough to
make it again. A file is written beside its place, synced, renamed, and its folder synced: after a
crash there is a whole picture or none.
"""

from __future__ import annotations

import contextlib
import errno
import io
import json
import os
import stat
import struct
from pathlib import Path
from typing import Any

from PIL import Image, PngImagePlugin

from engine.errors import HistoryError

CHUNK = "safelight"
MAX_TEXT_BYTES = 512 * 1024
"""Longer metadata is not read: a prompt is at most 20,000 characters."""
MAX_PIXELS = 8192 * 8192
"""Larger pictures are not opened; the largest that Safelight makes is 8192x8192."""
_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_COMPRESSION = 4  # a third of the time of zlib's 6 for 3% more bytes on photographs


def image_name(created_at: str, run_id: int, index: int, seed: int) -> str:
    """Where a picture goes below the history's folder: ``images/2026-01-31/000041-0-seed7.png``."""
    return f"images/{created_at[:10]}/{run_id:06d}-{index}-seed{seed}.png"


def save_image(image: Image.Image, path: Path, metadata: dict[str, Any]) -> Path:
    """Write a PNG with its metadata, whole or not at all, over nothing that is there already.

    Returns:
        The path that was written: ``path``, or its next free neighbour when that exists.

    Raises:
        HistoryError: it could not be written; the sentence says what to do.
    """
    info = PngImagePlugin.PngInfo()
    info.add_itxt(CHUNK, json.dumps(metadata))  # ASCII: any prompt survives, lone surrogates too
    buffer = io.BytesIO()
    image.save(buffer, format="PNG", pnginfo=info, compress_level=_COMPRESSION)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path = _free(path)
        write_atomically(path, buffer.getbuffer())
    except OSError as error:
        raise HistoryError(write_failure(path, error)) from error
    return path


def read_metadata(path: Path) -> dict[str, Any] | None:
    """What :func:`save_image` wrote into a PNG, or ``None`` when there is none.

    Reads the chunks itself and stops at the pixels, so a hostile file costs nothing.

    Raises:
        HistoryError: the file cannot be read or is not a PNG.
    """
    try:
        with path.open("rb") as file:
            if file.read(8) != _SIGNATURE:
                raise HistoryError(f"{path} is not a PNG picture.")
            while len(header := file.read(8)) == 8:
                length, kind = struct.unpack(">I4s", header)
                if kind in (b"IDAT", b"IEND"):
                    return None
                if kind != b"iTXt" or length > MAX_TEXT_BYTES:
                    file.seek(length + 4, os.SEEK_CUR)
                    continue
                values = _parse_itxt(file.read(length))
                if values is not None:
                    return values
                file.seek(4, os.SEEK_CUR)
    except OSError as error:
        raise HistoryError(f"{path} cannot be read: {error.strerror or error}.") from error
    return None


def load_image(path: Path) -> Image.Image:
    """A picture of the history, decoded, as RGB.

    Raises:
        HistoryError: it is missing, damaged, or larger than :data:`MAX_PIXELS`; nothing else.
    """
    try:
        return _decode(path)
    except FileNotFoundError:
        raise HistoryError(f"{path} is not there any more.") from None
    except PermissionError:
        raise HistoryError(f"Not allowed to read {path}.") from None
    except (Image.DecompressionBombError, MemoryError):
        raise HistoryError(f"{path} is too large to open.") from None
    except HistoryError:
        raise
    except Exception as error:  # Pillow meets hostile bytes with errors of a dozen kinds
        raise HistoryError(f"{path} is damaged and cannot be shown.") from error


def _decode(path: Path) -> Image.Image:
    if not stat.S_ISREG(path.stat().st_mode):  # a pipe would never end
        raise HistoryError(f"{path} is not a picture.")
    with path.open("rb") as file:
        start = file.read(24)
        if start[:8] == _SIGNATURE and len(start) == 24:  # asked before Pillow, which warns
            width, height = struct.unpack(">II", start[16:])
            if width * height > MAX_PIXELS:
                raise HistoryError(f"{path} is too large to open ({width}x{height}).")
        file.seek(0)
        with Image.open(file, formats=["PNG"]) as image:
            return image.convert("RGB")


def write_failure(path: Path, error: OSError) -> str:
    """The sentence for a file that could not be written."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return f"The disk is full: the run could not be kept in {path.parent}. Free some space."
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return f"Not allowed to write in {path.parent}. Change its rights or set SAFELIGHT_HOME."
    return f"{path} could not be written: {error.strerror or error}."


def _parse_itxt(data: bytes) -> dict[str, Any] | None:
    """Our JSON in the body of an uncompressed iTXt chunk (PNG specification, 11.3.3.4)."""
    keyword, _, rest = data.partition(b"\0")
    if keyword != CHUNK.encode() or rest[:1] != b"\0":
        return None
    _language, _, rest = rest[2:].partition(b"\0")
    _translated, _, text = rest.partition(b"\0")
    try:
        values = json.loads(text.decode("utf-8"))
    except (ValueError, RecursionError):
        return None
    return values if isinstance(values, dict) else None


def _free(path: Path) -> Path:
    """A run's number is its own, but a lost database starts counting again: replace nothing."""
    candidate, number = path, 2
    while candidate.exists():
        candidate = path.with_stem(f"{path.stem}-{number}")
        number += 1
    return candidate


def write_atomically(path: Path, data: memoryview) -> None:
    """Write a file whole and durably, or not at all. Raises ``OSError``."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with temporary.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            temporary.unlink()
        raise
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Make a rename in ``folder`` durable, where the system can (not on Windows)."""
    with contextlib.suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
