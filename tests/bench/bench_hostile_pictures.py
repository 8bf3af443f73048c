"""Hostile and damaged pictures: what becomes of each, how long it takes, how much memory.

A process of its own reads them, so that its memory is its own: what each picture says by
``restore_picture``, and its pixels by ``load_image``.

    python tests/bench/bench_hostile_pictures.py [DAMAGED]
"""

from __future__ import annotations

import itertools
import json
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BAR_MB = 200


def answer() -> None:
    """The other process: a path a line comes in, and what became of it goes out."""
    import resource

    from engine.errors import SafelightError
    from engine.pictures.load import load_image
    from engine.restore import restore_picture

    start = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for line in sys.stdin:
        path, told, began = Path(line.rstrip("\n")), [], time.perf_counter()
        for read in (restore_picture, load_image):
            try:
                read(path)
                told.append("read")
            except SafelightError:
                told.append("refused")
            except Exception as error:
                told.append(f"crash: {error!r}")
        took = time.perf_counter() - began
        more = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - start
        print(json.dumps([*told, took, more / 1024]), flush=True)


def main(damaged: int) -> int:
    sys.path.insert(0, str(ROOT))
    from tests.engine import hostile

    rows: dict[str, list[tuple[str, str, float]]] = defaultdict(list)
    peak = 0.0
    with tempfile.TemporaryDirectory() as folder:
        other = subprocess.Popen(
            [sys.executable, "-W", "ignore", __file__, "--answer"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
        )
        assert other.stdin is not None
        assert other.stdout is not None
        path = Path(folder) / "picture"
        mutated = ((f"damaged: {k}", d) for k, d in hostile.mutations(damaged, Path(folder)))
        for kind, data in itertools.chain(hostile.cases(), mutated):
            path.write_bytes(data)
            other.stdin.write(f"{path}\n")
            other.stdin.flush()
            line = other.stdout.readline()
            if not line:
                rows[kind].append(("crash: the process has ended", "", 0.0))
                break
            told, shown, took, peak = json.loads(line)
            rows[kind].append((told, shown, took))
        other.stdin.close()
        other.wait(30)
    count = sum(map(len, rows.values()))
    crashes = [t for row in rows.values() for each in row for t in each[:2] if "crash" in t]
    print(f"{count} hostile pictures: {len(crashes)} crashes, {peak:.0f} MB of memory at most")
    print(f"bar: 500 pictures, 0 crashes, {BAR_MB} MB")
    print(f"{'':<28}{'pictures':>9}{'settings':>10}{'pixels':>8}{'slowest':>11}")
    for kind, row in rows.items():
        settings, pixels = (sum(each[n] == "read" for each in row) for n in (0, 1))
        slowest = 1000 * max(each[2] for each in row)
        print(f"{kind:<28}{len(row):>9}{settings:>10}{pixels:>8}{slowest:>8.0f} ms")
    for crash in crashes[:10]:
        print(crash)
    return int(bool(crashes) or peak > BAR_MB)


if __name__ == "__main__":
    if sys.argv[1:] == ["--answer"]:
        answer()
    else:
        sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 300))
