"""Pictures over slow links: how long the screen stands still, and how long a key's echo takes.

The staged app (a scripted engine, no torch) makes runs with previews of a photograph, through a
relay that carries so many bits a second, late, behind a buffer. Meanwhile somebody types at the far
end. The same is done with Textual's own writer, in turn.

    python tests/bench/bench_link.py [--protocol sixel …] [--keys 40] [--only-ours]

Columns: *stall* is the longest time that the event loop was late, with what it was before any run
(the machine's own noise) behind it; *echo* is from the press of a key at the far end until its
letter is there; *picture* from the end of the last run until its last byte is there.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import re
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from statistics import median

sys.path.insert(0, str(Path(__file__).parents[2]))

from tests.terminal.relay import Link, Relay
from tests.terminal.staged import Stage

LINKS = {
    "no limit": Link(1e9, 0.0, 65_536),
    "10 Mbit/s, 120 ms": Link(10e6, 0.06, 65_536),
    "10 Mbit/s, 120 ms, 1 MB buffer": Link(10e6, 0.06, 1_000_000),
    "1 Mbit/s, 120 ms": Link(1e6, 0.06, 16_384),
    "1 Mbit/s, 120 ms, 1 MB buffer": Link(1e6, 0.06, 1_000_000),
    "1 Mbit/s, 240 ms, 1 MB buffer": Link(1e6, 0.12, 1_000_000),
}
LETTERS = [chr(c) for c in range(0x400, 0x500) if chr(c).isalpha()]
"""Cyrillic: nothing else on the screen has them."""
PAUSE = 0.12
"""Seconds between two keys, about."""
_PICTURE_ENDS = {
    "sixel": re.compile(rb"\x1bP[^\x1b]*\x1b\\|\x1b\\"),
    "kitty": re.compile(rb"\x1b_G[^\x1b]*\x1b\\|\x1b\\"),
    "half": re.compile("▀".encode()),
}


@dataclass(frozen=True)
class Result:
    stall: float
    noise: float
    echoes: list[float]
    picture: float
    bytes: int


def measure(link: Link, protocol: str, keys: int, *, textuals_writer: bool) -> Result:
    """Run the staged app at the near end of a link, and type at its far end."""
    rng = random.Random(7)
    with tempfile.TemporaryDirectory() as home:
        watch = Path(home) / "watch"
        stage = Stage(
            steps=25,
            step_seconds=0.04,
            side=512,
            preview_side=64,
            photo=True,
            watch=str(watch),
            textuals_writer=textuals_writer,
            arguments={"graphics": protocol},
        )
        environment = {
            **{k: v for k, v in os.environ.items() if not k.startswith(("TEXTUAL", "TMUX"))},
            **{"SAFELIGHT_HOME": home, "TERM": "xterm-256color", "COLORTERM": "truecolor"},
            **stage.variables(),
            "PYTHONPATH": str(Path(__file__).parents[2]),
        }
        relay = Relay([sys.executable, "-m", "tests.terminal.staged"], environment, link, 120, 40)
        relay.wait_for(b"Loaded")
        relay.wait_for_quiet(0.8)
        quiet = time.monotonic()
        time.sleep(1.5)
        began = relay.type("\x12")
        echoes = []
        pressed: list[tuple[str, float]] = []
        for i in range(keys):
            time.sleep(PAUSE * (0.5 + rng.random()))
            if i % 10 == 9:
                relay.type("\x12")  # another run
            letter = LETTERS[i % len(LETTERS)]
            pressed.append((letter, relay.type(letter)))
        for letter, at in pressed:
            echoes.append(relay.wait_for(letter.encode(), at, 60) - at)
        _wait_for_runs(watch)
        relay.wait_for_quiet(1.5)
        ended = time.monotonic()
        relay.type("\x11")
        relay.end(20)
        notes = [json.loads(line) for line in watch.read_text().splitlines()]
    late = [n for n in notes if n["what"] == "late"]
    stall = max((n["seconds"] for n in late if began <= n["at"] <= ended), default=0.0)
    noise = max((n["seconds"] for n in late if quiet <= n["at"] < began), default=0.0)
    finished = [n["at"] for n in notes if n["what"] == "RunFinished"]
    picture = _completed(relay, protocol, finished[-1], ended)
    return Result(stall, noise, echoes, picture, sum(len(a.data) for a in relay.arrived))


def _wait_for_runs(watch: Path) -> None:
    """Wait until as many runs have finished as were asked for and nothing more happens."""
    size = -1
    while True:
        text = watch.read_text()
        started, done = text.count('"RunStarted"'), text.count('"RunFinished"')
        queued = text.count('"RunQueued"')
        if done == queued == started and len(text) == size:
            return
        size = len(text)
        time.sleep(0.3)


def _completed(relay: Relay, protocol: str, since: float, until: float) -> float:
    """Seconds from the end of the last run until the last byte of its picture was there."""
    last = since
    for chunk in relay.arrived:
        if since < chunk.at < until and _PICTURE_ENDS[protocol].search(chunk.data):
            last = chunk.at
    return last - since


def row(name: str, protocol: str, writer: str, found: Result) -> str:
    echoes = sorted(found.echoes)
    figures = [median(echoes), echoes[int(len(echoes) * 0.95)], echoes[-1]]
    return (
        f"{name:<32}{protocol:<7}{writer:<9}"
        f"{1000 * found.stall:>6.0f} ({1000 * found.noise:.0f})"
        + "".join(f"{1000 * x:>8.0f}" for x in figures)
        + f"{1000 * found.picture:>9.0f}{found.bytes / 1e6:>8.2f}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--protocol", nargs="*", default=["sixel", "kitty", "half"])
    parser.add_argument("--link", default="", help="only links whose name has this in it")
    parser.add_argument("--keys", type=int, default=40)
    parser.add_argument("--only-ours", action="store_true")
    options = parser.parse_args()
    print("bar: stall at most 50 ms, echo at most 300 ms")
    print(
        f"{'link':<32}{'':<7}{'writer':<9}{'stall ms':>9}{'echo ms':>9}{'p95':>7}{'max':>8}"
        f"{'picture':>9}{'MB':>8}"
    )
    for name, link in LINKS.items():
        if options.link not in name:
            continue
        for protocol in options.protocol:
            for textuals in (False,) if options.only_ours else (False, True):
                found = measure(link, protocol, options.keys, textuals_writer=textuals)
                print(row(name, protocol, "Textual" if textuals else "ours", found), flush=True)


if __name__ == "__main__":
    main()
