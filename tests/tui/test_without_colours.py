"""Nothing is told by colour alone: what can be told apart when all colours are taken away."""

from __future__ import annotations

from pathlib import Path

from tests.tui.conftest import Open, Session
from tests.tui.kept import draw, history_of
from tests.tui.scripted import ScriptedLab
from tui.widgets.run_table import SIGNS

Cell = tuple[str, bool, bool, bool]


def plain(s: Session) -> list[list[Cell]]:
    """What is seen without colours: text, and whether it is bold, underlined or struck through."""
    return [
        [
            (segment.text, bool(style.bold), bool(style.underline), bool(style.strike))
            for segment in strip
            if (style := segment.style) is not None
        ]
        for strip in s.app.screen._compositor.render_strips()
    ]


def bold(s: Session) -> str:
    return "\n".join("".join(text for text, is_bold, *_ in row if is_bold) for row in plain(s))


async def test_focus_progress_status_and_cursor(open_app: Open) -> None:
    async with open_app(size=(120, 40)) as s:
        s.engine.loaded()
        assert "Prompt" in bold(s)
        await s.press("tab")
        assert "Negative prompt" in bold(s)
        assert "Settings" not in bold(s)
        await s.press("ctrl+r", "ctrl+r", "ctrl+r")
        s.engine.begin()
        s.engine.step(5)
        await s.settle()
        five = plain(s)
        s.engine.step(15)
        await s.settle()
        assert "━" in s.seen()
        assert "─" in s.seen()
        assert plain(s) != five
        s.engine.finish()
        s.engine.begin()
        s.engine.fail("No.")
        await s.settle()
        assert "✓" in s.seen()
        assert "✗" in s.seen()
        assert "○" in s.seen()
        s.studio.runs.focus()
        await s.press("down")
        assert "#2" in bold(s)
        assert "#1" not in bold(s)
    assert len({sign for sign, _ in SIGNS.values()}) == len(SIGNS)


async def test_the_side_that_has_the_focus_in_compare(open_app: Open, tmp_path: Path) -> None:
    lab = ScriptedLab()
    lab.kept = history_of(tmp_path, 3)
    draw(lab.kept, 2, 3)
    async with open_app(lab, size=(120, 40)) as s:
        await s.press("f9", "c")
        before = plain(s)
        await s.press("tab")
        assert plain(s) != before
    lab.kept.close()
