"""The compare screen, by the keyboard, on a real history."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from textual.widgets import Input

from engine import events
from engine.group import Group, Kind, new_group_id
from engine.history import History
from engine.ladder.request import Ladder
from engine.measure.request import Measurement, MeasurementResult, Sample, Side
from engine.measure.verdict import Verdict
from engine.record import Seconds, Status, now
from engine.spec import RunSpec
from tests.tui.conftest import Open, Session
from tests.tui.kept import draw, run, said
from tests.tui.scripted import ScriptedLab, picture
from tui.graphics.frames import Frame
from tui.graphics.listening import TerminalAnswered
from tui.graphics.terminal import Terminal
from tui.screens.compare.opening import of_runs, open_comparison
from tui.screens.compare.screen import CompareScreen
from tui.screens.history.screen import HistoryScreen
from tui.widgets.compare.stage import Stage

SIXEL = Terminal("sixel", 8, 16)
PROMPT = "a red sun over blue mountains"


@pytest.fixture
def history(tmp_path: Path) -> Iterator[History]:
    """Three runs with pictures: #1, #2 of another scheduler and faster, #3 a batch of four."""
    kept = History(tmp_path / "kept")
    slow = Seconds(encode=0.02, denoise=0.6, decode=0.1, save=0.03, total=0.8)
    quick = Seconds(encode=0.02, denoise=0.2, decode=0.1, save=0.03, total=0.4)
    kept.add(run(kept, kept.new_id(), PROMPT, seed=7, scheduler="PNDM", seconds=slow))
    kept.add(run(kept, kept.new_id(), PROMPT, seed=7, scheduler="DPM++ 2M", seconds=quick))
    kept.add(run(kept, kept.new_id(), "a red moon over the sea", seed=7, batch_size=4))
    draw(kept, 1, 2, 3)
    yield kept
    kept.close()


@pytest.fixture
def lab(history: History) -> ScriptedLab:
    records = [r for n in (3, 2, 1) if (r := history.get(n)) is not None]
    return ScriptedLab(records, kept=history)


def screen(s: Session) -> CompareScreen:
    assert isinstance(s.app.screen, CompareScreen)
    return s.app.screen


def names(s: Session) -> tuple[str, ...]:
    return screen(s).comparison.names


def reference(s: Session) -> str:
    return names(s)[screen(s).comparison.reference]


def facts(s: Session, name: str) -> str:
    """The row of the facts that begins with a name; empty when there is none."""
    return next((line for line in s.seen().splitlines() if f"│ {name}  " in line), "")


async def schedulers(s: Session) -> None:
    """Compare #1 with #2."""
    runs = [s.app.room.history.get(number) for number in (1, 2, 3)]
    records = [record for record in runs if record is not None]
    host, terminal = s.app.room, s.studio.picture.terminal
    open_comparison(
        s.studio, lambda: of_runs(records[:2]), records, host, terminal, s.studio._open_run
    )
    await s.settle()
    assert names(s) == ("#1", "#2")


# Opening and leaving


async def test_the_newest_run_and_the_one_before(open_app: Open, lab: ScriptedLab) -> None:
    async with open_app(lab) as s:
        await s.press("ctrl+t")
        assert names(s) == ("#2", "#3.1")
        assert reference(s) == "#2"
        await s.press("escape")
        assert s.at_studio()


async def test_the_newest_run_and_the_chosen_one(open_app: Open, lab: ScriptedLab) -> None:
    async with open_app(lab) as s:
        s.studio.runs.focus()
        await s.press("down", "down", "ctrl+t")
        assert names(s) == ("#1", "#3.1")


async def test_the_pictures_of_a_batch(open_app: Open, lab: ScriptedLab) -> None:
    async with open_app(lab) as s:
        s.studio.picture.focus()
        await s.press("ctrl+t")
        assert names(s) == ("#3.1", "#3.2", "#3.3", "#3.4")
        assert "times and memory they share" in " ".join(screen(s).comparison.limits())


async def test_too_few_runs_are_said_to_be(open_app: Open) -> None:
    async with open_app() as s:
        await s.press("ctrl+t")
        assert s.at_studio()
        assert "There is no run with a picture yet." in s.told()


