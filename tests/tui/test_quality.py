"""Pictures as well as the link carries them: first in few bytes, then better."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from PIL import Image

from engine.likeness import psnr
from tests.terminal import decoding
from tests.terminal.staged import photograph
from tui.graphics import quality
from tui.graphics.frames import FULL, Frame, Shot
from tui.graphics.masks import span
from tui.graphics.outgoing import Nowhere
from tui.graphics.terminal import Terminal
from tui.graphics.viewport import WHOLE

SIXEL = Terminal("sixel", 10, 20, registers=256)
KITTY = Terminal("kitty", 10, 20, cells=True)
SHOT = Shot("one", 30, 15, WHOLE)
SLOW, FAST = 300_000.0, 1e8
"""Bytes a second."""


def make() -> Image.Image:
    image: Image.Image = photograph(256)
    return image


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(quality, "_SETTLE_SECONDS", 0.0)


async def first(out: Nowhere, terminal: Terminal = SIXEL) -> Frame:
    frame = await quality.developed(out, make, SHOT, terminal)
    assert isinstance(frame, Frame)
    return frame


def shown(frame: Frame) -> Image.Image:
    pixels: Any = frame.pixels
    parts = pixels.sent_once()
    for top in range(0, pixels.rows, pixels.band):
        rows = min(pixels.band, pixels.rows - top)
        parts += pixels.drawn(top, [span(0, pixels.columns)] * rows, 0, 0, 1)
    raw = "".join(parts)
    if raw.startswith("\x1b_G"):
        (sent,) = decoding.kitty(raw)[0].values()
        return sent.convert("RGB")
    return Image.fromarray(decoding.sixels(raw, (10, 20), 30, 15)[..., :3].astype(np.uint8))


@pytest.mark.parametrize("rate", [None, SLOW])
async def test_a_link_that_is_slow_or_not_known_keeps_the_first_picture(rate: float | None) -> None:
    out = Nowhere()
    out.rate = rate
    frame = await first(out)
    assert frame.worth == 1.0
    assert await quality.improved(out, make, SHOT, SIXEL, frame, lambda: True) is None


@pytest.mark.parametrize("terminal", [SIXEL, KITTY])
async def test_one_that_proves_fast_gets_all_of_it(terminal: Terminal) -> None:
    out = Nowhere()
    frame = await first(out, terminal)
    out.rate = FAST
    better = await quality.improved(out, make, SHOT, terminal, frame, lambda: True)
    assert better is not None
    assert better.worth == FULL
    if terminal is KITTY:
        assert np.array_equal(np.asarray(shown(better)), np.asarray(make()))
    else:
        wanted = make().resize((300, 300), Image.Resampling.BICUBIC)
        assert psnr(shown(better), wanted) > 34
        assert psnr(shown(better), wanted) > psnr(shown(frame), wanted) + 2
    assert await quality.improved(out, make, SHOT, terminal, better, lambda: True) is None


async def test_one_that_is_known_to_be_fast_gets_all_of_it_at_once() -> None:
    out = Nowhere()
    out.rate = FAST
    assert (await first(out)).worth == FULL


async def test_one_that_carries_some_more_gets_some_more() -> None:
    out = Nowhere()
    frame = await first(out)
    assert frame.pixels is not None
    out.rate = 2.2 * 40_000 / quality.SECONDS
    better = await quality.improved(out, make, SHOT, SIXEL, frame, lambda: True)
    assert better is not None
    assert better.pixels is not None
    assert 1.0 < better.worth < FULL
    assert better.pixels.weight <= out.rate * quality.SECONDS


async def test_nothing_is_sent_again_while_something_waits_or_when_it_is_gone() -> None:
    out = Nowhere()
    frame = await first(out)
    out.rate = FAST
    assert await quality.improved(out, make, SHOT, SIXEL, frame, lambda: False) is None
    out.has_room = False
    asked = 0

    def wanted() -> bool:
        nonlocal asked
        asked += 1
        return asked < 3

    assert await quality.improved(out, make, SHOT, SIXEL, frame, wanted) is None
    assert asked == 3
