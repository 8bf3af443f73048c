"""Colours of the theme for widgets that draw their own cells.

Component classes would do the same, but Textual works each of them out again for every restyling,
and the first frame waits for that.
"""

from __future__ import annotations

from rich.style import Style
from textual.color import Color
from textual.widget import Widget


def ink(widget: Widget, name: str = "", paper: str = "", *, bold: bool = False) -> Style:
    """A style in the theme's colours ``name`` on ``paper``; what is left out stays as it is."""
    variables = widget.app.theme_variables
    front = Color.parse(variables[name]).rich_color if name else None
    back = Color.parse(variables[paper]).rich_color if paper else None
    return Style(color=front, bgcolor=back, bold=bold or None)
