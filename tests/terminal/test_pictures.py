"""Pictures in a real pseudo-terminal whose other end answers as a terminal would."""

from __future__ import annotations

import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.terminal import decoding
from tests.terminal.screen import Terminal
from tests.terminal.staged import Stage, photograph

YES = "\x1b_Gi=31;OK\x1b\\"
CELL, PLAIN = "\x1b[6;20;10t", "\x1b[?62;22c"
ANSWERS = {
    "kitty": f"\x1bP>|kitty(0.35.2)\x1b\\{YES}{CELL}{PLAIN}",
    "placed": f"\x1bP>|Konsole 24.02\x1b\\{YES}{CELL}{PLAIN}",
    "sixel": f"{CELL}\x1b[?62;4;22c",
    "iterm": f"\x1bP>|iTerm2 3.5.0\x1b\\{CELL}\x1b[?62;4c",
}
STAGE = Stage(steps=2, side=512, preview_side=64, photo=True)


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Any]:
    terminals: list[Terminal] = []

    def start(stage: Stage = STAGE) -> Terminal:
        terminals.append(Terminal([], tmp_path, 124, 40, stage=stage))
        return terminals[-1]

    yield start
    for terminal in terminals:
        terminal.close()


def read_until(app: Terminal, wanted: bytes, since: int = 0, seconds: float = 30) -> str:
    """What was written since, up to where ``wanted`` has come, and what comes at once after it."""
    until = time.monotonic() + seconds
    while wanted not in app.raw[since:]:
        assert time.monotonic() < until, f"never wrote {wanted!r}"
        app.read()
    quiet = 0
    while quiet < 3:
        before = len(app.raw)
        app.read(0.1)
        quiet = quiet + 1 if len(app.raw) == before else 0
    return app.raw[since:].decode("utf-8", "replace")


def off(shown: Any) -> float:
    """How far pixels are off, in levels, from the photograph, which the seed turns."""
    size = shown.shape[1], shown.shape[0]
    turned = (photograph(512).rotate(angle).resize(size) for angle in (0, 90, 180, 270))
    return min(float((shown - np.asarray(image, float)).std()) for image in turned)


SIGNS = {"kitty": b"\xf4\x8e\xbb\xae", "placed": b"a=p", "sixel": b"\x1bP0;1q", "iterm": b"]1337;"}


@pytest.mark.parametrize("kind", ANSWERS)
def test_a_late_answer_is_heard_not_typed_and_draws_in_pixels(opened: Any, kind: str) -> None:
    app = opened()
    app.wait_for("birds")  # the first frame did not wait
    for piece in (ANSWERS[kind][:7], ANSWERS[kind][7:], "zz"):
        app.press(piece)
        app.read(0.05)
    app.wait_for("birdszz")
    assert "Gi=" not in app.text
    assert "62;" not in app.text
    app.press("ctrl+r")
    raw = read_until(app, SIGNS[kind])
    if kind in ("kitty", "placed"):
        images, _ = decoding.kitty(raw)
        (sent,) = images.values()
        shown = np.asarray(sent.convert("RGB"))
        assert shown.shape == (512, 512, 3)
        assert off(shown) < 8
    elif kind == "sixel":
        canvas = decoding.sixels(raw, (10, 20), 124, 40)
        rows, columns = np.nonzero(canvas[..., 3])
        shown = canvas[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1]
        assert (shown[..., 3] == 255).all()
        assert off(shown[..., :3]) < 16
    else:
        assert sum(rows for _, _, rows, _ in decoding.iterm(raw)) >= 20
    app.press("\x11")
    assert app.wait_for_end()[0] == 0
    if kind in ("kitty", "placed"):
        assert f"a=d,d=I,i={next(iter(images))}".encode() in app.raw


def test_another_screen_takes_a_placed_picture_away_and_gives_it_back(opened: Any) -> None:
    app = opened()
    app.wait_for("birds")
    app.press(ANSWERS["placed"], "ctrl+r")
    read_until(app, SIGNS["placed"])
    at = len(app.raw)
    app.press("\x1bOP")  # F1
    _, commands = decoding.kitty(read_until(app, b"a=d", at))
    assert [(c["a"], c["d"]) for c in commands] == [("d", "i")]
    at = len(app.raw)
    app.press("escape")
    images, commands = decoding.kitty(read_until(app, b"a=p", at))
    assert images == {}  # it is there already
    assert [c["a"] for c in commands] == ["p"]
    at = len(app.raw)
    app.press("q")
    raw = read_until(app, b"q", at)
    assert "\x1b_G" not in raw  # typing draws no picture


TMUX = shutil.which("tmux")


@pytest.mark.skipif(TMUX is None, reason="tmux is not here")
def test_inside_tmux_nothing_is_typed_or_shown_as_a_title(tmp_path: Path) -> None:
    import sys

    socket = f"safelight-{tmp_path.name}"
    tmux = [str(TMUX), "-L", socket, "-f", "/dev/null"]
    variables = [
        f"{k}={v}" for k, v in {**STAGE.variables(), "SAFELIGHT_HOME": str(tmp_path)}.items()
    ]
    command = ["env", *variables, sys.executable, "-m", "tests.terminal.staged"]
    subprocess.run([*tmux, "new", "-d", "-x", "120", "-y", "40", *command], check=True)
    try:
        until = time.monotonic() + 30
        shown = ""
        while "birds" not in shown:
            assert time.monotonic() < until, shown
            shown = subprocess.run(
                [*tmux, "capture-pane", "-p"], capture_output=True, text=True, check=True
            ).stdout
        title = subprocess.run(
            [*tmux, "display", "-p", "#{pane_title}"], capture_output=True, text=True, check=True
        ).stdout
        assert "Gi=" not in shown + title
        assert "31;" not in shown
    finally:
        subprocess.run([*tmux, "kill-server"], check=False)
