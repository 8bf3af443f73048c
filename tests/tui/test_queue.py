"""The queue in the studio: what waits is shown in its order, and can be changed."""

from __future__ import annotations

from textual.widgets import Static

from engine.errors import HistoryError
from engine.record import Status
from engine.spec import RunSpec
from tests.tui.conftest import Open, Session
from tests.tui.scripted import ScriptedLab, record_of
from tui.widgets.progress import ProgressLines
from tui.widgets.run_table import Row, RunTable


def spec(seed: int) -> RunSpec:
    return RunSpec(f"scene {seed}", seed=seed)


def left_behind() -> ScriptedLab:
    """What a Safelight that was killed leaves: a run that was on, and two that waited."""
    cut_off = record_of(1, spec(1), Status.INTERRUPTED, "Safelight ended while this run was on.")
    return ScriptedLab([cut_off], left=[(2, spec(2)), (3, spec(3))], cut_off=[cut_off])


def said(s: Session) -> str:
    """The messages, also those under a notification."""
    return str(s.studio.query_one("#messages Static", Static).content)


def order(s: Session) -> list[int]:
    return [number for number, _ in s.engine.line]


async def test_a_queue_that_was_left_comes_back_paused(open_app: Open) -> None:
    async with open_app(left_behind()) as s:
        progress = s.studio.query_one(ProgressLines).state
        assert progress.headline == "The queue is paused"
        assert progress.detail == "2 waiting, paused: F5 goes on"
        assert "1 cut off when Safelight ended. 2 waiting, paused: F5 goes on." in s.told()
        assert "cut off" in s.seen()
        assert s.engine.current is None
        await s.press("f5")
        assert not s.engine.queue.paused
        assert "waits 1" in s.seen()
        assert "The queue goes on." in said(s)


async def test_a_safelight_that_ends_later_leaves_its_queue_too(open_app: Open) -> None:
    """After a line that dropped, the old one may still be there when the new one starts."""
    async with open_app() as s:
        await s.press("ctrl+r")
        s.engine.begin()
        cut_off = record_of(7, spec(7), Status.INTERRUPTED, "Safelight ended.")
        s.engine.queue.left = [(8, spec(8)), (9, spec(9))]
        s.engine.queue.cut_off = [cut_off]
        s.app.look_for_others()
        await s.settle()
        await s.settle()
        assert order(s) == [8, 9]
        assert "1 cut off when Safelight ended. 2 waiting, paused: F5 goes on." in s.told()
        assert "#7 was cut off" in said(s)


async def test_a_run_that_is_asked_for_meanwhile_says_that_it_waits(open_app: Open) -> None:
    async with open_app(left_behind()) as s:
        await s.press("ctrl+r")
        assert order(s) == [2, 3, 4]
        assert "The queue is paused. F5 goes on with it." in said(s)


async def test_moving(open_app: Open) -> None:
    async with open_app(left_behind(), size=(120, 40)) as s:
        s.studio.runs.focus()
        await s.press("home")
        assert s.studio.runs.current is not None
        assert s.studio.runs.current.id == 3
        assert "Move" in s.seen()
        await s.press("shift+up")
        assert order(s) == [3, 2]
        assert s.studio.runs.current.id == 3, "the cursor stays on its run"
        await s.press("J")
        assert order(s) == [2, 3]
        await s.press("f5")
        rows = {row.id: row.time for row in s.studio.runs.rows}
        assert (rows[2], rows[3]) == ("waits 1", "waits 2")


async def test_editing_puts_it_back_in_its_place(open_app: Open) -> None:
    async with open_app(left_behind()) as s:
        s.studio.runs.focus()
        await s.press("home", "down")
        await s.press("e")
        assert s.focus() == "prompt"
        assert s.studio.spec_form.values["prompt"] == "scene 2"
        assert "editing #2" in s.seen()
        await s.type("!")
        await s.press("ctrl+r")
        assert s.engine.submitted == []
        assert [spec.prompt for _, spec in s.engine.line] == ["scene 2!", "scene 3"]
        assert "editing" not in s.seen()
        assert s.focus() == "prompt", "what is typed next is no command"
        # The next one is a new run.
        await s.press("ctrl+r")
        assert len(s.engine.submitted) == 1


