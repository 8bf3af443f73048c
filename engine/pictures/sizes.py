"""What kind of picture a file is, and how large it says it is, by its first bytes."""

from __future__ import annotations

import os
import struct
from math import inf
from typing import BinaryIO

PNG, JPEG, WEBP = "png", "jpeg", "webp"
_NO_FRAME = (0xC4, 0xC8, 0xCC)  # tables among the markers of frames
_MOST_SEGMENTS = 10_000


def kind_of(start: bytes) -> str:
    """The kind of the file that begins so; empty when it is none of ours.

    Args:
        start: its first 12 bytes or more.
    """
    if start.startswith(b"\x89PNG\r\n\x1a\n"):
        return PNG
    if start.startswith(b"\xff\xd8\xff"):
        return JPEG
    return WEBP if start[:4] == b"RIFF" and start[8:12] == b"WEBP" else ""


def size_of(file: BinaryIO) -> tuple[int, int] | None:
    """Width and height in pixels that a picture claims; ``None`` when it does not say."""
    file.seek(0)
    start = file.read(30)
    kind = kind_of(start)
    if kind == PNG and len(start) >= 24:
        width, height = struct.unpack(">II", start[16:24])
        return width, height
    if kind == JPEG:
        return _jpeg(file)
    return _webp(start) if kind == WEBP and len(start) == 30 else None


def most_pixels(file: BinaryIO, file_bytes: int) -> float:
    """How many pixels a file of so many bytes can hold at the most: a header may claim anything.

    Deflate shrinks to a 1032nd (zlib's technical details); a JPEG's block of 64 pixels takes a bit.
    A WebP of one colour takes next to nothing, however large it is.
    """
    file.seek(0)
    start = file.read(30)
    kind = kind_of(start)
    if kind == PNG and len(start) == 30:
        bits = start[24] * {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}.get(start[25], 1)
        return 1032 * 8 * file_bytes / max(bits, 1)
    return 512 * file_bytes if kind == JPEG else inf


def _jpeg(file: BinaryIO) -> tuple[int, int] | None:
    """By the header of the frame (ITU-T T.81, B.2.2)."""
    file.seek(2)
    for _ in range(_MOST_SEGMENTS):
        head = file.read(4)
        if len(head) < 4 or head[0] != 0xFF:
            return None
        size = int.from_bytes(head[2:], "big") - 2
        if 0xC0 <= head[1] <= 0xCF and head[1] not in _NO_FRAME:
            frame = file.read(5)
            if len(frame) < 5:
                return None
            height, width = struct.unpack(">HH", frame[1:])
            return width, height
        if size < 0:
            return None
        file.seek(size, os.SEEK_CUR)
    return None


def _webp(start: bytes) -> tuple[int, int] | None:
    """By the first chunk (RFC 9649, 2.7.1; VP8's and VP8L's own headers)."""
    kind, body = start[12:16], start[20:30]
    if kind == b"VP8X":
        width, height = (int.from_bytes(body[at : at + 3], "little") + 1 for at in (4, 7))
        return width, height
    if kind == b"VP8L":
        bits = int.from_bytes(body[1:5], "little")
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    if kind == b"VP8 ":
        width, height = struct.unpack("<HH", body[6:10])
        return width & 0x3FFF, height & 0x3FFF
    return None
