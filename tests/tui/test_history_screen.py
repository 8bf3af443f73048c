"""The history screen, by the keyboard, on a real history."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from textual.events import Key, Paste

from engine.errors import HistoryError
from engine.history import History, Query
from engine.history.marks import Marks
from engine.history.search import Search
from engine.record import Status
from tests.tui.conftest import Open, Session
from tests.tui.kept import draw, history_of, run, said
from tests.tui.scripted import ScriptedLab
from tui.screens.history.screen import HistoryScreen
from tui.widgets.thumbnails import Thumbnails


@pytest.fixture
def history(tmp_path: Path) -> Iterator[History]:
    kept = history_of(tmp_path / "kept", 24)
    yield kept
    kept.close()


def screen(s: Session) -> HistoryScreen:
    assert isinstance(s.app.screen, HistoryScreen)
    return s.app.screen


def numbers(s: Session) -> list[int]:
    """The runs in the list, from the first on, as far as they were fetched."""
    found = screen(s).found
    assert found is not None
    return [entry.id for entry in (*found.head, *found.tail)]


def current(s: Session) -> int:
    entry = screen(s).listed.current
    assert entry is not None
    return entry.id


def row(s: Session, number: int) -> str:
    rows = (line for line in s.seen().splitlines() if line.startswith("│"))
    return next(line for line in rows if f"#{number} " in line)


async def search(s: Session, text: str) -> None:
    await s.press("slash")
    screen(s).search_line.line.value = ""
    await s.type(text)


# Opening and leaving


async def test_every_run_with_its_figures(open_app: Open, history: History) -> None:
    async with open_app(ScriptedLab(kept=history)) as s:
        await s.press("f9")
        assert numbers(s) == list(range(24, 0, -1))
        seen = s.seen()
        assert "24 runs" in seen
        assert "Runs, newest first" in seen
        assert "1 of 24" in seen
        assert "✗ failed" in row(s, 19)
        assert "888" in row(s, 24)
        # Beside the list: everything about the run under the cursor.
        assert "seed 888 · 20 steps · DPM++ 2M" in seen
        assert "The picture is not there any more." in seen
        await s.press("f9")
        assert s.at_studio()


async def test_points_stand_below_points(open_app: Open, history: History) -> None:
    async with open_app(ScriptedLab(kept=history), size=(200, 60)) as s:
        await s.press("f9")
        rows = [row(s, number) for number in (24, 23, 22, 21)]
        assert len({line.index(" s ") for line in rows}) == 1
        assert len({line.index(".") for line in rows}) == 1


async def test_it_opens_again_where_it_was_left(open_app: Open, history: History) -> None:
    async with open_app(ScriptedLab(kept=history)) as s:
        await s.press("f9")
        await search(s, "moon")
        await s.press("enter", "down", "down")
        at = current(s)
        await s.press("escape")
        assert s.at_studio()
        await s.press("f9")
        assert current(s) == at
        assert screen(s).search_line.text == "moon"


async def test_without_a_history_there_is_no_screen(open_app: Open) -> None:
    async with open_app() as s:
        for key in ("f9", "f12"):
            await s.press(key)
            assert s.at_studio()
        assert "There is no history here." in s.told()


async def test_no_runs_yet(open_app: Open, tmp_path: Path) -> None:
    history = History(tmp_path / "new")
    async with open_app(ScriptedLab(kept=history)) as s:
        await s.press("f9")
        assert "No runs yet. ^R in the studio makes the first." in s.seen()
        await s.press("enter", "5", "m", "t", "n", "d", "u", "space", "v", "end", "s")
        assert screen(s).found is not None
    history.close()


async def test_help_begins_with_these_keys(open_app: Open, history: History) -> None:
    async with open_app(ScriptedLab(kept=history)) as s:
        await s.press("f9", "f1")
        assert "opens a run in the studio" in s.seen()
        await s.press("escape", "slash", "f1")
        assert "after:7d" in s.seen()


# Searching


async def test_typing_searches_when_it_rests(open_app: Open, history: History) -> None:
    async with open_app(ScriptedLab(kept=history)) as s:
        await s.press("f9")
        await search(s, "moon")
        assert numbers(s) == list(range(22, 0, -3))
        assert "8 of 24 runs" in s.seen()
        await s.press("enter")
        assert s.focus() == "history"
        assert current(s) == 22


async def test_what_is_typed_right_after_the_slash_is_searched_for(
    open_app: Open, history: History
) -> None:
    """Keys that come together: the list must not have those that are meant for the search."""
    async with open_app(ScriptedLab(kept=history)) as s:
        await s.press("f9")
        for key in ("slash", "d", "u", "s"):
            s.app.post_message(Key(key, "/" if key == "slash" else key))
        await s.settle()
        await s.settle()
        assert screen(s).search_line.text == "dus"
        await s.type("/models")
        assert screen(s).search_line.text == "dus/models"
        assert history.trash.count() == 0


async def test_nothing_found(open_app: Open, history: History) -> None:
    async with open_app(ScriptedLab(kept=history)) as s:
        await s.press("f9")
        await search(s, "zebra")
        assert "No run has “zebra”. Esc clears the search." in s.seen()
        await s.press("enter", "5", "d", "escape")
        assert len(numbers(s)) == 24
        await s.press("escape")
        assert s.at_studio()


async def test_what_cannot_be_asked_keeps_the_old_results(open_app: Open, history: History) -> None:
    async with open_app(ScriptedLab(kept=history)) as s:
        await s.press("f9")
        await search(s, "moon")
        await s.type(" rating:x")
        assert "“rating:x” wants 0 to 5" in s.seen()
        assert numbers(s) == list(range(22, 0, -3))
        screen(s).look_again()
        await s.settle()
        assert numbers(s) == list(range(22, 0, -3))
        await s.press("backspace", "0")
        assert "wants 0 to 5" not in s.seen()
        assert len(numbers(s)) == 8


async def test_a_late_answer_is_dropped(
    open_app: Open, history: History, monkeypatch: pytest.MonkeyPatch
) -> None:
    go_on, count = threading.Event(), Search.count

    def slow(self: Search, query: Query) -> int:
        if any(word.text == "sun" for word in query.words):
            go_on.wait(30)
        return count(self, query)

    async with open_app(ScriptedLab(kept=history)) as s:
        await s.press("f9", "slash")
        monkeypatch.setattr(Search, "count", slow)
        for text in ("sun", "moon"):
            screen(s).search_line.text = text
            await s.pilot.pause()
        go_on.set()
        await s.settle()
        assert numbers(s) == list(range(22, 0, -3))


async def test_tab_takes_what_is_offered(open_app: Open, history: History) -> None:
    async with open_app(ScriptedLab(kept=history)) as s:
        await s.press("f9", "slash")
        assert "how it ended" in s.seen()
        await s.type("sche")
        assert "scheduler:" in s.seen()
        await s.press("tab")
        assert screen(s).search_line.text == "scheduler:"
        assert "Euler" in s.seen()
        await s.press("down", "down", "enter")
        assert screen(s).search_line.text == "scheduler:Euler "
        assert set(numbers(s)) == set(range(22, 0, -3))
        await s.type("sta")
        await s.press("right")
        assert screen(s).search_line.text == "scheduler:Euler status:"
        await s.press("down", "down", "up", "up", "tab")
        assert screen(s).search_line.text == "scheduler:Euler status:finished "
        assert screen(s).search_line.line.has_focus
        await s.press("tab")
        assert s.focus() == "history"


async def test_down_and_tab_go_to_the_list(open_app: Open, history: History) -> None:
    async with open_app(ScriptedLab(kept=history)) as s:
        await s.press("f9")
        for key in ("down", "tab"):
            await search(s, "zzz")
            await s.press(key)
            assert s.focus() == "history"


async def test_orders(open_app: Open, history: History) -> None:
    async with open_app(ScriptedLab(kept=history)) as s:
        await s.press("f9", "s")
        assert "Runs, oldest first" in s.seen()
        assert numbers(s)[0] == 1
        await s.press("s")
        assert screen(s).search_line.text == "sort:time"
        assert "Runs, shortest first" in s.seen()
        assert row(s, numbers(s)[0]).count("failed") == 0
        await s.press("s", "s", "s", "s")
        assert screen(s).search_line.text == ""
        assert numbers(s)[0] == 24
        await search(s, "sort:-time")
        assert "Runs, longest first" in s.seen()


# Opening a run


async def test_enter_opens_a_run_in_the_studio(open_app: Open, history: History) -> None:
    draw(history, 1)
    async with open_app(ScriptedLab(kept=history)) as s:
        await s.press("f9", "end", "enter")
        assert s.at_studio()
        assert s.studio.spec_form.values["seed"] == "37"
        assert s.studio.spec_form.prompt.text == "a white moon over a city"
        assert len(s.studio.picture.images) == 1  # though the list of runs has none
        assert "#1 · seed 37" in s.seen()
        assert "The settings of #1 are back on the form." in s.told()


async def test_a_run_that_is_in_the_list_of_runs_too(open_app: Open, history: History) -> None:
    lab = ScriptedLab(list(history.latest(500)), kept=history)
    async with open_app(lab) as s:
        await s.press("f9", "down", "down", "enter")
        assert s.studio.runs.current is not None
        assert s.studio.runs.current.id == 22


# What is said of runs


async def test_marks_are_written_and_shown(open_app: Open, history: History) -> None:
    async with open_app(ScriptedLab(kept=history)) as s:
        await s.press("f9", "down", "4", "m", "n")
        await s.type("best so far")
        await s.press("enter", "t")
        await s.type("keep #blue")
        await s.press("enter")
        entry = said(history, 23)
        assert (entry.rating, entry.winner, entry.note) == (4, True, "best so far")
        assert entry.tags == ("blue", "keep")
        assert "★★★★◆" in row(s, 23)
        assert "#blue #keep" in s.seen()
        assert "best so far" in s.seen()
        await s.press("0", "m", "t", "ctrl+u")
        await s.type("keep")
        await s.press("enter")
        entry = said(history, 23)
        assert (entry.rating, entry.winner, entry.tags) == (0, False, ("keep",))
        assert "★" not in row(s, 23)


async def test_the_last_of_quick_keys_counts(open_app: Open, history: History) -> None:
    async with open_app(ScriptedLab(kept=history)) as s:
        await s.press("f9", *"12345123")
        assert said(history, 24).rating == 3


async def test_what_is_selected_is_marked_together(open_app: Open, history: History) -> None:
    history.marks.tag([24], ["old", "both"])
    history.marks.tag([23], ["both"])
    async with open_app(ScriptedLab(kept=history)) as s:
        await s.press("f9", "space", "space", "space", "up", "space", "3")
        assert "2 selected" in s.seen()
        assert [said(history, n).rating for n in (24, 23, 22, 21)] == [3, 3, 0, 0]
        assert row(s, 24).startswith("│ ●")
        await s.press("t")
        assert "Tags of 2 runs" in s.seen()
        await s.press("ctrl+u")
        await s.type("new")
        await s.press("enter")
        assert said(history, 24).tags == ("new", "old")
        assert said(history, 23).tags == ("new",)
        await s.press("escape")
        assert screen(s).selected == set()
        assert not row(s, 24).startswith("│ ●")
        await s.press("escape")
        assert s.at_studio()


async def test_a_new_search_selects_nothing(open_app: Open, history: History) -> None:
    async with open_app(ScriptedLab(kept=history)) as s:
        await s.press("f9", "space")
        await search(s, "moon")
        await s.press("enter", "5")
        assert said(history, 24).rating == 0
        assert said(history, 22).rating == 5


async def test_a_tag_that_cannot_be(open_app: Open, history: History) -> None:
    async with open_app(ScriptedLab(kept=history)) as s:
        await s.press("f9", "t")
        await s.type("a:b")
        await s.press("enter")
        assert "A tag is one word" in s.seen()
        await s.press("escape")
        assert said(history, 24).tags == ()


async def test_a_mark_that_cannot_be_written(
    open_app: Open, history: History, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise HistoryError("The disk is full.")

    monkeypatch.setattr(Marks, "rate", refuse)
    async with open_app(ScriptedLab(kept=history)) as s:
        await s.press("f9", "5")
        assert "The disk is full." in s.told()
        assert "★" not in row(s, 24)


# The trash


async def test_deleting_and_taking_back(open_app: Open, history: History) -> None:
    async with open_app(ScriptedLab(kept=history)) as s:
        await s.press("f9", "down", "d")
        assert numbers(s)[:3] == [24, 22, 21]
        assert current(s) == 22
        assert "#23 is in the trash. u takes it back." in s.told()
        await s.press("space", "space", "d")
        assert numbers(s)[:2] == [24, 20]
        assert history.trash.count() == 3
        assert "21 runs" in s.seen()
        await s.press("u")
        assert numbers(s)[:4] == [24, 22, 21, 20]
        await s.press("u")
        assert numbers(s)[:3] == [24, 23, 22]
        assert current(s) == 23
        await s.press("u")
        assert "Nothing was deleted since" in s.told()
        assert history.trash.count() == 0


async def test_the_trash_is_emptied_after_a_question(open_app: Open, history: History) -> None:
    draw(history, 24, 23, 22)
    async with open_app(ScriptedLab(kept=history)) as s:
        await s.press("f9", "x")
        assert "once you look into it" in s.told()
        await s.press("d", "d", "d")
        await search(s, "in:trash")
        await s.press("enter")
        assert "Trash, newest first" in s.seen()
        assert "3 runs in the trash" in s.seen()
        await s.press("d")
        assert "u takes them back, x empties it" in s.told()
        await s.press("u")
        assert numbers(s) == [23, 22]
        assert said(history, 24).trashed_at == ""
        await s.press("x")
        shown = " ".join(s.seen().replace("│", " ").split())
        assert "2 runs and about" in shown
        await s.press("escape")
        assert history.trash.count() == 2
        await s.press("x", "enter")
        assert history.trash.count() == 0
        assert history.entry(22) is None
        assert "freed" in s.told()
        assert "The trash is empty. Esc goes back to all runs." in s.seen()
        await s.press("escape")
        assert numbers(s)[:2] == [24, 21]
        await s.press("u")
        assert "Nothing was deleted since" in s.told()


# Long lists


async def test_the_end_is_one_key_away(open_app: Open, tmp_path: Path) -> None:
    history = history_of(tmp_path / "long", 420)
    async with open_app(ScriptedLab(kept=history)) as s:
        await s.press("f9")
        assert len(numbers(s)) < 420
        await s.press("end")
        assert current(s) == 1
        assert "#1 " in s.seen()
        assert "420 of 420" in s.seen()
        assert len(numbers(s)) < 420
        for _ in range(14):
            await s.press("pageup")
        assert screen(s).listed.current is not None
        await s.press("home")
        assert current(s) == 420
        for _ in range(20):
            await s.press("pagedown")
        assert current(s) == 1
        assert numbers(s) == list(range(420, 0, -1))
    history.close()


async def test_scrolling_alone_fetches_what_comes_into_sight(
    open_app: Open, tmp_path: Path
) -> None:
    history = history_of(tmp_path / "long", 420)
    async with open_app(ScriptedLab(kept=history)) as s:
        await s.press("f9")
        listed = screen(s).listed
        listed.scroll_to(y=300, animate=False)
        await s.settle()
        assert "#120 " in s.seen()
        assert listed.cursor == 0
        assert listed.scroll_offset.y == 300
    history.close()


async def test_the_cursor_stays_when_the_list_is_renewed(open_app: Open, tmp_path: Path) -> None:
    history = history_of(tmp_path / "long", 420)
    async with open_app(ScriptedLab(kept=history)) as s:
        await s.press("f9", "end", "up")
        history.add(run(history, history.new_id(), "made meanwhile"))
        screen(s).look_again()
        await s.settle()
        assert current(s) == 2
        assert "420 of 421" in s.seen()
        await s.press("home")
        assert "made meanwhile" in s.seen()
    history.close()


# Runs made meanwhile


async def test_runs_of_this_app_appear(open_app: Open, history: History) -> None:
    async with open_app(ScriptedLab(kept=history)) as s:
        await s.press("ctrl+r", "f9")
        s.engine.begin()
        history.add(run(history, history.new_id(), "new here"))
        s.engine.finish()
        await s.settle()
        assert numbers(s)[0] == 25
        assert current(s) == 24
        await s.press("f9", "f9")
        assert numbers(s)[0] == 25


async def test_runs_of_another_safelight_appear(open_app: Open, history: History) -> None:
    async with open_app(ScriptedLab(kept=history)) as s:
        await s.press("f9")
        screen(s).look_for_others()
        await s.settle()
        other = History(history.folder)
        other.add(run(other, other.new_id(), "from elsewhere"))
        other.close()
        screen(s).look_for_others()
        await s.settle()
        assert "from elsewhere" in s.seen()


# Pictures


async def test_thumbnails(open_app: Open, history: History) -> None:
    draw(history, *(n for n in range(1, 25) if n % 10 != 9))
    Path(said(history, 22).record.images[0].path).unlink()
    history.marks.rate([23], 4)
    async with open_app(ScriptedLab(kept=history)) as s:
        await s.press("f9", "v")
        assert s.focus() == "thumbnails"
        seen = s.seen()
        assert "#24" in seen
        assert "★★★★" in seen
        assert "▀▀▀" in seen
        assert "not there" in seen
        across = screen(s).query_one(Thumbnails).across
        assert across > 2
        await s.press("right", "down")
        assert current(s) == 24 - 1 - across
        await s.press("left", "up")
        assert current(s) == 24
        await s.press("up", "left")
        assert current(s) == 24
        await s.press("end", "5")
        assert said(history, 1).rating == 5
        await s.press("home", "down", "v")
        assert current(s) == 24 - across
        assert s.focus() == "history"


async def test_pictures_of_the_run_under_the_cursor(open_app: Open, tmp_path: Path) -> None:
    history = History(tmp_path / "kept")
    history.add(run(history, history.new_id(), status=Status.INTERRUPTED))
    history.add(run(history, history.new_id(), batch_size=4))
    draw(history, 2)
    async with open_app(ScriptedLab(kept=history)) as s:
        await s.press("f9")
        preview = screen(s).preview
        assert len(preview.images) == 4
        assert "1 of 4" in s.seen()
        await s.press("down")
        assert not screen(s).preview.images
        assert "! cut off" in row(s, 1)
        assert "This run was cut off." in s.seen()
    history.close()


async def test_no_picture_is_read_where_there_is_no_room(open_app: Open, history: History) -> None:
    draw(history, 24)
    async with open_app(ScriptedLab(kept=history), size=(80, 24)) as s:
        await s.press("f9")
        assert not screen(s).preview.images
        await s.pilot.resize_terminal(120, 40)
        await s.settle()
        assert len(screen(s).preview.images) == 1


# Text from outside

HOSTILE = (
    "\x1b]0;x\x07\x1b[2J[red]x[/][/nope]",
    "界" * 3000 + "\u202e",
    "e\u0301" * 5000,
    "👩\u200d👩\u200d👧" * 500,
    "a\nb\r\nc\t" + "long " * 2000,
)


@pytest.mark.parametrize("size", [(80, 24), (120, 40), (200, 60)])
async def test_hostile_text_breaks_no_row(
    open_app: Open, tmp_path: Path, size: tuple[int, int]
) -> None:
    history = History(tmp_path / "kept")
    for text in HOSTILE:
        record = run(history, history.new_id(), text, negative_prompt=text, checkpoint=text)
        history.add(record)
    history.marks.note(list(range(1, len(HOSTILE) + 1)), HOSTILE[0] + "界" * 800)
    async with open_app(ScriptedLab(kept=history), size=size) as s:
        await s.press("f9")
        for _ in HOSTILE:
            strips = s.app.screen._compositor.render_strips()
            assert {strip.cell_length for strip in strips} == {size[0]}
            assert "\x1b" not in s.seen()
            await s.press("down")
        assert "[red]x[/][/nope]" in s.seen()
        await s.press("n", "escape", "v", "slash")
        await s.type("checkpoint:")
        assert "\x1b" not in s.seen()
        await s.press("f12", "escape")
    history.close()


async def test_a_hostile_line_is_only_text(open_app: Open, history: History) -> None:
    async with open_app(ScriptedLab(kept=history)) as s:
        await s.press("f9", "slash")
        screen(s).search_line.line.post_message(Paste("[red]\x1b[31m"))
        await s.settle()
        assert "[red]" in s.seen()
        assert "\x1b" not in s.seen()


# The mouse


async def test_a_double_click_opens(open_app: Open, history: History) -> None:
    async with open_app(ScriptedLab(kept=history)) as s:
        await s.press("f9")
        y = next(i for i, line in enumerate(s.seen().splitlines()) if "#22 " in line)
        await s.pilot.click(offset=(10, y))
        await s.settle()
        assert current(s) == 22
        await s.pilot.click(offset=(10, y), times=2)
        await s.settle()
        assert s.at_studio()
        assert s.studio.spec_form.values["seed"] == str(22 * 37 % 1000)


async def test_a_click_takes_what_is_offered(open_app: Open, history: History) -> None:
    async with open_app(ScriptedLab(kept=history)) as s:
        await s.press("f9", "slash")
        y = next(i for i, line in enumerate(s.seen().splitlines()) if "scheduler:" in line)
        await s.pilot.click(offset=(10, y))
        await s.settle()
        assert screen(s).search_line.text == "scheduler:"
