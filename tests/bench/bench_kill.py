"""kill -9 at random moments under load: what was acknowledged is there, and nothing is half.

A process queues runs as fast as it can while its engine makes them (noise, without a model; the
queue, the worker, the files and the history are the real ones). It is killed after a random time,
started again, takes its queue over, goes on, and is killed again.

    python tests/bench/bench_kill.py [--kills 200]
"""

from __future__ import annotations

import argparse
import json
import random
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from engine.history import FILE, History
from engine.pictures.load import load_image
from engine.pictures.read import read_metadata
from engine.record import Status
from tests.engine.lightweight import picture

CHILD = """
import json, sys
from pathlib import Path
from engine import events
from engine.engine import Engine
from engine.history import History
from tests.engine.lightweight import spec_of, without_a_model
without_a_model()
def tell(what, number):
    sys.stdout.write(json.dumps([what, number]) + "\\n")
    sys.stdout.flush()
def emit(event):
    if isinstance(event, events.RunFinished):
        tell("done", event.run_id)
    elif isinstance(event, events.RunFailed):
        tell("failed: " + event.record.error, event.run_id)
history = History(Path(sys.argv[1]))
if history.repaired:
    tell("repaired: " + history.repaired, 0)
engine = Engine(emit, history, sample_memory=False)
for record in engine.queue.recover():
    tell("cut off", record.id)
engine.queue.resume()
engine.start()
tell("up", 0)
seed = int(sys.argv[2])
while True:
    if len(engine.queue) < 8:
        number = engine.submit(spec_of(seed))
        tell("queued", number)
        seed += 1
        if seed % 7 == 0:
            history.marks.rate([history.latest(1)[0].id], 1 + seed % 5) if history.count() else None
        if seed % 11 == 0:
            engine.queue.move(number, -3)
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="safelight-kill-"))
    drawn = random.Random(options.seed)
    queued: set[int] = set()
    done: set[int] = set()
    told: Counter[str] = Counter()
    began = time.perf_counter()
    for kill in range(options.kills):
        child = subprocess.Popen(
            [sys.executable, "-c", CHILD, str(folder), str(kill * 1000)],
            stdout=subprocess.PIPE,
            text=True,
        )
        assert child.stdout is not None
        for line in child.stdout:
            what, number = json.loads(line)
            told[what] += what not in ("queued", "done", "up")
            queued |= {number} if what == "queued" else set()
            done |= {number} if what == "done" else set()
            if what == "up":
                break
        time.sleep(drawn.uniform(0, 0.4))
        child.kill()
        for line in child.stdout.read().splitlines():
            try:
                what, number = json.loads(line)
            except ValueError:
                continue  # the last line, cut
            told[what] += what not in ("queued", "done", "up")
            queued |= {number} if what == "queued" else set()
            done |= {number} if what == "done" else set()
        child.wait()
    lost = check(folder, queued, done)
    print(f"{options.kills} kills in {time.perf_counter() - began:.0f} s")
    print(f"{len(queued):6} specs acknowledged, {len(done)} runs acknowledged")
    for what, count in {**lost, **dict(+told)}.items():
        print(f"{count:6} {what}")
    shutil.rmtree(folder)


def check(folder: Path, queued: set[int], done: set[int]) -> dict[str, int]:
    """Count what is not as it should be."""
    history = History(folder)
    history.queue.take_over(waiting=False)  # what the last one left
    waiting = {each.run_id for each in history.queue.waiting()}
    running = {
        int(run)
        for (run,) in history._file.read("SELECT run FROM queue WHERE started_at IS NOT NULL")
    }
    records = {record.id: record for record in history.latest(10**7)}
    unreadable = wrong = 0
    referenced = set()
    for record in records.values():
        for image in record.images:
            path = Path(image.path)
            referenced.add(path)
            try:
                pixels = load_image(path)
                metadata = read_metadata(path) or {}
            except Exception:
                unreadable += 1
                continue
            same = pixels.tobytes() == picture(image.seed, (64, 64)).tobytes()
            wrong += not same or metadata.get("run") != record.id
    files = [path for path in (folder / "images").rglob("*") if path.is_file()]
    half = [path for path in files if path.suffix != ".png"]
    lost = set(files) - referenced - set(half)
    finished = {run for run, record in records.items() if record.status is Status.FINISHED}
    db = sqlite3.connect(folder / FILE)
    sound = db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    db.close()
    history.close()
    return {
        "specs lost": len(queued - waiting - running - set(records)),
        "runs lost": len(done - finished),
        "pictures of which no run tells": len(lost),
        "pictures unreadable": unreadable,
        "pictures wrong": wrong,
        "half files with a picture's name": sum(path.suffix == ".png" for path in half),
        "temporary files left": len(half),
        "times the integrity check failed": int(not sound),
        "runs kept": len(records),
        "of them interrupted": sum(r.status is Status.INTERRUPTED for r in records.values()),
        "still waiting": len(waiting),
    }


if __name__ == "__main__":
    main()
