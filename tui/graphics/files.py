"""Reading pictures from disk, which may hold anything by now."""

from __future__ import annotations

from pathlib import Path

from PIL import Image

MOST_PIXELS = 64_000_000


class PictureUnreadable(Exception):
    """A picture could not be read; the text says why."""


def read_picture(path: Path) -> Image.Image:
    """The picture of a file, in RGB.

    Raises:
        PictureUnreadable: when it is gone, damaged or absurdly large.
    """
    try:
        with Image.open(path) as image:
            if image.width * image.height > MOST_PIXELS:
                raise PictureUnreadable(f"{path.name} is too large to show.")
            return image.convert("RGB")
    except FileNotFoundError:
        raise PictureUnreadable(f"The picture is no longer at {path}.") from None
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise PictureUnreadable(f"{path.name} cannot be read: {error}.") from error
