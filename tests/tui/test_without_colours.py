"""Nothing is told by colour alone: what can be told apart when all colours are taken away."""

from __future__ import annotations

from pathlib import Path

from PIL import Image
from rich.segment import Segment
from rich.style import Style
from textual.color import Color

from tests.tui.conftest import Open, Session
from tests.tui.kept import draw, history_of
from tests.tui.scripted import ScriptedLab
from tui.colourless import Colourless
from tui.graphics.halfblock import half_blocks
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


def underlined(s: Session) -> str:
    return "\n".join("".join(text for text, _, line, _ in row if line) for row in plain(s))


def test_pictures_keep_their_colours_and_text_like_them_does_not() -> None:
    image = Image.new("RGB", (2, 2), "red")
    image.putpixel((0, 0), (0, 0, 255))
    drawn = [segment for strip in half_blocks(image, 2, 1) for segment in strip]
    assert {segment.text for segment in drawn} == {"▀", " "}
    text = [Segment("▀▀", Style(color="red")), Segment("▀ a", Style(color="red"))]
    kept = Colourless().apply([*drawn, *text], Color(0, 0, 0))
    assert kept[: len(drawn)] == drawn
    assert [segment.style and segment.style.color for segment in kept[len(drawn) :]] == [None] * 2


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
        five = s.seen().count("━")
        s.engine.step(15)
        await s.settle()
        assert 0 < five < s.seen().count("━")
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
        assert ("A #2" in underlined(s), "B #3" in underlined(s)) == (False, True)
        await s.press("tab")
        assert ("A #2" in underlined(s), "B #3" in underlined(s)) == (True, False)
    lab.kept.close()
