"""Pictures of the history, read and made small in threads; the latest are kept, by their pixels."""

from __future__ import annotations

from collections import OrderedDict
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PIL import Image

MOST_PIXELS = 4_000_000
"""12 MB: a thousand thumbnails of 64x64."""


def shrunk(path: str, side: int) -> Image.Image:
    """A picture, at most ``side`` pixels wide and high. Takes as long as the disk: in a thread.

    Raises ``HistoryError`` when it is not there or cannot be read.
    """
    from engine.pictures.load import load_image

    image = load_image(Path(path))
    image.thumbnail((side, side))
    return image


class Kept:
    """The pictures that were used last, up to a number of pixels, or why there is none."""

    def __init__(self, most_pixels: int = MOST_PIXELS) -> None:
        self._most, self._pixels = most_pixels, 0
        self._images: OrderedDict[str, Image.Image | str] = OrderedDict()

    def get(self, path: str) -> Image.Image | str | None:
        """A picture that is here, a sentence why there is none, or ``None``: not asked for yet."""
        if path in self._images:
            self._images.move_to_end(path)
        return self._images.get(path)

    def put(self, path: str, image: Image.Image | str) -> None:
        """Keep a picture, and let go of those that were not used for longest."""
        if (before := self._images.pop(path, None)) is not None:
            self._pixels -= _pixels(before)
        self._images[path] = image
        self._pixels += _pixels(image)
        while self._pixels > self._most and len(self._images) > 1:
            _, gone = self._images.popitem(last=False)
            self._pixels -= _pixels(gone)


def _pixels(image: Image.Image | str) -> int:
    return 64 if isinstance(image, str) else image.width * image.height
