"""The history: rows, numbers, and the sentences when the file cannot be used."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from engine.errors import HistoryError
from engine.history import FILE, History
from engine.history.schema import MIGRATIONS
from engine.pictures.load import load_image
from engine.pictures.read import read_metadata
from engine.record import ImageRecord, RunRecord, Seconds, Status
from engine.spec import RunSpec


def record(history: History, run_id: int, status: Status = Status.FINISHED) -> RunRecord:
    path = str(history.folder / "images" / "2026-01-31" / f"{run_id}.png")
    return RunRecord(
        id=run_id,
        status=status,
        spec=RunSpec("a red sun", width=64, height=64),
        created_at="2026-01-31T10:00:00.000Z",
        images=(ImageRecord(path, 0, 64, 64),),
        seconds=Seconds(total=1.5),
    )


def test_records_survive(tmp_path: Path) -> None:
    history = History(tmp_path / "new" / "folder")
    records = [record(history, history.new_id(), status) for status in Status]
    for each in records:
        history.add(each)
    history.close()

    again = History(tmp_path / "new" / "folder")
    assert again.count() == len(Status)
    assert again.latest() == tuple(reversed(records))
    assert again.latest(limit=1) == (records[-1],)
    assert again.latest(limit=5, before=records[1].id) == (records[0],)
    assert again.get(2) == records[1]
    assert again.get(99) is None
    again.close()


def test_the_folder_can_be_moved(tmp_path: Path) -> None:
    history = History(tmp_path / "here")
    history.add(record(history, history.new_id()))
    history.close()
    (tmp_path / "here").rename(tmp_path / "there")
    moved = History(tmp_path / "there")
    assert moved.latest()[0].images[0].path.startswith(str(tmp_path / "there"))
    moved.close()


def test_numbers_are_never_given_twice(tmp_path: Path) -> None:
    history = History(tmp_path)
    code = (
        "import sys; from pathlib import Path; from engine.history import History\n"
        "h = History(Path(sys.argv[1])); print(*(h.new_id() for _ in range(40)))"
    )
    others = [
        subprocess.Popen([sys.executable, "-c", code, str(tmp_path)], stdout=subprocess.PIPE)
        for _ in range(2)
    ]
    mine = [history.new_id() for _ in range(40)]
    numbers = mine + [int(n) for other in others for n in other.communicate()[0].split()]
    assert sorted(numbers) == list(range(1, 121))
    history.close()
    reopened = History(tmp_path)
    assert reopened.new_id() == 121
    reopened.close()


def test_a_number_is_kept_once(history: History) -> None:
    history.add(record(history, 1))
    with pytest.raises(HistoryError, match="already has"):
        history.add(record(history, 1))
    assert history.count() == 1


def test_damaged_row_is_left_out(history: History) -> None:
    history.add(record(history, 1))
    history.add(record(history, 2))
    with sqlite3.connect(history.path) as db:
        db.execute("UPDATE runs SET record = '{}' WHERE id = 1")
    db.close()
    assert [each.id for each in history.latest()] == [2]
    assert history.get(1) is None


def test_durable_settings(history: History) -> None:
    db = sqlite3.connect(history.path)
    assert db.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    assert db.execute("PRAGMA user_version").fetchone() == (len(MIGRATIONS),)
    db.close()


def test_not_a_database(tmp_path: Path) -> None:
    (tmp_path / FILE).write_text("hello " * 1000)
    history = History(tmp_path)
    assert "The history was damaged. 0 runs are back" in history.repaired
    (aside,) = tmp_path.glob("history-damaged-*.sqlite3")
    assert aside.read_text() == "hello " * 1000
    assert aside.name in history.repaired
    assert history.new_id() == 1
    history.close()


def test_of_a_newer_version(tmp_path: Path) -> None:
    History(tmp_path).close()
    db = sqlite3.connect(tmp_path / FILE)
    db.execute("PRAGMA user_version = 99")
    db.close()
    with pytest.raises(HistoryError, match="newer Safelight"):
        History(tmp_path)


def test_locked(history: History, monkeypatch: pytest.MonkeyPatch) -> None:
    """By a program that is not ours, which knows only SQLite's lock."""
    monkeypatch.setattr("engine.history.history.NUMBER_SECONDS", 0.05)
    impatient = History(history.folder)
    other = sqlite3.connect(history.path)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(HistoryError, match="locked by another program"):
        impatient.new_id()
    other.close()
    impatient.new_id()
    impatient.close()


