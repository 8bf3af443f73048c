"""Runs that were asked for together: kept, found again, queued in one write and never twice."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from engine.errors import HistoryError
from engine.events import QueueChanged, RunCancelled, RunFinished, RunQueued
from engine.group import Group, Kind, new_group_id
from engine.history import FILE, History, parse_query
from engine.history.repair import rebuild
from engine.record import Status, now
from engine.spec import RunSpec
from tests.engine.harness import EngineHarness
from tests.engine.histories import record_of, with_picture

Make = Callable[..., EngineHarness]


def group(history: History, kind: Kind = Kind.SWEEP, title: str = "steps") -> Group:
    kept = Group(new_group_id(), kind, now(), title, {"axes": ["steps=1,2"]})
    history.groups.add(kept)
    return kept


def test_a_group_is_kept_and_found(history: History) -> None:
    assert history.groups.latest() == ()
    assert history.groups.get("abc234") is None
    sweep, ladder = group(history), group(history, Kind.LADDER)
    assert history.groups.get(sweep.id) == sweep
    assert history.groups.latest() == (ladder, sweep)
    assert history.groups.latest(Kind.SWEEP) == (sweep,)
    assert history.groups.latest(limit=1) == (ladder,)
    history.groups.set_result(ladder.id, {"best": 3})
    assert history.groups.get(ladder.id) == replace(ladder, result={"best": 3})
    with pytest.raises(HistoryError, match="no group nowhere"):
        history.groups.set_result("nowhere", {})
    with pytest.raises(HistoryError, match="already"):
        history.groups.add(sweep)


def test_a_reader_without_a_history_finds_no_group(tmp_path: Path) -> None:
    history = History(tmp_path, read_only=True)
    assert (history.groups.get("abc234"), history.groups.latest()) == (None, ())
    assert (history.groups.cells("abc234"), history.queue.of_group("abc234")) == ({}, {})


def test_the_best_record_of_each_cell(history: History) -> None:
    kept = group(history)
    ends = [
        (0, Status.FINISHED),
        (0, Status.FAILED),
        (1, Status.FAILED),
        (1, Status.CANCELLED),
        (2, Status.FINISHED),
        (2, Status.FINISHED),
        (3, Status.FINISHED),
    ]
    for number, (cell, status) in enumerate(ends, 1):
        history.add(record_of(history.new_id(), status=status, group=kept.id, cell=cell))
        assert history.get(number) is not None
    history.add(record_of(history.new_id()))
    found = history.groups.cells(kept.id)
    assert {cell: record.id for cell, record in found.items()} == {0: 1, 1: 4, 2: 6, 3: 7}
    assert all(record.group == kept.id and record.cell == cell for cell, record in found.items())
    history.trash.put([7])
    assert 3 not in history.groups.cells(kept.id)
    assert history.groups.cells("") == {}
    query = parse_query(f"group:{kept.id} status:finished")
    assert [entry.id for entry in history.search.page(query, 9).entries] == [6, 5, 1]
    assert history.search.page(parse_query("group:nowhere"), 9).entries == ()


def test_a_rebuild_keeps_groups_and_who_is_in_them(tmp_path: Path) -> None:
    history = History(tmp_path)
    kept = group(history)
    spec = RunSpec("a red sun", width=64, height=64)
    for cell in range(2):
        record = record_of(history.new_id(), spec, group=kept.id, cell=cell)
        history.add(with_picture(history, record))
    assert len(history.queue.add_many(kept.id, [(0, spec), (5, spec)])) == 1
    history.close()
    rebuild(tmp_path)
    history = History(tmp_path)
    assert history.groups.get(kept.id) == kept
    assert sorted(history.groups.cells(kept.id)) == [0, 1]
    assert [(q.group, q.cell) for q in history.queue.waiting()] == [(kept.id, 5)]
    history.close()
    (tmp_path / FILE).unlink()  # all that is left are pictures
    history = History(tmp_path)
    assert sorted(history.groups.cells(kept.id)) == [0, 1]
    history.close()


def test_damaged_groups_hinder_nothing(tmp_path: Path) -> None:
    history = History(tmp_path)
    one, other = group(history), group(history)
    history.close()
    db = sqlite3.connect(tmp_path / FILE)
    db.execute("UPDATE groups SET plan = 'no JSON' WHERE id = ?", (one.id,))
    db.commit()
    db.close()
    history = History(tmp_path)
    assert history.groups.get(one.id) is None
    assert history.groups.latest() == (other,)
    history.close()


# Queued in one write


@pytest.fixture
def cells(sd: Path) -> list[tuple[int, RunSpec]]:
    return [(i, RunSpec("a", str(sd), seed=i, num_inference_steps=1)) for i in range(4)]


def test_cells_are_queued_in_their_order_and_done_once(
    harness: Make, history: History, cells: list[tuple[int, RunSpec]]
) -> None:
    tested = harness(history)
    kept = group(history)
    tested.engine.queue.pause()
    backwards = cells[::-1]
    runs = tested.engine.submit_many(kept.id, backwards)
    assert [event.run_id for event in tested.all(RunQueued)] == list(runs)
    told = [(event.group, event.cell, event.spec.seed) for event in tested.all(RunQueued)]
    assert told == [(kept.id, cell, cell) for cell in (3, 2, 1, 0)]
    assert history.queue.of_group(kept.id) == dict.fromkeys(range(4), False)
    assert tested.engine.submit_many(kept.id, cells) == (), "all wait already"
    tested.engine.queue.resume()
    for run_id, (cell, _) in zip(runs, backwards, strict=True):
        record = tested.wait(RunFinished, run_id).record
        assert (record.group, record.cell) == (kept.id, cell)
    tested.wait_idle()
    assert {c: r.spec.seed for c, r in history.groups.cells(kept.id).items()} == {
        0: 0,
        1: 1,
        2: 2,
        3: 3,
    }
    assert tested.engine.submit_many(kept.id, cells) == (), "all are finished"
    history.trash.put([runs[0]])
    assert len(tested.engine.submit_many(kept.id, cells)) == 1, "one is in the trash"
    tested.wait_idle()
    (again,) = tested.engine.submit_many(new_group_id(), cells[:1])
    assert tested.wait(RunFinished, again).record.cell == 0


def test_a_group_is_taken_out_of_the_queue_alone(
    harness: Make, history: History, cells: list[tuple[int, RunSpec]]
) -> None:
    tested = harness(history)
    one, other = group(history), group(history)
    tested.engine.queue.pause()
    tested.engine.submit_many(one.id, cells[:2])
    kept = tested.engine.submit_many(other.id, cells[:2])
    alone = tested.engine.submit(cells[3][1])
    assert tested.engine.queue.clear(one.id) == 2
    gone = [event.record for event in tested.all(RunCancelled)]
    assert [(record.group, record.cell) for record in gone] == [(one.id, 0), (one.id, 1)]
    assert [queued.run_id for queued in history.queue.waiting()] == [*kept, alone]
    assert tested.engine.queue.replace(kept[0], cells[3][1])
    assert history.queue.of_group(other.id) == {1: False}, "it is no cell any more"
    assert tested.engine.queue.clear() == 3


def test_without_a_history_cells_are_queued_once(
    harness: Make, cells: list[tuple[int, RunSpec]]
) -> None:
    tested = harness(None)
    tested.engine.queue.pause()
    assert len(tested.engine.submit_many("abc234", cells)) == 4
    assert tested.engine.submit_many("abc234", cells) == ()
    tested.engine.stop(30)
    with pytest.raises(RuntimeError, match="stopped"):
        tested.engine.submit_many("abc234", cells)


def test_nothing_is_queued_when_the_disk_refuses(
    harness: Make, history: History, cells: list[tuple[int, RunSpec]]
) -> None:
    tested = harness(history)
    kept = group(history)
    db = sqlite3.connect(history.path)
    db.execute(
        "CREATE TRIGGER no BEFORE INSERT ON queue WHEN new.cell = 2"
        " BEGIN SELECT RAISE(ABORT, 'no'); END"
    )
    db.close()
    with pytest.raises(HistoryError):
        tested.engine.submit_many(kept.id, cells)
    assert history.queue.waiting() == ()
    assert not tested.all(RunQueued)


# Holds the first cell for ever, and is killed.
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
spec = RunSpec("a", sys.argv[2], num_inference_steps=1)
engine.submit_many("abc234", [(cell, spec.with_(seed=cell)) for cell in range(3)])
engine.submit(spec)
on.wait()
print("on", flush=True)
threading.Event().wait()
"""


