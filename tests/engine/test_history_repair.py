"""Damage: the old file is set aside, and the runs come back from it and from the pictures."""

from __future__ import annotations

import json
import random
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from engine.errors import DamagedHistory, HistoryError
from engine.history import FILE, History, parse_query, schema
from engine.history import repair as repairs
from engine.history.file import HistoryFile
from engine.history.repair import rebuild
from engine.pictures.records import metadata_of
from engine.pictures.save import save_image
from engine.spec import RunSpec
from tests.engine.histories import fill, record_of

RUNS = 40


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A history with pictures, marks and a queue, which nobody has open."""
    folder = tmp_path_factory.mktemp("sound")
    fill(folder, RUNS)
    history = History(folder)
    history.marks.rate([1, 5], 4)
    history.marks.tag([2], ["keep"])
    history.marks.note([3], "a note")
    history.trash.put([4])
    history.close()
    return folder


@pytest.fixture
def folder(sound: Path, tmp_path: Path) -> Path:
    """A copy of it, to break."""
    copy = tmp_path / "copy"
    shutil.copytree(sound, copy)
    shutil.rmtree(copy / "alive", ignore_errors=True)
    return copy


def all_runs(history: History) -> set[int]:
    here = {entry.id for entry in history.search.page(parse_query(""), 1000).entries}
    return here | {entry.id for entry in history.search.page(parse_query("in:trash"), 1000).entries}


def asides(folder: Path) -> list[Path]:
    return sorted(path for path in folder.glob("history-damaged-*.sqlite3"))


@pytest.mark.parametrize(
    "damage",
    [
        lambda path: path.write_bytes(b""),
        lambda path: path.write_bytes(path.read_bytes()[: path.stat().st_size // 2]),
        lambda path: path.write_bytes(path.read_bytes()[:100]),
        lambda path: path.write_bytes(b"\0" * path.stat().st_size),
        lambda path: path.write_text("no database " * 999),
        lambda path: path.unlink(),
    ],
    ids=["empty", "half", "head", "zeros", "text", "gone"],
)
def test_all_runs_are_back_from_their_pictures(folder: Path, damage: Callable[[Path], Any]) -> None:
    damage(folder / FILE)
    damaged = (folder / FILE).read_bytes() if (folder / FILE).exists() else b""
    history = History(folder)
    assert history.repaired
    assert len(all_runs(history)) == RUNS
    record = history.get(7)
    assert record is not None
    assert record.spec.prompt == "a red sun"
    assert Path(record.images[0].path).is_file()
    assert history.new_id() > RUNS
    if damaged:
        assert asides(folder)[-1].read_bytes() == damaged
        assert asides(folder)[-1].name in history.repaired
    history.close()
    again = History(folder)
    assert not again.repaired
    again.close()


def test_what_was_said_of_runs_is_taken_from_the_old_file(folder: Path) -> None:
    history = History(folder)
    history.queue.add(RunSpec("waits"))
    history.close()
    done = rebuild(folder)
    assert (done.rows, done.pictures) == (RUNS, 0)
    assert str(done) == (
        f"{RUNS} runs are back, 0 from pictures; the old file is kept as {done.kept}."
    )
    history = History(folder)
    entries = {run: history.entry(run) for run in (1, 2, 3, 4)}
    assert all(entries.values())
    assert [getattr(entries[1], "rating", 0), getattr(entries[3], "note", "")] == [4, "a note"]
    assert getattr(entries[2], "tags", ()) == ("keep",)
    assert getattr(entries[4], "trashed_at", "")
    assert [q.spec.prompt for q in history.queue.take_over().waiting] == ["waits"]
    history.close()


def used(history: History) -> tuple[set[int], bool]:
    """The runs that are found, and whether using the history told of damage."""
    found: set[int] = set()
    try:
        found = all_runs(history)
        for text in ("sun", "tag:keep", "sort:time", "switch:compile", "checkpoint:scenes"):
            history.search.page(parse_query(text), 50)
            history.search.count(parse_query(text))
        history.marks.rate([max(found)], 3)
        history.add(record_of(history.new_id()))
    except DamagedHistory:
        return found, True
    return found, False


@pytest.mark.parametrize("seed", range(12))
def test_a_flipped_byte(folder: Path, seed: int) -> None:
    """Wherever it is: no traceback, the damaged file kept, and the runs are there."""
    path = folder / FILE
    content = bytearray(path.read_bytes())
    at = random.Random(seed).randrange(len(content))
    content[at] ^= 0xFF
    path.write_bytes(content)
    history = History(folder)
    found, damaged = used(history)
    if damaged:  # found only now: opening it again repairs it
        history.close()
        history = History(folder)
        assert history.repaired
        found, damaged = used(history)
        assert not damaged
    if history.repaired:
        assert len(asides(folder)) == 1
    history.close()
    assert len(found) >= RUNS * 0.97


def test_an_index_of_words_that_is_damaged_is_found(folder: Path) -> None:
    with sqlite3.connect(folder / FILE) as db:
        db.execute("UPDATE words_data SET block = x'00' WHERE id > 1000")
    db.close()
    history = History(folder)
    assert len(history.search.page(parse_query("sun"), 100).entries) >= RUNS - 1
    history.close()


def test_not_while_another_safelight_has_it_open(folder: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from engine.history import History\n"
        "h = History(Path(sys.argv[1])); print(flush=True); sys.stdin.read(); h.close()"
    )
    other = subprocess.Popen(
        [sys.executable, "-c", code, str(folder)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert other.stdout is not None
    assert other.stdout.readline()
    with pytest.raises(HistoryError, match="Another Safelight has"):
        rebuild(folder)
    assert asides(folder) == []
    other.communicate()
    assert rebuild(folder).rows == RUNS


def test_a_rebuild_that_fails_leaves_the_old_file(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = (folder / FILE).read_bytes()

    def full(*_: object, **__: object) -> list[Any]:
        raise HistoryError("The disk is full.")

    with monkeypatch.context() as patch:
        patch.setattr(repairs, "runs_in", full)
        with pytest.raises(HistoryError, match="disk is full"):
            rebuild(folder)
    assert asides(folder) == []
    assert (folder / FILE).read_bytes() == before
    history = History(folder)
    assert len(all_runs(history)) == RUNS
    history.close()


CUT_OFF = """
import os, signal, sys
from pathlib import Path
from engine.history import repair
stop, seen = int(sys.argv[2]), 0
def step(work):
    def counted(*arguments, **options):
        global seen
        if seen == stop:
            os.kill(os.getpid(), signal.SIGKILL)
        seen += 1
        return work(*arguments, **options)
    return counted
