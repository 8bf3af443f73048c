"""The queue survives: on disk before it is acknowledged, and back, in order and paused."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from engine.errors import HistoryError
from engine.events import (
    Event,
    QueueChanged,
    RunCancelled,
    RunFailed,
    RunFinished,
    RunQueued,
    RunStarted,
)
from engine.history import History, Left, QueuedSpec
from engine.history.repair import rebuild
from engine.pictures.files import write_atomically
from engine.record import Status, now
from engine.spec import RunSpec
from tests.engine.harness import EngineHarness
from tests.engine.histories import record_of, with_picture

Make = Callable[..., EngineHarness]

# Holds its first run for ever; says how many wait, and is killed.
HELD = """
import sys, threading
from pathlib import Path
from engine.engine import Engine
from engine.history import History
from engine.spec import RunSpec
from engine.worker import Worker
on = threading.Event()
def hold(self, job):
    on.set()
    threading.Event().wait()
Worker.run = hold
engine = Engine(lambda event: None, History(Path(sys.argv[1])), device="cpu", sample_memory=False)
engine.start()
for seed in range(int(sys.argv[2])):
    print(engine.submit(RunSpec("a", sys.argv[3], seed=seed, num_inference_steps=2)), flush=True)
on.wait()
print("on", flush=True)
threading.Event().wait()
"""


def held(folder: Path, runs: int, checkpoint: str) -> subprocess.Popen[str]:
    """A Safelight whose first run is on, and the others wait."""
    process = subprocess.Popen(
        [sys.executable, "-c", HELD, str(folder), str(runs), checkpoint],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    lines = [process.stdout.readline().strip() for _ in range(runs + 1)]
    assert lines == [*map(str, range(1, runs + 1)), "on"]
    return process


def waiting(history: History) -> list[tuple[int, int]]:
    """Number and seed of what waits."""
    return [(queued.run_id, queued.spec.seed) for queued in history.queue.waiting()]


def test_after_a_crash_the_queue_is_back_paused_and_the_run_that_was_on_is_not(
    tmp_path: Path, harness: Make, sd: Path
) -> None:
    process = held(tmp_path, 4, str(sd))
    process.kill()
    process.wait()

    history = History(tmp_path)
    tested = harness(history)
    (cut_off,) = tested.engine.queue.recover()
    assert (cut_off.id, cut_off.status, cut_off.spec.seed) == (1, Status.INTERRUPTED, 0)
    assert "not tried again unless you say so" in cut_off.error
    assert history.get(1) == cut_off
    assert [event.run_id for event in tested.all(RunQueued)] == [2, 3, 4]
    (told,) = tested.all(QueueChanged)
    assert (told.paused, [run for run, _ in told.waiting]) == (True, [2, 3, 4])
    assert not tested.all(RunStarted)
    assert waiting(history) == [(2, 1), (3, 2), (4, 3)]

    tested.engine.queue.resume()
    for run_id in (2, 3, 4):
        assert tested.wait(RunFinished, run_id).record.spec.seed == run_id - 1
    tested.wait_idle()
    assert waiting(history) == []
    assert [record.id for record in history.latest()] == [4, 3, 2, 1]
    assert tested.engine.submit(RunSpec("b", str(sd), num_inference_steps=1)) == 5
    tested.engine.stop(30)
    history.close()


def test_a_run_that_kills_the_process_is_never_tried_twice(tmp_path: Path, sd: Path) -> None:
    for number in (1, 2, 3):
        process = held(tmp_path / str(number), 1, str(sd))
        process.kill()
        process.wait()
        for again in range(2):
            history = History(tmp_path / str(number))
            left = history.queue.take_over()
            assert [record.id for record in left.interrupted] == ([1] if not again else [])
            assert left.waiting == ()
            history.close()


def test_pictures_of_a_run_that_was_cut_off_are_its_own(tmp_path: Path, sd: Path) -> None:
    """Killed between the pictures and the row, or between two pictures."""
    for batch, status in ((1, Status.FINISHED), (3, Status.INTERRUPTED)):
        folder = tmp_path / str(batch)
        process = held(folder, 1, str(sd))
        process.kill()
        process.wait()
        spec = RunSpec("a", str(sd), width=64, height=64, batch_size=batch)
        history = History(folder)
        written = with_picture(history, record_of(1, spec, created_at=now()))
        with_picture(history, record_of(1, spec, created_at="2020-01-01T00:00:00.000Z"))
        (record,) = history.queue.take_over().interrupted
        assert (record.status, record.images) == (status, written.images)
        assert history.get(1) == record
        assert record.notes or record.error
        history.close()
        again = rebuild(folder)
        assert (again.rows, again.pictures) == (1, 1), "the other is of a run long ago"


def test_a_run_that_cannot_be_noted_as_begun_is_not_begun(
    harness: Make, spec: RunSpec, history: History, monkeypatch: pytest.MonkeyPatch
) -> None:
    def locked(_: int) -> None:
        raise HistoryError("The history is locked by another program. Close it and try again.")

    tested = harness(history)
    tested.engine.queue.pause()
    first, second = tested.engine.submit(spec), tested.engine.submit(spec)
    with monkeypatch.context() as patch:
        patch.setattr(history.queue, "start", locked)
        tested.engine.queue.resume()
        failed = tested.wait(RunFailed, first)
        assert "locked by another program" in failed.record.error
        assert tested.wait(QueueChanged, number=3).paused
    assert not tested.all(RunStarted)
    tested.engine.queue.resume()
    assert tested.wait(RunFinished, second)


def test_an_owner_that_is_nonsense(tmp_path: Path, sd: Path) -> None:
    history = History(tmp_path)
    for number, owner in enumerate(("", "\0", "../../x", "1-zz", "é" * 300), 1):
        with history._file.writing() as db:
            db.execute(
                "INSERT INTO queue (run, position, spec, queued_at, owner) VALUES (?, ?, ?, '', ?)",
                (number, number, json.dumps(RunSpec("a", str(sd)).to_json()), owner),
            )
    assert [queued.run_id for queued in history.queue.take_over().waiting] == [1, 2, 3, 4, 5]
    history.close()


def test_what_a_write_that_was_cut_off_left_is_swept_away(tmp_path: Path, sd: Path) -> None:
    process = held(tmp_path, 1, str(sd))
    day = tmp_path / "images" / "2026-01-31"
    day.mkdir(parents=True)
    half, theirs = day / f".{process.pid}-0123456789ab.part", day / ".mine.part"
    half.touch()
    theirs.touch()
    imported = day / ".0123456789abcdef.part"
    imported.touch()
    history = History(tmp_path)
    history.queue.take_over()
    assert half.exists(), "it may still be written"
    process.kill()
    process.wait()
    history.queue.take_over()
    assert (half.exists(), imported.exists(), theirs.exists()) == (False, False, True)
    history.close()


def test_what_is_being_written_meanwhile_is_not_swept_away(
    tmp_path: Path, sd: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    held(tmp_path, 1, str(sd)).kill()
    history = History(tmp_path)
    sync = os.fsync
    left: list[Left] = []

    def take_over(descriptor: int) -> None:
        sync(descriptor)
        if not left:
            left.append(history.queue.take_over(waiting=False))

    monkeypatch.setattr(os, "fsync", take_over)
    place = history.folder / "images" / "now.png"
    place.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(place, memoryview(b"all of it"))
    assert left[0].interrupted
    assert place.read_bytes() == b"all of it"
    history.close()


def test_what_another_safelight_has_in_its_queue_is_left_to_it(tmp_path: Path, sd: Path) -> None:
    process = held(tmp_path, 3, str(sd))
    history = History(tmp_path)
    left = history.queue.take_over()
    assert (left.interrupted, left.waiting) == ((), ())
    assert waiting(history) == [(2, 1), (3, 2)]
    assert history.queue.add(RunSpec("mine", str(sd))) == 4
    process.kill()
    process.wait()
    left = history.queue.take_over()
    assert [record.id for record in left.interrupted] == [1]
    assert [queued.run_id for queued in left.waiting] == [2, 3], "mine was mine before"
    assert history.queue.take_over() == Left(), "and so are those now"
    history.close()


def test_a_command_takes_no_ones_queue_but_tells_of_what_was_cut_off(
    tmp_path: Path, sd: Path
) -> None:
    process = held(tmp_path, 2, str(sd))
    process.kill()
    process.wait()
    history = History(tmp_path)
    left = history.queue.take_over(waiting=False)
    assert [record.id for record in left.interrupted] == [1]
    assert left.waiting == ()
    history.close()
    app = History(tmp_path)
    assert [queued.run_id for queued in app.queue.take_over().waiting] == [2]
    app.close()


def hold_runs(monkeypatch: pytest.MonkeyPatch) -> threading.Event:
    """Runs begin, and wait until the event is set."""
    from engine.worker import Worker

    release, run = threading.Event(), Worker.run

    def later(self: Worker, job: Any) -> None:
        assert release.wait(60)
        run(self, job)

    monkeypatch.setattr(Worker, "run", later)
    return release


def test_on_disk_before_it_is_told(
    harness: Make, spec: RunSpec, history: History, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[list[tuple[int, int]]] = []

    def react(event: Event) -> None:
        if isinstance(event, RunQueued):
            seen.append(waiting(History(history.folder, read_only=True)))

    release = hold_runs(monkeypatch)
    tested = harness(history, react=react)
    tested.engine.queue.pause()
    for seed in (7, 8):
        tested.engine.submit(spec.with_(seed=seed))
    assert seen == [[(1, 7)], [(1, 7), (2, 8)]]
    release.set()
    tested.engine.queue.resume()
    tested.wait_idle()
    assert waiting(history) == []


def test_moving_changing_and_taking_out(harness: Make, spec: RunSpec, history: History) -> None:
    tested = harness(history)
    queue = tested.engine.queue
    queue.pause()
    for seed in range(4):
        tested.engine.submit(spec.with_(seed=seed))
    assert queue.move(4, -2)
    assert waiting(history) == [(1, 0), (4, 3), (2, 1), (3, 2)]
    assert queue.move(1, 99)
    assert not queue.move(1, 1), "it is the last already"
    assert not queue.move(77, 1)
    assert queue.replace(2, spec.with_(seed=50))
    assert not queue.replace(77, spec)
    assert tested.engine.cancel(3)
    assert isinstance(tested.all(RunCancelled, 3)[0], RunCancelled)
    assert waiting(history) == [(4, 3), (2, 50), (1, 0)]
    assert [run for run, _ in tested.all(QueueChanged)[-1].waiting] == [4, 2, 3, 1]
    queue.resume()
    tested.wait_idle()
    assert [event.run_id for event in tested.all(RunStarted)] == [4, 2, 1]
    record = history.get(2)
    assert record is not None
    assert record.spec.seed == 50


def test_quitting_keeps_what_waits(harness: Make, spec: RunSpec, history: History) -> None:
    tested = harness(history)
    tested.engine.queue.pause()
    tested.engine.submit(spec)
    tested.engine.submit(spec)
    assert tested.engine.stop(30, keep_queue=True)
    assert not tested.all(RunCancelled)
    history.close()
    again = History(history.folder)
    left = again.queue.take_over()
    assert left.waiting == (QueuedSpec(1, spec), QueuedSpec(2, spec))
    again.close()


def test_stopping_without_keeping_leaves_nothing(
    harness: Make, spec: RunSpec, history: History
) -> None:
    tested = harness(history)
    tested.engine.queue.pause()
    tested.engine.submit(spec)
    assert tested.engine.stop(30)
    assert len(tested.all(RunCancelled)) == 1
    assert waiting(history) == []


def test_a_full_disk_refuses_a_run_instead_of_forgetting_it(
    harness: Make, spec: RunSpec, history: History
) -> None:
    db = history._file._open_db()
    db.execute(f"PRAGMA max_page_count = {db.execute('PRAGMA page_count').fetchone()[0]}")
    tested = harness(history)
    tested.engine.queue.pause()
    accepted: list[int] = []

    def fill() -> None:
        while len(accepted) < 500:
            accepted.append(tested.engine.submit(spec.with_(prompt="x" * 500)))

    with pytest.raises(HistoryError, match="disk is full"):
        fill()
    assert [run for run, _ in waiting(history)] == accepted
    assert len(tested.all(RunQueued)) == len(accepted)
    db.execute("PRAGMA max_page_count = 1000000")


def test_a_spec_that_cannot_be_read_any_more_is_passed_over(tmp_path: Path, sd: Path) -> None:
    process = held(tmp_path, 3, str(sd))
    process.kill()
    process.wait()
    history = History(tmp_path)
    with history._file.writing() as db:
        db.execute("UPDATE queue SET spec = '{\"prompt\": 3}' WHERE run = 2")
        db.execute("UPDATE queue SET spec = 'nonsense' WHERE run = 1")
    left = history.queue.take_over()
    assert (left.interrupted, [queued.run_id for queued in left.waiting]) == ((), [3])
    history.close()