async def test_an_edit_can_be_let_be(open_app: Open) -> None:
    async with open_app(left_behind()) as s:
        s.studio.runs.focus()
        await s.press("home", "down", "e")
        s.studio.runs.focus()
        await s.press("e")
        assert "editing" not in s.seen()
        assert "#2 stays as it was." in s.told()
        await s.press("ctrl+r")
        assert len(s.engine.submitted) == 1


async def test_one_that_begins_while_it_is_edited(open_app: Open) -> None:
    async with open_app(left_behind()) as s:
        s.studio.runs.focus()
        await s.press("home", "down", "e")
        await s.press("f5")
        s.engine.begin()
        await s.settle()
        assert "editing" not in s.seen()
        await s.press("ctrl+r")
        assert [spec.prompt for spec in s.engine.submitted] == ["scene 2"]


async def test_taking_out_and_clearing(open_app: Open) -> None:
    async with open_app(left_behind()) as s:
        s.studio.runs.focus()
        await s.press("home", "d")
        assert order(s) == [2]
        assert "1 run taken out of the queue. u brings back what was." in s.told()
        await s.press("u")
        assert [spec.prompt for _, spec in s.engine.line] == ["scene 2", "scene 3"]
        await s.press("c")
        assert order(s) == []
        await s.press("c")
        assert "Nothing waits." in s.told()
        await s.press("u")
        assert [spec.prompt for _, spec in s.engine.line] == ["scene 2", "scene 3"]


async def test_only_what_waits_can_be_edited(open_app: Open) -> None:
    async with open_app(ScriptedLab([record_of(1, spec(1))])) as s:
        s.studio.runs.focus()
        await s.press("home", "e", "shift+up")
        assert "Only a run that waits can be edited" in s.told()
        assert s.studio.spec_form.values["prompt"] != "scene 1"


async def test_quitting_says_that_the_queue_is_kept(open_app: Open) -> None:
    async with open_app() as s:
        await s.press("ctrl+r", "ctrl+r")
        s.engine.begin()
        await s.press("ctrl+q")
        question = str(s.app.screen.query_one(Static).render())
        assert "What waits (1) is kept and comes back, paused, next time." in question
        await s.press("enter")
    s.app.shut_down()
    assert s.engine.kept_queue


async def test_what_opening_the_history_took_is_told(open_app: Open) -> None:
    lab = ScriptedLab(repaired="The history was damaged. 41 runs are back, 2 from pictures.")
    async with open_app(lab) as s:
        assert "41 runs are back" in s.told()


async def test_pictures_that_could_not_be_written_are_kept_with_one_key(open_app: Open) -> None:
    async with open_app() as s:
        await s.press("ctrl+r")
        s.engine.begin()
        s.engine.fail("The disk is full. Free some space.", made=True)
        await s.settle()
        assert "F6: keep its pictures" in s.seen()
        assert s.studio.picture.images
        await s.press("ctrl+q")
        question = str(s.app.screen.query_one(Static).render())
        assert "quitting loses them. F6 tries again." in question
        await s.press("escape")
        s.engine.refuse = HistoryError("The disk is full. Free some space.")
        await s.press("f6")
        assert "#1 is still not kept: The disk is full." in said(s)
        s.engine.refuse = None
        await s.press("f6")
        await s.settle()
        assert "✓ #1 took 0.52 s" in s.seen()
        assert [row.status for row in s.studio.runs.rows] == ["finished"]


async def test_how_far_a_run_is_stands_in_its_own_row(open_app: Open) -> None:
    async with open_app() as s:
        table = s.studio.query_one(RunTable)
        for number in range(1, 41):
            table.put(Row(number, spec(number), "queued"))
        table.update(38, status="running", percent=1)
        table.cursor = 30  # it has scrolled
        table.scroll_to(y=1, animate=False)
        await s.settle()
        s.seen()
        table.update(38, percent=72)
        await s.settle()
        (row,) = [line for line in s.seen().splitlines() if "72%" in line]
        assert "#38" in row


async def test_an_echo_does_not_wait_for_a_frame_of_sixty_a_second(open_app: Open) -> None:
    async with open_app() as s:
        assert s.app.screen._update_timer._interval < 0.01
