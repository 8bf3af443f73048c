"""Deleting, in two steps: into the trash, which can be undone, and out of it for good."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from engine.errors import HistoryError
from engine.history.file import HistoryFile
from engine.history.rows import parse
from engine.record import now


class Trash:
    """Runs in the trash are in no list; their rows and pictures stay until it is emptied."""

    def __init__(self, file: HistoryFile) -> None:
        self._file = file

    def put(self, runs: Sequence[int]) -> None:
        """Put runs into the trash. Raises :class:`HistoryError`."""
        with self._file.writing() as db:
            db.executemany(
                "UPDATE runs SET trashed_at = ? WHERE id = ? AND trashed_at IS NULL",
                [(now(), run) for run in runs],
            )

    def take_back(self, runs: Sequence[int]) -> None:
        """Take runs out of the trash again, as they were.

        Raises :class:`HistoryError` when one of them was deleted for good; then none is.
        """
        with self._file.writing() as db:
            for run in runs:
                sql = "UPDATE runs SET trashed_at = NULL WHERE id = ?"
                if not db.execute(sql, (run,)).rowcount:
                    raise HistoryError(f"#{run} was deleted for good.")

    def count(self) -> int:
        """How many runs are in it."""
        rows = self._file.read("SELECT count(*) FROM runs WHERE trashed_at IS NOT NULL")
        return int(rows[0][0]) if rows else 0

    def empty(self) -> tuple[int, int]:
        """Delete what is in the trash, rows and pictures, for good.

        Pictures go before their row, so that whatever happens meanwhile, no picture is left behind
        of which no row tells. Pictures outside the history's folder are never touched.

        Returns:
            How many runs, and how many bytes of pictures.

        Raises:
            HistoryError: a picture could not be deleted; its run and those after it are still in
                the trash.
        """
        runs = freed = 0
        for (run,) in self._file.read("SELECT id FROM runs WHERE trashed_at IS NOT NULL"):
            with self._file.writing() as db:  # nobody takes it back between the two
                sql = "SELECT record FROM runs WHERE id = ? AND trashed_at IS NOT NULL"
                row = db.execute(sql, (run,)).fetchone()
                if row is None:
                    continue
                record = parse(row[0], self._file.folder)
                for image in record.images if record is not None else ():
                    freed += self._delete(Path(image.path))
                db.execute("DELETE FROM runs WHERE id = ?", (run,))
                runs += 1
        return runs, freed

    def _delete(self, picture: Path) -> int:
        """Delete a picture of ours; its bytes. Whatever lies elsewhere is not ours to delete."""
        if not self._is_inside(picture):
            return 0
        try:
            size = picture.stat().st_size
            picture.unlink()
        except FileNotFoundError:
            return 0
        except OSError as error:
            raise HistoryError(
                f"{picture} could not be deleted: {error.strerror or error}."
            ) from error
        with suppress(OSError):  # the folder of its day, when it was the last
            picture.parent.rmdir()
        return size

    def _is_inside(self, picture: Path) -> bool:
        images = self._file.folder / "images"
        try:
            return picture.resolve().is_relative_to(images.resolve())
        except (OSError, RuntimeError):
            return False
