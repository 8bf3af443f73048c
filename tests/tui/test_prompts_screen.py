"""The prompts of the history, found by a few letters and put back into the editor."""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from textual.events import Paste
from textual.worker import WorkerFailed

from engine.history import History
from tests.tui.conftest import Open, Session
from tests.tui.kept import run
from tests.tui.scripted import ScriptedLab
from tui.paths import Paths
from tui.prompt_search import Prompts, rank
from tui.screens import prompts as prompts_screen
from tui.screens.prompts import PromptList, PromptsScreen

PROMPTS = (
    ("a red sun over blue mountains", ""),
    ("a white moon over a city", "stars"),
    ("mountain city", ""),
    ("a red sun over blue mountains", "birds"),
    ("an old lighthouse,\nstormy sea", ""),
)


@pytest.fixture
def history(tmp_path: Path) -> Iterator[History]:
    kept = History(tmp_path / "kept")
    for prompt, negative in PROMPTS:
        kept.add(run(kept, kept.new_id(), prompt, negative_prompt=negative))
    yield kept
    kept.close()


def offered(s: Session) -> list[str]:
    assert isinstance(s.app.screen, PromptsScreen)
    listed = s.app.screen.listed
    return [listed.prompts.pairs[place][0] for place in listed.places]


async def test_all_prompts_newest_first(open_app: Open, history: History) -> None:
    async with open_app(ScriptedLab(kept=history)) as s:
        await s.press("f12")
        assert [p[0] for p in offered(s)] == ["a", "a", "m", "a"]
        assert offered(s)[0].startswith("an old lighthouse")
        seen = s.seen()
        assert "4 prompts" in seen
        assert "an old lighthouse, stormy sea" in seen
        assert "│ stormy sea" in seen  # the whole prompt, below
        await s.press("down")
        assert "without birds" in s.seen()
        await s.press("f12")
        assert s.at_studio()


async def test_a_prompt_and_its_negative_prompt(open_app: Open, history: History) -> None:
    async with open_app(ScriptedLab(kept=history)) as s:
        s.studio.spec_form.prompt.text = "what was there"
        s.studio.spec_form.negative.text = "that too"
        await s.press("f12")
        await s.type("moon")
        await s.press("enter")
        form = s.studio.spec_form
        assert s.at_studio()
        assert form.prompt.text == "a white moon over a city"
        assert form.negative.text == "stars"
        assert form.prompt.has_focus
        await s.press("ctrl+z")
        assert form.prompt.text == "what was there"
        await s.press("tab", "ctrl+z")
        assert form.negative.text == "that too"


async def test_only_the_prompt(open_app: Open, history: History) -> None:
    async with open_app(ScriptedLab(kept=history)) as s:
        s.studio.spec_form.negative.text = "stays"
        await s.press("f12")
        await s.type("moon")
        await s.press("ctrl+o")
        assert s.studio.spec_form.prompt.text == "a white moon over a city"
        assert s.studio.spec_form.negative.text == "stays"


async def test_nothing_found_and_no_prompts(
    open_app: Open, history: History, tmp_path: Path
) -> None:
    async with open_app(ScriptedLab(kept=history)) as s:
        await s.press("f12")
        await s.type("zebra")
        assert "No prompt has “zebra”. Esc clears the search." in s.seen()
        await s.press("enter", "down", "pagedown", "ctrl+o", "escape")
        assert len(offered(s)) == 4
        await s.press("pagedown", "up", "pageup", "escape")
        assert s.at_studio()
    empty = History(tmp_path / "empty")
    async with open_app(ScriptedLab(kept=empty)) as s:
        await s.press("f12")
        assert "No prompts yet. ^R in the studio makes the first run." in s.seen()
        await s.press("enter")
        assert not s.at_studio()
    empty.close()


async def test_hostile_prompts_stay_text(open_app: Open, history: History) -> None:
    for text in ("\x1b]0;x\x07[red]x[/nope]", "界" * 10_000, "e\u0301" * 5000, ""):
        history.add(run(history, history.new_id(), text or " "))
    async with open_app(ScriptedLab(kept=history), size=(80, 24)) as s:
        await s.press("f12")
        for _ in range(5):
            strips = s.app.screen._compositor.render_strips()
            assert {strip.cell_length for strip in strips} == {80}
            assert "\x1b" not in s.seen()
            await s.press("down")
        assert "[red]x[/nope]" in s.seen()
        s.app.screen.query_one("PromptInput").post_message(Paste("\x1b[31m[/nope]"))
        await s.settle()
        assert "\x1b" not in s.seen()
        await s.press("escape", "f1")
        assert "^O only the prompt" in s.seen()


# The ranking


def best(typed: str, *prompts: str) -> list[str]:
    return [prompts[place] for place in rank(Prompts.of([(p, "") for p in prompts]), typed)]


def test_better_matches_come_first() -> None:
    assert best("sun", "unsung", "sunset", "a sun", "moon") == ["a sun", "sunset", "unsung"]
    assert best("red sun", "sun, red", "a red sun") == ["a red sun", "sun, red"]
    assert best("mntns", "a city", "blue mountains") == ["blue mountains"]
    assert best("rd mtn", "red mountains", "a road", "mtn") == ["red mountains"]
    assert best("SUN", "a Sun") == ["a Sun"]
    assert best("", "b", "a") == ["b", "a"]
    assert best("a", "a old", "a new") == ["a old", "a new"]
    assert best("(c++", "x (c++) y", "c") == ["x (c++) y"]


def test_five_thousand_prompts_are_ranked_at_once() -> None:
    words = ("red", "sun", "moon", "mountains", "cinematic", "lighting", "portrait", "castle")
    texts = [" ".join(words[(n * k) % 8] for k in range(1, 40)) + f" {n}" for n in range(5000)]
    prompts = Prompts.of([(text, "") for text in (*texts, "ab" * 10_000, "a" * 20_000)])
    for typed in ("s", "cnmtc lghtng", "zebra", "cinematic portrait castle", "abababababababac"):
        began = time.process_time()
        rank(prompts, typed)
        assert time.process_time() - began < 1


async def test_a_search_that_ends_while_the_screen_goes_is_dropped(
    open_app: Open, history: History, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate = threading.Event()

    def slow(prompts: Prompts, typed: str) -> Sequence[int]:
        gate.wait(30)
        return rank(prompts, typed)

    async def let_it_end(_: PromptList) -> None:
        """The children go first: the screen is still there, without them."""
        gate.set()
        for thread in threading.enumerate():
            if thread.name == "safelight-asking":
                thread.join(30)
        for _turn in range(9):
            await asyncio.sleep(0)

    async with open_app(ScriptedLab(kept=history)) as s:
        await s.press("f12")
        monkeypatch.setattr(prompts_screen, "rank", slow)
        monkeypatch.setattr(PromptList, "on_unmount", let_it_end, raising=False)
        await s.pilot.press("m", "f12")
        await s.settle()
        assert s.at_studio()


async def test_a_bug_leaves_its_traceback_in_the_log(
    open_app: Open, history: History, paths: Paths, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> Sequence[int]:
        raise KeyError("a bug of ours")

    # Another test's log may be open.
    monkeypatch.setattr(logging.getLogger("safelight"), "handlers", [])
    monkeypatch.setattr(prompts_screen, "rank", broken)
    with pytest.raises(WorkerFailed):
        async with open_app(ScriptedLab(kept=history)) as s:
            await s.press("f12")
    told = paths.log_file.read_text()
    assert "in broken" in told
    assert "KeyError: 'a bug of ours'" in told
