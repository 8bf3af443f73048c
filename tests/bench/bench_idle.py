"""What the app takes while nobody does anything: processor, memory, wakes and bytes.

    python tests/bench/bench_idle.py [--seconds 60] [--real] [--hour]

Each row is an app in a pseudo-terminal that answers, left alone after its start. The share of a
core is measured over so many seconds and holds for any hour of the same. ``--hour`` lets an hour
pass in two minutes, by clocks that go thirty times as fast, for what memory grows by; timers then
fire as often as in an hour. ``--real`` adds the real engine, on the CPU.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path

import psutil

sys.path.insert(0, str(Path(__file__).parents[2]))

from tests.terminal.screen import Terminal
from tests.terminal.staged import Stage

SETTLE = 12.0
"""Seconds after the start that are not counted: the history is checked then."""
SPEED = 30.0


def measure(seconds: float, *, speed: float = 1.0, real: bool = False) -> str:
    with tempfile.TemporaryDirectory() as home:
        stage = None if real else Stage(watch=f"{home}/watch" if speed != 1 else "", speed=speed)
        app = Terminal([], Path(home), stage=stage)
        app.wait_for("Loaded")
        until = time.monotonic() + SETTLE
        while time.monotonic() < until:
            app.read(0.5)
        process = psutil.Process(app.process.pid)
        written = len(app.raw)
        cpu, switches, memory = _read(process)
        began = time.monotonic()
        while time.monotonic() - began < seconds:
            app.read(0.5)
        took = time.monotonic() - began
        cpu_after, switches_after, memory_after = _read(process)
        app.press("ctrl+q")
        app.wait_for_end()
    return (
        f"{took:>9.0f}{100 * (cpu_after - cpu) / took:>9.2f} %"
        f"{(switches_after - switches) / took:>9.1f}{(len(app.raw) - written) / took:>9.0f}"
        f"{memory / 2**20:>11.1f} MB{(memory_after - memory) / 2**20:>+9.2f} MB"
    )


def _read(process: psutil.Process) -> tuple[float, int, int]:
    """Seconds of processor, wakes, and bytes of memory."""
    times = process.cpu_times()
    switches = sum(
        int(line.split()[1])
        for task in Path(f"/proc/{process.pid}/task").iterdir()
        for line in (task / "status").read_text().splitlines()
        if line.startswith("voluntary")
    )
    return times.user + times.system, switches, process.memory_full_info().uss


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--real", action="store_true")
    parser.add_argument("--hour", action="store_true")
    options = parser.parse_args()
    print("bar: under 1 % of a core, memory flat")
    print(
        f"{'':<28}{'seconds':>9}{'core':>11}{'wakes/s':>9}{'bytes/s':>9}{'memory':>14}{'more':>12}"
    )
    print(f"{'idle, scripted engine':<28}{measure(options.seconds)}", flush=True)
    if options.real:
        print(f"{'idle, real engine':<28}{measure(options.seconds, real=True)}", flush=True)
    if options.hour:
        print(f"{'an hour in two minutes':<28}{measure(3600 / SPEED, speed=SPEED)}", flush=True)


if __name__ == "__main__":
    main()