async def test_from_the_history(open_app: Open, lab: ScriptedLab, history: History) -> None:
    """What is selected; else the run under the cursor and the one before."""
    async with open_app(lab) as s:
        await s.press("f9", "space", "down", "space", "c")
        assert names(s) == ("#1", "#3.1")
        await s.press("escape")
        assert isinstance(s.app.screen, HistoryScreen)
        await s.press("escape", "home", "down", "c")
        assert names(s) == ("#1", "#2")
        await s.press("enter")
        assert s.at_studio()
        assert s.studio.spec_form.values["scheduler"] == "DPM++ 2M"
        history.add(run(history, history.new_id(), status=Status.INTERRUPTED))
        await s.press("f9", "home", "space", "down", "space", "c")
        assert "#4 has no picture to compare." in s.told()


# Looking


async def test_blink_flips_the_picture_in_place(open_app: Open, lab: ScriptedLab) -> None:
    async with open_app(lab) as s:
        await schedulers(s)
        await s.press("space")
        first = s.seen().splitlines()
        assert "A #1 reference" in first[1]
        await s.press("space")
        second = s.seen().splitlines()
        assert "B #2" in second[1]
        assert "A #1" not in second[1]
        await s.press("space")
        assert s.seen().splitlines() == first
        await s.press("escape")
        assert "A #1 reference" in s.seen().splitlines()[1]
        assert "B #2" in s.seen().splitlines()[1]


async def test_pixels_are_ready_before_they_are_wanted(open_app: Open, lab: ScriptedLab) -> None:
    """A blink writes what was encoded already."""
    async with open_app(lab, terminal=SIXEL) as s:
        await schedulers(s)
        await s.press("space")
        stage = screen(s).stage
        assert stage.is_ready
        before = stage._frames._bytes
        await s.press("space", "space")
        assert stage._frames._bytes == before
        shown = [frame for _, frame in stage._shown]
        assert [frame.pixels is not None for frame in shown if not isinstance(frame, str)]


