"""The last look at what is painted: nothing but our own escape codes leaves for the terminal.

What comes from outside is cleaned at the edge, by :func:`tui.text.clean`. This stands behind it:
were that forgotten once, the text would be shown all the same, in the cells that it was laid out
in. Segments with control codes pass: Textual and we are the only ones that make any. Pictures in
pixels do not come this way: see :mod:`tui.graphics.outgoing`.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from rich.segment import Segment
from textual.color import Color
from textual.filter import LineFilter

from tui.characters import guarded, is_plain


class Guard(LineFilter):
    """A filter of Textual's: is given every part of a line that is painted anew.

    Args:
        others: the filters of the app, which are done with it: each one that Textual knows of
            makes all lines once more, which takes ten times as long as this look at them.
    """

    def __init__(self, others: Sequence[LineFilter] = ()) -> None:
        super().__init__()
        self._others = others

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        for text, style, _ in segments:
            if not ((text.isascii() and text.isprintable()) or is_plain(text)) or (
                style is not None and style._link is not None
            ):
                segments = [_safe(segment) for segment in segments]
                break
        for other in self._others:
            segments = other.apply(segments, background)
        return segments


@lru_cache(maxsize=16)
def guard(others: tuple[LineFilter, ...]) -> Guard:
    """The guard, and the filters of an app."""
    return Guard(others)


def _safe(segment: Segment) -> Segment:
    text, style, control = segment
    if control:
        return segment
    link = style._link if style is not None else None
    if style is not None and link is not None and not (link.isascii() and link.isprintable()):
        style = style.update_link(None)
    return Segment(guarded(text), style)
