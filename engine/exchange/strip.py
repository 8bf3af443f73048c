"""A picture without what it says of itself: the same pixels, to the byte, and no texts."""

from __future__ import annotations

import struct

from engine.errors import ExchangeError

_PNG = b"\x89PNG\r\n\x1a\n"
_PNG_KEPT = frozenset(b"IHDR PLTE IDAT IEND tRNS gAMA cHRM sRGB iCCP sBIT pHYs bKGD cICP".split())
"""Chunks of the picture and its colours (PNG specification, 5.6). Others are texts and the like."""
_JPEG_KEPT = (
    0xE0,
    0xE2,
    0xEE,
)  # JFIF, the colour profile, and Adobe's, which says what colours are
_JPEG_APPLICATION = range(0xE0, 0xF0)
_JPEG_COMMENT, _JPEG_SCAN, _JPEG_END = 0xFE, 0xDA, 0xD9
_WEBP_DROPPED = (b"EXIF", b"XMP ")
_WEBP_FLAGS = 0b0000_1100  # of Exif and XMP in VP8X (RFC 9649, 2.7.1)


def strip(data: bytes) -> bytes:
    """The file of a picture without any metadata.

    Args:
        data: a PNG, a JPEG or a WebP.

    Raises:
        ExchangeError: it is none of these, or damaged.
    """
    try:
        if data.startswith(_PNG):
            return _png(data)
        if data.startswith(b"\xff\xd8\xff"):
            return _jpeg(data)
        if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
            return _webp(data)
    except (struct.error, IndexError):
        raise ExchangeError("It is damaged, so its metadata cannot be taken out.") from None
    raise ExchangeError("It is no picture whose metadata can be taken out.")


def _png(data: bytes) -> bytes:
    kept, at = [_PNG], len(_PNG)
    while True:
        length, kind = struct.unpack_from(">I4s", data, at)
        end = at + 12 + length
        if end > len(data):
            raise IndexError
        if kind in _PNG_KEPT:
            kept.append(data[at:end])
        if kind == b"IEND":  # what is behind it is no picture
            return b"".join(kept)
        at = end


def _jpeg(data: bytes) -> bytes:
    """All segments but texts (ITU-T T.81, B.1.1); progressive files have several scans."""
    kept, at = [data[:2]], 2
    while True:
        if data[at] != 0xFF:
            raise IndexError
        marker = data[at + 1]
        if marker == 0xFF:  # a byte that only fills
            at += 1
            continue
        if marker == _JPEG_END:
            kept.append(data[at : at + 2])
            return b"".join(kept)
        (length,) = struct.unpack_from(">H", data, at + 2)
        end = at + 2 + length
        if marker == _JPEG_SCAN:
            end = _scan_end(data, end)
        is_text = marker == _JPEG_COMMENT or (
            marker in _JPEG_APPLICATION and marker not in _JPEG_KEPT
        )
        if not is_text:
            kept.append(data[at:end])
        at = end


def _scan_end(data: bytes, at: int) -> int:
    """Where the coded pixels that begin at ``at`` end: at the next marker but a restart."""
    while True:
        at = data.find(b"\xff", at)
        if at < 0:
            raise IndexError
        following = data[at + 1]
        if following and not 0xD0 <= following <= 0xD7 and following != 0xFF:
            return at
        at += 1 if following == 0xFF else 2


def _webp(data: bytes) -> bytes:
    (size,) = struct.unpack_from("<I", data, 4)
    end, at = min(8 + size, len(data)), 12
    if 8 + size > len(data):
        raise IndexError
    kept = [b"WEBP"]
    while at + 8 <= end:
        kind, length = struct.unpack_from("<4sI", data, at)
        chunk = data[at : at + 8 + length + length % 2]
        if kind == b"VP8X":
            chunk = chunk[:8] + bytes([chunk[8] & ~_WEBP_FLAGS & 0xFF]) + chunk[9:]
        if kind not in _WEBP_DROPPED:
            kept.append(chunk)
        at += 8 + length + length % 2
    body = b"".join(kept)
    return b"RIFF" + struct.pack("<I", len(body)) + body
