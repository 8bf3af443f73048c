"""From a key to its painted echo while a run is on, previews on: our own time, with no link.

A pseudo-terminal is read at once; keys are typed at irregular times. The echo has come when the
letter of the key is read. Engines: *scripted* (steps of 20 ms with previews of a photograph, no
torch) and, with ``--real``, the real one with the bundled checkpoint, whose steps share the
processor and the interpreter with the screen; on a GPU, where there is one.

    python tests/bench/bench_echo.py [--keys 150] [--protocol half sixel] [--real [--device cpu]]
"""

from __future__ import annotations

import argparse
import os
import random
import re
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from tests.bench.bench_link import LETTERS
from tests.terminal.relay import Link, Relay
from tests.terminal.staged import Stage

NO_LINK = Link(1e12, 0.0, 1_000_000)


def echoes(
    keys: int, protocol: str, *, real: bool, idle: bool, device: str
) -> tuple[list[float], str]:
    """Seconds of each key's echo, the shortest first, and what made the pictures."""
    rng = random.Random(7)
    with tempfile.TemporaryDirectory() as home:
        stage = Stage(
            steps=100_000,
            step_seconds=0.02,
            preview_side=64,
            photo=True,
            arguments={"graphics": protocol},
        )
        command = [sys.executable, "-m", "tests.terminal.staged"]
        if real:
            state = Path(home) / "state"
            state.mkdir()
            (state / "form.json").write_text('{"num_inference_steps": "1000"}')
            safelight = str(Path(sys.executable).with_name("safelight"))
            command = [safelight, "--device", device, "--graphics", protocol]
        environment = {
            **{k: v for k, v in os.environ.items() if not k.startswith(("TEXTUAL", "TMUX"))},
            **{"SAFELIGHT_HOME": home, "TERM": "xterm-256color", "COLORTERM": "truecolor"},
            **({} if real else stage.variables()),
            "PYTHONPATH": str(Path(__file__).parents[2]),
        }
        relay = Relay(command, environment, NO_LINK)
        relay.wait_for(b"Loaded", 0.0, 120)
        relay.wait_for_quiet(1.0)
        if not idle:
            relay.wait_for(b"step ", relay.type("\x12"), 60)
        found = []
        for i in range(keys):
            time.sleep(0.03 + 0.12 * rng.random())
            at = relay.type(LETTERS[i % len(LETTERS)])
            found.append(relay.wait_for(LETTERS[i % len(LETTERS)].encode(), at) - at)
            if i % 20 == 19:
                relay.type("\x7f" * 20)  # so that the prompt stays as long as prompts are
                time.sleep(0.3)
        os.kill(relay.pid, 15)
        relay.end()
    heard = b"".join(chunk.data for chunk in relay.arrived)
    where = re.search(rb"cuda:\d|mps", heard)  # of the title
    made_by = f"real, {where[0].decode() if where else 'CPU'}" if real else "scripted"
    return sorted(found), made_by


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--keys", type=int, default=150)
    parser.add_argument("--protocol", nargs="*", default=["half", "sixel"])
    parser.add_argument("--real", action="store_true")
    parser.add_argument("--device", default="auto", help="of the real engine")
    options = parser.parse_args()
    print("bar: p95 at most 33 ms")
    print(f"{'engine':<14}{'':<8}{'run':<6}{'median ms':>10}{'p95':>8}{'max':>8}")
    for real in (False, True) if options.real else (False,):
        for protocol in options.protocol:
            for idle in (True, False):
                found, made_by = echoes(
                    options.keys, protocol, real=real, idle=idle, device=options.device
                )
                at = [found[len(found) // 2], found[int(len(found) * 0.95)], found[-1]]
                print(
                    f"{made_by:<14}{protocol:<8}"
                    f"{'none' if idle else 'on':<6}{1000 * at[0]:>10.1f}"
                    + "".join(f"{1000 * x:>8.1f}" for x in at[1:]),
                    flush=True,
                )


if __name__ == "__main__":
    main()
