"""The one field of Exif that programs for diffusion models use: the comment of the user.

Exif is a TIFF file of its own (Exif 2.32, 4.6); the comment begins with eight bytes that name its
encoding. Written as A1111 does: big-endian, UTF-16.
"""

from __future__ import annotations

import struct

PREFIX = b"Exif\0\0"
IMAGE_DESCRIPTION, MAKE, MODEL, EXIF_IFD, USER_COMMENT = 0x010E, 0x010F, 0x0110, 0x8769, 0x9286
_ASCII, _LONG, _UNDEFINED, _BYTE = 2, 4, 7, 1
_UNICODE = b"UNICODE\0"
_PLAIN = (b"ASCII\0\0\0", bytes(8))
_MOST_ENTRIES = 256


def build(comment: str) -> bytes:
    """Exif, its prefix included, that holds nothing but a comment."""
    value = _UNICODE + comment.encode("utf-16-be", "replace")
    header = struct.pack(">2sHI", b"MM", 42, 8)
    first = struct.pack(">HHHIII", 1, EXIF_IFD, _LONG, 1, 26, 0)
    second = struct.pack(">HHHIII", 1, USER_COMMENT, _UNDEFINED, len(value), 44, 0)
    return PREFIX + header + first + second + value


def parse(data: bytes, most: int) -> dict[str, str]:
    """The texts of Exif by name; none of what is damaged.

    Only the first two directories are looked at, and no chain of them is followed.

    Args:
        data: with its prefix or without.
        most: bytes; longer texts are left out.
    """
    data = data.removeprefix(PREFIX)
    order = {b"II*\0": "<", b"MM\0*": ">"}.get(data[:4])
    if order is None or len(data) < 8:
        return {}
    (offset,) = struct.unpack_from(order + "I", data, 4)
    values = _directory(data, order, offset, most)
    pointer = values.get(EXIF_IFD, b"")
    if len(pointer) == 4:
        values |= _directory(data, order, struct.unpack(order + "I", pointer)[0], most)
    texts = {
        name: values[tag].rstrip(b"\0").decode("utf-8", "replace")
        for tag, name in ((IMAGE_DESCRIPTION, "description"), (MAKE, "make"), (MODEL, "model"))
        if tag in values
    }
    if USER_COMMENT in values:
        texts["parameters"] = _comment(values[USER_COMMENT])
    return texts


def _directory(data: bytes, order: str, offset: int, most: int) -> dict[int, bytes]:
    """The values of one directory by tag, as far as they are where they say."""
    found: dict[int, bytes] = {}
    if offset + 2 > len(data):
        return found
    (count,) = struct.unpack_from(order + "H", data, offset)
    for entry in range(min(count, _MOST_ENTRIES)):
        at = offset + 2 + 12 * entry
        if at + 12 > len(data):
            break
        tag, kind, length = struct.unpack_from(order + "HHI", data, at)
        size = length * {_ASCII: 1, _UNDEFINED: 1, _BYTE: 1, _LONG: 4}.get(kind, 0)
        start = at + 8 if size <= 4 else struct.unpack_from(order + "I", data, at + 8)[0]
        if 0 < size <= most and start + size <= len(data):
            found.setdefault(tag, data[start : start + size])
    return found


def _comment(value: bytes) -> str:
    code, text = value[:8], value[8:]
    if code == _UNICODE:
        return _utf16(text)
    if code in _PLAIN:
        return text.rstrip(b"\0").decode("utf-8", "replace")
    return value.rstrip(b"\0").decode("utf-8", "replace")


def _utf16(text: bytes) -> str:
    """Exif does not say in which order the bytes are; Latin letters give it away."""
    if text[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return text.decode("utf-16", "replace")
    little = text[1::2].count(0) > text[0::2].count(0)
    return text.decode("utf-16-le" if little else "utf-16-be", "replace").rstrip("\0")
