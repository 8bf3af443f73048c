"""Text without colours, as ``NO_COLOR`` asks for (https://no-color.org): set, and not empty.

What colours tell is told otherwise: what has a background of its own, such as the row under a
cursor, is shown in reverse, and what stands back is dim. Pictures keep their colours: they are what
is looked at.
"""

from __future__ import annotations

import os
from functools import lru_cache
from typing import Any

from rich.segment import Segment
from rich.style import Style
from textual.app import App
from textual.color import Color
from textual.filter import LineFilter, Monochrome, NoColor

PICTURE = "picture"
"""In the meta of a style: these cells are of a picture, whatever text looks like them."""
_PLACE = "\U0010eeee"
"""What the place of a picture of kitty's begins with; no text of others holds one by now."""
_PAPER = 40.0
"""How far from the background around it a background counts as one of its own, in RGB."""
_FAINT = 0.25
"""Less contrast of brightness than this, of 1, is dim."""


def is_wanted() -> bool:
    """Whether the user wants no colours."""
    return bool(os.environ.get("NO_COLOR"))


def take_colours(app: App[Any]) -> None:
    """Have an app go by ``NO_COLOR``. Textual makes greys of colours, also where it is empty."""
    app._filters = [each for each in app._filters if not isinstance(each, (Monochrome, NoColor))]
    if is_wanted():
        app._filters.append(Colourless())


class Colourless(LineFilter):
    """Takes the colours of text away."""

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        around = background.rgb
        return [
            each
            if each.style is None or each.text.startswith(_PLACE) or _is_picture(each.style)
            else Segment(each.text, _plain(each.style, around), each.control)
            for each in segments
        ]


def _is_picture(style: Style) -> bool:
    return style._meta is not None and bool(style.meta.get(PICTURE))


@lru_cache(maxsize=2048)
def _plain(style: Style, around: tuple[int, int, int]) -> Style:
    """A style without its colours, on a background ``around``."""
    paper = _rgb(style.bgcolor) or around
    ink = _rgb(style.color)
    plain = style.without_color
    if sum((a - b) ** 2 for a, b in zip(paper, around, strict=True)) > _PAPER**2:
        plain += Style(reverse=True)
    elif ink is not None and abs(_brightness(ink) - _brightness(paper)) < _FAINT:
        plain += Style(dim=True)
    return plain + Style(meta=style.meta) if style.meta else plain


def _rgb(colour: Any) -> tuple[int, int, int] | None:
    return None if colour is None or colour.is_default else tuple(colour.get_truecolor())


def _brightness(rgb: tuple[int, int, int]) -> float:
    """From 0 to 1, as the eye weighs them (ITU-R BT.601)."""
    return (0.299 * rgb[0] + 0.587 * rgb[1] + 0.114 * rgb[2]) / 255