repair.adopt = step(repair.adopt)
repair.sync_folder = step(repair.sync_folder)
repair.os.link = step(os.link)
Path.replace = step(Path.replace)
repair.rebuild(Path(sys.argv[1]))
print(seen)
"""


def cut_off(folder: Path, at: int) -> str:
    """Rebuild, and die at a step; how many steps there were, when it came to its end."""
    done = subprocess.run(
        [sys.executable, "-c", CUT_OFF, str(folder), str(at)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode in (0, -9), done.stderr
    return done.stdout.strip()


@pytest.mark.parametrize("at", [0, 1, RUNS // 2, *range(RUNS - 1, RUNS + 7)])
@pytest.mark.parametrize("with_pictures", [True, False])
def test_a_rebuild_that_is_killed_loses_nothing(folder: Path, at: int, with_pictures: bool) -> None:
    if not with_pictures:
        shutil.rmtree(folder / "images")
    cut_off(folder, at)
    history = History(folder)
    assert len(all_runs(history)) == RUNS
    entry = history.entry(1)
    assert entry is not None
    assert entry.rating == 4
    assert history.new_id() == RUNS + 1
    assert not list(folder.glob("history-ma*")), "nothing half is left"
    history.close()


def test_the_steps_of_a_rebuild_are_all_among_those(folder: Path) -> None:
    assert int(cut_off(folder, 10**6)) == RUNS + 7


@pytest.mark.parametrize(
    "odd",
    [
        {"run": 2**70},
        {"run": 2**63 - 1},
        {"run": -4},
        {"memory_peak_bytes": 2**70},
        {"seconds": {"total": float("nan")}},
        {"created_at": "\udce9"},
        {"created_at": "today"},
        {"spec": {"prompt": 3}},
    ],
)
def test_one_odd_picture_hinders_nothing(tmp_path: Path, odd: dict[str, Any]) -> None:
    records = fill(tmp_path, 3)
    (tmp_path / FILE).unlink()
    metadata = {**metadata_of(records[0], 0, 8, 8), **odd}
    save_image(Image.new("RGB", (8, 8)), tmp_path / "images" / "000-odd.png", metadata)
    history = History(tmp_path)
    assert {1, 2, 3} <= all_runs(history)
    assert history.new_id() < 10
    history.close()


def test_what_opens_during_a_rebuild_waits_or_is_seen(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A history that is opened meanwhile must not be left with the file that is set aside."""
    others: list[str] = []

    def opening(path: Path) -> str:
        with monkeypatch.context() as patch:
            patch.setattr("engine.history.file.BUSY_SECONDS", 0.05)
            try:
                HistoryFile(path.parent).close()
            except HistoryError as error:
                others.append(str(error))
        return set_aside(path)

    set_aside = repairs._set_aside
    monkeypatch.setattr(repairs, "_set_aside", opening)
    rebuild(folder)
    assert len(others) == 1
    assert "is locked by another program" in others[0]


def test_a_reader_says_what_to_do(folder: Path) -> None:
    (folder / FILE).write_text("no database " * 999)
    with pytest.raises(DamagedHistory, match="`safelight history rebuild`"):
        History(folder, read_only=True).count()


# Older files


