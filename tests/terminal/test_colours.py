"""Colours as the environment asks for them, in a real pseudo-terminal."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.terminal.screen import Terminal
from tests.terminal.staged import Stage

_STYLE = re.compile(rb"\x1b\[([\d;]*)m([^\x1b]*)")


def coloured(raw: bytes) -> Iterator[tuple[str, str]]:
    """Each style with a colour in it, with the text that follows."""
    for style, text in _STYLE.findall(raw):
        codes = [int(code or 0) for code in style.split(b";")]
        if any(30 <= c <= 38 or 40 <= c <= 48 or 90 <= c <= 107 for c in codes):
            yield style.decode(), text.decode()


def shown(home: Path, **variables: str) -> bytes:
    """What the app has written when one run is done."""
    terminal = Terminal([], home, stage=Stage(steps=2), variables=variables)
    try:
        terminal.wait_for("Prompt")
        terminal.press("ctrl+r")
        terminal.wait_for(lambda text: "✓" in text and "▀" in text)
        terminal.press("ctrl+q")
        terminal.wait_for_end()
        return terminal.raw
    finally:
        terminal.close()


def test_no_color_leaves_only_the_picture_in_colours(tmp_path: Path) -> None:
    found = list(coloured(shown(tmp_path, NO_COLOR="1")))
    assert found, "the picture has its colours"
    assert {text.strip("▀ ") for _, text in found} == {""}


@pytest.mark.parametrize("variables", [{}, {"NO_COLOR": ""}])
def test_colours_as_the_terminal_has_them(tmp_path: Path, variables: dict[str, str]) -> None:
    said = {style for style, text in coloured(shown(tmp_path, **variables)) if text.strip("▀ ")}
    assert any("38;2" in style for style in said)


SET = b"\x1b[48;2;1;2;3m\x1bP$qm\x1b\\\x1b[m"
"""What the terminal is asked to set and to tell; it shows nothing of it."""


def test_a_terminal_that_does_not_say_that_it_has_24_bit_colours_gets_none(tmp_path: Path) -> None:
    raw = shown(tmp_path, COLORTERM="")
    assert SET in raw
    said = {style for style, _ in coloured(raw.replace(SET, b""))}
    assert any("38;5" in style for style in said)
    assert not any("8;2;" in style for style in said)


def test_one_that_says_so_late_gets_all_of_the_screen_in_24_bit_colours(tmp_path: Path) -> None:
    terminal = Terminal([], tmp_path, stage=Stage(), variables={"COLORTERM": ""})
    try:
        terminal.wait_for("Prompt")
        terminal.press("\x1bP1$r48:2::1:2:3m\x1b\\\x1b[?62;22c")
        until = time.monotonic() + 30
        begun = -1
        while begun < 0 or b"Prompt" not in terminal.raw[begun:]:
            assert time.monotonic() < until, "never painted all in 24-bit colours"
            terminal.read()
            begun = terminal.raw.find(b"38;2;")
        terminal.press("zz")
        terminal.wait_for("birdszz")  # nothing of the answer was typed
        said = {style for style, _ in coloured(terminal.raw[begun:])}
        assert any("48;2;" in style for style in said)
        assert not any("8;5;" in style for style in said)
    finally:
        terminal.close()


def test_commands_write_no_colours(tmp_path: Path) -> None:
    terminal = Terminal(["settings"], tmp_path)
    terminal.wait_for_end()
    assert b"climb" in terminal.raw
    assert b"\x1b" not in terminal.raw
