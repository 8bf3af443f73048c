"""Only what changes is written, and the screen shows the same as if all were."""

from __future__ import annotations

import pyte
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from tests.tui.test_slim import seen
from tui.graphics.shadow import Shadow

ROWS, COLUMNS = 4, 40
_CONSOLE = Console(force_terminal=True, color_system="truecolor")
_RED, _BLUE = Style.parse("red on #102030"), Style.parse("bold #e8734a on #102030")

_segments = st.lists(
    st.builds(
        Segment,
        st.text("ab ─é", max_size=30),
        st.sampled_from([None, _RED, _BLUE, Style.parse("red on #102030")]),
        control=st.none(),
    ),
    min_size=1,
)
_paintings = st.lists(
    st.tuples(st.integers(0, ROWS - 1), st.integers(0, COLUMNS - 1), _segments), max_size=12
)


def fitted(x: int, segments: list[Segment]) -> Strip:
    """On the row, to its end at most."""
    strip = Strip(segments)
    return strip.crop(0, min(strip.cell_length, COLUMNS - x))


def shown(pieces: list[tuple[int, int, Strip]]) -> object:
    screen = pyte.Screen(COLUMNS, ROWS)
    stream = pyte.Stream(screen)
    for y, x, strip in pieces:
        stream.feed(f"\x1b[{y + 1};{x + 1}H{strip.render(_CONSOLE)}")
    return [[seen(screen.buffer[y][x]) for x in range(COLUMNS)] for y in range(ROWS)]


@given(_paintings)
def test_the_screen_shows_the_same(paintings: list[tuple[int, int, list[Segment]]]) -> None:
    whole = [(y, x, fitted(x, segments)) for y, x, segments in paintings]
    shadow = Shadow()
    parts = [(y, at, part) for y, x, strip in whole for at, part, _ in shadow.changed(y, x, strip)]
    assert shown(parts) == shown(whole)
    for y, x, strip in whole[-1:]:
        assert not list(shadow.changed(y, x, strip))  # all of it is there


def painted(shadow: Shadow, text: str, style: Style = _RED, x: int = 0) -> list[tuple[int, str]]:
    return [(at, part.text) for at, part, _ in shadow.changed(0, x, Strip([Segment(text, style)]))]


def test_of_a_row_that_is_there_only_what_differs_is_written() -> None:
    shadow = Shadow()
    assert painted(shadow, "step 01 of 25".ljust(32) + "queue") == [
        (0, "step 01 of 25".ljust(32) + "queue")
    ]
    assert painted(shadow, "step 02 of 25".ljust(32) + "queue") == [(0, "step 02 ")]
    assert painted(shadow, "step 02 of 25".ljust(32) + "Queue") == [(32, "Queue")]
    assert painted(shadow, "step 02 of 25".ljust(32) + "Queue") == []
    assert painted(shadow, "step 02 of 25".ljust(32) + "Queue", _BLUE) != []


def test_what_may_not_be_there_is_written() -> None:
    shadow = Shadow()
    text = "a" * 24
    painted(shadow, text)
    shadow.forget_cells({0: 0b11 << 9, 7: 1 << 60})  # a picture stands there
    assert painted(shadow, text) == [(8, "a" * 8)]
    assert painted(shadow, text) == []
    shadow.forget()
    assert painted(shadow, text) == [(0, text)]


@pytest.mark.parametrize("text", ["a 宽 word", "e\u0301", "❤\ufe0f", "of 🇫🇷", "سلام", "a\tb"])
def test_what_terminals_may_draw_otherwise_is_always_written(text: str) -> None:
    shadow = Shadow()
    painted(shadow, "a row of text | and another one")
    for _ in range(2):
        assert painted(shadow, text) == [(0, text)]
    # It may have run over what stands to its right.
    assert painted(shadow, "another", x=24) == [(24, "another")]


def test_a_row_that_is_longer_than_it_says_is_not_trusted() -> None:
    shadow = Shadow()
    lying = Strip([Segment("a" * 30)], 20)
    assert [sure for _, _, sure in shadow.changed(0, 0, lying)] == [False]
    assert painted(shadow, "beside it", x=20) == [(20, "beside it")]


def test_a_link_with_another_target_is_written() -> None:
    shadow = Shadow()
    here, there = _RED + Style(link="file:///a"), _RED + Style(link="file:///b")
    painted(shadow, "open it", here)
    assert painted(shadow, "open it", here) == []
    assert painted(shadow, "open it", there) == [(0, "open it")]
