"""Process start to first painted frame, in a pseudo-terminal, against Textual alone.

Both start from compiled modules, as what is installed does: ``PYTHONDONTWRITEBYTECODE`` is not
handed on, with which ours would be compiled anew each time, and Textual's would not.

The frame counts as painted when the title of a panel has been written. Runs take turns, so that a
noisy machine is noisy for both.

    python tests/bench/bench_first_frame.py [--repeats 10] [--data FOLDER]

``--data`` gives the app a history; ``bench_history.py --keep FOLDER`` makes a large one.
"""

from __future__ import annotations

import argparse
import os
import pty
import select
import shutil
import signal
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

TEXTUAL_ALONE = """
from textual.app import App
from textual.widgets import Static
class Alone(App):
    def compose(self):
        yield Static("Prompt")
Alone().run()
"""
ENOUGH = 30.0


def first_frame(command: list[str], home: str) -> float:
    """Seconds from the start of the process to the first ``Prompt`` on the screen."""
    start = time.perf_counter()
    child, terminal = pty.fork()
    if child == 0:
        os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
        os.environ.update(SAFELIGHT_HOME=home, TERM="xterm-256color", COLORTERM="truecolor")
        os.execv(command[0], command)
    heard = b""
    try:
        while b"Prompt" not in heard:
            ready, _, _ = select.select([terminal], [], [], ENOUGH)
            if not ready:
                raise TimeoutError(f"no frame within {ENOUGH} s: {heard[-300:]!r}")
            heard += os.read(terminal, 65536)
        return time.perf_counter() - start
    finally:
        os.kill(child, signal.SIGKILL)
        os.close(terminal)
        os.waitpid(child, 0)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=10)
    parser.add_argument("--data", type=Path, help="a folder with a history; it is not changed")
    options = parser.parse_args()
    repeats = options.repeats
    here = Path(sys.executable).parent
    commands = {
        "Textual alone": [sys.executable, "-c", TEXTUAL_ALONE],
        "safelight": [str(here / "safelight")],
    }
    with tempfile.TemporaryDirectory() as home:
        if options.data is not None:
            shutil.copytree(options.data, Path(home) / "data")
        for command in commands.values():
            first_frame(command, home)  # warm the disk cache and the .pyc files
        times: dict[str, list[float]] = {name: [] for name in commands}
        for _ in range(repeats):
            for name, command in commands.items():
                times[name].append(first_frame(command, home))
    print(f"Process start to first frame, median of {repeats}; bar: 350 ms")
    print(f"{'':<16}{'median':>10}{'min':>10}{'max':>10}")
    for name, taken in times.items():
        figures = "".join(f"{1000 * f(taken):>7.0f} ms" for f in (median, min, max))
        print(f"{name:<16}{figures}")


if __name__ == "__main__":
    main()
