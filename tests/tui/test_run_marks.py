"""Runs in the studio's list: rated, marked, deleted and taken back; and what others write."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.history import History
from tests.tui.conftest import Open, Session
from tests.tui.kept import history_of, run, said
from tests.tui.scripted import ScriptedLab


@pytest.fixture
def history(tmp_path: Path) -> Iterator[History]:
    kept = history_of(tmp_path / "kept", 6)
    yield kept
    kept.close()


def line(s: Session, number: int) -> str:
    return next(line for line in s.seen().splitlines() if f"#{number} " in line)


def ids(s: Session) -> list[int]:
    return [row.id for row in s.studio.runs.rows]


async def at_runs(s: Session) -> None:
    s.studio.runs.focus()
    await s.press("home")


async def test_rating_and_winning(open_app: Open, history: History) -> None:
    async with open_app(ScriptedLab(kept=history)) as s:
        await at_runs(s)
        await s.press("4")
        assert "4★" in line(s, 6)
        assert said(history, 6).rating == 4
        await s.press("m")
        assert "4★◆" in line(s, 6)
        assert said(history, 6).winner
        await s.press("0", "m")
        assert "★" not in line(s, 6)
        assert (said(history, 6).rating, said(history, 6).winner) == (0, False)


async def test_the_trash_and_back(open_app: Open, history: History) -> None:
    async with open_app(ScriptedLab(kept=history)) as s:
        await at_runs(s)
        await s.press("d")
        await s.press("d")
        assert ids(s) == [4, 3, 2, 1]
        assert history.trash.count() == 2
        assert "u takes it back" in s.told()
        await s.press("u")
        assert ids(s) == [5, 4, 3, 2, 1]
        await s.press("u")
        await s.press("u")
        assert ids(s) == [6, 5, 4, 3, 2, 1]
        assert history.trash.count() == 0
        assert "Nothing was deleted here." in s.told()


async def test_what_cannot_be_written_is_told(open_app: Open, history: History) -> None:
    async with open_app(ScriptedLab(kept=history)) as s:
        await at_runs(s)
        history.trash.put([6])
        history.trash.empty()
        await s.press("3")
        assert "There is no run #6." in s.told()


async def test_the_list_follows_what_others_write(open_app: Open, history: History) -> None:
    async with open_app(ScriptedLab(kept=history)) as s:
        s.studio.look_for_others()
        await s.settle()
        other = History(history.folder)
        other.marks.rate([5], 2)
        other.trash.put([4])
        other.add(run(other, other.new_id()))
        s.studio.look_for_others()
        await s.settle()
        await s.settle()
        assert ids(s) == [7, 6, 5, 3, 2, 1]
        assert "2★" in line(s, 5)
        other.close()


async def test_marks_made_on_the_history_screen_are_seen(open_app: Open, history: History) -> None:
    async with open_app(ScriptedLab(kept=history)) as s:
        await s.press("f9")
        await s.press("5")
        await s.press("escape")
        await s.settle()
        assert "5★" in line(s, 6)