async def test_pictures_are_not_written_again_for_what_changes_below(
    open_app: Open, lab: ScriptedLab, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with open_app(lab, terminal=SIXEL) as s:
        await schedulers(s)
        painted: list[object] = []
        monkeypatch.setattr(Stage, "render_lines", painted.append)
        for used in (1, 2, 3):
            s.engine.sample_memory(used * 2**30)
            await s.settle()
        assert not painted


async def test_a_terminal_that_answers_late_is_drawn_for(open_app: Open, lab: ScriptedLab) -> None:
    async with open_app(lab) as s:
        await schedulers(s)
        s.app.post_message(TerminalAnswered(SIXEL, ""))
        await s.settle()
        assert screen(s).stage.terminal == SIXEL
        assert all(isinstance(f, Frame) and f.pixels for _, f in screen(s).stage._shown)


async def test_the_edge_of_a_wipe_moves(open_app: Open, lab: ScriptedLab) -> None:
    async with open_app(lab) as s:
        await s.press("ctrl+t", "w")
        before = s.seen()
        assert "━●━" in before
        await s.press("right", "right")
        assert s.seen() != before
        await s.press("left", "left")
        assert s.seen() == before
        for _ in range(12):
            await s.press("left")
        assert " ●━" in s.seen()
        await s.pilot.click(Stage, offset=(60, 10))
        await s.settle()
        assert "━●━" in s.seen()


async def test_the_difference_has_a_scale(open_app: Open, lab: ScriptedLab) -> None:
    async with open_app(lab) as s:
        await s.press("f9", "c", "full_stop", "d")
        assert names(s) == ("#2", "#3.2")
        assert "A #2 − B #3.2" in s.seen()
        assert "░▒▓█" in s.seen()
        assert "of 255 apart" in s.seen()
        await s.press("d")
        assert "of 255 apart" not in s.seen()


async def test_zoomed_and_moved_together(open_app: Open, lab: ScriptedLab) -> None:
    async with open_app(lab) as s:
        await s.press("ctrl+t")
        whole = s.seen()
        await s.press("plus", "plus")
        assert "2x" in s.seen().splitlines()[0]
        boxes = {pane.box for pane, _ in screen(s).stage._shown}
        assert len(boxes) == 1
        await s.press("right", "j")
        moved = {pane.box for pane, _ in screen(s).stage._shown}
        assert len(moved) == 1
        assert moved != boxes
        await s.press("0")
        assert s.seen() == whole
        await s.press("minus")
        assert s.seen() == whole


# Sides


async def test_only_what_differs_until_all_is_wanted(open_app: Open, lab: ScriptedLab) -> None:
    async with open_app(lab) as s:
        await schedulers(s)
        assert "• DPM++ 2M" in facts(s, "Scheduler")
        assert "Guidance" not in s.seen()
        await s.press("a")
        assert "• DPM++ 2M" in facts(s, "Scheduler")
        assert "Guidance" in s.seen()


async def test_prompts_word_by_word(open_app: Open, lab: ScriptedLab) -> None:
    async with open_app(lab, size=(160, 40)) as s:
        await s.press("ctrl+t")
        assert "a red −sun +moon over −blue mountains +the sea" in s.seen()


async def test_hostile_words_are_shown_not_obeyed(
    open_app: Open, lab: ScriptedLab, history: History
) -> None:
    prompt = "a \x1b]52;c;aGk=\x07[bold]sun[/] \u202egnp"
    spec = {"negative_prompt": "\x9b31m[/]", "checkpoint": "/models/\x1b[2J[/x]"}
    history.add(run(history, history.new_id(), prompt, **spec))
    draw(history, 4)
    async with open_app(lab, size=(160, 60)) as s:
        await s.press("f9", "c", "a", "M")
        assert "␛]52;c;aGk=␇" in s.seen()
        assert "[bold]" in s.seen()
        assert not {"\x1b", "\x9b", "\u202e"} & set(s.seen() + s.told())


async def test_ratios_turn_with_the_reference(open_app: Open, lab: ScriptedLab) -> None:
    async with open_app(lab) as s:
        await schedulers(s)
        assert "0.33x" in facts(s, "Denoise")
        await s.press("f")
        assert reference(s) == "#2"
        assert "3.00x" in facts(s, "Denoise")
        await s.press("x")
        assert names(s) == ("#2", "#1")
        assert reference(s) == "#2"


async def test_another_run_in_the_place_of_one(open_app: Open, lab: ScriptedLab) -> None:
    async with open_app(lab) as s:
        await schedulers(s)
        await s.press("n")
        assert names(s) == ("#1", "#3.1")
        await s.press("n")
        assert "no newer run" in s.told()
        await s.press("1", "n")
        assert names(s) == ("#2", "#3.1")
        await s.press("tab", "b")
        assert names(s) == ("#3.1", "#3.2", "#3.3", "#3.4")


async def test_restoring_one_of_a_batch_takes_its_seed(open_app: Open, lab: ScriptedLab) -> None:
    async with open_app(lab) as s:
        s.studio.picture.focus()
        await s.press("ctrl+t", "3", "r")
        assert s.at_studio()
        assert s.studio.spec_form.values["seed"] == "9"
        assert s.studio.spec_form.values["batch_size"] == "1"


async def test_a_winner_is_marked(open_app: Open, lab: ScriptedLab, history: History) -> None:
    async with open_app(lab) as s:
        await s.press("ctrl+t", "m")
        assert said(history, 3).winner
        assert "◆" in s.seen()
        await s.press("m")
        assert not said(history, 3).winner
        assert "◆" not in s.seen()


# What cannot be compared


async def test_a_picture_that_is_gone(open_app: Open, lab: ScriptedLab, history: History) -> None:
    record = history.get(2)
    assert record is not None
    Path(record.images[0].path).unlink()
    async with open_app(lab) as s:
        await schedulers(s)
        assert "is not there any more" in " ".join(s.seen().split())
        await s.press("space", "w", "d", "escape", "m", "plus", "0", "escape")
        assert s.at_studio()


async def test_unequal_runs_are_compared_as_far_as_it_goes(
    open_app: Open, lab: ScriptedLab, history: History
) -> None:
    record = run(history, history.new_id(), PROMPT, width=256, height=128, seed=9)
    wide = replace(record.images[0], width=256)
    history.add(replace(record, images=(wide,)))
    picture(9).resize((256, 128)).save(wide.path)
    async with open_app(lab, size=(200, 60)) as s:
        await s.press("f9", "c")
        assert names(s) == ("#3.1", "#4")
        assert "! #4 is 256x128, #3.1 128x128" in s.seen()
        assert "notes below" in s.seen()
        await s.press("w", "d", "space")
        assert "#4" in s.seen()


# Measured anew


def measured(spec: RunSpec, label: str, seconds: float) -> Side:
    samples = tuple(Sample(0.01, seconds + n / 1000, 0.02, 10**9) for n in range(7))
    return Side(label, spec, samples=samples)


async def test_measured_in_turns(open_app: Open, lab: ScriptedLab) -> None:
    async with open_app(lab) as s:
        await schedulers(s)
        await s.press("M", "enter")
        study = s.engine.studied[0]
        assert isinstance(study, Measurement)
        assert [spec.scheduler for spec in study.specs] == ["PNDM", "DPM++ 2M"]
        assert study.labels == ("A", "B")
        s.engine.begin_study()
        s.engine.go_on(3, 14, "B, 2 of 7", 5.0)
        await s.settle()
        assert "measuring 3/14" in s.seen().splitlines()[0]
        assert "B, 2 of 7 · 5.00 s to go" in s.seen().splitlines()[0]
        sides = tuple(
            measured(spec, label, took)
            for spec, label, took in zip(study.specs, "AB", (0.6, 0.3), strict=True)
        )
        verdicts = (None, Verdict(0.5, 0.48, 0.52, differs=True))
        s.engine.finish_study(MeasurementResult(sides, verdicts, 7))
        await s.settle()
        assert "0.50x" in facts(s, "Measured")
        assert "2.0x faster (1.92 to 2.1)" in facts(s, "Verdict")
        assert "B: 2.0x faster" in s.told()


async def test_within_the_spread_is_no_difference(open_app: Open, lab: ScriptedLab) -> None:
    async with open_app(lab) as s:
        await schedulers(s)
        await s.press("M", "enter")
        study = s.engine.studied[0]
        assert isinstance(study, Measurement)
        s.engine.begin_study()
        sides = tuple(measured(spec, "AB"[n], 0.3) for n, spec in enumerate(study.specs))
        verdicts = (None, Verdict(1.003, 0.99, 1.02, differs=False))
        s.engine.finish_study(MeasurementResult(sides, verdicts, 7))
        await s.settle()
        assert "no difference" in facts(s, "Verdict")


async def test_a_measurement_is_stopped(open_app: Open, lab: ScriptedLab) -> None:
    async with open_app(lab) as s:
        await schedulers(s)
        await s.press("M", "enter")
        s.engine.begin_study()
        await s.settle()
        await s.press("M")
        assert not s.engine.studies
        assert "measuring" not in s.seen()
        await s.press("M", "enter")
        s.engine.begin_study()
        s.engine.end_study("Not enough memory.")
        await s.settle()
        assert "Not enough memory." in s.told()


async def test_likeness_has_three_rows(open_app: Open, lab: ScriptedLab) -> None:
    async with open_app(lab) as s:
        await schedulers(s)
        for name in ("SSIM", "PSNR", "Changed"):
            assert facts(s, name), name


async def test_the_facts_are_no_taller_than_they_need_be(open_app: Open, lab: ScriptedLab) -> None:
    async with open_app(lab, size=(200, 90)) as s:
        await schedulers(s)
        lines = s.seen().splitlines()
        last = next(n for n, line in enumerate(lines) if "│ Changed  " in line)
        assert last > len(lines) - 8
        assert screen(s).stage.size.height > 65


async def test_the_turns_are_asked_for(open_app: Open, lab: ScriptedLab) -> None:
    async with open_app(lab) as s:
        await schedulers(s)
        await s.press("M", "ctrl+u", "1", "enter")
        assert "A number from 2 to 999." in s.seen()
        await s.press("2", "enter")
        (study,) = s.engine.studied
        assert isinstance(study, Measurement)
        assert study.repeats == 12


async def test_what_was_measured_before_is_shown_again(
    open_app: Open, lab: ScriptedLab, history: History
) -> None:
    one, two = (record for n in (1, 2) if (record := history.get(n)) is not None)
    asked = Measurement((two.spec, one.spec), ("A", "B"))
    sides = (measured(two.spec, "A", 0.3), measured(one.spec, "B", 0.6))
    result = MeasurementResult(sides, (None, Verdict(2.0, 1.9, 2.1, differs=True)), 9)
    group = Group(new_group_id(), Kind.COMPARISON, now(), "A against B", asked.to_json())
    history.groups.add(replace(group, result=result.to_json()))
    other = Group(new_group_id(), Kind.COMPARISON, now(), "of a later version", {"specs": 3})
    history.groups.add(other)
    async with open_app(lab) as s:
        await schedulers(s)
        row = facts(s, "Verdict")
        assert row.index("2.0x slower") < row.index("reference")  # #1 against #2


async def test_one_run_is_not_measured_against_itself(open_app: Open, lab: ScriptedLab) -> None:
    async with open_app(lab) as s:
        s.studio.picture.focus()
        await s.press("ctrl+t", "M")
        assert not s.engine.studied
        assert "nothing to measure" in s.told()


# Written


async def test_written_to_a_file(open_app: Open, lab: ScriptedLab, history: History) -> None:
    async with open_app(lab) as s:
        await schedulers(s)
        for suffix in (".html", ".png", ".md"):
            await s.press("s")
            line = s.app.screen.query_one(Input)
            suggested = history.folder / "reports" / "compare-1-2.html"
            assert suffix != ".html" or line.value == str(suggested)
            place = suggested.with_suffix(suffix)
            line.value = str(place)
            await s.press("enter")
            assert place.stat().st_size > 500
            assert f"Written to {place}" in s.told()
        await s.press("ctrl+s")
        assert s.app.screen.query_one(Input).value.endswith("compare-1-2-2.html")
        for text, why in ((str(place), "is there already"), ("all.txt", "must end in")):
            s.app.screen.query_one(Input).value = text
            await s.press("enter")
            assert why in s.seen()
        await s.press("escape")
        assert names(s) == ("#1", "#2")


# Rough handling


async def test_keys_mashed_and_windows_resized(open_app: Open, lab: ScriptedLab) -> None:
    async with open_app(lab, size=(80, 24), terminal=Terminal("sixel", 4, 8)) as s:
        await s.press("ctrl+t")
        keys = [*"wdavxf1 2bnp.,+hjkl0", "space", "plus", "left", "up", "tab", "space", "d", "w"]
        keys = [{" ": "space", ".": "full_stop", ",": "comma", "+": "plus"}.get(k, k) for k in keys]
        await s.pilot.press(*keys)
        for size in ((30, 8), (120, 40)):
            await s.pilot.resize_terminal(*size)
            await s.pilot.press(*keys[:6])
            await s.settle()
        assert isinstance(s.app.screen, CompareScreen)


async def test_help_has_every_key(open_app: Open, lab: ScriptedLab) -> None:
    async with open_app(lab, size=(120, 70)) as s:
        await s.press("ctrl+t")
        assert "Blink Space" in s.palette()
        assert "Run ^R" not in s.palette()
        await s.press("f1")
        for words in ("each press is a blink", "an edge between them", "the next older run"):
            assert words in s.seen()
        assert "Find the largest batch" not in s.seen()


async def test_what_the_engine_tells_goes_on_unheard(open_app: Open, lab: ScriptedLab) -> None:
    async with open_app(lab) as s:
        await schedulers(s)
        await s.press("M", "enter")
        s.engine.begin_study()
        await s.settle()
        assert "M Stop" in s.seen()
        await s.press("escape")
        assert "goes on" in s.told()
        s.engine.emit(events.StudyProgressed(s.engine.studies[0], 4, 14, "A, 3 of 7"))
        await s.settle()
        assert "Measurement  4/14" in s.seen()
        await schedulers(s)
        assert "measuring 4/14" in s.seen()
        await s.press("M")
        assert not s.engine.studies
        assert "M Measure" in s.seen()


async def test_what_a_measurement_waits_for_is_said(open_app: Open, lab: ScriptedLab) -> None:
    async with open_app(lab) as s:
        s.app.room.study(Ladder(RunSpec("a red sun")))
        ladder = s.engine.begin_study()
        await schedulers(s)
        await s.press("M", "enter")
        assert "waits for the ladder" in s.seen()
        s.engine.queue.pause()
        s.engine.end_study()
        await s.settle()
        assert "the queue is paused, F5 goes on" in s.seen()
        await s.press("escape")
        assert "The measurement waits: the queue is paused, F5 goes on." in s.told()
        assert "Measurement waits for the ladder." in s.seen()
        await schedulers(s)
        assert "the queue is paused, F5 goes on" in s.seen()
        await s.press("f5")
        assert not s.engine.queue.paused
        assert s.engine.begin_study() != ladder
        await s.settle()
        assert "measurement: begins" in s.seen()
