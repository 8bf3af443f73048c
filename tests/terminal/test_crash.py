"""A fault of ours: the terminal as it was, one sentence, a report, and what was typed."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.terminal.faulty import HIDDEN, VARIABLE, coded
from tests.terminal.screen import Terminal
from tests.terminal.staged import Stage

CANARY = 'canary-9f3b+"x"/y'


def faulty(place: str, home: Path) -> Terminal:
    return Terminal(
        [],
        home,
        stage=Stage(),
        module="tests.terminal.faulty",
        variables={VARIABLE: place, "HF_TOKEN": CANARY},
    )


def kept(home: Path) -> str:
    return "".join(path.read_text("utf-8") for path in home.rglob("*") if path.is_file())


@pytest.mark.parametrize("place", ["compose", "render", "action"])
def test_the_app_closes_with_a_sentence_and_a_report(place: str, tmp_path: Path) -> None:
    form = tmp_path / "state/form.json"
    form.parent.mkdir()
    form.write_text('{"prompt": "a red sun"}')
    terminal = faulty(place, tmp_path)
    if place == "action":
        terminal.wait_for("Prompt")
        terminal.press(" over the sea")
        terminal.wait_for("a red sun over the sea")
        terminal.press("ctrl+r")
    code, _ = terminal.wait_for_end()
    assert code == 1
    for on, off in ((b"?1049h", b"?1049l"), (b"?2004h", b"?2004l"), (b"?1003h", b"?1003l")):
        assert terminal.raw.rindex(off) > terminal.raw.rindex(on)
    assert terminal.raw.rindex(b"?25h") > terminal.raw.rindex(b"?25l")
    end = terminal.raw[terminal.raw.rindex(b"?1049l") :]
    told = end.decode().replace("\r\n", "")
    (report,) = (tmp_path / "state/crashes").iterdir()
    assert "safelight: Something unexpected went wrong (RuntimeError)" in told
    assert str(report) in told
    assert str(tmp_path / "state/safelight.log") in told
    assert "Traceback" not in terminal.raw.decode()
    written = report.read_text("utf-8")
    assert "tests/terminal/faulty.py" in written
    assert "RuntimeError: all of it is lost␛]52;c;eA==␇" in written
    assert "*** 12" in written
    for text in (kept(tmp_path), terminal.raw.decode()):
        for each in (CANARY, *coded(CANARY), "canary"):
            assert each not in text
        assert HIDDEN not in text
        assert "\x1b]52" not in text
    typed = " over the sea" if place == "action" else ""
    assert f'"a red sun{typed}"' in form.read_text()


def test_a_thread_that_fails_leaves_a_line_and_the_app_goes_on(tmp_path: Path) -> None:
    terminal = faulty("thread", tmp_path)
    terminal.wait_for("Prompt")
    log = tmp_path / "state/safelight.log"
    terminal.wait_for(lambda _: log.exists() and "RuntimeError" in log.read_text("utf-8"), 10)
    terminal.press("still here")
    terminal.wait_for("still here")
    terminal.press("ctrl+q")
    assert terminal.wait_for_end()[0] == 0
    assert "ERROR The thread player failed" in log.read_text("utf-8")
    assert CANARY not in kept(tmp_path)
