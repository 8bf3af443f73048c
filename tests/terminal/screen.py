"""The installed command in a real pseudo-terminal, seen through a terminal emulator."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import cast

import pexpect
import pyte

from tests.terminal.staged import Stage

COMMAND = Path(sys.executable).with_name("safelight")
KEYS = {"ctrl+r": "\x12", "ctrl+q": "\x11", "ctrl+g": "\x07", "enter": "\r", "escape": "\x1b"}


class Terminal:
    """A command in a terminal of ``columns`` x ``rows`` cells."""

    def __init__(
        self,
        arguments: list[str],
        home: Path,
        columns: int = 120,
        rows: int = 40,
        *,
        stage: Stage | None = None,
        module: str = "tests.terminal.staged",
        variables: Mapping[str, str] | None = None,
    ) -> None:
        """
        Args:
            stage: play this instead of starting the real engine; there are no arguments then.
            module: which plays it.
            variables: more of the environment.
        """
        environment = {
            **{k: v for k, v in os.environ.items() if not k.startswith(("TEXTUAL", "TMUX"))},
            **{"SAFELIGHT_HOME": str(home), "TERM": "xterm-256color", "COLORTERM": "truecolor"},
            **(stage.variables() if stage else {}),
            **(variables or {}),
        }
        command, arguments = (
            (sys.executable, ["-m", module]) if stage else (str(COMMAND), arguments)
        )
        self.raw = b""
        self.born = time.monotonic()
        self._screen = pyte.Screen(columns, rows)
        self._stream = pyte.ByteStream(self._screen)
        self.process = pexpect.spawn(
            command, arguments, env=environment, dimensions=(rows, columns), timeout=None
        )

    def read(self, seconds: float = 0.1) -> None:
        """Take what the command has written, waiting at most ``seconds`` for the first of it."""
        try:
            data = cast(bytes, self.process.read_nonblocking(65536, timeout=seconds))
        except (pexpect.TIMEOUT, pexpect.EOF):
            return
        self.raw += data
        # pyte does not know these two private sequences and would print them.
        self._stream.feed(data.replace(b"\x1b[>25u", b"").replace(b"\x1b[<u", b""))

    @property
    def text(self) -> str:
        """What a person sees."""
        return "\n".join(line.rstrip() for line in self._screen.display)

    def wait_for(self, wanted: str | Callable[[str], bool], seconds: float = 90) -> str:
        """Read until the screen shows ``wanted``. Fails with the screen when it never does."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            found = wanted in self.text if isinstance(wanted, str) else wanted(self.text)
            if found:
                return self.text
            if not self.process.isalive():
                break
            self.read()
        raise AssertionError(f"never saw {wanted!r} in:\n{self.text}")

    def press(self, *keys: str) -> None:
        for key in keys:
            self.process.send(KEYS.get(key, key))

    def wait_for_end(self, seconds: float = 15) -> tuple[int | None, float]:
        """Exit code, and how long it took."""
        start = time.monotonic()
        while self.process.isalive() and time.monotonic() - start < seconds:
            self.read()
        took = time.monotonic() - start
        if self.process.isalive():
            self.process.kill(signal.SIGKILL)
            raise AssertionError(f"still running after {took:.1f} s:\n{self.text}")
        self.read(0)
        self.process.close()
        return self.process.exitstatus, took

    def close(self) -> None:
        """End the command, whatever it does."""
        self.process.close(force=True)
