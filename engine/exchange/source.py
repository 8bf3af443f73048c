"""What an import reads: the files of a folder or of a zip, whoever made it.

Nothing is ever unpacked under a name that the archive chose: files are read, one at a time, and
only as far as they may reach.
"""

from __future__ import annotations

import os
import stat
import struct
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Protocol

from engine.errors import ExchangeError

MAX_FILES = 200_000
MAX_FILE_BYTES = 512 * 2**20
_MAX_DIRECTORY_BYTES = 64 * 2**20
_RATIO = 100  # pictures do not shrink; JSON and HTML do, about tenfold
_FREE_BYTES = 64 * 2**20
_PLAIN = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_READING = (OSError, RuntimeError, ValueError, NotImplementedError, EOFError)
_BROKEN = (*_READING, zipfile.BadZipFile, zlib.error)
_PIECE = 1 << 20


class Source(Protocol):
    """Files by name, with ``/`` between folders."""

    def names(self) -> Iterator[str]:
        """All of them."""
        ...

    def read(self, name: str) -> Iterator[bytes]:
        """A file, in pieces of at most 1 MB.

        Raises :class:`ExchangeError`, at whichever piece: it is not there, is no file, is too
        large, is damaged, or leads elsewhere.
        """
        ...


class Folder:
    """A folder. Links in it are followed only to what is in it too."""

    def __init__(self, root: Path) -> None:
        self.root = root.resolve()

    def names(self) -> Iterator[str]:
        for place, folders, files in os.walk(self.root):
            folders.sort()
            links = [name for name in folders if (Path(place) / name).is_symlink()]
            for name in sorted([*files, *links]):
                yield (Path(place) / name).relative_to(self.root).as_posix()

    def path(self, name: str) -> Path:
        """Where a file is. Raises as :meth:`read`."""
        path = self.root / name
        try:
            real = path.resolve()
            about = real.stat()
        except FileNotFoundError:
            raise ExchangeError("It is not there.") from None
        except (OSError, RuntimeError, ValueError) as error:
            raise ExchangeError(f"It cannot be read: {error}.") from None
        if not real.is_relative_to(self.root):
            raise ExchangeError("It leads out of the folder.")
        if not stat.S_ISREG(about.st_mode):  # a pipe would never end
            raise ExchangeError("It is not a file.")
        if about.st_size > MAX_FILE_BYTES:
            raise ExchangeError("It is too large.")
        return real

    def read(self, name: str) -> Iterator[bytes]:
        try:
            with self.path(name).open("rb") as file:
                yield from _pieces(file)
        except OSError as error:
            raise ExchangeError(f"It cannot be read: {error.strerror or error}.") from error


class Archive:
    """A zip, open until :meth:`close`.

    Raises :class:`ExchangeError` when it cannot be read, or is not one that Safelight would write.
    """

    def __init__(self, path: Path) -> None:
        try:
            _check_directory(path)
            self._zip = zipfile.ZipFile(path)
            self._room = _FREE_BYTES + _RATIO * path.stat().st_size
        except OSError as error:
            raise ExchangeError(f"{path} cannot be read: {error.strerror or error}.") from error
        except _BROKEN as error:
            raise ExchangeError(f"{path} is not a zip file, or damaged.") from error
        infos = self._zip.infolist()
        self._files = {info.filename: info for info in infos if not info.is_dir()}
        if len(infos) > MAX_FILES:
            self.close()
            raise ExchangeError(f"{path} holds {len(infos):,} files; {MAX_FILES:,} at most.")

    def names(self) -> Iterator[str]:
        return iter(self._files)

    def read(self, name: str) -> Iterator[bytes]:
        info = self._files.get(name)
        if info is None:
            raise ExchangeError("It is not there.")
        parts = name.replace("\\", "/").split("/")
        if name.startswith("/") or ".." in parts or ":" in parts[0]:
            raise ExchangeError("It leads out of the archive.")
        if info.flag_bits & 1:
            raise ExchangeError("It is encrypted.")
        if info.compress_type not in _PLAIN:
            raise ExchangeError("It is compressed in a way that Safelight does not read.")
        if stat.S_ISLNK(info.external_attr >> 16):
            raise ExchangeError("It is a link.")
        if info.file_size > MAX_FILE_BYTES:
            raise ExchangeError("It is too large.")
        if info.file_size > self._room:
            raise ExchangeError("The archive unpacks to far more than it holds.")
        self._room -= info.file_size
        try:
            with self._zip.open(info) as file:
                # It gives no more than file_size, and checks the sum at the end.
                yield from _pieces(file)
        except _BROKEN as error:
            raise ExchangeError("It is damaged.") from error

    def close(self) -> None:
        self._zip.close()


def read_all(source: Source, name: str, most: int) -> bytes:
    """A whole file of at most so many bytes. Raises :class:`ExchangeError`."""
    found = bytearray()
    for piece in source.read(name):
        found += piece
        if len(found) > most:
            raise ExchangeError("It is too large.")
    return bytes(found)


def _pieces(file: IO[bytes]) -> Iterator[bytes]:
    while data := file.read(_PIECE):
        yield data


def _check_directory(path: Path) -> None:
    """Refuse a zip whose list of files alone would fill the memory (APPNOTE 4.3.14, 4.3.16)."""
    with path.open("rb") as file:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise ExchangeError(f"{path} is not a file.")
        end = file.seek(0, os.SEEK_END)
        start = max(0, end - 66_000)
        file.seek(start)
        tail = file.read()
        at = tail.rfind(b"PK\5\6")
        if at < 0 or len(tail) - at < 22:
            raise zipfile.BadZipFile
        (length,) = struct.unpack_from("<I", tail, at + 12)
        if tail[at - 20 : at - 16] == b"PK\6\7" and at >= 20:
            (place,) = struct.unpack_from("<Q", tail, at - 12)
            file.seek(min(place, end))
            record = file.read(56)
            if len(record) < 56 or record[:4] != b"PK\6\6":
                raise zipfile.BadZipFile
            (length,) = struct.unpack_from("<Q", record, 40)
    if length > _MAX_DIRECTORY_BYTES:
        raise ExchangeError(f"{path} lists more files than Safelight reads.")
