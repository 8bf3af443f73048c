"""Runs out of the history, into a folder or a zip that can be looked at and imported again."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path, PurePath

from engine.errors import ExchangeError, HistoryError, SafelightError
from engine.exchange import document
from engine.exchange.page import page
from engine.exchange.settings import Compared, compare, time_of
from engine.exchange.source import Folder
from engine.exchange.strip import strip
from engine.exchange.target import Sink, place_of, writing
from engine.history import Entry, History
from engine.pictures.load import load_image
from engine.report.page import Small, small

PICTURES = "pictures"
PAGE = "index.html"
Tell = Callable[[int, int], None]
"""Is told how many of how many runs are done. What it raises ends the work, and nothing is left."""
_SIDES = ((60, 512), (400, 320), (2000, 192))
_SMALLEST = 128
_FORBIDDEN = frozenset('<>:"/\\|?*')
_MAX_NAME = 120


@dataclass(frozen=True, slots=True)
class Exported:
    """What an export holds.

    Attributes:
        path: the folder or the zip.
        runs, pictures: how many.
        missing: a sentence for each picture that is not there, or cannot be shown.
    """

    path: Path
    runs: int
    pictures: int
    missing: tuple[str, ...] = ()


@dataclass
class _Work:
    sink: Sink
    metadata: bool
    side: int
    names: set[str] = field(default_factory=set)
    smalls: dict[str, Small] = field(default_factory=dict)
    pictures: int = 0
    missing: list[str] = field(default_factory=list)


def export(
    history: History,
    runs: Sequence[int],
    to: Path,
    *,
    metadata: bool = True,
    replace: bool = False,
    tell: Tell | None = None,
) -> Exported:
    """Write runs with their pictures, marks, a page and contact sheets.

    The export holds ``runs.json``, ``pictures/``, ``index.html`` and ``contact-sheet.png`` (then
    ``contact-sheet-2.png``, 30 pictures on each). It is there whole or not at all.

    Args:
        runs: their numbers, in the order in which they are to be shown.
        to: a new or empty folder, or a file that ends in ``.zip``.
        metadata: else pictures are written without what they say of their run: the same pixels,
            and no texts. ``runs.json`` and the page tell of the runs all the same.
        replace: whether an earlier export may be replaced. Nothing else ever is.
        tell: is told how far it is.

    Raises:
        HistoryError: a run is not there.
        ExchangeError: the place is taken or cannot be written.
    """
    entries = list(_entries(history, runs))
    place = place_of(to, replace=replace)
    if place.is_relative_to(history.folder.resolve()):
        raise ExchangeError(f"{place} is inside the history itself. Choose another place.")
    pictures = sum(len(entry.record.images) for entry in entries)
    side = next((side for most, side in _SIDES if pictures <= most), _SMALLEST)
    with writing(place, replace=replace) as sink:
        work = _Work(sink, metadata, side)
        moved = []
        for done, entry in enumerate(entries):
            if tell is not None:
                tell(done, len(entries))
            moved.append(_put_pictures(entry, work))
        compared = compare([entry.record for entry in moved])
        _put_sheets(moved, compared, work)
        sink.put(PAGE, page(moved, compared, work.smalls))
        sink.put(document.NAME, [document.write(moved, sink.files)])
    return Exported(place, len(moved), work.pictures, tuple(work.missing))


def _entries(history: History, runs: Sequence[int]) -> Iterator[Entry]:
    if not runs:
        raise ExchangeError("Name a run to export.")
    if len(runs) > document.MAX_RUNS:
        raise ExchangeError(
            f"{len(runs):,} runs are too many for one export; {document.MAX_RUNS:,} at most."
        )
    for run in dict.fromkeys(runs):
        entry = history.entry(run)
        if entry is None:
            raise HistoryError(f"There is no run #{run}.")
        yield entry


def _put_pictures(entry: Entry, work: _Work) -> Entry:
    """Write the pictures of a run; the entry with their places in the export."""
    paths = []
    for image in entry.record.images:
        path = Path(image.path)
        name = f"{PICTURES}/{_free(safe_name(path), work.names)}"
        paths.append(name)
        try:
            pieces = _pieces(path, work.metadata)
        except ExchangeError as error:
            work.missing.append(f"{path}: {error}")
            continue
        work.sink.put(name, pieces)
        work.pictures += 1
        try:
            work.smalls[name] = small(load_image(path), work.side)
        except SafelightError as error:
            work.missing.append(str(error))
    return document.with_paths(entry, paths)


def _pieces(path: Path, metadata: bool) -> Iterable[bytes]:
    """What to write for a picture. Raises :class:`ExchangeError` when it cannot be read."""
    pieces = Folder(path.parent).read(path.name)
    if not metadata:
        return [strip(b"".join(pieces))]
    return chain([next(pieces, b"")], pieces)


def safe_name(path: PurePath) -> str:
    """The name of a file as every file system takes it."""
    text = "".join("_" if c in _FORBIDDEN or not c.isprintable() else c for c in path.name)
    stem, suffix = PurePath(text).stem.strip(". "), PurePath(text).suffix[:10]
    with suppress(UnicodeError):
        stem = stem.encode("utf-8")[:_MAX_NAME].decode("utf-8", "ignore")
    return f"{stem or 'picture'}{suffix}"


def _free(name: str, taken: set[str]) -> str:
    """A name that no other file has, where small and capital letters are the same too."""
    candidate, number = name, 2
    while candidate.casefold() in taken:
        path = PurePath(name)
        candidate, number = f"{path.stem}-{number}{path.suffix}", number + 1
    taken.add(candidate.casefold())
    return candidate


def _put_sheets(entries: Sequence[Entry], compared: Compared, work: _Work) -> None:
    from engine.exchange.sheet import Cell, pages

    cells = []
    for entry, values in zip(entries, compared.rows, strict=True):
        for image in entry.record.images:
            shown = work.smalls.get(image.path)
            title = f"#{entry.id} · seed {image.seed} · {time_of(entry.record)}"
            differing = [
                f"{name} {value}"
                for name, value in zip(compared.differing, values, strict=True)
                if name not in ("Seed", "Prompt")
            ]
            prompt = image.prompt or (
                entry.record.spec.prompt if "Prompt" in compared.differing else ""
            )
            caption = " · ".join([*differing, *([prompt] if prompt else [])])
            cells.append(Cell(shown.data if shown else b"", title, caption))
    for number, sheet in enumerate(pages(cells), 1):
        buffer = io.BytesIO()
        sheet.save(buffer, format="PNG")
        name = "contact-sheet.png" if number == 1 else f"contact-sheet-{number}.png"
        work.sink.put(name, [buffer.getvalue()])