def test_another_process_writes(history: History, monkeypatch: pytest.MonkeyPatch) -> None:
    """No two of ours write at once: SQLite before 3.51.3 may not survive it."""
    code = (
        "import sys, time; from pathlib import Path; from engine.history import History\n"
        "with History(Path(sys.argv[1]))._file.writing(): print(flush=True); sys.stdin.read()"
    )
    other = subprocess.Popen(
        [sys.executable, "-c", code, str(history.folder)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert other.stdout is not None
    assert other.stdout.readline()
    monkeypatch.setattr("engine.history.history.NUMBER_SECONDS", 0.05)
    entered: list[str] = []
    monkeypatch.setattr(
        "engine.history.file.schema.transaction", lambda *_: entered.append("a second writer")
    )
    with pytest.raises(HistoryError, match="locked by another program"):
        history.new_id()
    assert entered == [], "SQLite's own lock was reached"
    assert history.count() == 0, "reading goes on"
    monkeypatch.undo()
    other.communicate()
    assert history.new_id() == 1


def test_a_number_does_not_wait_long_for_another_thread(
    history: History, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("engine.history.history.NUMBER_SECONDS", 0.05)
    inside, leave = threading.Event(), threading.Event()

    def write() -> None:
        with history._file.writing():
            inside.set()
            assert leave.wait(30)

    writer = threading.Thread(target=write)
    writer.start()
    assert inside.wait(30)
    with pytest.raises(HistoryError, match="locked"):
        history.new_id()
    leave.set()
    writer.join(30)
    assert history.new_id() == 1


def test_without_locks_between_processes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import errno

    from engine import file_lock

    def refuses(*_: object) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    with monkeypatch.context() as patch:
        patch.setattr(file_lock.fcntl, "flock", refuses)
        history = History(tmp_path)
        assert history.new_id() == 1
        history.close()
    monkeypatch.setattr(file_lock, "fcntl", None)
    history = History(tmp_path)
    assert history.new_id() == 2
    history.close()


def test_numbers_and_texts_that_sqlite_cannot_hold(history: History) -> None:
    for question in (
        lambda: history.latest(limit=10**20),
        lambda: history.latest(before=10**20),
        lambda: history.get(10**20),
    ):
        with pytest.raises(HistoryError, match="cannot hold or find that"):
            question()
    odd = replace(record(history, 1), created_at="\udce9")
    with pytest.raises(HistoryError, match="cannot hold or find that"):
        history.add(odd)
    history.add(record(history, 1))
    with sqlite3.connect(history.path) as db:  # a row of somebody else's
        huge = json.dumps(record(history, 1).to_json()).replace('"seed": 0', '"seed": 1e999')
        db.execute("UPDATE runs SET record = ?", (huge,))
    db.close()
    assert history.latest() == ()


# For reading only


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_nothing_to_read(tmp_path: Path) -> None:
    for folder in (tmp_path / "no" / "folder", tmp_path):
        past = History(folder, read_only=True)
        assert (past.latest(), past.get(1), past.count()) == ((), None, 0)
        past.close()
    assert names(tmp_path) == []
    (tmp_path / FILE).touch()  # a history that is just being made
    past = History(tmp_path, read_only=True)
    assert (past.latest(), past.count()) == ((), 0)


@pytest.mark.parametrize("writable", [True, False])
def test_reading_changes_nothing(tmp_path: Path, writable: bool) -> None:
    history = History(tmp_path)
    history.add(record(history, 1))
    history.close()
    before = names(tmp_path)
    if not writable:
        tmp_path.chmod(0o555)
    past = History(tmp_path, read_only=True)
    assert past.latest() == (record(past, 1),)
    assert past.get(1) == record(past, 1)
    assert past.count() == 1
    with pytest.raises(HistoryError, match="opened for reading only"):
        past.new_id()
    with pytest.raises(HistoryError, match="opened for reading only"):
        past.add(record(past, 2))
    past.close()
    tmp_path.chmod(0o755)
    assert names(tmp_path) == before


def test_reading_what_is_being_written(history: History) -> None:
    """The newest rows are in the log beside the file, until the writer closes."""
    past = History(history.folder, read_only=True)
    for number in (1, 2, 3):
        history.add(record(history, number))
        assert past.count() == number
    history.close()
    assert past.count() == 3
    past.close()


def test_reading_damage(tmp_path: Path) -> None:
    (tmp_path / FILE).write_text("hello " * 1000)
    with pytest.raises(HistoryError, match="damaged or not a history"):
        History(tmp_path, read_only=True).count()
    (tmp_path / FILE).unlink()
    test_of_a_newer_version(tmp_path)
    with pytest.raises(HistoryError, match="newer Safelight"):
        History(tmp_path, read_only=True).latest()


def test_a_file_where_the_folder_should_be(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("")
    with pytest.raises(HistoryError):
        History(tmp_path / "data")


def test_full_disk(history: History) -> None:
    """SQLite's own limit on the size of the file stands in for the disk's."""
    db = history._file._open_db()
    pages = db.execute("PRAGMA page_count").fetchone()[0]
    db.execute(f"PRAGMA max_page_count = {pages}")
    numbers = iter(range(1, 200))

    def fill() -> None:
        for number in numbers:
            history.add(record(history, number))

    with pytest.raises(HistoryError, match="disk is full"):
        fill()
    assert history.count() == next(numbers) - 2
    db.execute("PRAGMA max_page_count = 100000")
    history.add(record(history, 1000))
    assert history.latest(1)[0].id == 1000


def test_killed_at_any_moment(tmp_path: Path) -> None:
    """What was acknowledged is there after kill -9: the row, and its picture, whole."""
    code = """
import sys
from pathlib import Path
from PIL import Image
from engine.history import History
from engine.pictures.save import save_image
from engine.record import ImageRecord, RunRecord, Status
from engine.spec import RunSpec
history = History(Path(sys.argv[1]))
while True:
    number = history.new_id()
    path = save_image(
        Image.new("RGB", (64, 64), (number % 255, 0, 0)),
        history.folder / "images" / f"{number}.png",
        {"seed": number},
    )
    images = (ImageRecord(str(path), number, 64, 64),)
    history.add(RunRecord(number, Status.FINISHED, RunSpec("a"), "2026-01-31", images))
    print(number, flush=True)
"""
    acknowledged = 0
    for goal in (3, 11, 4):
        writer = subprocess.Popen(
            [sys.executable, "-c", code, str(tmp_path)], stdout=subprocess.PIPE, text=True
        )
        assert writer.stdout is not None
        for _ in range(goal):
            acknowledged = int(writer.stdout.readline())
        writer.kill()
        acknowledged = max([acknowledged, *map(int, writer.stdout.read().split())])
        writer.wait()
        history = History(tmp_path)
        kept = history.latest(1000)
        assert kept[0].id >= acknowledged
        for record in kept:
            image = record.images[0]
            assert load_image(Path(image.path)).getpixel((0, 0)) == (record.id % 255, 0, 0)
            assert read_metadata(Path(image.path)) == {"seed": record.id}
        history.close()
    assert len(kept) >= 18
