"""What is pasted is text, whatever is in it, and in however many pieces it comes."""

from __future__ import annotations

import pytest
from textual.events import Key, Paste

from tui.graphics import listening
from tui.graphics.listening import Parser

BEGIN, END = "\x1b[200~", "\x1b[201~"
HOSTILE = [
    "a\x1b]0;x\x07b\x1b[Ac",
    "\x1b",
    "\x1b\x1b[20",
    "\x1b[?62;4c\x1bP>|kitty\x1b\\",
    "\x1b[200~\x11",
    "\x1b[<0;1;1M\x1b[I\x1b[48;1;1;1;1t" + "x" * 40,
    "\x1b[Z\x1b[27;5;9~\x1b[113;5u",
    "",
]


def heard(*fed: str) -> list[str]:
    """Keys by their names, and what was pasted; nothing else may be heard."""
    parser = Parser()
    told = []
    for message in (message for data in fed for message in parser.feed(data)):
        assert isinstance(message, Key | Paste), message
        told.append(message.key if isinstance(message, Key) else f"pasted {message.text}")
    assert not parser.waits
    assert not parser.heard
    return told


@pytest.mark.parametrize("text", HOSTILE, ids=ascii)
def test_all_of_a_paste_is_text(text: str) -> None:
    sent = f"k{BEGIN}{text}{END}\x1b[A{BEGIN}{text}{END}q"
    wanted = ["k", f"pasted {text}", "up", f"pasted {text}", "q"]
    assert heard(sent) == wanted
    assert heard(*sent) == wanted
    for at in range(1, len(sent)):
        assert heard(sent[:at], sent[at:]) == wanted, sent[:at]


def test_many_pastes_at_once() -> None:
    assert heard(f"{BEGIN}a{END}" * 2000) == ["pasted a"] * 2000


def test_keys_that_begin_like_a_paste() -> None:
    assert heard("\x1b[2~", "\x1b[20~", "\x1b[20", "~") == ["insert", "f9", "f9"]


def test_a_paste_that_was_typed_ahead() -> None:
    parser = Parser()
    parser.held = f"k{BEGIN}a\x1b[A"
    assert [message for message in parser.tick() if isinstance(message, Paste)] == []
    (pasted,) = parser.feed(END)
    assert isinstance(pasted, Paste)
    assert pasted.text == "a\x1b[A"


def test_a_paste_whose_escape_came_long_before(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [100.0]
    monkeypatch.setattr(listening, "monotonic", lambda: now[0])
    parser = Parser()
    assert list(parser.feed("\x1b")) == []
    now[0] += 0.2
    assert [message.key for message in parser.tick() if isinstance(message, Key)] == ["escape"]
    (pasted,) = parser.feed(f"[200~a{END}")
    assert isinstance(pasted, Paste)
