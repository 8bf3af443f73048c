"""A history damaged in many ways: what is back when Safelight is opened again.

A byte is flipped at each of 100 places of the file, one at a time; then it is cut short, emptied,
and thrown away. Every time the history is opened, searched, marked and written to, opened again
when that told of damage, and the runs are counted.

    python tests/bench/bench_damage.py [--runs 400] [--places 100]
"""

from __future__ import annotations

import argparse
import shutil
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from engine.errors import SafelightError
from engine.history import FILE, History, parse_query
from tests.engine.histories import fill, record_of


def use(folder: Path) -> tuple[int, str]:
    """Open and use a history; how many runs are there, and what was told."""
    told = ""
    for _ in range(2):
        history = History(folder)
        told = told or history.repaired
        try:
            runs = 0
            page = history.search.page(parse_query(""), 100)
            while True:
                runs += len(page.entries)
                if page.next is None:
                    break
                page = history.search.page(parse_query(""), 100, page.next)
            for text in ("sun", "sort:time", "tag:keep", "switch:compile", "checkpoint:s"):
                history.search.page(parse_query(text), 50)
            history.marks.rate([history.latest(1)[0].id], 3)
            history.add(record_of(history.new_id()))
            history.close()
            return runs, told
        except SafelightError as error:
            told = str(error)
            history.close()
    return 0, told


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=400)
    parser.add_argument("--places", type=int, default=100)
    options = parser.parse_args()
    root = Path(tempfile.mkdtemp(prefix="safelight-damage-"))
    sound = root / "sound"
    fill(sound, options.runs)
    content = (sound / FILE).read_bytes()
    step = len(content) / options.places

    def flip(at: int) -> Callable[[Path], object]:
        changed = bytearray(content)
        changed[at] ^= 0xFF
        return lambda path: path.write_bytes(changed)

    ways: list[tuple[str, Callable[[Path], object]]] = [
        ("a byte flipped", flip(int((place + 0.5) * step))) for place in range(options.places)
    ]
    ways += [("a byte of the head flipped", flip(at)) for at in range(0, 100, 10)]
    ways += [
        ("cut to a half", lambda path: path.write_bytes(content[: len(content) // 2])),
        ("cut to 1000 bytes", lambda path: path.write_bytes(content[:1000])),
        ("emptied", lambda path: path.write_bytes(b"")),
        ("thrown away", lambda path: path.unlink()),
    ]
    tally: dict[str, Counter[str]] = {}
    least: dict[str, float] = {}
    began = time.perf_counter()
    for what, damage in ways:
        folder = root / "broken"
        shutil.copytree(sound, folder, symlinks=True)
        damage(folder / FILE)
        counted = tally.setdefault(what, Counter())
        counted["tried"] += 1
        try:
            runs, told = use(folder)
        except Exception as error:
            counted["tracebacks"] += 1
            print(f"  {type(error).__name__}: {error}")
            runs, told = 0, ""
        counted["told"] += bool(told)
        counted["kept aside"] += len(list(folder.glob("history-damaged-*"))) > 0
        least[what] = min(least.get(what, 1.0), runs / options.runs)
        shutil.rmtree(folder)
    columns = ("tried", "tracebacks", "told", "kept aside")
    print(f"{options.runs} runs, {len(content):,} bytes, {time.perf_counter() - began:.0f} s")
    print(f"{'':28}" + "".join(f"{name:>12}" for name in columns) + f"{'least back':>12}")
    for what, counted in tally.items():
        figures = "".join(f"{counted[name]:>12}" for name in columns)
        print(f"{what:28}{figures}{least[what]:>11.1%}")
    shutil.rmtree(root)


if __name__ == "__main__":
    main()
