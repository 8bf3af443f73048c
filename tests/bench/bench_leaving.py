"""Every way to leave, many times: how long it takes, and what is left.

    python tests/bench/bench_leaving.py [--times 20] [--real 5] [--only WORD]

Most ways are played with the staged app (a scripted engine, no torch) in the midst of a run; those
that say *real* with the real engine, on the CPU, a run of the bundled checkpoint on. *restored*:
every mode that was set is off, the terminal's attributes are what they were, and nothing was
written afterwards. *left*: processes that were still there. *recorded*: the run is in the history,
as cancelled; of the scripted engine, that it was stopped in order. The time of a crash counts from
the first step, about a second before it happens; what is stopped and woken counts from SIGTERM.
"""

from __future__ import annotations

import argparse
import fcntl
import json
import os
import select
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import termios
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import psutil

HERE = Path(__file__).parents[2]
sys.path.insert(0, str(HERE))

from tests.terminal.relay import answer  # noqa: E402
from tests.terminal.staged import Stage  # noqa: E402
from tests.terminal.test_leaving import modes_on  # noqa: E402

PATIENCE = 60.0


class App:
    """The app in a pseudo-terminal that answers, in the midst of a run.

    Attributes:
        seen: all that it has written.
    """

    def __init__(
        self, home: Path, *, real: bool, session: bool = True, crash_at: int = 0, slow: bool = False
    ) -> None:
        self.seen = b""
        self.far, self.near = os.openpty()
        self._slow = slow
        fcntl.ioctl(self.near, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 120, 0, 0))
        self.before = termios.tcgetattr(self.near)
        self.watch = home / "watch"
        stage = Stage(
            steps=3000, step_seconds=0.02, watch=str(self.watch), photo=True, crash_at=crash_at
        )
        command = [sys.executable, "-m", "tests.terminal.staged"]
        if real:
            (home / "state").mkdir(parents=True)
            (home / "state" / "form.json").write_text('{"num_inference_steps": "1000"}')
            command = [str(Path(sys.executable).with_name("safelight"))]

        def own_terminal() -> None:
            if session:
                fcntl.ioctl(0, termios.TIOCSCTTY, 0)

        self.home = home
        self.process = subprocess.Popen(
            command,
            env={
                **{k: v for k, v in os.environ.items() if not k.startswith(("TEXTUAL", "TMUX"))},
                **{"SAFELIGHT_HOME": str(home), "TERM": "xterm-256color"},
                **({} if real else stage.variables()),
                "PYTHONPATH": str(HERE),
            },
            stdin=self.near,
            stdout=self.near,
            stderr=self.near,
            start_new_session=True,
            preexec_fn=own_terminal,  # noqa: PLW1509
        )
        self.closed = False
        threading.Thread(target=self._read, daemon=True).start()
        self.wait_for(b"Loaded")
        os.write(self.far, b"\x12")
        self.wait_for(b"step ")

    def _read(self) -> None:
        while not self.closed:
            try:
                ready, _, _ = select.select([self.far], [], [], 0.2)
                if not ready:
                    continue
                data = os.read(self.far, 512 if self._slow else 65536)
            except (OSError, ValueError):
                return
            self.seen += data
            if b"\x1b[5n" in data:
                os.write(self.far, answer(b"\x1b[5n") * data.count(b"\x1b[5n"))
            if self._slow:
                time.sleep(0.005)

    def wait_for(self, wanted: bytes) -> None:
        until = time.monotonic() + PATIENCE
        while wanted not in self.seen:
            if time.monotonic() > until:
                raise TimeoutError(f"{wanted!r} never came: {self.seen[-300:]!r}")
            time.sleep(0.01)

    def hang_up(self) -> None:
        """The terminal goes away."""
        self.closed = True
        os.close(self.near)
        os.close(self.far)

    def end(self) -> float:
        """Wait for its end. Returns seconds."""
        started = time.monotonic()
        self.process.wait(20)
        return time.monotonic() - started

    @property
    def is_restored(self) -> bool:
        if self.closed:
            return True  # there is none
        time.sleep(0.05)
        clean = modes_on(self.seen) == [] and termios.tcgetattr(self.near) == self.before
        after = self.seen.rpartition(b"\x1b[?25h")[2]
        return clean and (not after or b"unexpected" in after)

    @property
    def left(self) -> int:
        """Processes that have our folder in their environment and are still there."""
        found = 0
        for process in psutil.process_iter():
            try:
                found += process.environ().get("SAFELIGHT_HOME") == str(self.home)
            except psutil.Error:
                continue
        return found

    def is_recorded(self, *, real: bool) -> bool:
        if not real:
            return '"stopped"' in self.watch.read_text()
        out = subprocess.run(
            [str(Path(sys.executable).with_name("safelight")), "history", "--json"],
            env={**os.environ, "SAFELIGHT_HOME": str(self.home)},
            capture_output=True,
            check=True,
        ).stdout
        return [record["status"] for record in json.loads(out)] == ["cancelled"]


