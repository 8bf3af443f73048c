"""What a damaged history leaves, and a new one made of that and of the pictures.

The damaged file is never changed: it is set aside under a name of its own. Rows that can still be
read are taken over with all that was said of them; runs that only their pictures tell of are made
anew from those.
"""

from __future__ import annotations

import sqlite3
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from engine.errors import DamagedHistory, HistoryError
from engine.history.alive import Alive
from engine.history.file import FILE, HistoryFile, make_folder
from engine.history.queue import next_id
from engine.history.rows import Entry, insert, parse
from engine.history.salvage import count_on, rows_of, take_queue
from engine.history.scan import runs_in
from engine.pictures.files import sync_folder
from engine.pictures.identity import uid_of

_LOGS = ("", "-wal", "-shm")
_MOST_CHECKED_BYTES = 16 * 1024 * 1024
"""A larger file is not checked as a whole before it is used: that would be felt."""


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """What a rebuilt history holds.

    Attributes:
        kept: the name of the old file, which is still there; empty when there was none.
        rows: runs that the old file told of.
        pictures: runs that only pictures told of.
    """

    kept: str
    rows: int
    pictures: int

    def __str__(self) -> str:
        many = self.rows + self.pictures
        back = "1 run is back" if many == 1 else f"{many:,} runs are back"
        runs = f"{back}, {self.pictures:,} from pictures"
        return f"{runs}; the old file is kept as {self.kept}." if self.kept else f"{runs}."


def open_file(folder: Path) -> tuple[HistoryFile, Alive, str]:
    """Open the file of a history, made anew where it is damaged, lost or empty.

    Returns:
        It, this process among those that have it open, and a sentence of what was done; empty when
        nothing was.

    Raises:
        HistoryError: the folder or the file cannot be used.
    """
    folder = folder.absolute()
    make_folder(folder)
    alive = Alive(folder)
    try:
        file = _sound_file(folder)
        if file is not None:
            return file, alive, _fill(file) if file.is_new else ""
        done = _rebuild(folder, alive)
        return HistoryFile(folder), alive, f"The history was damaged. {done}"
    except BaseException:
        alive.close()
        raise


def rebuild(folder: Path) -> Rebuilt:
    """Make the history of a folder anew, from what can be read of it and from the pictures.

    The old file is renamed, never changed, and taken back when the new one cannot be made.

    Raises:
        HistoryError: it cannot be written, or another Safelight has it open.
    """
    folder = folder.absolute()
    make_folder(folder)
    alive = Alive(folder)
    try:
        return _rebuild(folder, alive)
    finally:
        alive.close()


def _sound_file(folder: Path) -> HistoryFile | None:
    """The file, open; ``None`` when it is damaged."""
    try:
        file = HistoryFile(folder)
    except DamagedHistory:
        return None
    try:
        if file.damage_mark.exists():
            file.close()
            return None
        if file.path.stat().st_size > _MOST_CHECKED_BYTES or file.is_sound():
            return file
    except OSError:
        pass
    file.close()
    return None


def _rebuild(folder: Path, alive: Alive) -> Rebuilt:
    if alive.others():
        raise HistoryError(
            f"Another Safelight has {folder / FILE} open. Close it, and the history can be rebuilt."
        )
    aside = _set_aside(folder)
    file: HistoryFile | None = None
    try:
        file = HistoryFile(folder)
        rows = 0
        if aside is not None:
            with file.writing() as db:
                rows = sum(
                    adopt(db, folder, entry, keep=True) is not None for entry in rows_of(aside)
                )
                take_queue(db, aside)
        pictures = _from_pictures(file)
    except BaseException:
        if file is not None:
            file.close()
        if aside is not None:
            _take_back(folder, aside)
        raise
    file.close()
    with suppress(OSError):
        file.damage_mark.unlink(missing_ok=True)
    return Rebuilt(aside.name if aside is not None else "", rows, pictures)


def adopt(db: sqlite3.Connection, folder: Path, entry: Entry, *, keep: bool = False) -> int | None:
    """Insert a run that was not made here; its number, or ``None`` when it is here already.

    Args:
        keep: keep its number where that is free.
    """
    record = entry.record
    uid = entry.uid or uid_of(record.id, record.created_at, record.spec.to_json())
    if db.execute("SELECT 1 FROM runs WHERE uid = ?", (uid,)).fetchone() is not None:
        return None
    number = record.id
    taken = db.execute("SELECT 1 FROM runs WHERE id = ?", (number,)).fetchone() is not None
    if not keep or taken or number < 1:
        number = next_id(db)
    else:
        count_on(db, number)
    insert(db, folder, replace(entry, record=replace(record, id=number), uid=uid))
    return number


def _fill(file: HistoryFile) -> str:
    """Runs for a history that is new, where there are pictures of an older one."""
    if not (file.folder / "images").is_dir():
        return ""
    found = _from_pictures(file)
    runs = "1 run is" if found == 1 else f"{found:,} runs are"
    return f"There was no history; {runs} back from pictures." if found else ""


def _from_pictures(file: HistoryFile) -> int:
    """Keep the runs of all pictures of which no row tells; how many."""
    added = 0
    known = {
        Path(image.path)
        for (text,) in file.read("SELECT record FROM runs")
        if (record := parse(text, file.folder)) is not None
        for image in record.images
    }
    for entry in runs_in(file.folder / "images", skip=known):
        with file.writing() as db:
            added += adopt(db, file.folder, entry, keep=True) is not None
    return added


# The old file


def _set_aside(folder: Path) -> Path | None:
    """Rename the file and its log; the new path, or ``None`` when there is no file."""
    path = folder / FILE
    if not path.exists():
        return None
    stamp = datetime.now(UTC).strftime("%Y%m%d-%H%M%S")
    aside, number = path.with_name(f"history-damaged-{stamp}.sqlite3"), 2
    while aside.exists():
        aside = path.with_name(f"history-damaged-{stamp}-{number}.sqlite3")
        number += 1
    _move(path, aside)
    return aside


def _take_back(folder: Path, aside: Path) -> None:
    for suffix in _LOGS:
        (folder / (FILE + suffix)).unlink(missing_ok=True)
    _move(aside, folder / FILE)


def _move(path: Path, to: Path) -> None:
    try:
        for suffix in reversed(_LOGS):  # the file last: where it is, its log is
            with suppress(FileNotFoundError):
                path.with_name(path.name + suffix).replace(to.with_name(to.name + suffix))
    except OSError as error:
        raise HistoryError(f"{path} could not be renamed: {error.strerror or error}.") from error
    sync_folder(path.parent)
