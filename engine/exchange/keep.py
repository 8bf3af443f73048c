"""Pictures on their way into the history's folder: looked at first, then there whole or not."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from engine.errors import ExchangeError, HistoryError
from engine.pictures.files import (
    make_folder,
    neighbours,
    put,
    sync_file,
    sync_folder,
    write_failure,
)
from engine.pictures.load import load_image
from engine.pictures.sizes import JPEG, PNG, WEBP, kind_of

FOLDER = "images/imported"
_SUFFIXES = {PNG: ".png", JPEG: ".jpg", WEBP: ".webp"}


@dataclass(frozen=True, slots=True)
class Staged:
    """A copy of a picture that was looked at and has no name yet.

    Attributes:
        path: where it is for now.
        sha256: of its content, in hex digits.
        suffix: by its content, with the dot.
        width, height: in pixels.
    """

    path: Path
    sha256: str
    suffix: str
    width: int
    height: int


class Keeper:
    """Copies pictures below a history's folder, one at a time."""

    def __init__(self, folder: Path) -> None:
        self._images = folder / "images"
        self._folder = folder / FOLDER

    def stage(self, pieces: Iterable[bytes]) -> Staged:
        """Copy a picture, and decode it once to see that it can be.

        Raises:
            ExchangeError: it is no picture, is damaged, or is too large; nothing is left of it.
            HistoryError: the copy cannot be written.
        """
        data = iter(pieces)
        first = next(data, b"")
        suffix = _SUFFIXES.get(kind_of(first))
        if suffix is None:
            raise ExchangeError("It is not a picture that Safelight reads.")
        path = self._folder / f".{secrets.token_hex(8)}.part"
        try:
            digest = hashlib.sha256(first)
            try:
                make_folder(self._folder, self._images)
                with path.open("xb") as file:
                    file.write(first)
                    for piece in data:
                        file.write(piece)
                        digest.update(piece)
            except OSError as error:
                raise HistoryError(write_failure(path, error)) from error
            return Staged(path, digest.hexdigest(), suffix, *_size_of(path))
        except BaseException:
            drop(path)
            raise

    def place(self, staged: Staged, name: str) -> tuple[Path, bool]:
        """Give a copy its name below the folder, durably.

        A file of that name with the same content is taken as it is; another one is let be, and the
        copy gets a name beside it.

        Returns:
            Where it is, and whether it was put there now.

        Raises:
            HistoryError: it cannot be written.
        """
        path = self._folder / f"{name}{staged.suffix}"
        try:
            make_folder(path.parent, self._images)
            sync_file(staged.path)
            for candidate in neighbours(path):
                is_new = not _is_content(candidate, staged.sha256)
                if is_new:
                    try:
                        put(staged.path, candidate)
                    except FileExistsError:
                        continue
                    sync_folder(candidate.parent)
                drop(staged.path)
                break
        except OSError as error:
            raise HistoryError(write_failure(path, error)) from error
        return candidate, is_new


def _is_content(path: Path, sha256: str) -> bool:
    """Whether a file is there already, with that content."""
    if not path.exists():
        return False
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest() == sha256


def drop(path: Path) -> None:
    """Take a copy away again."""
    with suppress(OSError):
        path.unlink()


def _size_of(path: Path) -> tuple[int, int]:
    try:
        return load_image(path).size
    except HistoryError as error:
        raise ExchangeError(str(error).replace(str(path), "It")) from error
