"""Bytes of a photograph of 512 x 512 pixels on 60 x 30 cells of 10 x 20 pixels, by protocol.

    python tests/bench/bench_bytes.py

What textual-image writes for the same is made in the same run. Bars: 130 KB for kitty, 110 KB for
sixels, 40 KB for half blocks, 16 KB for a preview. A KB is 1,000 bytes.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from time import perf_counter
from typing import Any

from rich.console import Console

sys.path.insert(0, str(Path(__file__).parents[2]))

from tests.terminal.staged import photograph
from tui.graphics.frames import FULL
from tui.graphics.halfblock import PREVIEW_BYTES, coarse, half_blocks
from tui.graphics.masks import span
from tui.graphics.pixels import pixels
from tui.graphics.terminal import Terminal

COLUMNS, ROWS, CELL = 60, 30, (10, 20)
KINDS = {
    "kitty, cells": Terminal("kitty", *CELL, cells=True),
    "kitty, placed": Terminal("kitty", *CELL),
    "sixel": Terminal("sixel", *CELL),
    "iterm": Terminal("iterm", *CELL),
}
BARS = {"kitty, cells": 130, "kitty, placed": 130, "sixel": 110, "half": 40, "preview": 16}


def in_pixels(image: Any, terminal: Terminal, worth: float = 1.0) -> str:
    ready = pixels(image, COLUMNS, ROWS, terminal, worth)
    assert ready is not None
    parts = ready.sent_once()
    for top in range(0, ROWS, ready.band):
        rows = min(ready.band, ROWS - top)
        parts += ready.drawn(top, [span(0, COLUMNS)] * rows, 0, 0, 1)
    return "".join(parts)


def in_cells(strips: Any) -> str:
    console = Console(color_system="truecolor", force_terminal=True)
    moved = "\x1b[10;10H"
    return "".join(moved + strip.render(console) for strip in strips)


def theirs_sixel(image: Any) -> str:
    from textual_image._sixel import image_to_sixels

    return str(image_to_sixels(image.resize((COLUMNS * CELL[0], ROWS * CELL[1]))))


def theirs_kitty(image: Any) -> str:
    from base64 import b64encode
    from io import BytesIO

    # As its renderable does: a PNG at the size of the cells, in chunks of 4096.
    file = BytesIO()
    image.resize((COLUMNS * CELL[0], ROWS * CELL[1])).save(file, "png")
    return b64encode(file.getvalue()).decode()


def measured(make: Callable[[], str]) -> tuple[int, float]:
    begun = perf_counter()
    data = make()
    return len(data.encode()), 1000 * (perf_counter() - begun)


def main() -> None:
    image = photograph(512)
    preview = image.resize((64, 64))
    ours: dict[str, Callable[[], str]] = {
        **{name: lambda t=terminal: in_pixels(image, t) for name, terminal in KINDS.items()},  # type: ignore[misc]
        "half": lambda: in_cells(half_blocks(image, COLUMNS, ROWS)),
        "preview": lambda: in_cells(coarse(preview, COLUMNS, ROWS, most=PREVIEW_BYTES)),
    }
    theirs: dict[str, Callable[[], str]] = {
        "kitty, cells": lambda: theirs_kitty(image),
        "sixel": lambda: theirs_sixel(image),
        "half": lambda: in_cells(half_blocks(image, COLUMNS, ROWS, most=10**9)),
    }
    full: dict[str, Callable[[], str]] = {
        name: lambda t=terminal: in_pixels(image, t, FULL)  # type: ignore[misc]
        for name, terminal in KINDS.items()
    }
    print(
        f"{'':<14}{'budget':>9}{'bar':>9}{'encoded in':>12}"
        f"{'full':>11}{'encoded in':>12}{'theirs':>11}"
    )
    for name, make in ours.items():
        make()  # imports
        size, took = measured(make)
        bar = f"{BARS[name]} KB" if name in BARS else ""
        better = f"{'':>23}"
        if name in full:
            more, longer = measured(full[name])
            better = f"{more:>11,}{longer:>9.0f} ms"
        before = f"{measured(theirs[name])[0]:>11,}" if name in theirs else ""
        print(f"{name:<14}{size:>9,}{bar:>9}{took:>9.0f} ms{better}{before}")
    print("full: sent where the link has proved to carry it in 0.15 s. theirs: textual-image's")
    print("encoders; for half blocks ours, with each cell's own colours.")


if __name__ == "__main__":
    main()
