"""As much of a picture as the link carries.

A picture first goes in the bytes that a slow link carries. When the link has proved fast, by what
:mod:`tui.graphics.pace` has measured, and nothing waits, it is sent again, better, in its own
place; and at once where that is known already.
"""

from __future__ import annotations

from asyncio import sleep
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from time import monotonic
from typing import TYPE_CHECKING

from tui.graphics.frames import FULL, Frame, Shot, could_be_better, develop
from tui.graphics.outgoing import Outgoing
from tui.graphics.terminal import Terminal
from tui.stock import off_loop

if TYPE_CHECKING:
    from PIL import Image

SECONDS = 0.15
"""That a better picture may take on the link."""
LOOKED_AT = 2.0
"""Times the usual bytes, in the viewer on any link: who opens it asks to see the picture."""
_STEPS = (FULL, 3.0, 2.0)
"""The least needs a link of more than 10 Mbit/s for a picture of 600 x 600 pixels."""
_FULL_TIMES = 4.0
"""So many times the usual bytes a picture without limit takes at least, if it is a photograph."""
_SETTLE_SECONDS = 0.3
_PATIENCE_SECONDS = 8.0
"""Until the first picture has gone; on a link where it has not by then, there is none better."""
_LOOK_SECONDS = 0.1

Make = Callable[[], "Image.Image"]
Wanted = Callable[[], bool]


def _steps(out: Outgoing, shot: Shot, terminal: Terminal, above: float) -> Iterator[float]:
    """What the link may carry, the best first."""
    rate = out.rate
    if rate is None or not terminal.has_pixels:
        return
    usual = _usual(shot, terminal)
    for worth in _STEPS:
        if worth > above and usual * min(worth, _FULL_TIMES) <= rate * SECONDS:
            yield worth


def _usual(shot: Shot, terminal: Terminal) -> float:
    from tui.graphics.pixels import usual_bytes

    width, height = terminal.cell
    return usual_bytes(shot.columns * width, shot.rows * height, terminal.protocol)


def _fits(frame: Frame | str, out: Outgoing) -> bool:
    if isinstance(frame, str) or frame.pixels is None or out.rate is None:
        return True
    return frame.pixels.weight <= out.rate * SECONDS


async def developed(out: Outgoing, make: Make, shot: Shot, terminal: Terminal) -> Frame | str:
    """A shot, as well as the link is known to carry it by now. Off the event loop."""
    for worth in _steps(out, shot, terminal, shot.worth):
        frame = await off_loop(partial(_made, make, replace(shot, worth=worth), terminal))
        if _fits(frame, out):
            return frame
    return await off_loop(partial(_made, make, shot, terminal))


async def improved(
    out: Outgoing, make: Make, shot: Shot, terminal: Terminal, frame: Frame, wanted: Wanted
) -> Frame | None:
    """A better frame than ``frame``, which is on its way; ``None`` when there is to be none.

    Args:
        wanted: whether it still is.
    """
    if not could_be_better(frame) or not await _nothing_waits(out, wanted):
        return None
    for worth in _steps(out, shot, terminal, frame.worth):
        better = await off_loop(partial(_made, make, replace(shot, worth=worth), terminal))
        if isinstance(better, str) or better.pixels is None:
            return None
        if _fits(better, out):
            return better if await _nothing_waits(out, wanted) else None
        if not wanted():
            return None
    return None


async def _nothing_waits(out: Outgoing, wanted: Wanted) -> bool:
    until = monotonic() + _PATIENCE_SECONDS
    await sleep(_SETTLE_SECONDS)  # what was laid is drawn after the next frame
    while not out.has_room:
        if monotonic() > until or not wanted():
            return False
        await sleep(_LOOK_SECONDS)
    return wanted()


def _made(make: Make, shot: Shot, terminal: Terminal) -> Frame | str:
    return develop(make(), shot, terminal)
