"""What the viewer and the fetching panel write, in a real pseudo-terminal."""

from __future__ import annotations

import re
from base64 import b64decode
from pathlib import Path

from engine.history import History
from tests.terminal.screen import Terminal
from tests.terminal.staged import Stage
from tests.tui.kept import draw, run

SSH = {"SSH_CONNECTION": "10.0.0.2 50000 10.0.0.7 22", "USER": "ada", "STY": ""}


def test_the_clipboard_gets_path_and_line(tmp_path: Path) -> None:
    terminal = Terminal([], tmp_path, stage=Stage(steps=2), variables=SSH)
    try:
        terminal.wait_for("Run", 30)
        terminal.press("ctrl+r")
        terminal.wait_for("took 0.52", 30)
        terminal.press("\x1bOQ")  # F2
        terminal.wait_for("fit ")
        terminal.press("y")
        terminal.wait_for("The path: sent to the terminal.")
        terminal.press("y")
        terminal.wait_for("The scp line: sent to the terminal.")
        copied = re.findall(rb"\x1b\]52;c;([A-Za-z0-9+/=]+)\x07", terminal.raw)
        path, line = (b64decode(each).decode() for each in copied)
        assert re.fullmatch(r"/nowhere/1-\d+\.png", path)
        assert line == f"scp ada@10.0.0.7:{path} ."
        links = set(re.findall(rb"\x1b\]8;id=(\w+);([^\x1b]*)\x1b\\", terminal.raw))
        assert len(links) == 1  # one link, however often it is drawn
        assert re.fullmatch(rf"file://[\w.-]+{path}", links.pop()[1].decode())
    finally:
        terminal.close()


def test_a_run_shown_on_a_terminal_has_links(tmp_path: Path) -> None:
    history = History(tmp_path / "data")
    history.add(run(history, history.new_id()))
    draw(history, 1)
    history.close()
    for name, links in (("xterm-256color", 2), ("linux", 0)):
        terminal = Terminal(["show", "1"], tmp_path, 300, variables={"TERM": name, "STY": ""})
        code, _ = terminal.wait_for_end(60)
        assert code == 0
        assert terminal.raw.count(b"\x1b]8;") == links
        assert b"images/1-37.png" in terminal.raw
    terminal = Terminal(["show", "1", "--json"], tmp_path, 300)
    terminal.wait_for_end(60)
    assert b"\x1b" not in terminal.raw


def test_without_the_app(tmp_path: Path) -> None:
    history = History(tmp_path / "data")
    history.add(run(history, history.new_id(), seed=3, batch_size=2))
    draw(history, 1)
    history.close()

    def told(*options: str, connection: str = SSH["SSH_CONNECTION"]) -> tuple[int | None, str]:
        variables = {"USER": "ada", "SSH_CONNECTION": connection, "TERM": "dumb"}
        terminal = Terminal(["show", "1", *options], tmp_path, 300, variables=variables)
        code, _ = terminal.wait_for_end(60)
        return code, terminal.text.strip()

    folder = f"{tmp_path}/data/images"
    assert told("--path") == (0, f"{folder}/1-3.png\n{folder}/1-4.png")
    assert told("--scp") == (0, f"scp 'ada@10.0.0.7:{folder}/1-*.png' .")
    code, said = told("--scp", connection="")
    assert code == 1
    assert "You are not here by SSH" in said
