"""Hostile text in every place of the app: nothing but our own codes reaches the terminal."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.terminal.hostile_play import MARKS, played
from tests.terminal.hostile_texts import PAYLOADS
from tests.terminal.scanner import COPY, KITTY, LINK, SIXEL, foreign
from tests.terminal.screen import Terminal
from tests.terminal.staged import Stage


def test_every_place_that_shows_text(tmp_path: Path) -> None:
    result = played(4, tmp_path)
    assert not result.fault
    assert len(result.shown) == 12
    assert not foreign(result.raw, MARKS, LINK)
    assert b"owned" in result.raw


def test_a_hostile_paste_is_shown_and_no_key_of_it_acts(tmp_path: Path) -> None:
    terminal = Terminal([], tmp_path, stage=Stage())
    try:
        terminal.wait_for("Prompt")
        terminal.press("\x1b[200~a\x1b]0;x\x07b\x1b[Ac\x11\x1b[27;5;113~d\x1b[201~e")
        terminal.wait_for("a␛]0;x␇b␛[Ac␑␛[27;5;113~de", 10)
        terminal.press("ctrl+q")
        assert terminal.wait_for_end()[0] == 0
        assert b"]0;x\x07" not in terminal.raw
    finally:
        terminal.close()


_SIGNS = set("\x1b\x07\x9b\x9d\x90\x85\u202e\u2028\ue0b0\U0010eeee")
_OURS = "\x1b[3;1Hx"
"""As we move the cursor ourselves: no scanner can tell."""
OBEYED = [payload for payload in PAYLOADS if _SIGNS & set(payload) and payload != _OURS]


@pytest.mark.parametrize("payload", OBEYED, ids=ascii)
def test_the_scanner_finds(payload: str) -> None:
    assert foreign(f"\x1b[0m\x1b[1;1Hname {payload}\x1b[0m".encode("utf-8", "surrogateescape"))


def test_the_scanner_lets_ours_pass() -> None:
    painted = "\x1b[?1049h\x1b[?2026h\x1b[3;4H\x1b[1;38;2;1;2;3;48;2;4;5;6m名 क्षि 👩‍🎨 1️⃣\x1b[0m\r\n"
    assert not foreign(painted.encode())
    drawn = "\x1b_Ga=T,f=100,i=7;AAAA\x1b\\\x1bPq#0;2;1;2;3~\x1b\\\x1b]52;c;eA==\x07\x1b]8;;\x1b\\"
    assert not foreign(drawn.encode(), KITTY, SIXEL, COPY, LINK)
    assert foreign(drawn.encode())
    assert foreign(b"\xff\xfe")
    for mark in "\u0301\u1161\u0903\U0001f3fb":
        assert not foreign(("a" + mark * 6).encode())
        assert foreign(("a" + mark * 8).encode())
