"""Below 60x20 cells."""

from __future__ import annotations

from textual.widgets import Static

from tests.tui.conftest import Open, Session
from tui.screens.confirm import ConfirmScreen, QuitQuestion
from tui.screens.help import HelpScreen
from tui.screens.too_small import TooSmall


def covered(s: Session) -> bool:
    return type(s.app.screen) is TooSmall


async def resize(s: Session, columns: int, rows: int) -> None:
    await s.pilot.resize_terminal(columns, rows)
    await s.settle()


async def test_a_terminal_that_is_too_small_says_so_and_all_is_back_when_it_grows(
    open_app: Open,
) -> None:
    async with open_app(size=(80, 24)) as s:
        s.engine.loaded()
        await s.type(" and birds")
        await s.press("ctrl+r")
        before, prompt = s.seen(), s.studio.spec_form.prompt.text
        for size in ((59, 24), (80, 19), (59, 19), (12, 4), (1, 1)):
            await resize(s, *size)
            assert covered(s)
            said = str(s.app.screen.query_one(Static).render())
            assert "needs 60x20" in said
            assert "has {}x{}.".format(*size) in said
        s.app.notify("Something else.")
        await s.settle()
        await resize(s, 40, 15)
        assert "Something else" not in s.seen()
        assert "This terminal has 40x15." in s.seen()
        await s.press("a", "f1", "f9", "ctrl+p", "ctrl+n", "tab", "escape")
        assert covered(s)
        s.app.clear_notifications()
        await resize(s, 80, 24)
        assert s.at_studio()
        assert s.focus() == "prompt"
        assert s.studio.spec_form.prompt.text == prompt
        assert s.seen() == before


async def test_a_long_prompt_is_seen_from_its_beginning(open_app: Open) -> None:
    text = "beginning " + "many words " * 60
    async with open_app(size=(60, 20)) as s:
        s.studio.spec_form.prompt.show_text(text)
        await s.settle()
        assert "beginning" not in s.seen()
        s.app.keep_form()
    async with open_app(size=(60, 20)) as s:
        assert "beginning" in s.seen()
        await s.type("end")
        assert s.studio.spec_form.prompt.text.endswith("end")
        assert "beginning" not in s.seen()


async def test_undo_without_anything_to_undo(open_app: Open) -> None:
    async with open_app() as s:
        await s.press("ctrl+z")
        assert "Nothing to undo here." in s.told()
        s.app.clear_notifications()
        await s.type("x")
        await s.press("ctrl+z", "alt+5")
        assert s.told() == ""


async def test_runs_go_on_meanwhile(open_app: Open) -> None:
    async with open_app(size=(80, 24)) as s:
        s.engine.loaded()
        await s.press("ctrl+r")
        s.engine.begin()
        await resize(s, 30, 10)
        s.engine.step(3)
        s.engine.finish()
        await resize(s, 80, 24)
        assert "✓ #1 took" in s.seen()


async def test_what_opens_and_closes_meanwhile_does_so_below(open_app: Open) -> None:
    async with open_app(size=(80, 24)) as s:
        await s.press("f1")
        await resize(s, 30, 10)
        question = ConfirmScreen("Sure?", "Is it so?", "yes", "no")
        s.app.push_screen(question)
        await s.settle()
        assert covered(s)
        question.dismiss(True)
        await s.settle()
        assert covered(s)
        await resize(s, 80, 24)
        assert type(s.app.screen) is HelpScreen


async def test_quitting_asks_over_it(open_app: Open) -> None:
    async with open_app(size=(80, 24)) as s:
        s.engine.loaded()
        await s.press("ctrl+r")
        s.engine.begin()
        await resize(s, 50, 15)
        await s.press("ctrl+q")
        assert isinstance(s.app.screen, QuitQuestion)
        await resize(s, 80, 24)
        assert s.at_studio()
        await resize(s, 50, 15)
        await s.press("ctrl+q", "ctrl+q")
        assert s.app.return_code == 0


async def test_it_may_begin_too_small(open_app: Open) -> None:
    async with open_app(size=(40, 10)) as s:
        assert covered(s)
        await resize(s, 80, 24)
        assert s.at_studio()
        assert s.focus() == "prompt"
