"""Runs into the history: from an export, or from pictures that say how they were made.

Pictures are copied, durably, before the row of their run is written. The same run is imported once,
however often it comes. Nothing outside of the history is changed.
"""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from engine.errors import ExchangeError, SafelightError
from engine.exchange import document, found
from engine.exchange.keep import Keeper, Staged, drop
from engine.exchange.source import Archive, Folder, Source, read_all
from engine.history import Entry, History
from engine.pictures.read import read_metadata
from engine.pictures.sizes import kind_of
from engine.record import ImageRecord, Status

if TYPE_CHECKING:
    from engine.shelf import Shelved

Tell = Callable[[int, int], None]
"""Is told how many of how many are done. What it raises ends the work between two runs."""


@dataclass(frozen=True, slots=True)
class Imported:
    """What an import did.

    Attributes:
        runs: the numbers that the runs have here, in their order.
        again: how many runs were here already.
        pictures: how many pictures were copied.
        refused: what was not taken, each with the reason in a sentence.
    """

    runs: tuple[int, ...]
    again: int
    pictures: int
    refused: tuple[tuple[str, str], ...]


@dataclass
class _Import:
    history: History
    shelf: Sequence[Shelved]
    tell: Tell
    runs: list[int] = field(default_factory=list)
    again: int = 0
    pictures: int = 0
    refused: list[tuple[str, str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.keeper = Keeper(self.history.folder)

    # From an export

    def export(self, source: Source, where: str, told: document.Document) -> None:
        """All runs of an export; ``where`` it is goes before the names of its files."""
        self.refused += [(f"{where}{name}", why) for name, why in told.refused]
        for done, entry in enumerate(told.entries):
            self.tell(done, len(told.entries))
            self._take(entry, source, where, told.files)

    def _take(self, entry: Entry, source: Source, where: str, files: Mapping[str, str]) -> None:
        here = self.history.by_uid(entry.uid)
        lacking = entry.record.images if here is None else _lacking(here, entry)
        staged: list[tuple[ImageRecord, Staged]] = []
        try:
            for image in lacking:
                try:
                    one = self.keeper.stage(source.read(image.path))
                except ExchangeError as error:
                    self.refused.append((f"{where}{image.path}", str(error)))
                    continue
                staged.append((image, one))
                if files.get(image.path, one.sha256) != one.sha256:
                    why = "It is not as it was when it was exported."
                    self.refused.append((f"{where}{image.path}", why))
                    drop(staged.pop()[1].path)
            if here is not None:
                self.again += 1
                self._complete(here, entry, staged)
            elif staged or files or not lacking:  # of pictures alone, one at least must be whole
                self._keep(entry, staged)
        finally:
            for _, one in staged:
                drop(one.path)

    # From pictures

    def folder(self, root: Path, pictures: Sequence[str]) -> None:
        """Runs of the pictures in a folder, by what these say."""
        source = Folder(root)
        ours: dict[str, list[str]] = {}
        others: list[str] = []
        for name in pictures:
            try:
                path = source.path(name)
                uid = found.uid_in(read_metadata(path))
            except SafelightError as error:
                self.refused.append((name, found.refusal(error, root / name)))
                continue
            ours.setdefault(uid, []).append(name) if uid else others.append(name)
        total = len(ours) + len(others)
        for done, (uid, names) in enumerate(ours.items()):
            self.tell(done, total)
            self._ours(uid, source, names)
        for done, name in enumerate(others, len(ours)):
            self.tell(done, total)
            self._foreign(source, name)

    def _ours(self, uid: str, source: Folder, names: Sequence[str]) -> None:
        try:
            by_path = {str(source.path(name)): name for name in names}
            entry = found.own_run(uid, [Path(path) for path in by_path])
        except ExchangeError as error:
            self.refused += [(name, str(error)) for name in names]
            return
        images = [replace(i, path=by_path[i.path]) for i in entry.record.images]
        self._take(found.only(entry, images), source, "", {})

    def _foreign(self, source: Folder, name: str) -> None:
        try:
            staged = self.keeper.stage(source.read(name))
        except ExchangeError as error:
            self.refused.append((name, str(error)))
            return
        try:
            if self._is_here(staged.sha256[:32]):
                return
            path = source.path(name)
            size = staged.width, staged.height
            entry = found.foreign_run(path, staged.sha256, size, self.shelf)
            self._keep(entry, [(entry.record.images[0], staged)])
        except ExchangeError as error:
            self.refused.append((name, str(error)))
        finally:
            drop(staged.path)

    # Into the history

    def _is_here(self, uid: str) -> bool:
        here = self.history.by_uid(uid) is not None
        self.again += here
        return here

    def _complete(
        self, here: Entry, entry: Entry, staged: Sequence[tuple[ImageRecord, Staged]]
    ) -> None:
        """Give a run that is here already what it lacks: pictures, and what was said of it."""
        record = here.record
        if staged:
            images = {_key(image): image for image in record.images}
            day = record.created_at[:10]
            for index, (image, one) in enumerate(staged, len(images)):
                name = f"{day}/{entry.uid[:12]}-{index}-seed{image.seed}"
                path, _ = self.keeper.place(one, name)
                images[_key(image)] = replace(
                    image, path=str(path), width=one.width, height=one.height
                )
            pictures = record.spec.pictures
            order = [
                (seed, prompt if prompt != record.spec.prompt else "") for prompt, seed in pictures
            ]
            ordered = [images.pop(key) for key in order if key in images] + [*images.values()]
            whole = len(ordered) == len(order) and not record.error
            status = Status.FINISHED if whole else record.status
            self.history.put(replace(record, images=tuple(ordered), status=status))
            self.pictures += len(staged)
        marks = self.history.marks
        if entry.rating and not here.rating:
            marks.rate([here.id], entry.rating)
        if entry.winner and not here.winner:
            marks.win([here.id])
        if entry.note and not here.note:
            marks.note([here.id], entry.note)
        if fresh := set(entry.tags) - set(here.tags):
            marks.tag([here.id], fresh)

    def _keep(self, entry: Entry, staged: Sequence[tuple[ImageRecord, Staged]]) -> None:
        """Put the pictures of a run in their places, then write its row."""
        day, images, made = entry.record.created_at[:10], [], []
        try:
            for index, (image, one) in enumerate(staged):
                name = f"{day}/{entry.uid[:12]}-{index}-seed{image.seed}"
                path, is_new = self.keeper.place(one, name)
                made += [path] if is_new else []
                images.append(replace(image, path=str(path), width=one.width, height=one.height))
            number = self.history.adopt(found.only(entry, images))
        except BaseException:
            for path in made:
                drop(path)
            raise
        if number is None:  # somebody has imported it meanwhile
            self.again += 1
            there = self.history.by_uid(entry.uid)
            kept = {image.path for image in there.record.images} if there else set()
            for path in made:
                if there and str(path) not in kept:
                    drop(path)
            return
        self.runs.append(number)
        self.pictures += len(images)


def _key(image: ImageRecord) -> tuple[int, str]:
    return image.seed, image.prompt


def _lacking(here: Entry, entry: Entry) -> tuple[ImageRecord, ...]:
    """The pictures of a run that are not there, though the run is."""
    there = {_key(image) for image in here.record.images if Path(image.path).is_file()}
    return tuple(image for image in entry.record.images if _key(image) not in there)


def import_(
    history: History,
    source: Path,
    *,
    shelf: Iterable[Shelved] = (),
    tell: Tell | None = None,
) -> Imported:
    """Import an export, a folder of pictures, or one picture.

    Args:
        history: where to.
        source: a folder, which is looked through with the folders in it; a zip that
            :func:`engine.exchange.export` made; or a PNG, a JPEG or a WebP.
        shelf: the checkpoints of this machine; see :func:`engine.shelf.list_checkpoints`. A
            picture of another program only names its own.
        tell: is told how far it is.

    Raises:
        ExchangeError: there is nothing that can be imported.
        HistoryError: the history cannot be written; what was imported until then stays.
    """
    try:
        place = source.expanduser().resolve(strict=True)
    except (OSError, RuntimeError) as error:
        why = getattr(error, "strerror", None) or error
        raise ExchangeError(f"{source} cannot be read: {why}.") from error
    own = history.folder.resolve()
    if place.is_relative_to(own):
        raise ExchangeError(
            f"{place} is of the history itself. `safelight history rebuild` reads it anew."
        )
    work = _Import(history, tuple(shelf), tell or (lambda _done, _of: None))
    if place.is_dir():
        _folder(work, place, own)
    elif _is_picture(place):
        work.folder(place.parent, [place.name])
    elif zipfile.is_zipfile(place):
        _archive(work, place)
    else:
        raise ExchangeError(f"{place} is neither a folder, nor a zip, nor a picture.")
    return Imported(tuple(work.runs), work.again, work.pictures, tuple(work.refused))


def _folder(work: _Import, root: Path, leave: Path) -> None:
    seen = found.walk(root, leave)
    exports = []
    for name in seen.exports:
        folder = Folder(root / name)
        where = "" if name == "." else f"{name}/"
        try:
            told = document.read(read_all(folder, document.NAME, document.MAX_BYTES))
        except ExchangeError as error:
            work.refused.append((f"{where}{document.NAME}", str(error)))
            continue
        exports.append(name)
        work.export(folder, where, told)
    work.folder(root, found.outside(seen.pictures, exports))


def _archive(work: _Import, path: Path) -> None:
    archive = Archive(path)
    try:
        told = document.read(read_all(archive, document.NAME, document.MAX_BYTES))
        work.export(archive, "", told)
    except ExchangeError as error:
        raise ExchangeError(
            f"{path} is not an export of Safelight: {document.NAME}: {error} If it holds pictures, "
            "unpack it and import the folder."
        ) from error
    finally:
        archive.close()


def _is_picture(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            return bool(kind_of(file.read(64)))
    except OSError as error:
        raise ExchangeError(f"{path} cannot be read: {error.strerror or error}.") from error
