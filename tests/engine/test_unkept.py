"""A full disk: nothing older is touched, nothing half is left, and the pictures are not lost."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from engine.errors import HistoryError
from engine.events import QueueChanged, RunFailed, RunFinished
from engine.history import History
from engine.pictures import files
from engine.pictures.load import load_image
from engine.record import Status
from engine.spec import RunSpec
from tests.engine.harness import EngineHarness

Make = Callable[..., EngineHarness]


class Disk:
    """Counts what is written, and has no more room from the ``full_at``-th write on."""

    def __init__(self) -> None:
        self.writes = 0
        self.full_at = 10**9

    def write(self) -> None:
        self.writes += 1
        if self.writes >= self.full_at:
            raise OSError(errno.ENOSPC, "No space left on device")


@pytest.fixture
def disk(monkeypatch: pytest.MonkeyPatch) -> Disk:
    """Each thing that is done to write a picture, in turn: opening, syncing, naming."""
    disk = Disk()
    beside, put, sync = files._beside, files.put, os.fsync

    @contextmanager
    def opening(path: Path, data: memoryview) -> Iterator[Path]:
        disk.write()
        with beside(path, data) as temporary:
            yield temporary

    def naming(temporary: Path, path: Path) -> None:
        disk.write()
        put(temporary, path)

    def syncing(descriptor: int) -> None:
        disk.write()
        sync(descriptor)

    monkeypatch.setattr(files, "_beside", opening)
    monkeypatch.setattr(files, "put", naming)
    monkeypatch.setattr(os, "fsync", syncing)
    return disk


def contents(folder: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in (folder / "images").rglob("*") if path.is_file()}


@pytest.mark.parametrize("at", range(1, 13))
def test_full_at_each_write_of_the_pictures(
    harness: Make, spec: RunSpec, history: History, disk: Disk, at: int
) -> None:
    tested = harness(history)
    older = tested.run(spec.with_(seed=100)).record
    before = contents(history.folder)
    disk.full_at = disk.writes + at
    end = tested.end_of(tested.engine.submit(spec.with_(batch_size=3)))
    if isinstance(end, RunFinished):  # syncing a folder may fail: the picture is there all the same
        assert len(end.record.images) == 3
        return
    assert isinstance(end, RunFailed)
    assert "The disk is full" in end.record.error
    assert "Free some space." in end.record.error
    assert (end.held, len(end.images)) == (True, 3)
    now = contents(history.folder)
    assert before.items() <= now.items()
    assert {path for path in now if path.suffix != ".png"} == set()
    assert set(now) - set(before) == {Path(image.path) for image in end.record.images}
    assert history.get(end.run_id) == end.record
    assert list(tested.engine.unkept) == [end.run_id]
    with pytest.raises(HistoryError, match="The disk is full"):
        tested.engine.keep(end.run_id)
    assert list(tested.engine.unkept) == [end.run_id]

    disk.full_at = 10**9
    tested.engine.keep(end.run_id)
    kept = tested.wait(RunFinished, end.run_id)
    assert kept.record.status is Status.FINISHED
    assert [image.seed for image in kept.record.images] == [7, 8, 9]
    for image, picture in zip(kept.record.images, end.images, strict=True):
        assert load_image(Path(image.path)).tobytes() == picture.tobytes()
    assert history.get(end.run_id) == kept.record
    assert history.get(older.id) == older
    assert not tested.engine.unkept
    assert history.queue.waiting() == ()
    with pytest.raises(HistoryError, match="There is nothing of"):
        tested.engine.keep(end.run_id)


def test_a_row_that_cannot_be_written(
    harness: Make, spec: RunSpec, history: History, monkeypatch: pytest.MonkeyPatch
) -> None:
    tested = harness(history)

    def full(_: Any) -> None:
        raise HistoryError("The disk is full. Free some space.")

    with monkeypatch.context() as patch:
        patch.setattr(history, "add", full)
        end = tested.end_of(tested.engine.submit(spec))
    assert isinstance(end, RunFailed)
    assert end.held
    assert history.get(end.run_id) is None
    tested.engine.keep(end.run_id)
    record = history.get(end.run_id)
    assert record is not None
    assert record.status is Status.FINISHED
    assert Path(record.images[0].path).is_file()
    assert len(contents(history.folder)) == 1, "what was on disk already is not written twice"


def test_what_waits_is_not_made_in_vain(
    harness: Make, spec: RunSpec, history: History, disk: Disk
) -> None:
    tested = harness(history)
    tested.engine.queue.pause()
    first, second = tested.engine.submit(spec), tested.engine.submit(spec)
    disk.full_at = disk.writes + 1
    tested.engine.queue.resume()
    assert tested.wait(RunFailed, first).held
    paused = tested.wait(QueueChanged, number=3)
    assert (paused.paused, [run for run, _ in paused.waiting]) == (True, [second])
    disk.full_at = 10**9
    tested.engine.keep(first)
    tested.engine.queue.resume()
    assert tested.wait(RunFinished, second)


def test_a_run_that_failed_before_has_nothing_to_keep(
    harness: Make, spec: RunSpec, history: History
) -> None:
    tested = harness(history)
    end = tested.end_of(tested.engine.submit(spec.with_(checkpoint="/nowhere")))
    assert isinstance(end, RunFailed)
    assert not end.held
    assert not tested.engine.unkept
