"""Writes a picture with what is known of it.

Each file holds two texts. Ours, JSON, is enough to make the picture, and the record of its run,
again. The other is for the programs that read what A1111 writes; see :mod:`engine.infotext`.

========  ===================================  =====================================
Format    Ours                                 A1111's
========  ===================================  =====================================
PNG       a text chunk named ``safelight``     a text chunk named ``parameters``
JPEG      XMP, property ``safelight:run``      Exif, the user's comment
WebP      likewise                             likewise
========  ===================================  =====================================

A segment of a JPEG takes 64 KB. A text that is larger, which takes a prompt of thousands of
characters, is left out, each of the two for itself; the other one and the picture are kept.
"""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from PIL import Image, PngImagePlugin

from engine.errors import HistoryError
from engine.pictures import exif, xmp
from engine.pictures.files import make_folder, write_failure, write_new

CHUNK = "safelight"
PARAMETERS = "parameters"
_COMPRESSION = 4  # a third of the time of zlib's 6 for 3% more bytes on photographs
_QUALITY = 95
_SEGMENT = 65_533
_OPTIONS: Mapping[str, Mapping[str, Any]] = {
    ".png": {"format": "PNG", "compress_level": _COMPRESSION},
    ".jpg": {"format": "JPEG", "quality": _QUALITY, "subsampling": 0},
    # Without loss, "quality" is effort: this is half of PNG's time for a tenth fewer bytes.
    ".webp": {"format": "WEBP", "lossless": True, "quality": 0, "method": 1},
}


def save_image(
    image: Image.Image,
    path: Path,
    metadata: Mapping[str, Any] | None,
    infotext: str = "",
    *,
    inside: Path | None = None,
) -> Path:
    """Write a picture with its metadata, whole or not at all, over nothing that is there already.

    Args:
        image: RGB.
        path: its suffix says the format: ``.png``, ``.jpg`` or ``.webp``.
        metadata: JSON values; ``None`` leaves every text out.
        infotext: the same as A1111 would write it; empty for none.
        inside: a folder that no link may lead out of.

    Returns:
        The path that was written: ``path``, or its next free neighbour when that exists.

    Raises:
        HistoryError: it could not be written; the sentence says what to do.
    """
    data = _encoded(image, path.suffix, metadata, infotext)
    try:
        make_folder(path.parent, inside)
        return write_new(path, data)
    except OSError as error:
        raise HistoryError(write_failure(path, error)) from error


def _encoded(
    image: Image.Image, suffix: str, metadata: Mapping[str, Any] | None, infotext: str
) -> memoryview:
    texts: dict[str, Any] = {}
    if metadata is not None:
        # ASCII: any prompt survives, lone surrogates too.
        texts = _texts(suffix, json.dumps(metadata), infotext)
    buffer = io.BytesIO()
    image.save(buffer, **_OPTIONS[suffix], **texts)
    return buffer.getbuffer()


def _texts(suffix: str, ours: str, infotext: str) -> dict[str, Any]:
    """The arguments of Pillow that put texts into a file."""
    if suffix == ".png":
        info = PngImagePlugin.PngInfo()
        info.add_itxt(CHUNK, ours)
        if infotext:
            info.add_text(PARAMETERS, infotext)
        return {"pnginfo": info}
    texts = {"xmp": xmp.build(ours)}
    if infotext:
        texts["exif"] = exif.build(infotext)
    if suffix == ".jpg":
        room = {"xmp": _SEGMENT - len(xmp.JPEG_PREFIX), "exif": _SEGMENT}
        texts = {name: data for name, data in texts.items() if len(data) <= room[name]}
    return texts
