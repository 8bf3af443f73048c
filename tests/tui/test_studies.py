"""Studies: the progress lines of the studio tell how they go, and other screens hear of them."""

from __future__ import annotations

from textual.widgets import Static

from engine import events
from engine.errors import HistoryError
from engine.ladder.request import Ladder
from engine.measure.request import Measurement, MeasurementResult
from engine.spec import RunSpec
from tests.tui.conftest import Open

SPEC = RunSpec("a red sun", seed=7)
PAIR = Measurement((SPEC, SPEC.with_(scheduler="Euler")))
NOTHING = MeasurementResult((), (), 7)


async def test_a_study_is_shown_from_the_queue_to_its_end(open_app: Open) -> None:
    async with open_app() as s:
        heard: list[events.Event] = []
        stop = s.app.room.listen(heard.append)
        assert s.app.room.study(PAIR)
        assert s.engine.studied == [PAIR]
        s.engine.begin_study()
        await s.settle()
        assert "Measurement begins" in s.seen()
        s.engine.go_on(3, 14, "B, 2 of 7", 5.0)
        await s.settle()
        assert "Measurement  3/14" in s.seen()
        assert "B, 2 of 7 · 5.00 s to go" in s.seen()
        s.engine.finish_study(NOTHING)
        await s.settle()
        assert "Measurement is done" in s.seen()
        assert [type(event).__name__ for event in heard] == [
            *("StudyQueued", "StudyStarted", "StudyProgressed", "StudyFinished")
        ]
        stop()
        s.app.room.study(PAIR)
        await s.settle()
        assert len(heard) == 4


async def test_a_study_is_stopped_like_a_run(open_app: Open) -> None:
    async with open_app() as s:
        s.app.room.study(Ladder(SPEC))
        s.engine.begin_study()
        await s.press("ctrl+g")
        assert "The ladder stopped" in s.seen()
        assert not s.engine.studies


async def test_quitting_says_what_does_not_come_back(open_app: Open) -> None:
    async with open_app(size=(160, 40)) as s:
        s.app.room.study(Ladder(SPEC))
        s.engine.begin_study()
        s.app.room.study(PAIR)
        await s.press("ctrl+q")
        question = str(s.app.screen.query_one(Static).render())
        assert "The ladder is on. Quitting stops it, and it does not come back" in question
        assert "what was measured stays" in question
        assert "A measurement waits, and does not come back." in question
        assert "A run" not in question


async def test_a_study_that_fails_says_why(open_app: Open) -> None:
    async with open_app() as s:
        s.app.room.study(PAIR)
        s.engine.begin_study()
        s.engine.end_study("Not enough memory for a batch of 8.")
        await s.settle()
        assert "Measurement failed" in s.seen()
        assert "Not enough memory for a batch of 8." in s.seen()


async def test_what_is_refused_is_said(open_app: Open) -> None:
    async with open_app() as s:
        s.engine.refuse = HistoryError("The disk is full.")
        assert not s.app.room.study(PAIR)
        assert not s.app.room.submit_many("abc234", [(0, SPEC)])
        await s.settle()
        assert "The disk is full." in s.told()


async def test_cells_are_queued_in_one_go(open_app: Open) -> None:
    async with open_app() as s:
        assert s.app.room.submit_many("abc234", [(0, SPEC), (1, SPEC.with_(seed=8))])
        await s.settle()
        assert [spec.seed for spec in s.engine.submitted] == [7, 8]
        assert s.engine.members == {1: ("abc234", 0), 2: ("abc234", 1)}


async def test_stop_all_takes_studies_out_of_the_queue(open_app: Open) -> None:
    async with open_app() as s:
        await s.press("ctrl+r")
        s.engine.begin()
        s.app.room.study(PAIR)
        await s.settle()
        await s.press("f8")
        assert not s.engine.studies
        assert s.engine.current is None
