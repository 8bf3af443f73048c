"""What is on the screen after all that happened is what would be painted afresh."""

from __future__ import annotations

import re
import signal
import time
from pathlib import Path

import pyte
import pytest

from tests.terminal import decoding
from tests.terminal.screen import Terminal
from tests.terminal.staged import Stage
from tests.tui.test_slim import seen

COLUMNS, ROWS = 124, 40
CELL = 10, 20
F1, F3, F9, TAB, DOWN, UNDO = "\x1bOP", "\x1bOR", "\x1b[20~", "\t", "\x1b[B", "\x1a"
JOURNEYS = {
    "runs": ("ctrl+r", "a bird", "ctrl+r", TAB, DOWN, DOWN, "\x0e", "ctrl+r"),
    "screens": (F1, "seed", "escape", F3, DOWN, "escape", "ctrl+r", F9, DOWN, "escape", "\x10"),
    "wide letters": ("猫と e\u0301 👩‍🚀", "ctrl+r", "\x7f\x7f", F9, "escape", "ctrl+r", F1),
    "details": ("ctrl+r", "\x1bOQ", "i", "v", "v", "+", "i", "v", "0", "escape"),
    "pasted": ("\x1b[200~" + "many words " * 40 + "\x1b[201~", "\x1b[A\x1b[A", "ctrl+r"),
}


def settled(app: Terminal, seconds: float = 0.35) -> list[list[object]]:
    """What each cell shows, once nothing changes any more but the cursor, every half second."""
    # In its first seconds it is not known that this one answers nothing, and is waited for.
    until = max(app.born + 2.5, time.monotonic() + 1.0)  # pictures are made ready by then
    while time.monotonic() < until:
        app.read(0.1)
    quiet = time.monotonic()
    # A terminal that answers nothing is given pixels slowly at first: to the end of them.
    while time.monotonic() - quiet < seconds or app.raw.rfind(b"\x1bP") > app.raw.rfind(b"\x1b\\"):
        before = len(app.raw)
        app.read(0.1)
        if len(app.raw) != before:
            quiet = time.monotonic()
    screen = app._screen
    if b"\x1bP" in app.raw:
        screen = with_pixels(app.raw.decode("utf-8", "replace"), screen.columns, screen.lines)
    buffer, rows, columns = screen.buffer, screen.lines, screen.columns
    return [[seen(buffer[y][x]) for x in range(columns)] for y in range(rows)]


def with_pixels(raw: str, columns: int, rows: int) -> pyte.Screen:
    """A screen whose cells have a sign of their own where sixels have been drawn over them."""
    screen = pyte.Screen(columns, rows)
    stream = pyte.Stream(screen)
    at = 0
    for found in decoding.SIXEL.finditer(raw):
        stream.feed(re.sub(r"\x1b\[[<>]\d*u", "", raw[at : found.start()]))
        at = found.end()
        y, x, data = found.groups()
        high, wide = decoding.sixel(data).shape[:2]
        for row in range(int(y) - 1, int(y) - 1 - -high // CELL[1]):
            for column in range(int(x) - 1, int(x) - 1 - -wide // CELL[0]):
                screen.buffer[row][column] = screen.default_char._replace(data="▒")
    stream.feed(re.sub(r"\x1b\[[<>]\d*u", "", raw[at:]))
    return screen


def same_as_redrawn(app: Terminal) -> None:
    found = settled(app)
    at = len(app.raw)
    app.press("\x1bl")
    afresh = settled(app)
    assert len(app.raw) - at > 3000, "it was not drawn afresh"
    # Nobody sees what is below pixels; and one cell is the cursor, which blinks.
    drawn = decoding.sixels(app.raw[at:].decode("utf-8", "replace"), CELL, COLUMNS, ROWS)
    pixels = drawn[:: CELL[1], :: CELL[0], 3]
    differ = [
        (y, x)
        for y, row in enumerate(found)
        for x, cell in enumerate(row)
        if cell != afresh[y][x] and not pixels[y, x]
    ]
    assert len(differ) <= 1, [
        (y, x, found[y][x], afresh[y][x]) for y, x in differ[:3] + differ[-2:]
    ]


@pytest.mark.parametrize("journey", JOURNEYS)
@pytest.mark.parametrize("graphics", ["half", "sixel"])
def test_nothing_stale_stays(journey: str, graphics: str, tmp_path: Path) -> None:
    stage = Stage(steps=4, side=512, preview_side=64, photo=True, arguments={"graphics": graphics})
    app = Terminal([], tmp_path, COLUMNS, ROWS, stage=stage)
    try:
        app.wait_for("birds")
        app.wait_for("Loaded")
        for key in JOURNEYS[journey]:
            app.press(key)
            app.read(0.25)
        same_as_redrawn(app)
    finally:
        app.close()


def test_all_is_painted_after_a_resize_and_after_the_shell_had_the_terminal(tmp_path: Path) -> None:
    app = Terminal([], tmp_path, COLUMNS, ROWS, stage=Stage(steps=3))
    try:
        app.wait_for("Loaded")
        app.process.setwinsize(30, 100)
        app._screen.resize(30, 100)
        same_as_redrawn(app)
        app.process.setwinsize(ROWS, COLUMNS)
        app._screen.resize(ROWS, COLUMNS)
        same_as_redrawn(app)
        app._screen.reset()  # as if another program had been there
        app.process.kill(signal.SIGCONT)
        app.wait_for("birds")
        same_as_redrawn(app)
    finally:
        app.close()