def held(folder: Path, checkpoint: str) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-c", HELD, str(folder), checkpoint], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "on\n"
    return process


def test_cells_of_another_process_are_left_to_it_while_it_lives(
    tmp_path: Path, harness: Make, cells: list[tuple[int, RunSpec]]
) -> None:
    process = held(tmp_path, cells[0][1].checkpoint)
    try:
        history = History(tmp_path)
        tested = harness(history)
        assert history.queue.of_group("abc234") == {0: True, 1: False, 2: False}
        reader = History(tmp_path, read_only=True)
        assert reader.queue.of_group("abc234") == {0: True, 1: False, 2: False}
        (only,) = tested.engine.submit_many("abc234", cells)
        assert tested.wait(RunFinished, only).record.cell == 3
    finally:
        process.kill()
        process.wait()
    # Its cells are ours now; the run that waited besides them is not.
    assert history.queue.of_group("abc234") == reader.queue.of_group("abc234") == {}
    runs = tested.engine.submit_many("abc234", cells)
    assert [tested.wait(RunFinished, run).record.cell for run in runs] == [0, 1, 2]
    assert sorted(r.id for r in history.groups.cells("abc234").values()) == sorted([*runs, only])
    first = history.get(1)
    assert first is not None
    assert (first.status, first.group, first.cell) == (Status.INTERRUPTED, "abc234", 0)
    assert [queued.run_id for queued in history.queue.waiting()] == [4]
    tested.wait_idle()
    tested.engine.stop(30)
    history.close()


def test_a_queue_that_is_taken_over_keeps_its_groups(
    tmp_path: Path, harness: Make, cells: list[tuple[int, RunSpec]]
) -> None:
    process = held(tmp_path, cells[0][1].checkpoint)
    process.kill()
    process.wait()
    history = History(tmp_path)
    tested = harness(history)
    (cut_off,) = tested.engine.queue.recover()
    assert (cut_off.group, cut_off.cell) == ("abc234", 0)
    tested.wait(QueueChanged)
    assert tested.engine.submit_many("abc234", cells[:3]) != (), "the one that was on, once more"
    tested.engine.queue.resume()
    tested.wait_idle()
    found = history.groups.cells("abc234")
    assert {cell: record.id for cell, record in found.items()} == {1: 2, 2: 3, 0: 5}
    tested.engine.stop(30)
    history.close()
