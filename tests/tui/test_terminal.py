"""What the terminal answers, and what is made of it."""

from __future__ import annotations

from collections.abc import Mapping
from time import monotonic

import pytest
from textual.events import Key

from tui.graphics import listening
from tui.graphics.answers import parted
from tui.graphics.listening import Parser, TerminalAnswered
from tui.graphics.probe import question
from tui.graphics.terminal import Terminal, understood
from tui.tmux import could_do_more, passed_on

YES = "\x1b_Gi=31;OK\x1b\\"
PLAIN = "\x1b[?62;22c"
SIXEL = "\x1b[6;20;10t\x1b[?62;4;22c"
TMUX = {"TMUX": "/tmp/tmux-0/default,1,0", "TERM": "tmux-256color"}


def called(name: str) -> str:
    return f"\x1bP>|{name}\x1b\\"


@pytest.mark.parametrize(
    ("heard", "environment", "protocol"),
    [
        ("", {}, "half"),
        ("garbage\xff", {}, "half"),
        (PLAIN, {}, "half"),
        (SIXEL, {}, "sixel"),
        ("\x1b[?62;4c", {}, "half"),  # the size of a cell was not told
        ("\x1b[?64;14c", {}, "half"),
        (YES + SIXEL, {}, "kitty"),
        (called("kitty(0.35.2)") + YES + PLAIN, {}, "kitty"),
        ("\x1b_Gi=31;EINVAL:no\x1b\\" + SIXEL, {}, "sixel"),
        (called("iTerm2 3.5.0") + SIXEL, {}, "iterm"),
        (SIXEL, {"TERM_PROGRAM": "iTerm.app"}, "iterm"),
        (SIXEL, {"LC_TERMINAL": "iTerm2"}, "iterm"),
        (called("foot(1.16)") + SIXEL, {"LC_TERMINAL": "iTerm2"}, "sixel"),
        ("", {"LC_TERMINAL": "iTerm2"}, "half"),  # until it answers
        (called("WezTerm 20240203") + PLAIN, {}, "iterm"),
        (called("WezTerm 20240203") + SIXEL, {}, "sixel"),
        (called("tmux 3.4") + PLAIN, TMUX, "half"),
        (called("tmux 3.4") + SIXEL, TMUX, "sixel"),
        (called("tmux 3.4") + SIXEL + YES + called("kitty(0.35.2)"), TMUX, "kitty"),
        (called("tmux 3.4") + PLAIN + called("ghostty 1.1.0") + YES, TMUX, "kitty"),
        (called("tmux 3.4") + PLAIN + YES + called("WezTerm 2024"), TMUX, "half"),
        (called("tmux 3.4") + PLAIN + YES + called("kitty(0.26.5)"), TMUX, "half"),
        (called("tmux 3.4") + YES + SIXEL, {"TERM": "screen-256color"}, "half"),
        (YES + SIXEL, {"TERM": "screen", "STY": "1.x"}, "half"),
    ],
)
def test_the_protocol_that_is_chosen(
    heard: str, environment: Mapping[str, str], protocol: str
) -> None:
    found = understood(heard, (0, 0), environment)
    assert found.protocol == protocol
    assert found.why


@pytest.mark.parametrize(
    ("name", "cells"),
    [
        ("kitty(0.27.1)", False),
        ("kitty(0.28.0)", True),
        ("kitty(1.0.0)", True),
        ("ghostty 1.1.0", True),
        ("Konsole 24.02", False),
        ("", False),
    ],
)
def test_who_may_have_pictures_in_cells_of_text(name: str, cells: bool) -> None:
    assert understood(YES + called(name) + PLAIN, (0, 0), {}).cells is cells


def test_tmux_itself_may_know_the_terminal_around_it() -> None:
    heard = called("tmux 3.3a") + PLAIN + YES
    assert understood(heard, (0, 0), TMUX).protocol == "half"
    assert understood(heard, (0, 0), TMUX, outer="kitty(0.36.4)").protocol == "kitty"
    assert could_do_more("", "xterm-kitty")
    assert could_do_more("ghostty 1.1.0", "xterm-256color")
    assert not could_do_more("", "xterm-256color")


