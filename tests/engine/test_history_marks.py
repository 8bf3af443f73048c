"""What the user says of runs, and the trash."""

from __future__ import annotations

import threading
from contextlib import suppress
from pathlib import Path

import pytest

from engine.errors import HistoryError
from engine.history import Entry, History
from engine.history.trash import Trash
from engine.record import ImageRecord
from tests.engine.histories import fill, record_of


def entry(history: History, run: int) -> Entry:
    found = history.entry(run)
    assert found is not None
    return found


@pytest.fixture
def runs(tmp_path: Path) -> History:
    fill(tmp_path, 4)
    return History(tmp_path)


def test_marks_are_kept(runs: History) -> None:
    runs.marks.rate([1, 2], 4)
    runs.marks.win([2])
    runs.marks.tag([1, 2, 3], ["keep", " #Sky "])
    runs.marks.tag([1], ["KEEP"])
    runs.marks.note([3], "  the one for the poster\n")
    runs.marks.untag([2], ["keep", "nothing"])
    runs.close()
    again = History(runs.folder)
    assert (entry(again, 1).rating, entry(again, 1).tags) == (4, ("keep", "Sky"))
    assert (entry(again, 2).winner, entry(again, 2).tags) == (True, ("Sky",))
    assert entry(again, 3).note == "the one for the poster"
    assert entry(again, 4) == Entry(entry(again, 4).record, uid=entry(again, 4).uid)
    again.marks.rate([1], 0)
    again.marks.win([2], winner=False)
    assert (entry(again, 1).rating, entry(again, 2).winner) == (0, False)
    again.close()


def test_slips(runs: History) -> None:
    with pytest.raises(HistoryError, match="from 0 to 5"):
        runs.marks.rate([1], 6)
    for tag in ("two words", "", "#", "a:b", "x" * 41, "tab\tbed", 'quo"te'):
        with pytest.raises(HistoryError, match="A tag is one word"):
            runs.marks.tag([1], [tag])
    with pytest.raises(HistoryError, match="2,000 characters at most"):
        runs.marks.note([1], "x" * 2001)
    with pytest.raises(HistoryError, match="There is no run #99"):
        runs.marks.rate([1, 99], 3)
    with pytest.raises(HistoryError, match="There is no run #99"):
        runs.marks.tag([99], ["a"])
    with pytest.raises(HistoryError, match="There is no run #99"):
        runs.marks.note([99], "a")
    assert entry(runs, 1).rating == 0, "all of them or none"
    with pytest.raises(HistoryError, match="reading only"):
        History(runs.folder, read_only=True).marks.rate([1], 1)


def test_the_trash_can_be_undone(runs: History) -> None:
    before = [entry(runs, run) for run in (1, 2, 3, 4)]
    runs.marks.rate([2], 5)
    runs.trash.put([2, 3, 99])
    assert (runs.count(), runs.trash.count()) == (2, 2)
    assert [record.id for record in runs.latest()] == [4, 1]
    assert entry(runs, 2).trashed_at
    assert all(Path(e.record.images[0].path).is_file() for e in before)
    runs.trash.take_back([2, 3])
    assert runs.count() == 4
    assert entry(runs, 3) == before[2]
    assert entry(runs, 2).rating == 5


def test_emptying_the_trash_deletes_rows_and_pictures(runs: History) -> None:
    pictures = [Path(entry(runs, run).record.images[0].path) for run in (1, 2, 3, 4)]
    size = pictures[0].stat().st_size + pictures[1].stat().st_size
    runs.marks.tag([1], ["gone"])
    runs.trash.put([1, 2])
    assert runs.trash.empty() == (2, size)
    assert [path.exists() for path in pictures] == [False, False, True, True]
    assert runs.entry(1) is None
    assert runs.search.values("tag") == ()
    assert runs.trash.empty() == (0, 0)
    assert runs.new_id() == 5, "a number is never given twice"
    runs.trash.put([3, 4])
    runs.trash.empty()
    assert not pictures[2].parent.exists(), "nor the folder of a day without pictures"


