"""Whether the terminal has 24-bit colours, and what is written where it has fewer."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from rich.color import ColorSystem

from tui.graphics.answers import parted
from tui.graphics.depth import Fewer, depth
from tui.graphics.probe import COLOUR, question

PLAIN = "\x1b[?62;22c"


def called(name: str) -> str:
    return f"\x1bP>|{name}\x1b\\"


def keeps(style: str, valid: int = 1) -> str:
    return f"\x1bP{valid}$r{style}\x1b\\"


@pytest.mark.parametrize(
    ("heard", "environment", "full"),
    [
        # What the environment says.
        ("", {}, False),
        (PLAIN, {}, False),
        ("", {"COLORTERM": "truecolor"}, True),
        ("", {"COLORTERM": "24bit"}, True),
        (called("kitty(0.35.2)"), {"COLORTERM": "256"}, False),
        (called("kitty(0.35.2)"), {"TEXTUAL_COLOR_SYSTEM": "256"}, False),
        (called("kitty(0.35.2)"), {"TEXTUAL_COLOR_SYSTEM": "auto"}, True),
        ("", {"TERM": "xterm-kitty"}, True),
        ("", {"TERM": "xterm-ghostty"}, True),
        ("", {"TERM": "ghostty"}, True),
        ("", {"TERM": "alacritty"}, True),
        ("", {"TERM": "foot"}, True),
        ("", {"TERM": "foot-extra"}, True),
        ("", {"TERM": "wezterm"}, True),
        ("", {"TERM": "contour"}, True),
        ("", {"TERM": "xterm-direct"}, True),
        ("", {"TERM": "xterm-direct256"}, True),
        ("", {"TERM": "xterm-16color"}, False),
        ("", {"TERM": "footnote"}, False),
        ("", {"TERM": "screen-256color"}, False),
        ("", {"TERM": "tmux-256color"}, False),
        ("", {"TERM": "tmux-256color", "TERM_PROGRAM": "tmux"}, True),
        (called("kitty(0.35.2)"), {"TERM": "dumb"}, False),
        (called("kitty(0.35.2)"), {"TERM": "linux"}, False),
        # What it calls itself.
        (called("kitty(0.35.2)"), {}, True),
        (called("iTerm2 3.5.0"), {}, True),
        (called("WezTerm 20240203-110809-5046fc22"), {}, True),
        (called("foot(1.16.2)"), {}, True),
        (called("ghostty 1.1.0"), {}, True),
        (called("Konsole 24.02.1"), {}, True),
        (called("mintty 3.7.0"), {}, True),
        (called("contour 0.4.3"), {}, True),
        (called("Windows Terminal 1.22"), {}, True),
        (called("VTE(7006)"), {}, True),
        (called("VTE(3409)"), {}, False),
        (called("XTerm(390)"), {}, True),
        (called("XTerm(330)"), {}, False),
        (called("xterm.js(5.5.0)"), {}, True),
        (called("something 1.0"), {}, False),
        (called("tmux 3.4"), {"TERM": "screen-256color"}, True),
        # What it keeps of what it was told.
        (keeps("0;48;2;1;2;3m"), {}, True),
        (keeps("48:2::1:2:3m"), {}, True),
        (keeps("0;48:2:1:2:3m"), {}, True),
        (keeps("0;48:5:16m") + called("XTerm(390)"), {}, False),
        (keeps("0;1;2;3m") + called("kitty(0.35.2)"), {}, False),
        (keeps("", 0) + called("mintty 3.7.0"), {}, True),
        (keeps("48:2::1:2:3m"), {"COLORTERM": "no"}, False),
    ],
)
def test_24_bit_colours_are_known_from_what_is_said(
    heard: str, environment: Mapping[str, str], full: bool
) -> None:
    found = depth(heard, {"TERM": "xterm-256color", **environment})
    assert found.is_full is full
    assert found.why


def test_the_question_is_put_where_it_is_understood_or_wiped() -> None:
    plain = question({"TERM": "xterm-256color"})
    assert plain.index(COLOUR) < plain.index("\r\x1b[K")
    for environment in (
        {"TERM": "linux"},
        {"TERM": "dumb"},
        {"TERM": "xterm-256color", "TERM_PROGRAM": "Apple_Terminal"},
        {"TERM": "tmux-256color", "TMUX": "/tmp/tmux,1,0"},
        {"TERM": "screen-256color"},
    ):
        assert COLOUR not in question(environment)


@pytest.mark.parametrize("end", ["\x1b\\", "\x9c"])
def test_its_answer_is_no_text(end: str) -> None:
    typed, answers, held = parted(f"a\x1bP1$r0;48:2::1:2:3m{end}b")
    assert (typed, len(answers), held) == ("ab", 1, "")


def test_colours_are_replaced_by_the_nearest_and_nothing_else_is() -> None:
    written = "48;2;1;2;3m \x1b[1;38;2;255;0;0;48;2;0;0;0mred 38;2;1;2;3\x1b[0m\x1b[38;5;9mx"
    in_256 = "48;2;1;2;3m \x1b[1;38;5;196;48;5;16mred 38;2;1;2;3\x1b[0m\x1b[38;5;9mx"
    assert Fewer(ColorSystem.EIGHT_BIT)(written) == in_256
    in_16 = "48;2;1;2;3m \x1b[1;31;40mred 38;2;1;2;3\x1b[0m\x1b[38;5;9mx"
    assert Fewer(ColorSystem.STANDARD)(written) == in_16
