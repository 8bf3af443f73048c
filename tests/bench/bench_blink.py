"""From a key to the last byte of the frame: the compare screen blinks between two 512x512 pictures.

The installed app runs in a pseudo-terminal whose output is read at once, on a history of two runs.
A blink is over with the last byte that comes before a quarter of a second of silence. The baseline
is a picture that was not made ready before: it is moved, far enlarged, to where it never was.

    python tests/bench/bench_blink.py [--blinks 30]
"""

from __future__ import annotations

import argparse
import fcntl
import os
import pty
import select
import signal
import struct
import sys
import tempfile
import termios
import time
from dataclasses import replace
from pathlib import Path
from statistics import median

from PIL import Image

from engine.history import History
from engine.record import ImageRecord, RunRecord, Seconds, Status
from engine.spec import RunSpec

SIDE = 512
BAR = 0.1
SILENCE = 0.25
SETTLED = 2.5
CELL = (8, 16)
SIZES = ((120, 40), (200, 60))
SAFELIGHT = Path(sys.executable).with_name("safelight")


def photo(seed: int) -> Image.Image:
    """A picture with soft areas and fine grain, as photographs have."""
    bands = []
    for band in range(3):
        soft = Image.effect_noise((9 + seed + band, 11), 90).resize((SIDE, SIDE))
        bands.append(Image.blend(soft, Image.effect_noise((SIDE, SIDE), 40), 0.2))
    return Image.merge("RGB", bands)


def furnish(home: Path) -> None:
    """A history of two runs."""
    history = History(home / "data")
    spec = RunSpec("two pictures", seed=7, width=SIDE, height=SIDE)
    for scheduler in ("PNDM", "DPM++ 2M"):
        number = history.new_id()
        path = home / "data" / "images" / f"{number}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        photo(number).save(path)
        record = RunRecord(
            number,
            Status.FINISHED,
            replace(spec, scheduler=scheduler),
            "2026-01-01T12:00:00.000Z",
            (ImageRecord(str(path), 7, SIDE, SIDE),),
            Seconds(denoise=1.0, total=1.2),
            steps=20,
        )
        history.add(record)
    history.close()


class Screen:
    """The app in a pseudo-terminal."""

    def __init__(self, home: Path, columns: int, rows: int, *, sixel: bool) -> None:
        self._sixel = sixel
        self.child, self.fd = pty.fork()
        if self.child == 0:
            graphics = {"SAFELIGHT_HOME": str(home), "COLORTERM": "truecolor"}
            os.environ.update(TERM="xterm-256color", **graphics)
            os.execv(SAFELIGHT, [str(SAFELIGHT)])
        pixels = (columns * CELL[0], rows * CELL[1]) if sixel else (0, 0)
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, *pixels))

    def read(self, silence: float, patience: float = 120.0) -> tuple[float, bytes]:
        """All that comes until so long a silence; when the last of it came."""
        last, heard, until = time.perf_counter(), b"", time.perf_counter() + patience
        while time.perf_counter() < until:
            ready, _, _ = select.select([self.fd], [], [], silence)
            if not ready:
                return last, heard
            heard += self._take()
            last = time.perf_counter()
        raise TimeoutError("the screen never came to rest")

    def press(self, key: bytes, silence: float = SILENCE) -> tuple[float, bytes]:
        """Seconds from a key to the last byte of what it changed, and those bytes."""
        began = time.perf_counter()
        os.write(self.fd, key)
        last, heard = self.read(silence)
        return max(last - began, 0.0), heard

    def open(self) -> None:
        """Wait for the start and the checkpoint, then compare."""
        heard = b""
        until = time.perf_counter() + 120
        while b"float32" not in heard and time.perf_counter() < until:
            heard += self._some()
        os.write(self.fd, b"\x14")
        self.read(SETTLED)

    def _some(self) -> bytes:
        ready, _, _ = select.select([self.fd], [], [], 0.5)
        return self._take() if ready else b""

    def _take(self) -> bytes:
        data = os.read(self.fd, 1 << 20)
        if b"\x1b[c" in data and self._sixel:
            os.write(self.fd, b"\x1b[6;%d;%dt\x1b[?62;4;22c" % (CELL[1], CELL[0]))
        return data

    def close(self) -> None:
        os.kill(self.child, signal.SIGKILL)
        os.close(self.fd)
        os.waitpid(self.child, 0)


def measured(screen: Screen, blinks: int) -> tuple[list[float], int]:
    """Blinks, the first of which only goes to one picture, and the bytes of one."""
    screen.press(b" ")
    taken, size = [], 0
    for _ in range(blinks):
        seconds, heard = screen.press(b" ")
        assert heard, "the key changed nothing"
        taken.append(seconds)
        size = len(heard)
    return taken, size


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--blinks", type=int, default=30)
    options = parser.parse_args()
    print(f"A blink between two {SIDE}x{SIDE} pictures, {options.blinks} of each; bar: 100 ms")
    print(f"{'':<26}{'median':>10}{'max':>10}{'bytes':>10}")
    slowest = 0.0
    with tempfile.TemporaryDirectory() as name:
        furnish(Path(name))
        for columns, rows in SIZES:
            for sixel in (True, False):
                screen = Screen(Path(name), columns, rows, sixel=sixel)
                try:
                    screen.open()
                    taken, size = measured(screen, options.blinks)
                    for _ in range(6):
                        screen.press(b"+")
                    # Eight times as large, and moved: each frame is another, and encoded first.
                    plain = [screen.press(key, 1.0)[0] for key in [b"h"] * 5 + [b"j"] * 5]
                finally:
                    screen.close()
                kind = f"{'sixel' if sixel else 'half blocks'} {columns}x{rows}"
                slowest = max(slowest, median(taken))
                row = f"{1000 * median(taken):>7.1f} ms{1000 * max(taken):>7.1f} ms{size:>10,}"
                print(f"{kind:<26}{row}")
                row = f"{1000 * median(plain):>7.1f} ms{1000 * max(plain):>7.1f} ms"
                print(f"{'  not ready before':<26}{row}")
    print("medians are within the bar" if slowest <= BAR else "a median is above the bar")


if __name__ == "__main__":
    main()
