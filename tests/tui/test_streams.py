"""What a command writes is shown, not obeyed, whoever writes it."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path

import pytest

from tui.cli import main
from tui.headless.output import print_json
from tui.headless.streams import careful_streams, write_over

HOSTILE = "\x1b]52;c;eA==\x07\x9b2J\x7f\u202e"


@pytest.fixture(autouse=True)
def _home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SAFELIGHT_HOME", str(tmp_path))


@pytest.mark.parametrize(
    "words",
    [
        ["generate", "a", f"--{HOSTILE}"],
        [HOSTILE],
        ["--device", "cpu", HOSTILE],
        ["show", HOSTILE],
        ["generate", "a", "--device", HOSTILE],
        ["generate", "a", "--set", HOSTILE],
        ["history", f"rating:{HOSTILE}"],
        ["compare", HOSTILE, "2"],
        ["import", HOSTILE],
    ],
)
def test_arguments_that_are_refused(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    try:
        code: object = main(words)
    except SystemExit as end:
        code = end.code
    told = capsys.readouterr()
    assert code in (1, 2)
    assert "]52;c;eA" in told.err
    assert not set("\x1b\x07\x9b\x7f\u202e") & set(told.out + told.err)


def test_a_fault_is_one_sentence_and_a_report(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(*_: object) -> int:
        raise RuntimeError(f"prompt {HOSTILE} canary-1")

    monkeypatch.setenv("HF_TOKEN", "canary-1")
    monkeypatch.setattr("tui.headless.run.doctor", fail)
    assert main(["doctor"]) == 1
    told = capsys.readouterr()
    (report,) = (tmp_path / "state/crashes").iterdir()
    assert told.out == ""
    assert told.err.startswith("safelight: Something unexpected went wrong (RuntimeError)")
    assert told.err.count("\n") == 1
    assert str(report) in told.err
    text = report.read_text("utf-8")
    assert "prompt ␛]52;c;eA==␇\ufffd2J␡\ufffd ***" in text
    assert "while     safelight doctor" in text


def test_json_says_every_character_and_sends_none(capsys: pytest.CaptureFixture[str]) -> None:
    with careful_streams():
        print_json({"prompt": HOSTILE + "\ud800"})
    told = capsys.readouterr().out
    assert told.isascii()
    assert "\x7f" not in told
    assert json.loads(told) == {"prompt": HOSTILE + "\ud800"}


def test_a_terminal_that_lacks_letters(monkeypatch: pytest.MonkeyPatch) -> None:
    raw = io.BytesIO()
    monkeypatch.setattr(sys, "stderr", io.TextIOWrapper(raw, encoding="ascii"))
    with careful_streams():
        write_over(f"1/2 {HOSTILE}")
        sys.stderr.write("山\n")
        sys.stderr.flush()
    assert raw.getvalue() == b"\r\x1b[K1/2 ?]52;c;eA==??2J???\n"
