"""A frame leaves out what need not be written, or not yet."""

from __future__ import annotations

from collections.abc import Iterable

from rich.console import Console
from rich.segment import Segment
from rich.style import Style
from textual._compositor import LayoutUpdate
from textual.geometry import Region
from textual.strip import Strip

from tests.terminal.staged import photograph
from tui.graphics.halfblock import half_blocks
from tui.graphics.masked import Masked
from tui.graphics.shadow import Shadow

_CONSOLE = Console(force_terminal=True, color_system="truecolor")
ROWS, COLUMNS = 12, 24


def frame() -> LayoutUpdate:
    picture = half_blocks(photograph(64), COLUMNS, ROWS)
    text = Strip([Segment("what is typed")])
    return LayoutUpdate([[strip, text] for strip in picture], Region(0, 0, COLUMNS + 13, ROWS))


def written(shadow: Shadow, room: float) -> tuple[str, list[Region]]:
    masked = Masked(frame(), {}, shadow, room)
    return masked.render_segments(_CONSOLE), masked.left


def test_text_goes_at_once_and_a_picture_as_there_is_room() -> None:
    shadow = Shadow()
    whole, left = written(Shadow(), float("inf"))
    assert left == []
    first, left = written(shadow, 2000)
    assert first.count("what is typed") == ROWS
    assert len(first) < 2000 + ROWS * 40 < len(whole)
    assert left == [Region(0, y, COLUMNS, 1) for y in range(ROWS - len(left), ROWS)]
    parts = [first]
    while left:
        before = len(left)
        more, left = written(shadow, 2000)
        assert "what" not in more  # it is there
        assert len(left) < before
        parts.append(more)
    assert sum(part.count("▀") for part in parts) == whole.count("▀")


def test_with_no_room_nothing_goes_and_with_some_at_least_a_row() -> None:
    shadow = Shadow()
    nothing, left = written(shadow, 0)
    assert "▀" not in nothing
    assert len(left) == ROWS
    _, left = written(shadow, 1)
    assert len(left) == ROWS - 1


def test_a_picture_below_a_dialog_waits_too() -> None:
    """Textual takes the mark of a picture off where it tints what is below."""
    tint = Style.parse("on #101010")
    tinted: list[Iterable[Strip]] = [
        [
            Strip(
                [
                    Segment(text, style and tint + style.without_color + style)
                    for text, style, _ in s
                ]
            )
        ]
        for s in half_blocks(photograph(64), COLUMNS, ROWS)
    ]
    masked = Masked(LayoutUpdate(tinted, Region(0, 0, COLUMNS, ROWS)), {}, Shadow(), 0)
    assert masked.render_segments(_CONSOLE) == ""
    assert len(masked.left) == ROWS


def test_after_letters_that_may_be_wider_the_cursor_is_put_where_it_belongs() -> None:
    row = [Strip([Segment("❤\ufe0f")]), Strip([Segment("│")])]
    written = Masked(LayoutUpdate([row], Region(0, 0, 3, 1)), {}, Shadow()).render_segments(
        _CONSOLE
    )
    assert written == "\x1b[1;1H❤\ufe0f\x1b[1;3H│"


def test_what_pixels_cover_is_left_out() -> None:
    masked = Masked(frame(), {0: (1 << COLUMNS) - 1}, Shadow())
    assert masked.render_segments(_CONSOLE).startswith(f"\x1b[1;{COLUMNS + 1}Hwhat is typed")
