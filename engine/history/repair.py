"""What a damaged history leaves, and a new one made of that and of the pictures.

The damaged file is never changed: it is set aside under a name of its own. Rows that can still be
read are taken over with all that was said of them; runs that only their pictures tell of are made
anew from those.
"""

from __future__ import annotations

import logging
import os
import sqlite3
import time
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from engine.errors import DamagedHistory, HistoryError
from engine.file_lock import locked
from engine.history.alive import Alive
from engine.history.file import BUSY_SECONDS, FILE, HistoryFile, make_folder
from engine.history.queue import next_id
from engine.history.rows import Entry, insert, parse
from engine.history.salvage import count_on, rows_of, take_groups, take_queue
from engine.history.scan import pictures_in, runs_in
from engine.pictures.files import sync_folder, write_failure
from engine.pictures.identity import uid_of

log = logging.getLogger("safelight.engine")

_MAKING, _MADE = "history-making.sqlite3", "history-made.sqlite3"
"""The new file, while it is being made, and when it is whole."""
_NO_NUMBER = 2**53
"""No run has such a number; one that says so would leave none for later ones."""
_CANNOT_HOLD = (UnicodeError, OverflowError)
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
        if self.pictures:
            runs += ", which know no rating, tag or note"
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
        _finish(folder)
        file = _sound_file(folder)
        if file is not None and not (file.is_new and _has_pictures(folder)):
            return file, alive, ""
        damaged = file is None
        if file is not None:
            file.close()
        done = _rebuild(folder, alive, has_old=damaged)
        if damaged:
            return HistoryFile(folder), alive, f"The history was damaged. {done}"
        runs = "1 run is" if done.pictures == 1 else f"{done.pictures:,} runs are"
        told = f"There was no history; {runs} back from pictures." if done.pictures else ""
        return HistoryFile(folder), alive, told
    except BaseException:
        alive.close()
        raise


def rebuild(folder: Path) -> Rebuilt:
    """Make the history of a folder anew, from what can be read of it and from the pictures.

    The new file is made beside the old one, and takes its place when it is whole. The old one is
    kept under another name, never changed.

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
    if not keep or taken or not 0 < number < _NO_NUMBER:
        number = next_id(db)
    else:
        count_on(db, number)
    insert(db, folder, replace(entry, record=replace(record, id=number), uid=uid))
    return number


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


def _has_pictures(folder: Path) -> bool:
    return next(pictures_in(folder / "images"), None) is not None


# Made beside the old one


def _rebuild(folder: Path, alive: Alive, *, has_old: bool = True) -> Rebuilt:
    """``has_old``: whether the file that is there holds anything."""
    path, making = folder / FILE, folder / _MAKING
    try:
        # Whoever opens the history meanwhile waits for this lock, or is seen among the others.
        with locked(folder / (FILE + ".lock"), time.monotonic() + BUSY_SECONDS):
            if alive.others():
                raise HistoryError(
                    f"Another Safelight has {path} open. Close it, and the history can be rebuilt."
                )
            _remove(making)
            rows, pictures = _make(folder, path)
            making.replace(folder / _MADE)
            sync_folder(folder)
            kept = _set_aside(path) if has_old else ""
            (folder / _MADE).replace(path)
            sync_folder(folder)
    except TimeoutError:
        raise HistoryError(f"{path} is in use. Close the other Safelight and try again.") from None
    except OSError as error:
        raise HistoryError(write_failure(path, error)) from error
    finally:
        with suppress(OSError):
            _remove(making)
    with suppress(OSError):
        (folder / (FILE + ".damaged")).unlink(missing_ok=True)
    return Rebuilt(kept, rows, pictures)


def _finish(folder: Path) -> None:
    """Go on where a rebuild was cut off: what was whole takes its place, what was not is gone."""
    with suppress(OSError):
        _remove(folder / _MAKING)
        if not (folder / FILE).exists() and (folder / _MADE).exists():
            (folder / _MADE).replace(folder / FILE)
        _remove(folder / _MADE)


def _make(folder: Path, old: Path) -> tuple[int, int]:
    """Make a whole history beside the old one; the runs from its rows, and from pictures."""
    file = HistoryFile(folder, name=_MAKING)
    try:
        with file.writing() as db:
            rows = _adopted(db, folder, rows_of(old)) if old.exists() else 0
            if old.exists():
                take_queue(db, old)
                take_groups(db, old)
            known = {
                Path(image.path)
                for (text,) in db.execute("SELECT record FROM runs").fetchall()
                if (record := parse(text, folder)) is not None
                for image in record.images
            }
            pictures = _adopted(db, folder, runs_in(folder / "images", skip=known))
    finally:
        file.close()
    return rows, pictures


def _adopted(db: sqlite3.Connection, folder: Path, entries: Iterable[Entry]) -> int:
    """Insert what can be inserted, each for itself; how many that were."""
    count = 0
    for entry in entries:
        db.execute("SAVEPOINT one")
        try:
            count += adopt(db, folder, entry, keep=True) is not None
        except (sqlite3.IntegrityError, sqlite3.InterfaceError, *_CANNOT_HOLD) as error:
            db.execute("ROLLBACK TO one")
            log.warning("Run %d was left out: %s", entry.id, error)
        db.execute("RELEASE one")
    return count


def _set_aside(path: Path) -> str:
    """Give the old file, with its log, a second name; that name, empty when there is no file."""
    if not path.exists():
        return ""
    stamp = datetime.now(UTC).strftime("%Y%m%d-%H%M%S")
    aside, number = path.with_name(f"history-damaged-{stamp}.sqlite3"), 2
    while aside.exists():
        aside = path.with_name(f"history-damaged-{stamp}-{number}.sqlite3")
        number += 1
    try:
        os.link(path, aside)
    except OSError:  # a file system without links: the new file is there already, see _finish
        path.replace(aside)
    for suffix in ("-wal", "-shm"):  # a log beside the new file would be taken for its own
        with suppress(FileNotFoundError):
            path.with_name(path.name + suffix).replace(aside.with_name(aside.name + suffix))
    return aside.name


def _remove(path: Path) -> None:
    for suffix in ("", "-wal", "-shm", ".lock", ".damaged"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)
