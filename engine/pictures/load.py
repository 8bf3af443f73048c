"""Decodes a picture, whoever made it: nothing but a sentence comes of a hostile one."""

from __future__ import annotations

import stat
import warnings
from pathlib import Path

from PIL import Image

from engine.errors import HistoryError
from engine.pictures.sizes import most_pixels, size_of

MAX_PIXELS = 8192 * 8192
"""Larger pictures are not opened; the largest that Safelight makes is 8192x8192."""
MAX_FILE_BYTES = 512 * 2**20
"""More than the largest picture takes; Pillow reads some files whole."""
# What Pillow thinks of a damaged file would be written over the screen.
warnings.filterwarnings("ignore", module=r"PIL\.")
_FORMATS = ("PNG", "JPEG", "WEBP")


def load_image(path: Path) -> Image.Image:
    """A picture, decoded, as RGB; of an animated one the first frame.

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
    about = path.stat()
    if not stat.S_ISREG(about.st_mode):  # a pipe would never end
        raise HistoryError(f"{path} is not a picture.")
    if about.st_size > MAX_FILE_BYTES:
        raise HistoryError(f"{path} is too large to open.")
    with path.open("rb") as file:
        # Asked before Pillow, which warns.
        width, height = size_of(file) or (0, 0)
        if width * height > MAX_PIXELS:
            raise HistoryError(f"{path} is too large to open ({width}x{height}).")
        if width * height > most_pixels(file, about.st_size):
            raise HistoryError(
                f"{path} is damaged: {width}x{height} pixels are more than it holds."
            )
        file.seek(0)
        with Image.open(file, formats=_FORMATS) as image:
            if image.width * image.height > MAX_PIXELS:
                raise HistoryError(f"{path} is too large to open ({image.width}x{image.height}).")
            image.load()
            return image if image.mode == "RGB" else image.convert("RGB")  # which makes a copy
