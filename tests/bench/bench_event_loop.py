"""How late the event loop is while the bundled checkpoint runs, previews on, in a real terminal.

The app runs in a pseudo-terminal whose output is read at once. Every 5 ms a task notes how much
later than that it woke. The same is noted while nothing runs, as the machine's own noise.

    python tests/bench/bench_event_loop.py [--runs 10]
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import pty
import sys
import tempfile
import time
from pathlib import Path

TICK = 0.005


def child(home: Path, runs: int) -> None:
    """The app, with a task that measures and then leaves."""
    from tui.app import SafelightApp
    from tui.graphics.terminal import Terminal
    from tui.lab import RealLab
    from tui.paths import Paths
    from tui.settings import Settings, Sources

    paths = Paths(home / "data", home / "config", home / "state")

    class Measured(SafelightApp):
        def on_ready(self) -> None:
            self.run_worker(self.measure())

        async def late(self, done: asyncio.Event) -> list[float]:
            found = []
            while not done.is_set():
                due = time.perf_counter() + TICK
                await asyncio.sleep(TICK)
                found.append(time.perf_counter() - due)
            return found

        async def until(self, count: int) -> None:
            while sum(row.status == "finished" for row in self.studio.runs.rows) < count:
                await asyncio.sleep(0.05)

        async def measure(self) -> None:
            while self.room.ended:  # the engine is opened after the first frame
                await asyncio.sleep(0.05)
            self.studio.action_run()  # loading and warm-up are apart
            await self.until(1)
            results = {}
            for name, more in (("idle", 0), ("running", runs)):
                done = asyncio.Event()
                task = asyncio.create_task(self.late(done))
                for _ in range(more):
                    self.studio.action_run()
                if more:
                    await self.until(1 + more)
                else:
                    await asyncio.sleep(3)
                done.set()
                results[name] = await task
            (home / "lateness.json").write_text(json.dumps(results))
            self.exit(0)

    sources = Sources.of(Settings(), paths.settings_file)
    app = Measured(RealLab(paths, sources.settings), paths, sources, Terminal())
    app.run()
    app.shut_down()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=10)
    parser.add_argument("--child", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        child(options.child, options.runs)
        return
    with tempfile.TemporaryDirectory() as name:
        home = Path(name)
        pid, terminal = pty.fork()
        if pid == 0:
            os.environ.update(TERM="xterm-256color", COLORTERM="truecolor")
            command = [sys.executable, __file__, "--child", name, "--runs", str(options.runs)]
            os.execv(sys.executable, command)
        import fcntl
        import struct
        import termios

        fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 120, 0, 0))
        written = 0
        while True:
            try:
                data = os.read(terminal, 65536)
            except OSError:
                break
            if not data:
                break
            written += len(data)
        os.waitpid(pid, 0)
        results = json.loads((home / "lateness.json").read_text())
    print(f"Lateness of the event loop over {options.runs} runs of 20 steps, previews on")
    print("bar: p95 at most 20 ms, max at most 100 ms")
    print(f"{'':<10}{'ticks':>8}{'median':>10}{'p95':>10}{'p99':>10}{'max':>10}")
    for name_, late in results.items():
        late.sort()
        at = [late[min(int(len(late) * q), len(late) - 1)] for q in (0.5, 0.95, 0.99, 1)]
        print(f"{name_:<10}{len(late):>8}" + "".join(f"{1000 * x:>7.1f} ms" for x in at))
    print(f"terminal output in all: {written / 1e6:.2f} MB")


if __name__ == "__main__":
    main()