def test_the_window_knows_its_cells_better_than_an_answer() -> None:
    found = understood(SIXEL, (8, 17), {})
    assert (found.cell_width, found.cell_height) == (8, 17)
    assert understood(SIXEL + "\x1b[?1;0;256S", (0, 0), {}).registers == 256


@pytest.mark.parametrize("graphics", ["kitty", "iterm", "sixel", "half", "none"])
def test_what_the_user_wants_goes_before_what_was_found(graphics: str) -> None:
    limited = understood(SIXEL, (0, 0), {}).limited_to(graphics)
    assert limited.protocol == graphics
    assert limited.cell == (10, 20)
    assert Terminal().limited_to(graphics).cell == (10, 20)
    # Inside tmux a picture that is placed at a position would not move with its pane.
    assert understood(PLAIN, (0, 0), TMUX).limited_to("kitty").cells


def test_nobody_is_asked_what_he_would_print() -> None:
    assert "\x1b_G" not in question({"TERM": "linux"})
    assert "\x1b_G" not in question({"TERM": "screen-256color"})
    assert "\x1b_G" not in question({"TERM": "xterm-256color", "TERM_PROGRAM": "Apple_Terminal"})
    inside = question(TMUX)
    # Plain, it would become the title of the window.
    assert "\x1bPtmux;\x1b\x1b_Gi=31" in inside
    assert "\x1b_G" not in inside.replace("\x1b\x1b_G", "")
    for environment in ({"TERM": "xterm-kitty"}, TMUX, {"TERM": "dumb"}):
        assert question(environment).endswith("\x1b[c")
    assert passed_on("\x1b_G\x1b\\") == "\x1bPtmux;\x1b\x1b_G\x1b\x1b\\\x1b\\"


ALL = called("kitty(0.35.2)") + YES + "\x1b[?1;0;256S" + "\x1b[6;20;10t" + PLAIN
NONSENSE = [
    "\x1b_Gi=31;EBADPNG:what is this\x1b\\",
    "\x1b_G;;;=,\x1b\\",
    "\x1bP>|" + "x" * 300 + "\x1b\\",
    "\x1bP1$r0m\x1b\\",
    "\x1bP0+r524742\x1b\\",
    "\x1b]11;rgb:1e1e/1e1e/1e1e\x1b\\",
    "\x1b]4;0;rgb:0/0/0\x07",
    "\x1b[?1;3;0S",
    "\x1b[6;99999;99999t",
]


def keys_of(parser: Parser, *fed: str) -> tuple[str, list[Terminal]]:
    """The keys that were heard, and what was told of the terminal."""
    messages = [message for data in fed for message in parser.feed(data)]
    typed = "".join(message.key for message in messages if isinstance(message, Key))
    return typed, [m.terminal for m in messages if isinstance(m, TerminalAnswered)]


@pytest.mark.parametrize("answer", [ALL, *NONSENSE])
def test_answers_split_anywhere_are_never_typed(answer: str) -> None:
    for at in range(1, len(answer)):
        parser = Parser()
        typed, _ = keys_of(parser, "a" + answer[:at], answer[at:] + "b")
        assert typed == "ab", (at, answer[:at])
    typed, _ = keys_of(Parser(), "a", *answer, "b")
    assert typed == "ab"


def test_an_answer_in_pieces_tells_the_same() -> None:
    _, told = keys_of(Parser(), *ALL)
    assert [t.protocol for t in told] == ["kitty"]
    assert told[0].cells
    assert (told[0].cell_width, told[0].registers) == (10, 256)


