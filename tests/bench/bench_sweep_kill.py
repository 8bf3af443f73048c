"""A sweep of 60 cells, killed at random moments and gone on with: done once, none twice, none lost.

The installed command, on the bundled checkpoint: 60 cells of two to four steps. Each life is killed
(-9) after some cells at a moment within the next, and the sweep is gone on with by ``--resume``.

    python tests/bench/bench_sweep_kill.py [--kills 10] [--cells 60] [--seed 0]
"""

from __future__ import annotations

import argparse
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from engine.group import Kind
from engine.history import History
from engine.pictures.load import load_image
from engine.record import Status
from engine.sweep import Sweep

_DONE = re.compile(r"^\d+/\d+  .*  #(\d+)  ")
_CELL_SECONDS = 0.25
"""About what a cell takes: the moment of the kill is drawn from so long after the one before."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=10)
    parser.add_argument("--cells", type=int, default=60)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    home = Path(tempfile.mkdtemp(prefix="safelight-sweep-"))
    drawn = random.Random(options.seed)
    began = time.perf_counter()
    words = ["a {red|green} sun over blue mountains", "--seed", "7", "--axis", "steps=2..4"]
    words += ["--axis", "wildcards", "--axis", f"seed=1..{options.cells // 6}"]
    told: list[int] = []
    table = []
    each = options.cells // (options.kills + 1)
    for life in range(options.kills + 1):
        last = life == options.kills
        after = 10**6 if last else drawn.randrange(0, 2 * each)
        moment = drawn.uniform(0, _CELL_SECONDS)
        said, killed = live(home, words, after, moment)
        told += said
        words = ["--resume", "last"]
        done = Counter(finished(home).values())
        table.append((life + 1, len(said), sum(done.values()), "killed" if killed else "ended"))
    print(f"{'life':>4} {'told of':>8} {'finished so far':>16}")
    for number, said_of, so_far, end in table:
        print(f"{number:4} {said_of:8} {so_far:16}  {end}")
    report(home, told, time.perf_counter() - began)
    shutil.rmtree(home)


def live(home: Path, words: list[str], after: int, moment: float) -> tuple[list[int], bool]:
    """One life: killed ``moment`` seconds after so many cells. The runs it told of, and whether."""
    child = subprocess.Popen(
        [sys.executable, "-m", "tui", "sweep", *words],
        env={**os.environ, "SAFELIGHT_HOME": str(home)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert child.stderr is not None
    said: list[int] = []
    killed = False
    lines = iter(child.stderr)
    for line in lines:
        if found := _DONE.match(line):
            said.append(int(found[1]))
        begun = line.startswith("Loading scenes: loading vae")
        if (begun and after == 0) or len(said) == after > 0:
            time.sleep(moment)
            killed = child.poll() is None
            child.kill()
            break
    said += [int(found[1]) for line in lines if (found := _DONE.match(line))]
    child.wait()
    return said, killed


def finished(home: Path) -> dict[int, int]:
    """The cell of each run that finished."""
    history = History(home / "data", read_only=True)
    records = history.latest(10**6)
    return {run.id: run.cell for run in records if run.group and run.status is Status.FINISHED}


def report(home: Path, told: list[int], seconds: float) -> None:
    history = History(home / "data")
    (group,) = history.groups.latest(Kind.SWEEP)
    cells = len(Sweep.from_json(group.plan).cells())
    runs = [run for run in history.latest(10**6) if run.group == group.id]
    done = Counter(run.cell for run in runs if run.status is Status.FINISHED)
    unreadable = 0
    for run in runs:
        for image in run.images:
            try:
                load_image(Path(image.path))
            except Exception:
                unreadable += 1
    rows = {
        "cells": cells,
        "cells done": len(done),
        "cells done twice": sum(count > 1 for count in done.values()),
        "cells lost": cells - len(done),
        "runs finished": sum(done.values()),
        "runs cut off by a kill, and made again": sum(r.status is Status.INTERRUPTED for r in runs),
        "runs told of that are not in the history": len(set(told) - {run.id for run in runs}),
        "still in the queue": len(history.queue.waiting()),
        "pictures unreadable": unreadable,
    }
    history.close()
    print(f"\n{seconds:.0f} s")
    for what, count in rows.items():
        print(f"{count:6} {what}")


if __name__ == "__main__":
    main()
