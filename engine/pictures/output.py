"""How pictures are written: what the user may choose."""

from __future__ import annotations

from dataclasses import dataclass

FORMATS = ("png", "jpeg", "webp")
"""JPEG is of quality 95 with full colour; the two others keep every pixel."""
_SUFFIXES = {"png": ".png", "jpeg": ".jpg", "webp": ".webp"}
DEFAULT_FILE_NAME = "{date}/{id:06d}-{index}-seed{seed}"


@dataclass(frozen=True, slots=True)
class Output:
    """How the pictures of a run are written.

    Attributes:
        picture_format: one of :data:`FORMATS`.
        metadata: whether files say how they were made.
        file_name: where they go below ``images/``; see :mod:`engine.pictures.names`.
    """

    picture_format: str = "png"
    metadata: bool = True
    file_name: str = DEFAULT_FILE_NAME

    @property
    def suffix(self) -> str:
        """Of the files, with its dot."""
        return _SUFFIXES[self.picture_format]


AS_USUAL = Output()
"""How pictures are written when nobody says otherwise."""
