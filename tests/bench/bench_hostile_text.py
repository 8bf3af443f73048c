"""Hostile texts through every place of the app that shows text, its bytes scanned in a terminal.

    python tests/bench/bench_hostile_text.py [--texts 1000]

Foreign is what is neither text nor a sequence of ours: tests/terminal/scanner.py. The runs beside
the form show the last hundred of the history; a comparison shows four.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
LONGEST = 3600


def main() -> int:
    sys.path.insert(0, str(ROOT))
    from tests.terminal.hostile_play import MARKS, played
    from tests.terminal.scanner import LINK, foreign

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--texts", type=int, default=1000)
    options = parser.parse_args()
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as home:
        result = played(options.texts, Path(home), LONGEST)
    print(f"{options.texts} hostile texts, {time.monotonic() - began:.0f} s; bar: 0 and 0")
    print(f"{'place':<16}{'texts':>8}{'bytes':>14}{'foreign':>10}")
    for place, count in result.shown.items():
        data = result.of(place)
        print(f"{place:<16}{count:>8,}{len(data):>14,}{len(foreign(data, LINK)):>10}")
    found = foreign(result.raw, MARKS, LINK)
    print(f"{'all':<16}{sum(result.shown.values()):>8,}{len(result.raw):>14,}{len(found):>10}")
    print(f"exceptions: {result.fault or 0}")
    for each in found[:10]:
        print(each)
    return int(bool(found or result.fault))


if __name__ == "__main__":
    sys.exit(main())