def test_pictures_elsewhere_are_not_ours_to_delete(runs: History, tmp_path: Path) -> None:
    theirs = tmp_path / "theirs.png"
    theirs.write_text("theirs")
    link = runs.folder / "images" / "out"
    link.symlink_to(tmp_path)
    climbing = str(runs.folder / "images" / ".." / "theirs.png")
    for number, path in enumerate((str(theirs), climbing, str(link / "theirs.png")), 5):
        images = (ImageRecord(path, 0, 8, 8),)
        runs.add(record_of(number, images=images))
    runs.trash.put([5, 6, 7])
    assert runs.trash.empty() == (3, 0)
    assert theirs.read_text() == "theirs"


def test_a_picture_that_cannot_be_deleted_keeps_its_run(
    runs: History, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    runs.trash.put([1, 2])
    with monkeypatch.context() as patch:
        patch.setattr(Path, "unlink", refuse)
        with pytest.raises(HistoryError, match="could not be deleted: Permission denied"):
            runs.trash.empty()
    assert runs.trash.count() == 2
    assert runs.trash.empty()[0] == 2


def test_a_run_that_is_taken_back_meanwhile_keeps_its_picture(
    runs: History, monkeypatch: pytest.MonkeyPatch
) -> None:
    pictures = {run: Path(entry(runs, run).record.images[0].path) for run in (1, 2)}
    runs.trash.put([1, 2])
    other, delete = History(runs.folder), Trash._delete

    def taking_back(self: Trash, picture: Path) -> int:
        if picture == pictures[1]:
            waiting.start()  # it has to wait: for one run, all happens at once
        return delete(self, picture)

    def take_back() -> None:
        with suppress(HistoryError):  # it came too late
            other.trash.take_back([2])

    waiting = threading.Thread(target=take_back)
    monkeypatch.setattr(Trash, "_delete", taking_back)
    done, _ = runs.trash.empty()
    waiting.join(30)
    there = runs.entry(2) is not None
    assert done == (1 if there else 2)
    assert pictures[2].exists() == there
    other.close()


def test_what_is_gone_cannot_be_taken_back(runs: History) -> None:
    runs.trash.put([1, 2])
    runs.trash.empty()
    runs.trash.put([3])
    with pytest.raises(HistoryError, match="#2 was deleted for good"):
        runs.trash.take_back([3, 2])
    assert runs.trash.count() == 1, "all of them or none"


def test_a_run_from_elsewhere_is_kept_once(runs: History, tmp_path: Path) -> None:
    there = tmp_path / "there"
    fill(there, 2, pictures=False)
    other = History(there)
    other.marks.rate([2], 3)
    found = entry(other, 2)
    assert runs.adopt(found) is None, "made of the same spec, at the same time, under that number"
    odd = Entry(record_of(2, created_at="2020-02-02T00:00:00.000Z"), rating=3, tags=("old",))
    assert runs.adopt(odd) == 5
    assert runs.adopt(odd) is None
    kept = entry(runs, 5)
    assert (kept.record.created_at, kept.rating, kept.tags) == (
        "2020-02-02T00:00:00.000Z",
        3,
        ("old",),
    )
    runs.trash.put([5])
    assert runs.adopt(odd) is None, "also from the trash"
    assert runs.by_uid(kept.uid) is not None
    other.close()


def test_what_another_safelight_writes_is_noticed(runs: History) -> None:
    other = History(runs.folder)
    before, theirs = runs.version, other.version
    assert runs.version == before
    other.marks.rate([1], 2)
    after = runs.version
    assert after != before
    runs.marks.rate([1], 3)
    assert runs.version == after
    assert other.version != theirs
    other.close()


def test_a_record_in_the_place_of_another(runs: History) -> None:
    runs.marks.rate([2], 4)
    runs.marks.tag([2], ["keep"])
    runs.put(record_of(2, error="odd"))
    runs.put(record_of(9))
    assert (entry(runs, 2).record.error, entry(runs, 2).rating) == ("odd", 4)
    assert entry(runs, 2).tags == ("keep",)
    assert runs.count() == 5
