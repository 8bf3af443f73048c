"""Whether graphics are found when the terminal answers late, and what the first frame waits for it.

    python tests/bench/bench_detection.py

The staged app runs in a pseudo-terminal whose other end answers after a while. The first frame is
from the start of the process to the first ``Prompt``; found is that the picture of a run that was
asked for comes in the protocol that was answered.
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from tests.terminal.screen import Terminal
from tests.terminal.staged import Stage

YES, CELL = "\x1b_Gi=31;OK\x1b\\", "\x1b[6;20;10t"
ANSWERS = {
    "kitty": (f"\x1bP>|kitty(0.35.2)\x1b\\{YES}{CELL}\x1b[?62;c", b"\xf4\x8e\xbb\xae"),
    "sixel": (f"{CELL}\x1b[?62;4;22c", b"\x1bP0;1q"),
    "iterm": (f"\x1bP>|iTerm2 3.5.0\x1b\\{CELL}\x1b[?62;4c", b"\x1b]1337;"),
}
DELAYS = (0, 50, 120, 250, 600)
ENOUGH = 20.0


def tried(answer: str, sign: bytes, delay: float) -> tuple[bool, float]:
    """Whether the picture came so, and seconds to the first frame."""
    with tempfile.TemporaryDirectory() as home:
        begun = time.perf_counter()
        app = Terminal([], Path(home), stage=Stage(steps=2, side=128))
        try:
            asked = first = 0.0
            answered = run = False
            while time.perf_counter() - begun < ENOUGH:
                app.read(0.005)
                now = time.perf_counter()
                asked = asked or (now if b"\x1b[c" in app.raw else 0.0)
                first = first or (now - begun if b"Prompt" in app.raw else 0.0)
                if asked and not answered and now - asked >= delay:
                    answered = True
                    app.press(answer)
                if first and answered and not run:
                    run = True
                    app.press("ctrl+r")
                if sign in app.raw:
                    return "Gi=" not in app.text, first
            return False, first
        finally:
            app.close()


def main() -> None:
    print(f"{'answer':<8}{'after':>9}{'found':>8}{'first frame':>14}")
    for kind, (answer, sign) in ANSWERS.items():
        for delay in DELAYS:
            found, first = tried(answer, sign, delay / 1000)
            print(f"{kind:<8}{delay:>6} ms{'yes' if found else 'NO':>8}{1000 * first:>11.0f} ms")


if __name__ == "__main__":
    main()