def of_version_1(folder: Path) -> list[tuple[Any, ...]]:
    """A history as the first version made it; its rows."""
    folder.mkdir(parents=True)
    db = sqlite3.connect(folder / FILE)
    for statement in schema.MIGRATIONS[0]:
        db.execute(statement)
    db.execute("PRAGMA user_version = 1")
    for number in (1, 2, 3):
        record = record_of(number, RunSpec(f"scene {number}", switches={"precision": "fp16"}))
        spec = record.spec
        row = (
            *(number, "finished", record.created_at, spec.checkpoint, spec.prompt, ""),
            *(spec.seed, spec.scheduler, 20, 4.0, 64, 64, 1, 1.5, 10**9),
            json.dumps(record.to_json()),
        )
        db.execute(f"INSERT INTO runs VALUES ({', '.join('?' * len(row))})", row)
        db.execute("INSERT INTO run_ids DEFAULT VALUES")
    db.commit()
    rows = db.execute("SELECT * FROM runs").fetchall()
    db.close()
    return rows


def of_version(folder: Path, version: int) -> list[tuple[Any, ...]]:
    """A history as an older version left it; its rows. Version 0 has none."""
    if not version:
        return []
    rows = of_version_1(folder)
    if version > 1:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(schema, "MIGRATIONS", schema.MIGRATIONS[:version])
            HistoryFile(folder).close()
        db = sqlite3.connect(folder / FILE)
        rows = db.execute("SELECT * FROM runs").fetchall()
        db.close()
    return rows


def test_an_older_history_is_brought_up_to_date_and_kept_beside(tmp_path: Path) -> None:
    folder = tmp_path / "old"
    rows = of_version_1(folder)
    with pytest.raises(HistoryError, match="made by an older Safelight"):
        History(folder, read_only=True).count()
    history = History(folder)
    entry = history.entry(2)
    assert entry is not None
    assert (entry.record.spec.prompt, entry.rating) == ("scene 2", 0)
    assert entry.uid == getattr(History(folder, read_only=True).by_uid(entry.uid), "uid", "")
    assert [e.id for e in history.search.page(parse_query("scene sort:speed"), 9).entries] == [
        3,
        2,
        1,
    ]
    assert history.search.values("switch") == ("precision=fp16",)
    assert history.new_id() == 4
    history.close()
    copy = sqlite3.connect(folder / "history-v1.sqlite3")
    assert copy.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    assert copy.execute("PRAGMA user_version").fetchone() == (1,)
    assert copy.execute("SELECT * FROM runs").fetchall() == rows
    copy.close()


STATEMENTS = [(v, i) for v, each in enumerate(schema.MIGRATIONS) for i in range(len(each) + 1)]


@pytest.mark.parametrize(("version", "at"), STATEMENTS)
def test_a_migration_cut_short_at_any_statement(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, version: int, at: int
) -> None:
    """By a failing statement, at each place: the old data is there, and opens the next time."""
    folder = tmp_path / "old"
    rows = of_version(folder, version)
    broken = [list(each) for each in schema.MIGRATIONS]
    broken[version].insert(at, "INSERT INTO nowhere VALUES (1)")
    with monkeypatch.context() as patch:
        patch.setattr(schema, "MIGRATIONS", tuple(map(tuple, broken)))
        with pytest.raises(HistoryError, match="nowhere"):
            History(folder)
    db = sqlite3.connect(folder / FILE)
    assert db.execute("PRAGMA user_version").fetchone() == (version,)
    if version:
        assert db.execute("SELECT * FROM runs").fetchall() == rows
    db.close()
    history = History(folder)
    assert history.count() == len(rows)
    history.close()


KILLED = """
import os, signal, sys
from pathlib import Path
from engine.history import schema, History
stop, seen = int(sys.argv[2]), 0
class Watched(tuple):
    def __iter__(self):
        global seen
        for item in tuple.__iter__(self):
            if seen == stop:
                os.kill(os.getpid(), signal.SIGKILL)
            seen += 1
            yield item
schema.MIGRATIONS = tuple(Watched(each) for each in schema.MIGRATIONS)
History(Path(sys.argv[1])).close()
"""


LAST = sum(map(len, schema.MIGRATIONS[1:])) - 1


@pytest.mark.parametrize("at", [0, 1, 7, 20, LAST - 3, LAST])
def test_a_migration_killed_at_a_statement(tmp_path: Path, at: int) -> None:
    folder = tmp_path / "old"
    of_version_1(folder)
    done = subprocess.run([sys.executable, "-c", KILLED, str(folder), str(at)], check=False)
    assert done.returncode == -9
    history = History(folder)
    assert [record.id for record in history.latest()] == [3, 2, 1]
    history.close()


def test_without_room_for_the_copy_nothing_is_changed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "old"
    of_version_1(folder)
    before = (folder / FILE).read_bytes()

    def full(_: Path) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(schema, "sync_file", full)
        with pytest.raises(HistoryError, match="not changed without that copy"):
            History(folder)
    assert sorted(path.name for path in folder.glob("*.sqlite3*")) == [FILE, FILE + ".lock"]
    db = sqlite3.connect(folder / FILE)
    assert db.execute("PRAGMA user_version").fetchone() == (1,)
    db.close()
    assert len((folder / FILE).read_bytes()) == len(before)
    History(folder).close()
