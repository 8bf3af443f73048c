"""What nobody cleaned is shown all the same, in the cells that it was laid out in."""

from __future__ import annotations

import logging
from unicodedata import category

import pytest
from rich.cells import cell_len
from rich.segment import ControlType, Segment
from rich.style import Style
from textual.app import ComposeResult
from textual.color import Color
from textual.content import Content
from textual.strip import Strip
from textual.widget import Widget
from textual.widgets import Input, Static, TextArea

from tui.guard import Guard
from tui.guarded_app import GuardedApp
from tui.paths import Paths

HOSTILE = "a\x1b]52;c;eA==\x07\x1b[2J\x9b31m\u202eb\U0010eeee\u0305\ud800c\nd\x7f" + "\u0300" * 50


class Careless(Widget):
    DEFAULT_CSS = "Careless { height: 1; }"

    def render_line(self, _: int) -> Strip:
        link = Style(link="file:///\x1b]52;c;eA==\x07")
        segments = [
            Segment(HOSTILE, Style(bold=True)),
            Segment("name", link),
        ]
        return Strip(segments).adjust_cell_length(self.size.width)


class CarelessApp(GuardedApp):
    def compose(self) -> ComposeResult:
        yield (box := Static(Content(HOSTILE)))
        box.styles.border = ("round", "red")
        box.border_title = Content(HOSTILE)
        yield Careless()
        yield Input(HOSTILE)
        yield TextArea(HOSTILE)


async def test_only_our_own_codes_are_painted(paths: Paths) -> None:
    app = CarelessApp(paths)
    async with app.run_test(size=(80, 24)):
        strips = app.screen._compositor.render_strips()
        painted = [segment for strip in strips for segment in strip if not segment.control]
        text = "".join(segment.text for segment in painted)
        assert "a]52;c;eA==" in text
        for char in text:
            assert category(char) not in ("Cc", "Cf", "Cs", "Co"), ascii(char)
        assert "\u0300" * 4 in text
        assert "\u0300" * 5 not in text
        assert all("\x1b" not in str(s.style and s.style.link) for s in painted)
        assert all(cell_len(strip.text) == 80 for strip in strips)


def test_our_own_control_codes_pass() -> None:
    sixel = Segment("\x1bPq#0~\x1b\\", None, [(ControlType.CURSOR_FORWARD, 0)])
    assert Guard().apply([sixel, Segment("\x1b")], Color(0, 0, 0)) == [sixel, Segment("")]


async def test_a_worker_that_fails_quietly_leaves_a_line(
    paths: Paths, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail() -> None:
        raise RuntimeError("no such effect")

    monkeypatch.setattr(logging.getLogger("safelight"), "propagate", True)
    app = CarelessApp(paths)
    async with app.run_test(size=(80, 24)) as pilot:
        app.run_worker(fail(), group="effects", exit_on_error=False)
        await pilot.pause()
        await pilot.pause()
    assert "effects failed" in caplog.text
    assert "no such effect" in caplog.text
