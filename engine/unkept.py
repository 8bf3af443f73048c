"""Pictures that were made and could not be written: held in memory until they can be."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from PIL import Image

from engine import infotext
from engine.errors import HistoryError
from engine.history import History
from engine.pictures.names import FOLDER, picture_name, values_of
from engine.pictures.output import Output
from engine.pictures.records import metadata_of
from engine.pictures.save import save_image
from engine.record import ImageRecord, RunRecord, Status


def write_picture(
    index: int, picture: Image.Image, folder: Path | None, output: Output, record: RunRecord
) -> ImageRecord:
    """Write one picture of a run, whole or not at all, with what is known of the run.

    Args:
        index: of the picture in the run, from 0.
        folder: the history's; ``None`` writes nothing.
        record: what is known of the run by now.

    Raises:
        HistoryError: it could not be written.
    """
    spec, path = record.spec, ""
    prompt, seed = spec.pictures[index]
    if folder is not None:
        values = values_of(spec, index, record.id, record.created_at)
        name = folder / picture_name(output.file_name, values, output.suffix)
        metadata, text = None, ""
        if output.metadata:
            metadata = metadata_of(record, index, picture.width, picture.height)
            text = infotext.write(spec, index)
        path = str(save_image(picture, name, metadata, text, inside=folder / FOLDER))
    own = prompt if prompt != spec.prompt else ""
    return ImageRecord(path, seed, picture.width, picture.height, own)


class Unkept:
    """Runs whose pictures, or whose row, could not be written. For any thread.

    Attributes:
        output: how their pictures are written.
    """

    def __init__(self, history: History, output: Output) -> None:
        self._history = history
        self.output = output
        self._lock = threading.Lock()
        self._runs: dict[int, tuple[RunRecord, Sequence[Image.Image]]] = {}

    @property
    def runs(self) -> tuple[int, ...]:
        """Their numbers."""
        return tuple(self._runs)

    def hold(self, record: RunRecord, pictures: Sequence[Image.Image]) -> None:
        """Hold on to a run.

        Args:
            record: with those pictures that are on disk already.
            pictures: all of them.
        """
        self._runs[record.id] = replace(record, status=Status.FINISHED, error=""), tuple(pictures)

    def keep(self, run_id: int) -> tuple[RunRecord, tuple[Image.Image, ...]]:
        """Write what is not written yet. Returns the record, finished now, and its pictures.

        Raises:
            HistoryError: it still cannot be, and is still held; or there is no such run.
        """
        with self._lock:
            if run_id not in self._runs:
                raise HistoryError(f"There is nothing of #{run_id} that waits to be kept.")
            record, pictures = self._runs[run_id]
            for index in range(len(record.images), len(pictures)):
                image = write_picture(
                    index, pictures[index], self._history.folder, self.output, record
                )
                record = replace(record, images=(*record.images, image))
                self._runs[run_id] = record, pictures
            self._history.put(record)
            del self._runs[run_id]
        return record, tuple(pictures)