Way = Callable[[App], object]


def _kill(number: int) -> Way:
    return lambda app: app.process.send_signal(number)


def _nothing(_: App) -> None:
    """It leaves by itself."""


def _stop_and_go_on(number: int) -> Way:
    """Stopped and woken from outside, then told to end."""

    def way(app: App) -> None:
        process = psutil.Process(app.process.pid)
        app.process.send_signal(number)
        while process.status() != psutil.STATUS_STOPPED:
            time.sleep(0.01)
        assert number == signal.SIGSTOP or modes_on(app.seen) == [], modes_on(app.seen)
        at = len(app.seen)
        app.process.send_signal(signal.SIGCONT)
        while b"\x1b[?1049h" not in app.seen[at:] or b"Switches" not in app.seen[at:]:
            time.sleep(0.01)
        app.process.send_signal(signal.SIGTERM)

    return way


def _storm(app: App) -> None:
    for i in range(200):
        size = struct.pack("HHHH", 20 + i * 7 % 60, 60 + i * 13 % 200, 0, 0)
        fcntl.ioctl(app.near, termios.TIOCSWINSZ, size)
        time.sleep(0.002)
    app.process.send_signal(signal.SIGTERM)


def _not_blocking(app: App) -> None:
    """Somebody who shares the terminal has made it not block: writing to it says EAGAIN."""
    os.set_blocking(app.near, False)
    time.sleep(0.5)
    app.process.send_signal(signal.SIGTERM)


def _stuck(app: App) -> None:
    """The terminal takes nothing any more."""
    app.closed = True
    time.sleep(0.5)
    app.process.send_signal(signal.SIGTERM)


@dataclass(frozen=True)
class Case:
    name: str
    way: Way
    real: bool = False
    session: bool = True
    crash_at: int = 0
    slow: bool = False
    stuck: bool = False


CASES = (
    Case("SIGTERM", _kill(signal.SIGTERM)),
    Case("SIGHUP", _kill(signal.SIGHUP)),
    Case("SIGINT from outside", _kill(signal.SIGINT)),
    Case("SIGQUIT", _kill(signal.SIGQUIT)),
    Case("the pty closed, with its signal", App.hang_up),
    Case("the pty closed, without", App.hang_up, session=False),
    Case("a crash of our own", _nothing, crash_at=40),
    Case("200 resizes, then SIGTERM", _storm),
    Case("TSTP, CONT, then SIGTERM", _stop_and_go_on(signal.SIGTSTP)),
    Case("STOP, CONT, then SIGTERM", _stop_and_go_on(signal.SIGSTOP)),
    Case("EAGAIN, slow, then SIGTERM", _not_blocking, slow=True),
    Case("a terminal that is stuck, SIGTERM", _stuck, stuck=True),
    Case("real: SIGTERM", _kill(signal.SIGTERM), real=True),
    Case("real: SIGHUP", _kill(signal.SIGHUP), real=True),
    Case("real: the pty closed", App.hang_up, real=True),
)


def once(case: Case) -> tuple[float, bool, int, bool, int | None]:
    home = Path(tempfile.mkdtemp(prefix="leaving"))
    try:
        app = App(
            home, real=case.real, session=case.session, crash_at=case.crash_at, slow=case.slow
        )
        case.way(app)
        took = app.end()
        if case.stuck:  # what it had written is still in the line
            app.closed = False
            threading.Thread(target=app._read, daemon=True).start()
            time.sleep(1.0)
        found = took, app.is_restored, app.left, app.is_recorded(real=case.real)
        code = app.process.returncode
        if not app.closed:
            app.hang_up()
        return *found, code
    finally:
        shutil.rmtree(home, ignore_errors=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--times", type=int, default=20)
    parser.add_argument("--real", type=int, default=5)
    parser.add_argument("--only", default="")
    options = parser.parse_args()
    print("bar: at most 3 s; all restored, none left, all recorded")
    print(
        f"{'':<36}{'times':>6}{'median s':>10}{'max s':>8}{'restored':>10}{'left':>6}"
        f"{'recorded':>10}"
    )
    for case in CASES:
        times = options.real if case.real else options.times
        if options.only not in case.name or not times:
            continue
        found = [once(case) for _ in range(times)]
        took = sorted(f[0] for f in found)
        print(
            f"{case.name:<36}{times:>6}{took[len(took) // 2]:>10.2f}{took[-1]:>8.2f}"
            f"{sum(f[1] for f in found):>10}{sum(f[2] for f in found):>6}"
            f"{sum(f[3] for f in found):>10}   exit {sorted({str(f[4]) for f in found})}",
            flush=True,
        )


if __name__ == "__main__":
    main()
