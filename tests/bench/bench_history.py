"""A history of 100,000 runs: what opening, searching and turning a page cost.

    python tests/bench/bench_history.py [--runs 100000] [--repeats 20]

The app's first frame on it is measured by ``bench_first_frame.py --home FOLDER --keep``.
"""

from __future__ import annotations

import argparse
import gc
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from engine.history import Entry, History, parse_query
from engine.history.rows import insert
from engine.record import ImageRecord, RunRecord, Seconds, Status
from engine.spec import RunSpec

COLOURS = ("red", "orange", "yellow", "green", "blue", "purple", "pink", "white", "gray", "black")
LANDS = ("mountains", "hills", "sea", "city")
SCHEDULERS = ("DPM++ 2M", "Euler", "Euler a", "DDIM", "PNDM", "UniPC")
QUERIES = (
    ("", "everything"),
    ("sun", "a word of half of them"),
    ("red sun mountains", "three words"),
    ('"purple sky"', "a phrase"),
    ("zebra", "a word of none"),
    ("nebula", "a word of one in a thousand"),
    ("-sun", "without a word of half of them"),
    ("scheduler:ddim", "a filter"),
    ("seed:4711", "a seed of few"),
    ("rating:>=4 sun", "a filter and a word"),
    ("switch:precision=fp16", "a switch"),
    ("tag:keep", "a tag of one in a hundred"),
    ("checkpoint:sd15", "part of a checkpoint's name"),
    ("after:3d", "since three days"),
    ("sort:time", "by time"),
    ("sun sort:time", "a word, by time"),
    ("sort:rating scheduler:euler", "by rating, with a filter"),
    ("status:failed faster:1s", "two filters that exclude each other"),
)


def make(folder: Path, runs: int) -> None:
    """Write a history of so many runs, in one transaction. Their pictures are not there."""
    history, drawn = History(folder), random.Random(7)
    with history._file.writing() as db:
        for number in range(1, runs + 1):
            db.execute("INSERT INTO run_ids (id) VALUES (?)", (number,))
            insert(db, history.folder, _entry(history.folder, number, drawn))
        db.execute("DELETE FROM run_ids WHERE id < ?", (runs,))
    history.close()


def _entry(folder: Path, number: int, drawn: random.Random) -> Entry:
    first = drawn.choice(("sun", "moon"))
    prompt = f"a {drawn.choice(COLOURS)} {first} over {drawn.choice(COLOURS)} "
    prompt += f"{drawn.choice(LANDS)}, {drawn.choice(COLOURS)} sky"
    prompt += ", nebula" if number % 1000 == 0 else ""
    switches = {"precision": "fp16"} if drawn.random() < 0.3 else {}
    spec = RunSpec(
        prompt,
        drawn.choice(("scenes", "/models/sd15", "/models/dreamshaper.safetensors")),
        "stars" if drawn.random() < 0.2 else "",
        seed=drawn.randrange(100_000),
        num_inference_steps=drawn.choice((10, 20, 30)),
        width=512,
        height=512,
        scheduler=drawn.choice(SCHEDULERS),
        switches=switches,
    )
    day, second = divmod(number, 1000)
    created = time.strftime(
        "%Y-%m-%dT%H:%M:%S", time.gmtime(1_700_000_000 + day * 86_400 + second * 60)
    )
    status = Status.FAILED if drawn.random() < 0.05 else Status.FINISHED
    path = str(folder / "images" / created[:10] / f"{number:06d}-0-seed{spec.seed}.png")
    denoise = drawn.uniform(0.3, 5)
    record = RunRecord(
        number,
        status,
        spec,
        created + ".000Z",
        (ImageRecord(path, spec.seed, 512, 512),),
        Seconds(0, 0.02, denoise, 0.1, 0.03, denoise + 0.15),
        spec.num_inference_steps,
        spec.num_inference_steps,
        drawn.randrange(10**9, 8 * 10**9),
        "vram",
        "cuda:0 (Card)",
        "float16",
        {"safelight": "0.1.0", "torch": "2.13.0", "diffusers": "0.42.1"},
    )
    tags = ("keep",) if number % 100 == 0 else ()
    return Entry(record, drawn.choice((0, 0, 0, 3, 4, 5)), tags)


def timed(work: Callable[[], object], repeats: int) -> tuple[float, float]:
    """Median and worst in milliseconds; the first call is among them."""
    times = []
    for _ in range(repeats):
        began = time.perf_counter()
        work()
        times.append((time.perf_counter() - began) * 1000)
    return statistics.median(times), max(times)


def memory_of(folder: Path) -> float:
    """MB of a process that opens a history as the app does, and searches it."""
    code = (
        "import re, sys; from pathlib import Path\n"
        "from engine.history import History, parse_query\n"
        "h = History(Path(sys.argv[1])); kept = h.latest(500)\n"
        "for q in ('', 'sun', 'sort:time', 'rating:>=4 sun'):\n"
        "    p = h.search.page(parse_query(q), 100); h.search.count(parse_query(q))\n"
        "    for _ in range(20):\n"
        "        if p.next: p = h.search.page(parse_query(q), 100, p.next)\n"
        "status = Path('/proc/self/status').read_text()\n"
        "print(int(re.search(r'VmHWM:\\s+(\\d+)', status)[1]) / 1024)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(folder)], capture_output=True, text=True, check=True
    )
    return float(done.stdout)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=100_000)
    parser.add_argument("--repeats", type=int, default=20)
    parser.add_argument("--keep", type=Path, help="leave the history in this folder")
    options = parser.parse_args()
    folder = options.keep or Path(tempfile.mkdtemp(prefix="safelight-history-"))
    if not (folder / "history.sqlite3").exists():
        began = time.perf_counter()
        make(folder, options.runs)
        size = (folder / "history.sqlite3").stat().st_size
        print(f"{options.runs:,} runs, {size / 2**20:.0f} MB, {time.perf_counter() - began:.0f} s")
    gc.collect()
    print(f"{'':34} {'median':>9} {'worst':>9}")

    def row(what: str, work: Callable[[], object], repeats: int = options.repeats) -> None:
        median, worst = timed(work, repeats)
        print(f"{what:34} {median:6.1f} ms {worst:6.1f} ms")

    row("open and close", lambda: History(folder).close(), 5)
    history = History(folder)
    row("newest 500", lambda: history.latest(500))
    for text, what in QUERIES:
        query = parse_query(text)
        row(f"search: {what}", lambda query=query: history.search.page(query, 50))  # type: ignore[misc]
        page = history.search.page(query, 50)
        for _ in range(20):
            page = history.search.page(query, 50, page.next) if page.next else page
        if page.next is not None:
            row(
                "  a page, twenty pages on",
                lambda query=query, at=page.next: history.search.page(query, 50, at),  # type: ignore[misc]
            )
        row("  how many", lambda query=query: history.search.count(query), 5)  # type: ignore[misc]
    row("values of checkpoint", lambda: history.search.values("checkpoint"))
    row("prompts", history.search.prompts)
    row("check the whole file", history.check, 2)
    history.close()
    empty = Path(tempfile.mkdtemp(prefix="safelight-empty-"))
    ours, none = memory_of(folder), memory_of(empty)
    print(f"\npeak memory {ours:.1f} MB, of an empty history {none:.1f} MB: {ours - none:+.1f} MB")
    shutil.rmtree(empty)
    if options.keep is None:
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