def test_the_terminal_around_tmux_answers_later(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in TMUX.items():
        monkeypatch.setenv(name, value)
    _, told = keys_of(Parser(), called("tmux 3.4") + PLAIN, YES, called("kitty(0.35.2)"))
    assert [t.protocol for t in told] == ["half", "half", "kitty"]


@pytest.mark.parametrize(
    ("fed", "keys"),
    [
        (["\x1b[6~"], "pagedown"),
        (["\x1b[6", "~"], "pagedown"),
        (["\x1b[", "A"], "up"),
        (["\x1b", "[A"], "up"),
        (["\x1bx"], "alt+x"),
        (["\x1bP", "q"], "alt+shift+pq"),
        (["\x1b_", "x"], "alt+underscorex"),
        (["\x1b5"], "alt+5"),
        (["\x1b", "3"], "alt+3"),
        (["\x1b."], "alt+full_stop"),
        (["\x1b[?7;1$yz"], "z"),  # an answer that Textual asked for
    ],
)
def test_keys_that_begin_like_answers_stay_keys(fed: list[str], keys: str) -> None:
    parser = Parser()
    typed, told = keys_of(parser, *fed)
    if parser._timeout_time is not None:
        parser._timeout_time = 0.0  # Textual waits whether more follows
    assert (typed + ticked(parser), told) == (keys, [])


@pytest.mark.parametrize("fed", ["\x1b5", "\x1b3", "\x1bz", "\x1bZ", "\x1b.", "\x1b-"])
def test_a_chord_with_alt_types_nothing(fed: str) -> None:
    parser = Parser()
    found = list(parser.feed(fed))
    if parser._timeout_time is not None:
        parser._timeout_time = 0.0
    found += parser.tick()
    assert [key.character for key in found if isinstance(key, Key)] == [None]


class Clock:
    """A clock that a test turns."""

    def __init__(self) -> None:
        self.ahead = 0.0

    def __call__(self) -> float:
        return monotonic() + self.ahead


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(listening, "monotonic", clock)
    return clock


def ticked(parser: Parser) -> str:
    return "".join(message.key for message in parser.tick() if isinstance(message, Key))


def test_escape_is_as_quick_as_without_us(clock: Clock) -> None:
    parser = Parser()
    assert keys_of(parser, "\x1b") == ("", [])
    assert ticked(parser) == ""
    clock.ahead += 0.101  # Textual's own delay
    assert ticked(parser) == "escape"
    assert keys_of(parser, "x") == ("x", [])


@pytest.mark.parametrize(
    ("begun", "key"),
    [
        ("\x1bP", "alt+shift+p"),
        ("\x1b_", "alt+underscore"),
        ("\x1b_Gi=31;O", ""),
        ("\x1bP>|kit", ""),
        ("\x1b[?62;", ""),
        ("\x1b[6;20", ""),
    ],
)
def test_what_never_ends_is_given_up(clock: Clock, begun: str, key: str) -> None:
    parser = Parser()
    assert keys_of(parser, begun) == ("", [])
    clock.ahead += 0.3
    assert ticked(parser) == ""
    clock.ahead += 0.3
    assert ticked(parser) == key
    assert keys_of(parser, "hello") == ("hello", [])


def test_typing_on_does_not_keep_a_beginning_alive(clock: Clock) -> None:
    parser = Parser()
    for character in "\x1b_Gi=31;O":
        keys_of(parser, character)
    clock.ahead += 0.4
    assert keys_of(parser, "x") == ("", [])
    clock.ahead += 0.2
    assert ticked(parser) == ""
    assert keys_of(parser, "y") == ("y", [])


def test_an_answer_whose_escape_came_long_before(clock: Clock) -> None:
    parser = Parser()
    keys_of(parser, "\x1b")
    clock.ahead += 0.2
    ticked(parser)
    typed, told = keys_of(parser, YES[1:] + SIXEL)
    assert typed == ""
    assert [t.protocol for t in told] == ["kitty"]


def test_what_came_before_the_app_listened_is_heard_first() -> None:
    parser = Parser()
    parser.held, parser.heard = "ab\x1b[?62;", YES
    assert ticked(parser) == "ab"
    typed, told = keys_of(parser, "4c")
    assert typed == ""
    assert [t.protocol for t in told] == ["kitty"]


def test_parting_text_from_answers() -> None:
    assert parted("a" + YES + "b\x1b[6") == ("ab", [YES], "\x1b[6")
