"""The ladder screen: climbed, looked at, left, stopped, and its settings taken."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from engine.errors import HistoryError
from engine.group import Group, Kind
from engine.ladder.request import Ladder, LadderResult, Rung
from engine.measure.verdict import Verdict
from tests.tui.conftest import Open, Session
from tests.tui.kept import draw, history_of
from tests.tui.ladders import RUNGS, SENTENCE, SPEC, WHOLE, climbed, verdict
from tests.tui.scripted import CREATED, ScriptedLab
from tui.studies import ladder_words as words


async def climbing(s: Session) -> None:
    s.engine.loaded()
    await s.press("shift+f7", "enter")
    s.engine.begin_study()
    s.engine.update_study(climbed(4))
    s.engine.go_on(17, 32, "batch of 8, 2 of 3", 21.0)
    await s.settle()


def one_blank(text: str) -> str:
    return "\n".join(" ".join(line.strip("│ ").split()) for line in text.splitlines()) + "\n"


def bare(rung: Rung) -> Rung:
    return Rung(rung.name, rung.title, rung.why, "")


async def climbed_whole(s: Session) -> None:
    await climbing(s)
    s.engine.finish_study(WHOLE)
    await s.settle()


async def test_it_says_what_it_will_do_and_starts_on_the_form(open_app: Open) -> None:
    async with open_app(size=(80, 24)) as s:
        s.studio.spec_form.parameters.set_value("seed", "11")
        await s.press("f19")  # as terminals call it
        assert "Half precision" in s.seen()
        assert "a red sun over blue mountains" in s.seen()
        assert "Better scheduler, 20 steps" in s.seen()
        assert not s.engine.studied
        await s.press("enter")
        (study,) = s.engine.studied
        assert isinstance(study, Ladder)
        assert study.spec.seed == 11
        assert "The ladder is next" in s.seen()
        assert "Better scheduler, 20 steps" in s.seen()
        s.engine.queue.pause()
        await s.settle()
        assert "The queue is paused, and the ladder waits in it" in s.seen()
        await s.press("f5")
        assert "The ladder is next" in s.seen()
        s.engine.submit(study.spec)
        s.engine.begin()
        await s.settle()
        assert "The ladder waits for #2" in s.seen()


async def test_the_rungs_fill_in(open_app: Open) -> None:
    async with open_app(size=(80, 24)) as s:
        await climbing(s)
        seen = " ".join(s.seen().split())
        assert "✓ 2 Half precision pays 1.42 s 1.2 GB 1.00 2.3x" in seen
        assert "– 4 DPM++ 2M, 25 steps no gain" in seen
        assert "● 5 Batch of 8 now" in seen
        assert "4 of 8 rungs measured, 1 cannot be here" in seen
        assert "· 8 Compile skipped" in seen
        assert "turn 17/32" in seen
        assert "batch of 8, 2 of 3 · 21.0 s to go" in seen
        half = replace(RUNGS[4], pays=None, first=verdict(1.0, differs=False))
        rungs = climbed(4).rungs
        s.engine.update_study(LadderResult((*rungs[:4], half, *rungs[5:])))
        await s.settle()
        assert "● 5 Batch of 8 now … 6.4 GB 0.93\n" in one_blank(s.seen()), "nothing is settled"
        s.engine.update_study(replace(WHOLE, best=-1, recommendation=""))
        await s.settle()
        assert "● 5 Batch of 8 now" in one_blank(s.seen()), "it is measured against the first"
        await s.press("end")
        assert "Skipped: torch.compile needs a C++ compiler" in s.seen()


async def test_the_recommendation_goes_onto_the_form(open_app: Open) -> None:
    async with open_app() as s:
        await climbed_whole(s)
        assert SENTENCE in s.seen()
        assert "◆  5 Batch of 8" in s.seen()
        assert "0.49 s" in s.seen(), "as beside the first; 2.6 s for four at a busier hour"
        await s.press("home", "a")
        assert s.at_studio()
        assert s.studio.spec_form.values["batch_size"] == "4"
        assert s.studio.spec_form.values["switches"] == "precision=fp16"


async def test_any_rung_can_be_taken(open_app: Open) -> None:
    async with open_app(size=(120, 60)) as s:
        await climbed_whole(s)
        await s.press("f1")
        assert "Put the rung that is recommended on the form." in s.seen()
        await s.press("escape", "end", "enter")
        assert "was not measured" in s.told()
        await s.press("home", "enter")
        assert s.studio.spec_form.values["num_inference_steps"] == "50"
        await s.press("shift+f7")  # another form: it would be another ladder
        assert "Enter Start" in s.seen()


async def test_it_goes_on_when_nobody_looks(open_app: Open) -> None:
    async with open_app() as s:
        await climbing(s)
        await s.press("escape")
        assert s.at_studio()
        s.engine.go_on(20, 32, "batch of 8, 3 of 3", 9.0)
        await s.settle()
        assert "The ladder 20/32" in s.seen()
        s.engine.finish_study(WHOLE)
        await s.settle()
        await s.press("shift+f7")  # the same form: it is still there
        assert SENTENCE in s.seen()


async def test_it_is_stopped_and_keeps_what_it_has(open_app: Open) -> None:
    async with open_app() as s:
        await climbing(s)
        await s.press("x")
        assert not s.engine.studies
        assert "It was stopped before its end." in s.seen()
        assert "Half precision" in s.seen()
        await s.press("n")
        assert "Enter Start" in s.seen()


async def test_failures_are_said_and_it_can_be_tried_again(open_app: Open) -> None:
    async with open_app() as s:
        s.engine.refuse = HistoryError("The history is busy.")
        await s.press("shift+f7", "enter")
        assert "The history is busy." in s.told()
        s.engine.refuse = None
        await s.press("enter")
        s.engine.begin_study()
        s.engine.end_study("The disk is full.", climbed(2))
        await s.settle()
        assert "The disk is full." in s.seen()
        assert "Half precision" in s.seen()


async def test_ladders_of_before_are_opened(open_app: Open, tmp_path: Path) -> None:
    history = history_of(tmp_path, 8)
    for name, title, result in (
        ("def234", "stopped", replace(climbed(3), best=2)),
        ("ghi234", "nothing of it", LadderResult(tuple(map(bare, RUNGS)))),
    ):
        plan = Ladder(SPEC).to_json()
        history.groups.add(Group(name, Kind.LADDER, CREATED, title, plan, result.to_json()))
    group = Group("abc234", Kind.LADDER, CREATED, "a red sun", Ladder(SPEC).to_json())
    history.groups.add(group)
    history.groups.set_result("abc234", WHOLE.to_json())
    history.groups.add(Group("zzz234", Kind.LADDER, CREATED, "from the future", {"new": 1}))
    async with open_app(ScriptedLab(kept=history)) as s:
        await s.press("shift+f7", "p")
        assert "7 of 8 rungs" in s.seen()
        assert "nothing of it" not in s.seen()
        await s.press("down", "enter")
        assert "It was stopped before its end." in s.seen()
        assert "◆" not in s.seen()
        assert "a Take the best" not in s.seen()
        await s.press("p")
        assert "from the future" not in s.seen()
        await s.press("enter")
        assert SENTENCE in s.seen()
        await s.press("enter")
        assert s.studio.spec_form.values["batch_size"] == "4"
    history.close()


async def test_pictures_are_shown_compared_and_written(open_app: Open, tmp_path: Path) -> None:
    history = history_of(tmp_path, 8)
    draw(history, *range(1, 9))
    async with open_app(ScriptedLab(kept=history), size=(80, 24)) as s:
        await climbed_whole(s)
        assert "▀" not in s.seen()
        await s.press("home", "c")
        assert "This is the first rung" in s.told()
        await s.press(*["down"] * 4)
        await s.press("v")
        assert "5 Batch of 8 · SSIM 0.931" in s.seen()
        assert "1 Full precision" in s.seen()
        assert "▀" in s.seen()
        await s.press("up", "up")
        assert "3 DPM++ 2M, 20 steps" in s.seen()
        await s.press("escape")
        assert "s/image" in s.seen()
        await s.press("c")
        assert type(s.app.screen).__name__ == "CompareScreen"
        await s.press("escape")
        for ending in ("html", "md"):
            await s.press("s", "ctrl+u")
            await s.type(str(tmp_path / f"ladder.{ending}"))
            await s.press("enter")
        assert SENTENCE in (tmp_path / "ladder.html").read_text(encoding="utf-8")
        for size in ((60, 20), (200, 60)):
            await s.pilot.resize_terminal(*size)
            await s.settle()
            assert "◆  5 Batch of 8" in s.seen()
        assert "SSIM 0.934 with" in s.seen(), "nothing is cut any more"
        assert "# The ladder" in (tmp_path / "ladder.md").read_text(encoding="utf-8")
    history.close()


def test_what_is_undecided_is_marked_as_such() -> None:
    why = "Undecided: between 0.60x and 1.42x the time."
    wide = Verdict(0.99, 0.6, 1.42, differs=False)
    unclear = replace(RUNGS[6], pays=None, why_not=why, before=wide, first=wide)
    result = LadderResult((*RUNGS[:6], unclear))
    assert words.mark(result, 6, is_on=False).word == "unclear"
    assert words.about(result, 6)[2].startswith(f"{why} ")
    assert words.times(wide) == "?"
