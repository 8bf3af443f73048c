"""The studio by keyboard, on an engine that does what the test says."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from textual.events import Key, Paste
from textual.widgets import Input

from engine.errors import HistoryError, SafelightError
from engine.hub import HubSize
from engine.record import Status
from engine.spec import RunSpec
from tests.tui.conftest import Open
from tests.tui.scripted import ScriptedLab, picture, record_of
from tui.app import SafelightApp
from tui.graphics.terminal import Terminal
from tui.paths import Paths
from tui.screens.help import HelpScreen
from tui.settings import Settings, Sources
from tui.widgets.choice import Choice
from tui.widgets.key_bar import KeyBar


async def test_a_prompt_goes_in_and_a_picture_comes_out(open_app: Open) -> None:
    async with open_app() as s:
        s.engine.loaded()
        assert s.engine.warmed == ["scenes"]
        s.studio.spec_form.prompt.show_text("")
        await s.type("a white moon")
        await s.press("ctrl+r")
        assert [spec.prompt for spec in s.engine.submitted] == ["a white moon"]
        run = s.engine.begin()
        s.engine.step(13)
        await s.settle()
        assert "step 13/20 ━" in s.seen()
        assert "41.2 it/s" in s.seen()
        assert "65%" in s.seen()
        assert s.studio.picture.images[0].size == (16, 16)
        s.engine.finish()
        await s.settle()
        assert f"✓ #{run} took 0.52 s" in s.seen()
        assert "denoise 0.40 s" in s.seen()
        assert "seed 7 · 128x128" in s.seen()
        assert s.studio.picture.images[0].size == (128, 128)


async def test_run_twice_queues_two_and_stop_starts_the_next(open_app: Open) -> None:
    async with open_app() as s:
        await s.press("ctrl+r", "ctrl+s", "ctrl+r")
        assert [spec.seed for spec in s.engine.submitted] == [7, 8]
        s.engine.begin()
        await s.settle()
        assert "waits 1" in s.seen()
        await s.press("ctrl+g")
        assert "#1 stopped after 3 steps" in s.seen()
        s.engine.begin()
        await s.settle()
        assert "#2 starting" in s.seen()


async def test_the_form_can_be_edited_while_a_run_is_on(open_app: Open) -> None:
    async with open_app() as s:
        await s.press("ctrl+r")
        s.engine.begin()
        await s.type("!")
        s.engine.step(2)
        await s.settle()
        assert s.studio.spec_form.values["prompt"].endswith("birds!")
        assert s.engine.submitted[0].prompt.endswith("birds")


async def test_stop_all_empties_the_queue(open_app: Open) -> None:
    async with open_app() as s:
        await s.press("ctrl+r", "ctrl+r", "ctrl+r")
        s.engine.begin()
        await s.press("f8")
        assert not s.engine.busy
        assert [row.status for row in s.studio.runs.rows] == ["cancelled"]


async def test_stopping_nothing_says_so(open_app: Open) -> None:
    async with open_app() as s:
        await s.press("ctrl+g")
        assert "Nothing is running" in s.told()


@pytest.mark.parametrize(
    ("field", "text", "said"),
    [
        ("num_inference_steps", "0", "Steps must be a whole number from 1"),
        ("guidance_scale", "abc", "Guidance must be a number"),
        ("size", "100x100", "multiple of 8"),
        ("seed", "9223372036854775808", "2^63"),
    ],
)
@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
async def test_a_bad_value_is_refused_at_the_field(
    open_app: Open, field: str, text: str, said: str, size: tuple[int, int]
) -> None:
    async with open_app(size=size) as s:
        s.studio.spec_form.parameters.set_value(field, text)
        await s.press("ctrl+r")
        assert s.engine.submitted == []
        shown = " ".join(s.seen().replace("│", " ").split())
        assert said.split(" must", maxsplit=1)[0] in shown
        assert s.app.focused is s.studio.query_one(f"#field-{field.replace('_', '-')} Input")
        await s.press("backspace")
        assert s.studio.query_one(f"#field-{field.replace('_', '-')}").has_class("-wrong") is False


async def test_seeds_by_key(open_app: Open) -> None:
    async with open_app() as s:
        seed = s.studio.spec_form.parameters
        await s.press("ctrl+n")
        drawn = int(seed.values["seed"])
        assert 0 <= drawn < 2**32
        await s.press("ctrl+s")
        assert int(seed.values["seed"]) == drawn + 1
        await s.press("ctrl+l")
        assert "no picture yet" in s.told()
        seed.set_value("seed", "40")
        seed.set_value("batch_size", "4")
        await s.press("ctrl+r")
        s.engine.begin()
        s.engine.finish()
        await s.press("ctrl+n")
        s.studio.picture.focus()
        await s.press("right", "right", "ctrl+l")
        assert seed.values["seed"] == "42"


async def test_a_batch_is_a_contact_sheet(open_app: Open) -> None:
    async with open_app() as s:
        s.studio.spec_form.parameters.set_value("batch_size", "4")
        await s.press("ctrl+r")
        s.engine.begin()
        s.engine.finish()
        await s.settle()
        assert "▸ 7" in s.seen()
        assert "1 of 4" in s.seen()
        s.studio.picture.focus()
        await s.press("right")
        assert "▸ 8" in s.seen()
        await s.press("enter")
        assert "▸" not in s.seen()
        assert "seed 8 · 2 of 4" in s.seen()
        await s.press("right", "right", "right", "right")
        assert "seed 10 · 4 of 4" in s.seen()


async def test_enter_in_the_list_brings_a_run_back(open_app: Open, paths: Paths) -> None:
    paths.data.mkdir(parents=True)
    specs = [RunSpec(f"moon {i}", seed=i, num_inference_steps=10 + i) for i in (1, 2, 3)]
    past = []
    for number, spec in enumerate(specs, 1):
        record = record_of(number, spec)
        path = paths.data / f"{number}.png"
        picture(spec.seed).save(path)
        image = record.images[0].to_json() | {"path": str(path)}
        past.append(type(record).from_json(record.to_json() | {"images": [image]}))
    async with open_app(ScriptedLab(past[::-1])) as s:
        assert s.studio.picture.seed == 3
        s.studio.runs.focus()
        await s.press("down", "down")
        assert s.studio.picture.seed == 1
        await s.press("enter")
        assert s.studio.spec_form.values["prompt"] == "moon 1"
        assert s.studio.spec_form.values["num_inference_steps"] == "11"
        assert s.focus() == "prompt"


async def test_looking_at_an_older_run_is_not_disturbed(open_app: Open) -> None:
    async with open_app(ScriptedLab([record_of(1, RunSpec("old", seed=99))])) as s:
        await s.press("ctrl+r")
        s.engine.begin()
        await s.settle()
        s.studio.runs.focus()
        await s.press("down")
        s.engine.step(5)
        await s.settle()
        assert s.studio.picture.images == ()
        s.engine.finish()
        await s.settle()
        assert s.studio.picture.images == ()
        assert "#2 is done" in s.told()


async def test_a_picture_that_is_gone_says_so(open_app: Open) -> None:
    async with open_app(ScriptedLab([record_of(1, RunSpec("old"))])) as s:
        assert "is not there any more" in " ".join(s.seen().replace("│", " ").split())


async def test_a_failed_run_shows_its_sentence(open_app: Open) -> None:
    async with open_app() as s:
        await s.press("ctrl+r")
        s.engine.begin()
        s.engine.fail("Not enough memory for a batch of 8 [/red] \x1b[31m.")
        await s.settle()
        assert "Not enough memory for a batch of 8 [/red] ␛[31m" in s.seen()
        await s.press("ctrl+r")
        assert len(s.engine.submitted) == 2


async def test_pictures_that_could_not_be_kept_are_still_shown(open_app: Open) -> None:
    async with open_app() as s:
        await s.press("ctrl+r")
        s.engine.begin()
        s.engine.fail("The disk is full.", made=True)
        await s.settle()
        assert s.studio.picture.seeds == (7,)
        assert "The disk is full" in s.seen()


async def test_the_mouse_works_too(open_app: Open) -> None:
    async with open_app() as s:
        await s.pilot.click("KeyBar", offset=(2, 0))
        assert len(s.engine.submitted) == 1
        await s.pilot.click("#field-num-inference-steps Input")
        await s.press("up")
        assert s.studio.spec_form.values["num_inference_steps"] == "21"
        s.studio.spec_form.parameters.set_value("batch_size", "4")
        await s.press("ctrl+r")
        for _ in range(2):
            s.engine.begin()
            s.engine.finish()
        await s.settle()
        tile = s.studio.picture._tiles[3]
        await s.pilot.click("#picture", offset=(tile.x + 4, tile.y + 3))
        await s.settle()
        assert s.studio.picture.seed == 10
        await s.pilot.click("#runs", offset=(5, 2))
        assert s.studio.runs.current is not None
        assert s.studio.runs.current.id == 1


async def test_a_history_that_cannot_be_opened_is_told(open_app: Open) -> None:
    lab = ScriptedLab(broken=HistoryError("The history is not a database."))
    async with open_app(lab) as s:
        assert "not a database" in s.told()
        await s.press("ctrl+r")
        assert s.told().count("not a database") == 2
        assert "Nothing can be run" in s.seen()


async def test_differences_from_the_last_run_are_marked(open_app: Open) -> None:
    async with open_app() as s:
        await s.press("ctrl+r")
        s.engine.begin()
        await s.settle()
        assert "• Steps" not in s.seen()
        s.studio.spec_form.parameters.set_value("num_inference_steps", "50")
        await s.type("x")
        assert "• Steps" in s.seen()
        assert "• changed" in s.seen()


async def test_numbers_change_with_the_arrows(open_app: Open) -> None:
    async with open_app() as s:
        for key, after in (("up", "4.5"), ("down", "4.0")):
            s.studio.query_one("#field-guidance-scale Input").focus()
            await s.press(key)
            assert s.studio.spec_form.values["guidance_scale"] == after


async def test_the_form_shows_what_the_checkpoint_takes(open_app: Open) -> None:
    async with open_app() as s:
        s.engine.loaded(
            schedulers=("Flow Euler", "Flow Heun"), uses_negative_prompt=False, width=1024
        )
        await s.settle()
        options = [option.value for option in s.studio.query_one(Choice).options]
        assert options == ["Flow Euler", "Flow Heun", "checkpoint's own"]
        assert s.studio.spec_form.values["scheduler"] == "checkpoint's own"
        assert "Scheduler set to the checkpoint's own: its own is Flow Euler" in s.seen()
        assert "not used here" in s.seen()
        assert "1024x128" in s.seen()


async def test_a_checkpoint_that_is_no_longer_wanted_changes_nothing(open_app: Open) -> None:
    async with open_app() as s:
        s.studio.spec_form.parameters.set_value("checkpoint", "other/model")
        s.engine.loaded(schedulers=("Flow Euler",))
        await s.settle()
        assert s.studio.spec_form.values["scheduler"] == "DPM++ 2M"


async def test_typing_a_checkpoint_offers_what_it_takes(open_app: Open, tmp_path: Path) -> None:
    folder = tmp_path / "flux"
    (folder / "scheduler").mkdir(parents=True)
    kind = "FlowMatchEulerDiscreteScheduler"
    index = {"_class_name": "FluxPipeline", "scheduler": ["diffusers", kind]}
    (folder / "model_index.json").write_text(json.dumps(index))
    config = {"_class_name": kind}
    (folder / "scheduler" / "scheduler_config.json").write_text(json.dumps(config))
    async with open_app() as s:
        s.studio.spec_form.parameters.set_value("checkpoint", str(folder))
        s.studio.query_one("#field-checkpoint Input").focus()
        await s.press("enter")
        assert s.studio.spec_form.values["scheduler"] == "checkpoint's own"


async def test_an_unknown_checkpoint_starts_with_its_own_scheduler(open_app: Open) -> None:
    sizes: dict[str, HubSize | SafelightError] = {"someone/unknown-model": HubSize(1, 0, 1)}
    async with open_app(ScriptedLab(sizes=sizes)) as s:
        s.studio.spec_form.parameters.set_value("checkpoint", "someone/unknown-model")
        await s.press("ctrl+r", "enter")
        assert s.engine.submitted[0].scheduler is None
        s.studio.spec_form.parameters.set_value("scheduler", "Euler")
        await s.press("ctrl+r")
        assert s.engine.submitted[1].scheduler == "Euler"


async def test_taking_runs_out_of_the_queue_leaves_the_cursor_on_its_run(open_app: Open) -> None:
    async with open_app(ScriptedLab([record_of(1, RunSpec("old", seed=99))])) as s:
        await s.press("ctrl+r", "ctrl+r", "ctrl+r")
        s.engine.begin()
        await s.settle()
        s.studio.runs.focus()
        await s.press("down", "down")
        assert s.studio.runs.current is not None
        assert s.studio.runs.current.id == 2
        await s.press("f8")
        assert s.studio.runs.current.id == 2


async def test_an_older_run_read_too_late_is_not_shown(open_app: Open) -> None:
    async with open_app(ScriptedLab([record_of(1, RunSpec("old", seed=99))])) as s:
        await s.press("ctrl+r")
        s.engine.begin()
        s.engine.finish()
        await s.settle()
        old = s.studio.runs.rows[1]
        s.studio._show_read(0, old, (picture(99),), "")
        assert s.studio.picture.seed == 7


async def test_f1_opens_and_closes_the_help_and_so_does_a_click(open_app: Open) -> None:
    async with open_app() as s:
        await s.press("f1", "f1")
        assert s.at_studio()
        bar = s.studio.query_one("KeyBar", KeyBar)
        start = next(start for start, _, ids in bar._spans if ids == "app.help")
        await s.pilot.click("KeyBar", offset=(start + 2, 0))
        await s.settle()
        assert isinstance(s.app.screen, HelpScreen)


async def test_a_seed_of_many_digits_is_no_number_to_count_from(open_app: Open) -> None:
    async with open_app() as s:
        for name in ("seed", "size"):
            s.studio.spec_form.parameters.set_value(name, "9" * 5000)
            s.studio.query_one(f"#field-{name} Input").focus()
            await s.press("up", "ctrl+s", "ctrl+r")
        assert s.engine.submitted == []
        assert s.app.is_running


async def test_a_damaged_checkpoint_on_the_form_is_no_obstacle(
    open_app: Open, paths: Paths, tmp_path: Path
) -> None:
    folder = tmp_path / "model"
    (folder / "vae").mkdir(parents=True)
    (folder / "model_index.json").write_text('{"_class_name": "StableDiffusionPipeline"}')
    (folder / "vae" / "config.json").write_text('{"block_out_channels": null}')
    paths.state.mkdir(parents=True)
    paths.form_file.write_text(json.dumps({"checkpoint": str(folder)}))
    async with open_app() as s:
        assert s.app.is_running


async def test_guidance_keeps_its_digits(open_app: Open) -> None:
    async with open_app() as s:
        for typed, after in (("7.25", "7.75"), ("7,5", "8.0"), ("100", "100.0")):
            s.studio.spec_form.parameters.set_value("guidance_scale", typed)
            s.studio.query_one("#field-guidance-scale Input").focus()
            await s.press("up")
            assert s.studio.spec_form.values["guidance_scale"] == after


async def test_a_stop_is_answered_at_once(open_app: Open) -> None:
    async with open_app() as s:
        await s.press("ctrl+r", "ctrl+r")
        s.engine.begin()
        await s.settle()
        s.studio.painter.stopping()
        s.engine.step(4)
        await s.settle()
        assert "Stopping after this step" in s.seen()


async def test_the_chosen_theme_is_back_on_the_next_start(open_app: Open) -> None:
    async with open_app() as s:
        s.app.theme = "safelight-light"
        await s.press("ctrl+q")
    async with open_app() as s:
        assert s.app.theme == "safelight-light"
    async with open_app(settings=Settings(theme="nord")) as s:
        assert s.app.theme == "nord"


async def test_every_theme_can_be_chosen(open_app: Open) -> None:
    async with open_app(ScriptedLab([record_of(1, RunSpec("x"))])) as s:
        s.studio.spec_form.parameters.set_value("batch_size", "2")
        await s.press("ctrl+r")
        s.engine.begin()
        s.engine.finish()
        for theme in s.app.available_themes:
            s.app.theme = theme
            await s.settle()
            assert "▸ 7" in s.seen()


async def test_the_quit_question_counts_those_that_wait(open_app: Open) -> None:
    async with open_app() as s:
        await s.press("ctrl+r", "ctrl+r", "ctrl+r")
        s.engine.begin()
        await s.press("ctrl+q")
        assert "What waits (2) is" in s.seen()


async def test_jump_selects_what_is_in_the_field(open_app: Open) -> None:
    async with open_app() as s:
        for _ in range(2):
            await s.press("ctrl+o", "t", "9")
            assert s.studio.spec_form.values["num_inference_steps"] == "9"


@pytest.mark.parametrize("size", [(80, 24), (120, 40), (200, 60)])
async def test_a_seed_is_shown_whole_or_with_a_sign(open_app: Open, size: tuple[int, int]) -> None:
    past = [record_of(n, RunSpec("x", seed=1934151495 + n)) for n in range(1, 60)]
    async with open_app(ScriptedLab(past[::-1]), size=size) as s:
        assert "1934151554" in s.seen().split("Runs")[1]


async def test_help_begins_with_the_focused_panel(open_app: Open) -> None:
    async with open_app() as s:
        s.studio.runs.focus()
        await s.press("question_mark")
        assert isinstance(s.app.screen, HelpScreen)
        assert "look at older runs" in s.seen()
        assert "^R" in s.seen()
        await s.press("escape")
        assert s.at_studio()


async def test_a_question_mark_can_be_typed(open_app: Open) -> None:
    async with open_app() as s:
        await s.press("question_mark")
        assert s.studio.spec_form.values["prompt"].endswith("?")


async def test_jump_goes_to_a_field_with_one_letter(open_app: Open) -> None:
    async with open_app() as s:
        await s.press("ctrl+o")
        await s.press("g")
        assert s.app.focused is s.studio.query_one("#field-guidance-scale Input")
        await s.press("ctrl+o", "r")
        assert s.focus() == "runs"
        await s.press("escape")
        assert s.focus() == "prompt"


async def test_quitting_in_mid_run_asks_once(open_app: Open) -> None:
    async with open_app() as s:
        await s.press("ctrl+r")
        s.engine.begin()
        await s.press("ctrl+q")
        assert "Quitting stops it" in s.seen()
        await s.press("escape")
        assert s.app.is_running
        await s.press("ctrl+q", "enter")
        assert s.app.return_code == 0
    s.app.shut_down()
    assert s.engine.stopped
    assert s.app.room.ended


async def test_the_last_form_is_back_on_the_next_start(open_app: Open, paths: Paths) -> None:
    async with open_app() as s:
        s.studio.spec_form.parameters.set_value("num_inference_steps", "33")
        await s.type("!")
        await s.press("ctrl+q")
    assert json.loads(paths.form_file.read_text())["num_inference_steps"] == "33"
    async with open_app() as s:
        assert s.studio.spec_form.values["num_inference_steps"] == "33"
        assert s.studio.spec_form.values["prompt"].endswith("birds!")


@pytest.mark.parametrize("text", ["", "{", "[]", '{"seed": 4, "size": null}', "\x00"])
async def test_a_broken_form_file_is_no_obstacle(open_app: Open, paths: Paths, text: str) -> None:
    paths.state.mkdir(parents=True)
    paths.form_file.write_text(text)
    async with open_app() as s:
        assert s.studio.spec_form.values["seed"] == "7"


async def test_hostile_text_stays_text(open_app: Open) -> None:
    hostile = "[/] [bold]x[/bold] \x1b]52;c;aGk=\x07 \u202e evil [/home/x.png]"
    async with open_app(ScriptedLab([record_of(1, RunSpec(hostile, checkpoint=hostile))])) as s:
        s.studio.runs.focus()
        await s.press("enter")
        await s.press("ctrl+r")
        s.engine.begin()
        s.engine.loaded(hostile)
        s.engine.fail(hostile)
        await s.settle()
        lines = s.app.screen._compositor.render_strips()
        drawn = "".join(segment.text for line in lines for segment in line)
        assert "\x1b" not in drawn
        assert "\u202e" not in drawn
        assert "[bold]x[/bold]" in drawn
        assert "\x1b" not in s.told()
        assert "\u202e" not in s.told()


async def test_pasted_text_comes_once_and_clean(open_app: Open) -> None:
    async with open_app() as s:
        s.studio.spec_form.prompt.show_text("")
        s.app.post_message(Paste("a sun\r\x1b[31mred"))
        await s.settle()
        assert s.studio.spec_form.values["prompt"] == "a sun\n␛[31mred"
        seed = s.studio.query_one("#field-seed Input", Input)
        seed.value = ""
        seed.focus()
        s.app.post_message(Paste(" 42\n"))
        await s.settle()
        assert s.studio.spec_form.values["seed"] == "42"


async def test_a_second_quit_answers_the_question(open_app: Open) -> None:
    async with open_app() as s:
        await s.press("ctrl+r")
        s.engine.begin()
        await s.press("ctrl+q", "ctrl+q")
        assert s.app.return_code == 0


async def test_keys_mashed_during_a_run_break_nothing(open_app: Open) -> None:
    keys = ["ctrl+r", "tab", "ctrl+n", "enter", "up", "down", "f2", "ctrl+s", "f1", "escape"]
    keys += ["ctrl+o", "x", "ctrl+g", "f2", "ctrl+l", "f5"]
    async with open_app(size=(80, 24)) as s:
        for round_ in range(3):
            for key in keys:
                await s.press(key)
                if s.engine.line and s.engine.current is None:
                    s.engine.begin()
                if s.engine.current is not None:
                    s.engine.step(1 + round_)
            await s.pilot.resize_terminal(200 - 60 * round_, 60 - 18 * round_)
        assert s.app.is_running


async def test_settings_that_cannot_be_used_are_told(open_app: Open, paths: Paths) -> None:
    paths.themes.mkdir(parents=True)
    (paths.themes / "mine.toml").write_text("primary = 3")
    async with open_app(settings=Settings(theme="nope"), complaint="config.toml: line 3.") as s:
        assert "No theme is called “nope”" in s.told()
        assert "mine.toml was left out" in s.told()
        assert "line 3" in s.told()
        assert s.app.theme == "safelight"


async def test_a_run_that_never_started_leaves_no_row(open_app: Open) -> None:
    async with open_app() as s:
        await s.press("ctrl+r", "ctrl+r")
        s.engine.begin()
        s.engine.cancel(2)
        await s.settle()
        assert [row.id for row in s.studio.runs.rows] == [1]


async def test_memory_gauge_shows_unit_and_total(open_app: Open) -> None:
    async with open_app() as s:
        for used in (1, 2, 3):
            s.engine.sample_memory(used * 1024**3)
            await s.settle()
        assert "VRAM" in s.seen().splitlines()[0]
        assert "3.0 GB / 24.0 GB" in s.seen().splitlines()[0]


async def test_cancelled_and_failed_rows_have_a_word(open_app: Open) -> None:
    past = [
        record_of(3, RunSpec("c"), Status.FAILED, "No."),
        record_of(2, RunSpec("b"), Status.CANCELLED, steps=4),
    ]
    async with open_app(ScriptedLab(past)) as s:
        assert "✗" in s.seen()
        assert "failed" in s.seen()
        assert "stopped" in s.seen()


async def test_keys_that_come_while_the_jump_letters_go_away_close_nothing_else(
    open_app: Open,
) -> None:
    async with open_app() as s:
        await s.press("ctrl+o")
        s.app.screen.post_message(Key("z", "z"))
        s.app.screen.post_message(Key("z", "z"))
        await s.settle()
        assert s.at_studio()
        assert s.studio.query_one("#field-size Input").has_focus


async def test_a_letter_right_after_the_jump_key_is_a_jump(open_app: Open) -> None:
    async with open_app() as s:
        before = s.studio.spec_form.values
        s.app.post_message(Key("ctrl+o", None))
        s.app.post_message(Key("b", "b"))
        await s.settle()
        assert s.studio.spec_form.values == before
        assert s.studio.query_one("#field-batch-size Input").has_focus


async def test_a_scheduler_that_gave_way_comes_back(open_app: Open) -> None:
    async with open_app() as s:
        form = s.studio.spec_form
        for checkpoint, schedulers, shown in (
            ("one", ("Flow Euler",), "checkpoint's own"),
            ("two", (), "checkpoint's own"),
            ("scenes", ("PNDM", "DPM++ 2M"), "DPM++ 2M"),
        ):
            form.parameters.set_value("checkpoint", checkpoint)
            s.engine.loaded(checkpoint, schedulers=schedulers)
            await s.settle()
            assert form.values["scheduler"] == shown
        form.parameters.set_value("checkpoint", "one")
        s.engine.loaded("one", schedulers=("Flow Euler", "Flow Heun"))
        await s.settle()
        form.parameters.set_value("scheduler", "Flow Heun")
        await s.settle()
        form.parameters.set_value("checkpoint", "scenes")
        s.engine.loaded("scenes", schedulers=("PNDM", "DPM++ 2M"))
        await s.settle()
        assert form.values["scheduler"] == "checkpoint's own"


@pytest.mark.parametrize(
    ("field", "text"),
    [("guidance_scale", "4"), ("guidance_scale", "4,0"), ("num_inference_steps", "020")],
)
async def test_another_way_to_write_the_same_is_no_difference(
    open_app: Open, field: str, text: str
) -> None:
    async with open_app() as s:
        await s.press("ctrl+r")
        s.engine.begin()
        s.engine.finish()
        s.studio.spec_form.parameters.set_value(field, text)
        await s.settle()
        assert "•" not in s.seen()
        s.studio.spec_form.parameters.set_value(field, "7")
        await s.settle()
        assert "•" in s.seen()


async def test_stopping_all_says_that_it_is_stopping(open_app: Open) -> None:
    async with open_app() as s:
        await s.press("ctrl+r")
        s.engine.begin()
        await s.settle()
        s.engine.keep_going = True
        await s.press("f8")
        assert "Stopping after this step" in s.seen()


async def test_all_values_of_a_choice_with_a_word_each(open_app: Open) -> None:
    async with open_app() as s:
        s.studio.query_one(Choice).focus()
        await s.press("down")
        assert s.studio.spec_form.values["scheduler"] == "DPM++ 2M SDE"
        await s.press("enter")
        assert "Sharp at 20 steps. A good first choice." in s.seen()
        await s.press("home", "enter")
        assert s.studio.spec_form.values["scheduler"] == "PNDM"
        await s.press("enter", "end", "escape")
        assert s.studio.spec_form.values["scheduler"] == "PNDM"


async def test_a_run_asked_for_right_after_the_first_frame_is_not_lost(paths: Paths) -> None:
    lab = ScriptedLab()
    app = SafelightApp(lab, paths, Sources.of(Settings(), paths.settings_file), Terminal())
    open_lab = app._open_lab
    app._open_lab = lambda: None  # type: ignore[assignment,method-assign,misc]
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.press("ctrl+r")
        assert not app.studio.runs.rows
        await open_lab().wait()
        assert lab.engine is not None
        assert len(lab.engine.submitted) == 1
