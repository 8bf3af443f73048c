"""Pictures as sixels: real pixels, in terminals that have them."""

from __future__ import annotations

import re

from PIL import Image
from rich.segment import ControlType, Segment

from tui.graphics.halfblock import resized

COLOURS = 255

_DEFINITION = re.compile(r"#(\d+);2;\d+;\d+;\d+")


def sixels(image: Image.Image, width: int, height: int) -> str:
    """``image`` at ``width`` x ``height`` pixels as one sixel sequence.

    Takes tens of milliseconds: call it off the event loop.
    """
    # The submodule, because importing the package's widgets asks the terminal, which the running
    # app is reading from.
    from textual_image._sixel import SixelOptions, image_to_sixels

    data = image_to_sixels(resized(image, width, height), SixelOptions(colors=COLOURS))
    # textual-image draws on with the colour that it has just defined. To xterm a definition
    # selects nothing, and flat areas come out in the colour that was selected before.
    return _DEFINITION.sub(r"\g<0>#\1", data)


def overlay(data: str, x: int, y: int) -> list[Segment]:
    """Segments that draw ``data`` with its upper left corner at cell ``x``, ``y`` of the screen.

    The cursor is put back where it was, so that the text around is not disturbed.
    """
    control = ((ControlType.CURSOR_FORWARD, 0),)
    return [Segment(f"\x1b7\x1b[{y + 1};{x + 1}H{data}\x1b8", None, control)]
