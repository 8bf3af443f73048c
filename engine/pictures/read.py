"""Reads the texts of a picture, and never its pixels, so that a hostile file costs nothing.

The containers are walked here, a header at a time: PNG's chunks, JPEG's segments, WebP's RIFF. Each
text, each walk, and all texts together have a limit.
"""

from __future__ import annotations

import json
import os
import stat
import struct
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, BinaryIO

from engine.errors import HistoryError
from engine.pictures import exif, xmp
from engine.pictures.sizes import JPEG, PNG, WEBP, kind_of

CHUNK = "safelight"
MAX_TEXT_BYTES = 2**20
"""Longer texts are not read: a prompt is at most 20,000 characters."""
_MAX_TEXTS_BYTES = 4 * 2**20
_MAX_CHUNKS = 100_000
_MAX_TEXTS = 64


def read_metadata(path: Path) -> dict[str, Any] | None:
    """What Safelight wrote into a picture, or ``None`` when there is nothing of it.

    Raises:
        HistoryError: the file cannot be read or is no PNG, JPEG or WebP.
    """
    return parse_json(read_texts(path).get(CHUNK, ""))


def parse_json(text: str) -> dict[str, Any] | None:
    """A JSON object, or ``None`` for whatever else."""
    try:
        values = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return values if isinstance(values, dict) else None


def read_texts(path: Path) -> dict[str, str]:
    """The texts of a picture, by the names that PNG gives them.

    In JPEG and WebP the comment of the user is ``parameters``, as A1111 has it, our JSON is
    ``safelight``, and Exif's description, make and model have these names.

    Raises:
        HistoryError: the file cannot be read or is no PNG, JPEG or WebP.
    """
    try:
        if not stat.S_ISREG(path.stat().st_mode):  # a pipe would never end
            raise HistoryError(f"{path} is not a picture.")
        with path.open("rb") as file:
            kind = kind_of(file.read(16))
            if kind not in _READERS:
                raise HistoryError(f"{path} is not a PNG, JPEG or WebP picture.")
            texts: dict[str, str] = {}
            room = _MAX_TEXTS_BYTES
            for name, text in _READERS[kind](file):
                room -= len(text)
                if room < 0 or len(texts) >= _MAX_TEXTS:
                    break
                texts.setdefault(name, text)
            return texts
    except OSError as error:
        raise HistoryError(f"{path} cannot be read: {error.strerror or error}.") from error
    except ValueError as error:  # a name with a null in it
        raise HistoryError(f"{path} cannot be read: {error}.") from error


# PNG


def _png(file: BinaryIO) -> Iterator[tuple[str, str]]:
    """The texts of a PNG's chunks, also those behind the pixels (PNG specification, 11.3.3)."""
    file.seek(8)
    for _ in range(_MAX_CHUNKS):
        header = file.read(8)
        if len(header) < 8:
            return
        length, kind = struct.unpack(">I4s", header)
        parse = _PNG_TEXTS.get(kind)
        if kind == b"IEND":
            return
        if parse is None or length > MAX_TEXT_BYTES:
            file.seek(length + 4, os.SEEK_CUR)
            continue
        keyword, _, rest = file.read(length).partition(b"\0")
        file.seek(4, os.SEEK_CUR)
        text = parse(rest)
        if text is not None:
            yield keyword[:80].decode("latin-1"), text


def _plain(rest: bytes) -> str:
    return rest.decode("latin-1")


def _compressed(rest: bytes) -> str | None:
    data = _inflated(rest[1:]) if rest[:1] == b"\0" else None
    return None if data is None else data.decode("latin-1")


def _international(rest: bytes) -> str | None:
    flags = rest[:2]
    _language, _, rest = rest[2:].partition(b"\0")
    _translated, separator, text = rest.partition(b"\0")
    if not separator or flags not in (b"\0\0", b"\1\0"):
        return None
    data = _inflated(text) if flags[0] else text
    return None if data is None else data.decode("utf-8", "replace")


def _inflated(data: bytes) -> bytes | None:
    """Decompressed, or ``None`` for what is damaged or larger than a text may be."""
    inflate = zlib.decompressobj()
    try:
        text = inflate.decompress(data, MAX_TEXT_BYTES)
    except zlib.error:
        return None
    return text if inflate.eof else None


_PNG_TEXTS: dict[bytes, Callable[[bytes], str | None]] = {
    b"tEXt": _plain,
    b"zTXt": _compressed,
    b"iTXt": _international,
}


# JPEG


def _jpeg(file: BinaryIO) -> Iterator[tuple[str, str]]:
    """The texts of a JPEG's segments, up to the pixels (ITU-T T.81, B.1.1)."""
    file.seek(2)
    for _ in range(_MAX_CHUNKS):
        marker = file.read(2)
        if len(marker) < 2 or marker[0] != 0xFF or marker[1] in (0xDA, 0xD9):
            return
        length = file.read(2)
        if len(length) < 2 or (size := int.from_bytes(length, "big") - 2) < 0:
            return
        if marker[1] != 0xE1:
            file.seek(size, os.SEEK_CUR)
            continue
        data = file.read(size)
        if data.startswith(exif.PREFIX):
            yield from exif.parse(data, MAX_TEXT_BYTES).items()
        elif data.startswith(xmp.JPEG_PREFIX):
            yield from _ours(data)


# WebP


def _webp(file: BinaryIO) -> Iterator[tuple[str, str]]:
    """The texts of a WebP's chunks, which lie behind the pixels (RFC 9649, 2.7)."""
    file.seek(12)
    for _ in range(_MAX_CHUNKS):
        header = file.read(8)
        if len(header) < 8:
            return
        kind, length = struct.unpack("<4sI", header)
        padded = length + length % 2
        if kind not in (b"EXIF", b"XMP ") or length > 2 * MAX_TEXT_BYTES:
            file.seek(padded, os.SEEK_CUR)
            continue
        data = file.read(padded)[:length]
        yield from exif.parse(data, MAX_TEXT_BYTES).items() if kind == b"EXIF" else _ours(data)


def _ours(data: bytes) -> Iterator[tuple[str, str]]:
    text = xmp.parse(data)
    if text:
        yield CHUNK, text


_READERS: dict[str, Callable[[BinaryIO], Iterator[tuple[str, str]]]] = {
    PNG: _png,
    JPEG: _jpeg,
    WEBP: _webp,
}
