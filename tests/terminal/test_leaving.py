"""How the app leaves: the terminal is as it was, the process is gone, and in time."""

from __future__ import annotations

import os
import pty
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Iterator
from fcntl import ioctl
from pathlib import Path
from typing import Any

import pytest

from tests.terminal.screen import Terminal
from tests.terminal.staged import Stage

LONG = Stage(steps=2000, step_seconds=0.02)
MODES = {
    b"\x1b[?1049": "alternate screen",
    b"\x1b[?1000": "mouse",
    b"\x1b[?1003": "mouse motion",
    b"\x1b[?1004": "focus reports",
    b"\x1b[?1006": "mouse",
    b"\x1b[?2004": "bracketed paste",
    b"\x1b[?2026": "synchronised output",
}


def modes_on(raw: bytes) -> list[str]:
    """Modes that are not as they were at the start."""
    on = [name for mode, name in MODES.items() if raw.rfind(mode + b"h") > raw.rfind(mode + b"l")]
    if raw.rfind(b"\x1b[?25l") > raw.rfind(b"\x1b[?25h"):
        on.append("no cursor")
    if raw.rfind(b"\x1b[>25u") > raw.rfind(b"\x1b[<u"):
        on.append("keyboard protocol")
    return on


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Any]:
    terminals: list[Terminal] = []

    def start(stage: Stage = LONG) -> Terminal:
        terminals.append(Terminal([], tmp_path, stage=stage))
        return terminals[-1]

    yield start
    for terminal in terminals:
        terminal.close()


@pytest.mark.parametrize(
    ("number", "code"),
    [
        (signal.SIGTERM, 143),
        (signal.SIGHUP, 129),
        (signal.SIGINT, 130),
        (signal.SIGQUIT, 131),
    ],
)
def test_a_signal_in_mid_run_leaves_the_terminal_as_it_was(
    opened: Any, number: int, code: int
) -> None:
    app = opened()
    app.wait_for("Loaded")
    app.press("ctrl+r")
    app.wait_for("step ")
    app.process.kill(number)
    ended, took = app.wait_for_end()
    assert ended == code
    assert took < 3
    assert modes_on(app.raw) == []


def test_a_signal_before_the_first_frame_leaves_the_echo_on(tmp_path: Path) -> None:
    terminal, near = os.openpty()
    before = termios.tcgetattr(near)
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.terminal.staged"],
        env={**os.environ, **Stage().variables(), "SAFELIGHT_HOME": str(tmp_path)},
        stdin=near,
        stdout=near,
        stderr=near,
        start_new_session=True,
    )
    heard = b""
    while b"\x1b[c" not in heard:  # the first question: from now on there is no echo
        heard += os.read(terminal, 1024)
    process.terminate()
    assert process.wait(timeout=10) == 143
    assert termios.tcgetattr(near) == before
    os.close(terminal)
    os.close(near)


class Shell:
    """A shell with job control in a pseudo-terminal, in which the staged app is started."""

    def __init__(self, home: Path, stage: Stage) -> None:
        self.seen = b""
        self.pid, self.line = pty.fork()
        if self.pid == 0:
            os.environ.update(stage.variables(), SAFELIGHT_HOME=str(home), TERM="xterm-256color")
            os.environ["PS1"] = "$ "
            os.execvp("bash", ["bash", "--norc", "--noprofile", "--noediting", "-i"])
        ioctl(self.line, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 120, 0, 0))
        self.wait_for(b"$ ")
        self.before = termios.tcgetattr(self.line)

    def type(self, text: str) -> int:
        """Press keys. Returns where what comes now will begin."""
        os.write(self.line, text.encode())
        return len(self.seen)

    def wait_for(self, wanted: bytes, since: int = 0) -> None:
        deadline = time.monotonic() + 30
        while wanted not in self.seen[since:]:
            assert time.monotonic() < deadline, self.seen[since:][-500:]
            self.seen += os.read(self.line, 65536)

    def start(self) -> None:
        since = self.type(f"{sys.executable} -m tests.terminal.staged\r")
        self.wait_for(b"Loaded", since)

    def close(self) -> None:
        os.close(self.line)
        os.waitpid(self.pid, 0)


@pytest.fixture
def shell(tmp_path: Path) -> Iterator[Shell]:
    made = Shell(tmp_path, Stage())
    yield made
    made.close()


def test_ctrl_z_outside_the_editors_and_fg(shell: Shell) -> None:
    shell.start()
    shell.type("\t" * 2)  # away from the prompt's editor
    shell.type("\x10")
    since = len(shell.seen)
    shell.type("Suspend")
    shell.wait_for(b"Back to the shell", since)
    since = shell.type("\r")
    shell.wait_for(b"Stopped", since)
    shell.wait_for(b"$ ", since)
    assert modes_on(shell.seen) == []
    since = shell.type("stty -a | tr ' ' '\\n' | grep -x echo | tr o 0\r")
    shell.wait_for(b"ech0", since)
    since = shell.type("fg\r")
    shell.wait_for(b"Switches", since)
    assert set(modes_on(shell.seen)) >= {"alternate screen", "mouse", "bracketed paste"}
    since = shell.type("\x11")
    shell.wait_for(b"\x1b[?1049l", since)
    shell.wait_for(b"$ ", since)
    assert modes_on(shell.seen) == []


def test_a_resize_storm_in_mid_run(opened: Any) -> None:
    app = opened(Stage(steps=60, step_seconds=0.02))
    app.wait_for("Loaded")
    app.press("ctrl+r")
    for i in range(200):
        app.process.setwinsize(20 + i * 7 % 60, 60 + i * 13 % 200)
        app.read(0)
    app.process.setwinsize(40, 120)
    app.wait_for("took")
    app.press("ctrl+q")
    assert app.wait_for_end()[0] == 0
    assert modes_on(app.raw) == []
