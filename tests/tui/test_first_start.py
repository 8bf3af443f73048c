"""What a person sees who starts Safelight for the first time."""

from __future__ import annotations

from engine.spec import RunSpec
from tests.tui.conftest import Open
from tests.tui.scripted import ScriptedLab, record_of


async def test_three_lines_show_how_to_make_the_first_picture_and_go_with_it(
    open_app: Open,
) -> None:
    lab = ScriptedLab()
    async with open_app(lab) as s:
        seen = s.seen()
        assert "Write what to draw into Prompt, or take what stands there." in seen
        assert "^R makes the picture, on this machine." in seen
        assert "F1 shows every key; ^N takes another seed, for another picture." in seen
        s.engine.loaded()
        await s.press("ctrl+r")
        s.engine.begin()
        await s.settle()
        assert "Write what to draw" not in s.seen()
        s.engine.finish()
        await s.settle()
        assert "Write what to draw" not in s.seen()


async def test_later_they_are_not_there(open_app: Open) -> None:
    async with open_app(ScriptedLab([record_of(1, RunSpec("a sun"))])) as s:
        assert "Write what to draw" not in s.seen()
