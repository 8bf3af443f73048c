"""Sweeps: planned, begun, watched, paused, stopped, resumed, and their cells opened."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, closing
from dataclasses import replace
from pathlib import Path

import pytest
from textual.events import Key

from engine.events import MemorySampled
from engine.group import Group, Kind
from engine.history import History
from engine.ladder.request import Ladder
from engine.record import Status
from engine.spec import RunSpec
from engine.sweep import Sweep, parse_sweep
from tests.tui.conftest import Open, Session
from tests.tui.scripted import CREATED, ScriptedLab, record_of
from tui.screens.sweep.screen import SweepScreen
from tui.widgets.axis_line import AxisLine

PROMPT = "a red sun over blue mountains, orange sky, birds"
OpenSweep = Callable[..., AbstractAsyncContextManager[Session]]


@pytest.fixture
def history(tmp_path: Path) -> History:
    return History(tmp_path / "kept")


@pytest.fixture
def open_sweeps(open_app: Open, history: History) -> OpenSweep:
    @asynccontextmanager
    async def opened(size: tuple[int, int] = (80, 24)) -> AsyncIterator[Session]:
        async with open_app(ScriptedLab(kept=history), size=size) as s:
            s.engine.loaded()
            yield s
        history.close()

    return opened


async def plan(s: Session, *axes: str) -> None:
    await s.press("shift+f9")
    for number, axis in enumerate(axes):
        if number:
            await s.press("down")
        await s.type(axis)


async def begin(s: Session, *axes: str) -> None:
    await plan(s, *axes)
    await s.press("enter")


async def done(s: Session, cells: int) -> None:
    for _ in range(cells):
        s.engine.begin()
        s.engine.finish()
        await s.settle()


def kept(history: History, *axes: str, finished: int = 0) -> Sweep:
    """A sweep in the history, of which so many cells are finished."""
    sweep = parse_sweep(axes, RunSpec(PROMPT, seed=7))
    history.groups.add(Group("abc234", Kind.SWEEP, CREATED, sweep.title, sweep.to_json()))
    for cell in sweep.cells()[:finished]:
        assert cell.spec is not None
        record = record_of(history.new_id(), cell.spec)
        seconds = replace(record.seconds, load=9.0, total=9.52)  # a cell says what it took itself
        history.add(replace(record, group="abc234", cell=cell.index, seconds=seconds))
    return sweep


async def test_it_says_what_it_will_be_and_what_is_wrong(open_sweeps: OpenSweep) -> None:
    async with open_sweeps() as s:
        await s.press("shift+f9", "enter")
        assert "Type an axis, such as steps=20,30,50." in s.seen()
        await s.press("escape")
        await plan(s, "steps=10,20,30", "guidance=2,4")
        assert "6 runs" in s.seen()
        assert "Whether it fits is not known yet." in s.seen()
        await s.type(",x")
        await s.press("enter")
        assert "6 runs" not in s.seen()
        assert s.seen().count("“x”") == 2, s.seen()
        assert not s.engine.submitted
        await s.press("backspace", "backspace", "down")
        await s.type("st")
        assert "Axes · 6 runs" in s.seen(), "also while another line is being typed"
        await s.type("ps=1,2")
        await s.press("up")
        assert "Did you mean “steps”?" in s.seen()


async def test_names_and_values_are_offered(open_sweeps: OpenSweep) -> None:
    async with open_sweeps() as s:
        await plan(s, "sche")
        await s.press("tab")
        await s.type("dd")
        assert "DDIM" in s.seen()
        await s.press("tab")
        await s.type(",eul")
        await s.press("down", "enter", "enter")
        assert [spec.scheduler for spec in s.engine.submitted] == ["DDIM", "Euler"]


async def test_keys_that_arrive_together_are_obeyed_in_their_order(
    open_sweeps: OpenSweep,
) -> None:
    async with open_sweeps() as s:
        await s.press("shift+f9")
        for key in (*"seed=3,4", "down", *"pre", "tab", *"b", "tab"):
            s.app.post_message(Key(key, key if len(key) == 1 else None))
        await s.settle()
        lines = [line.text for line in s.app.screen.query(AxisLine)]
        assert lines == ["seed=3,4", "precision=bf16", ""]


async def test_a_word_of_the_prompt_is_replaced(open_sweeps: OpenSweep) -> None:
    async with open_sweeps() as s:
        await plan(s, "prompt:re")
        await s.press("tab")
        await s.type("green")
        await s.press("enter")
        assert [spec.prompt for spec in s.engine.submitted] == [
            PROMPT,
            PROMPT.replace("red", "green"),
        ]


async def test_the_grid_fills_in(open_sweeps: OpenSweep, history: History) -> None:
    async with open_sweeps() as s:
        await begin(s, "steps=10,20,30", "guidance=2,4")
        (group,) = history.groups.latest(Kind.SWEEP)
        assert set(s.engine.members.values()) == {(group.id, cell) for cell in range(6)}
        assert "Steps (3) x Guidance (2)" in s.seen()
        assert s.seen().count("○ waits") == 6
        await done(s, 2)
        s.engine.begin()
        s.engine.step(15)
        await s.settle()
        assert s.seen().count("✓ 0.52 s") == 2
        assert "● 50%" in s.seen()
        assert "▀" in s.seen()
        assert "cells 2/6" in " ".join(s.seen().split())
        assert "3 waiting · 2.60 s to go" in s.seen(), "75 steps, as 30 took 1.04 s"
        assert "Guidance ↓ Steps →" in s.seen()


async def test_what_fails_says_why_and_is_tried_again(open_sweeps: OpenSweep) -> None:
    async with open_sweeps() as s:
        await begin(s, "steps=10,20,30")
        await done(s, 1)
        s.engine.begin()
        s.engine.fail("Not enough memory.")
        await s.settle()
        assert not s.told(), "a sweep of many cells would fill the screen with these"
        await done(s, 1)
        assert "1 failed: R tries them again" in s.seen()
        await s.press("right")
        assert "Steps 20" in s.seen()
        assert "Not enough memory." in s.seen()
        await s.press("R")
        assert [spec.num_inference_steps for spec in s.engine.submitted] == [10, 20, 30, 20]
        await done(s, 1)
        assert "All 3 are done" in s.seen()


async def test_what_may_not_fit_is_asked_once(open_app: Open, history: History) -> None:
    known = record_of(history.new_id(), RunSpec(PROMPT, seed=7))
    history.add(replace(known, memory_peak_bytes=20 * 2**30))
    async with open_app(ScriptedLab(kept=history), size=(80, 24)) as s:
        s.engine.loaded()
        s.engine.emit(MemorySampled("rss", 0, 0, 10 * 2**30, 16 * 2**30))
        await s.settle()
        await begin(s, "seed=7,8")
        assert "2 runs may not fit: " in s.seen()
        await s.press("escape")
        assert s.at_studio()
        assert not s.engine.submitted
        await s.press("shift+f9", "enter", "enter")
        assert len(s.engine.submitted) == 2
        assert "2 waiting · 1.04 s to go" in s.seen(), "as was foretold"
    history.close()


async def test_impossible_cells_say_why_and_the_others_go_on(open_sweeps: OpenSweep) -> None:
    async with open_sweeps() as s:
        await plan(s, "steps=10,0,30")
        assert "2 runs" in s.seen()
        assert "1 cell" in s.seen()
        await s.press("enter", "right")
        assert len(s.engine.submitted) == 2
        assert "Cannot be: " in s.seen()
        assert s.seen().count("cannot be") == 1
        assert "· cannot" not in s.seen()
        assert "Steps must be" in s.seen()
        await done(s, 2)
        assert "All 2 are done" in s.seen()


async def test_it_is_paused_stopped_and_goes_on_with_the_rest(open_sweeps: OpenSweep) -> None:
    async with open_sweeps() as s:
        await begin(s, "steps=10,20,30,40")
        await done(s, 1)
        await s.press("p")
        assert "paused: p goes on" in s.seen()
        await s.press("r")
        assert "The cells that are left wait in the queue. It goes on." in s.told()
        assert "paused" not in s.seen()
        s.app.room.study(Ladder(RunSpec("a red sun")))
        s.engine.begin_study()
        await s.settle()
        assert "3 waiting for the ladder" in s.seen()
        s.engine.end_study()
        s.engine.begin()
        await s.press("x")
        assert not s.engine.busy
        assert "1 of 4 are done" in s.seen()
        assert "3 left: r goes on" in s.seen()
        await s.press("r")
        assert [spec.num_inference_steps for spec in s.engine.submitted[4:]] == [20, 30, 40]


async def test_pages_of_a_third_axis(open_sweeps: OpenSweep) -> None:
    async with open_sweeps((120, 40)) as s:
        await begin(s, "steps=10,20", "guidance=2,4", "scheduler=DDIM,Euler")
        assert "Scheduler: DDIM (1 of 2)" in s.seen()
        heads = s.seen().splitlines()[3]
        assert heads.index("20") - heads.index("10") > 24, "what room there is, is used"
        await s.press("right", "down", "tab")
        assert "Scheduler: Euler (2 of 2)" in s.seen()
        assert "Steps 20 · Guidance 4 · Scheduler Euler" in s.seen()
        await s.press("tab")
        assert "(1 of 2)" in s.seen()


async def test_wide_grids_follow_the_cursor(open_sweeps: OpenSweep) -> None:
    async with open_sweeps() as s:
        await begin(s, "steps=1..12", "guidance=2,4")
        assert "›" in s.seen()
        await s.press(*["right"] * 11)
        heads = s.seen().splitlines()[3].split()
        assert heads[1] != "1"
        assert heads[-2] == "12"
        assert "Steps 12 · Guidance 2" in s.seen()
        await s.press("v")  # a line a cell
        assert "Steps 12 · Guidance 2" in s.seen()


async def test_cells_are_compared_and_the_grid_is_written(
    open_sweeps: OpenSweep, tmp_path: Path
) -> None:
    async with open_sweeps() as s:
        await begin(s, "steps=10,20,30")
        await done(s, 3)
        await s.press("c")
        assert "Mark the cells to be compared" in s.told()
        await s.press("space", "right", "right", "c")
        assert type(s.app.screen).__name__ == "CompareScreen"
        assert "#1" in s.seen()
        assert "#3" in s.seen()
        await s.press("escape", "s", "ctrl+u")
        await s.type(str(tmp_path / "g.html"))
        await s.press("enter")
        assert "<table" in (tmp_path / "g.html").read_text(encoding="utf-8")
        await s.press("s", "ctrl+u")
        await s.type(str(tmp_path / "g.html"))
        await s.press("enter")
        assert "is there already" in s.seen()


async def test_it_goes_on_when_nobody_looks(open_sweeps: OpenSweep) -> None:
    async with open_sweeps() as s:
        await begin(s, "steps=10,20,30")
        await s.press("escape")
        assert s.at_studio()
        await done(s, 2)
        await s.press("shift+f9", "down", "down", "down", "enter")
        assert s.seen().count("✓ 0.52 s") == 2
        await s.press("end", "enter")
        assert "no run of this cell" in s.told()
        await done(s, 1)
        assert "All 3 are done" in s.seen()
        await s.press("left", "enter")
        assert s.at_studio()
        assert s.studio.spec_form.values["num_inference_steps"] == "20"


async def test_one_that_a_crash_cut_off_goes_on(open_sweeps: OpenSweep, history: History) -> None:
    sweep = kept(history, "steps=10,20,30", "guidance=2,4", finished=4)
    spec = sweep.cells()[4].spec
    assert spec is not None
    record = record_of(history.new_id(), spec, Status.INTERRUPTED)
    history.add(replace(record, group="abc234", cell=4))
    async with open_sweeps() as s:
        await s.press("shift+f9")
        assert "4 of 6" in s.seen()
        await s.press("down", "down", "down", "enter")
        assert "4 of 6 are done" in s.seen()
        assert "– stopped" in s.seen()
        assert not s.engine.submitted, "nothing is begun unasked"
        await s.press("r")
        assert sorted(s.engine.members.values()) == [("abc234", 4), ("abc234", 5)]
        await done(s, 2)
        assert "All 6 are done" in s.seen()


async def test_it_goes_on_in_the_order_that_costs_least(
    open_sweeps: OpenSweep, history: History
) -> None:
    kept(history, "precision=fp32,bf16", "steps=10,20,30", finished=1)
    async with open_sweeps() as s:
        await s.press("shift+f9", "down", "down", "down", "enter", "r")
        asked = [spec.switches.get("precision") for spec in s.engine.submitted]
        assert sorted(asked, key=asked.index) == asked  # all of one, then all of the other
        assert len(asked) == 5


async def test_another_safelight_makes_the_cells(open_app: Open, history: History) -> None:
    """And what its prompts hold is shown, not obeyed."""
    sweep = kept(history, "prompt:red=red,[/],\x1b]0;x", "steps=10,20", "seed=1,2", finished=1)
    async with open_app(ScriptedLab(kept=history), size=(80, 24)) as s:
        await s.press("shift+f9", "down", "down", "down", "enter")
        screen = s.app.screen
        assert isinstance(screen, SweepScreen)
        assert s.seen().count("✓ 0.52 s") == 1
        assert "0.52 s · 9.00 s before that" in s.seen()
        screen.look_for_others()
        await s.settle()
        with closing(History(history.folder)) as other:
            cell = sweep.cells()[1]
            assert cell.spec is not None
            record = record_of(other.new_id(), cell.spec)
            other.add(replace(record, group="abc234", cell=1))
        screen.look_for_others()
        await s.settle()
        assert s.seen().count("✓ 0.52 s") == 2
        await s.press("right", "right")
        assert "␛]0;x" in s.seen()
        assert not s.engine.submitted
    history.close()


async def test_without_a_history_it_says_so(open_app: Open) -> None:
    async with open_app(size=(80, 24)) as s:
        await begin(s, "steps=10,20")
        assert "There is no history here." in s.told()
        assert s.at_studio()
        await s.press("shift+f9")
        assert "steps=10,20" in s.seen(), "what was typed is still there"
