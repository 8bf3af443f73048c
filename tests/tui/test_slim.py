"""A frame in fewer bytes shows the same."""

from __future__ import annotations

import pyte
from hypothesis import given
from hypothesis import strategies as st
from rich.color import Color
from rich.console import Console
from rich.segment import Segment
from rich.style import Style

from tui.graphics.slim import slim

ROWS, COLUMNS = 6, 20
_CONSOLE = Console(force_terminal=True, color_system="truecolor")
_colours = st.sampled_from(
    [None, "#102030", "#102031", "#e8734a", "red", "bright_blue", "color(200)"]
)
_styles = st.builds(
    lambda ink, paper, bold, italic, under, reverse: Style(
        color=ink and Color.parse(ink),
        bgcolor=paper and Color.parse(paper),
        bold=bold or None,
        italic=italic or None,
        underline=under or None,
        reverse=reverse or None,
    ),
    _colours,
    _colours,
    *(st.booleans(),) * 4,
)
_places = st.tuples(st.integers(1, ROWS), st.integers(1, COLUMNS))
_pieces = st.lists(
    st.tuples(_places, st.lists(st.tuples(st.text("ab ─é", min_size=1, max_size=4), _styles))),
    max_size=12,
)


def written(pieces: list[tuple[tuple[int, int], list[tuple[str, Style]]]]) -> str:
    """As Textual writes them: a move, then segments."""
    frame = ""
    for (row, column), segments in pieces:
        frame += f"\x1b[{row};{column}H"
        frame += _CONSOLE._render_buffer([Segment(text, style) for text, style in segments])
    return frame


def shown(*frames: str) -> object:
    screen = pyte.Screen(COLUMNS, ROWS)
    stream = pyte.Stream(screen)
    for frame in frames:
        stream.feed(frame)
    return [[seen(screen.buffer[y][x]) for x in range(COLUMNS)] for y in range(ROWS)]


def seen(cell: pyte.screens.Char) -> pyte.screens.Char:
    """A cell without what cannot be seen of it: the colour of a blank."""
    if cell.data == " " and not (cell.underscore or cell.reverse):
        return cell._replace(fg="default", bold=False, italics=False)
    return cell


@given(_pieces, _pieces)
def test_it_shows_the_same_and_leaves_the_terminals_own_colours(first: list, then: list) -> None:  # type: ignore[type-arg]
    frames = written(first), written(then)
    slimmed = slim(frames[0]), slim(frames[1])
    assert shown(*slimmed, "x") == shown(*frames, "x")
    assert all(len(after) <= len(before) for before, after in zip(frames, slimmed, strict=True))


def test_a_style_that_goes_on_is_written_once() -> None:
    frame = written([((1, 1), [("a", Style.parse("bold red on blue"))] * 3)])
    assert slim(frame) == "\x1b[1;1H\x1b[1;31;44maaa\x1b[0m"


def test_of_two_colours_only_the_one_that_changes_is_written() -> None:
    frame = written(
        [((1, 1), [("a", Style.parse("#102030 on #e8734a")), ("b", Style.parse("red on #e8734a"))])]
    )
    assert slim(frame) == "\x1b[1;1H\x1b[38;2;16;32;48;48;2;232;115;74ma\x1b[31mb\x1b[0m"


def test_what_is_not_known_is_left_as_it_is() -> None:
    strange = "\x1b[1ma\x1b[0m\x1b[58;5;3mb\x1b[0m\x1b[1mc\x1b[0m"
    assert slim(strange) == strange
    link = "\x1b[1ma\x1b]8;;file:///x\x1b\\b\x1b]8;;\x1b\\\x1b[0m"
    assert slim(link) == link
