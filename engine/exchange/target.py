"""Where an export goes: a folder or a zip that is there whole or not at all.

Nothing that is not ours is ever replaced: what is there must be an earlier export, with every file
as that export left it.
"""

from __future__ import annotations

import hashlib
import os
import secrets
import shutil
import zipfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path, PurePosixPath
from typing import Protocol

from engine.errors import ExchangeError
from engine.exchange import document
from engine.exchange.source import Archive, Folder, Source, read_all
from engine.pictures.files import sync_file, sync_folder


class Sink(Protocol):
    """Takes files. Raises ``OSError``."""

    files: dict[str, str]
    """What was put, by name, with its SHA-256."""

    def put(self, name: str, data: Iterable[bytes]) -> None:
        """Write a file; ``name`` has ``/`` between folders, and was not used before."""
        ...


class _FolderSink:
    def __init__(self, folder: Path) -> None:
        self.files: dict[str, str] = {}
        self._folder = folder

    def put(self, name: str, data: Iterable[bytes]) -> None:
        path = self._folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("xb") as file:
            self.files[name] = _pour(data, file.write)
            file.flush()
            os.fsync(file.fileno())


class _ZipSink:
    def __init__(self, archive: zipfile.ZipFile) -> None:
        self.files: dict[str, str] = {}
        self._archive = archive

    def put(self, name: str, data: Iterable[bytes]) -> None:
        info = zipfile.ZipInfo(name)
        info.external_attr = 0o644 << 16
        if not name.startswith("pictures/"):  # those are compressed already
            info.compress_type = zipfile.ZIP_DEFLATED
        with self._archive.open(info, "w", force_zip64=True) as file:
            self.files[name] = _pour(data, file.write)


def _pour(data: Iterable[bytes], write: Callable[[bytes], object]) -> str:
    """Write all of ``data``; its SHA-256."""
    digest = hashlib.sha256()
    for piece in data:
        write(piece)
        digest.update(piece)
    return digest.hexdigest()


def place_of(to: Path, *, replace: bool) -> Path:
    """Where an export to ``to`` goes: without links, and free to be written.

    Raises:
        ExchangeError: there is something that may not be replaced.
    """
    try:
        place = to.expanduser().resolve()
    except (OSError, RuntimeError) as error:
        raise ExchangeError(f"{to} cannot be written: {error}.") from error
    if not os.path.lexists(place):
        return place
    if _is_zip(place):
        if not place.is_file():
            raise ExchangeError(f"{place} is no file. Choose another name.")
        archive = Archive(place) if zipfile.is_zipfile(place) else None
        try:
            earlier = archive is not None and _foreign(archive) == ""
        finally:
            if archive is not None:
                archive.close()
        if not earlier:
            raise ExchangeError(f"{place} is not an earlier export. Choose another name.")
    elif not place.is_dir():
        raise ExchangeError(f"{place} is a file. Choose a folder, or a name that ends in .zip.")
    elif Path.cwd().is_relative_to(place):
        raise ExchangeError(f"{place} is the folder that you are in. Choose a new one in it.")
    elif not any(place.iterdir()):
        return place
    else:
        foreign = _foreign(Folder(place))
        if foreign:
            raise ExchangeError(f"{place} holds {foreign}. Choose an empty or a new folder.")
    if not replace:
        raise ExchangeError(
            f"{place} is an earlier export. Choose another name, or replace it with --replace."
        )
    return place


def _foreign(source: Source) -> str:
    """A file that is not as an earlier export left it; empty when all of them are."""
    try:
        files = document.read(read_all(source, document.NAME, document.MAX_BYTES)).files
    except ExchangeError:
        return next(source.names(), "nothing of ours")
    for name in source.names():
        if name == document.NAME:
            continue
        try:
            digest = hashlib.sha256()
            for piece in source.read(name):
                digest.update(piece)
        except ExchangeError:
            return name
        if files.get(name) != digest.hexdigest():
            return name
    return ""


@contextmanager
def writing(place: Path, *, replace: bool) -> Iterator[Sink]:
    """Write an export beside ``place``, and put it there when all of it is written.

    Raises:
        ExchangeError: it cannot be written, or there is something by now.
    """
    temporary = place.with_name(f".{place.name[:100]}.{secrets.token_hex(6)}.part")
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        if _is_zip(place):
            with zipfile.ZipFile(temporary, "x", allowZip64=True) as archive:
                yield _ZipSink(archive)
            sync_file(temporary)
            place_of(place, replace=replace)
            temporary.replace(place)
        else:
            temporary.mkdir()
            yield _FolderSink(temporary)
            for folder in (temporary, *temporary.iterdir()):
                sync_folder(folder)
            place_of(place, replace=replace)
            _swap(temporary, place)
        sync_folder(place.parent)
    except OSError as error:
        raise ExchangeError(f"{place} could not be written: {error.strerror or error}.") from error
    finally:
        _remove(temporary)


def _swap(temporary: Path, place: Path) -> None:
    """Put a folder in its place, and take away what :func:`place_of` has allowed to."""
    old = place.with_name(f".{place.name[:100]}.{secrets.token_hex(6)}.old")
    there = place.exists()
    if there:
        place.rename(old)
    try:
        temporary.rename(place)
    except OSError:
        if there:
            old.rename(place)
        raise
    if there:
        _remove(old)


def _remove(path: Path) -> None:
    with suppress(OSError):
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)


def _is_zip(place: Path) -> bool:
    return PurePosixPath(place.name).suffix.lower() == ".zip"
