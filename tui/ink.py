"""Colours of the theme for widgets that draw their own cells.

Component classes would do the same, but Textual works each of them out again for every restyling,
and the first frame waits for that.
"""

from __future__ import annotations

from rich.style import Style
from textual.color import Color, ColorParseError
from textual.widget import Widget


def ink(widget: Widget, name: str = "", paper: str = "", *, bold: bool = False) -> Style:
    """A style in the theme's colours ``name`` on ``paper``; what is left out stays as it is."""
    variables = widget.app.theme_variables
    front = _colour(variables, name) if name else None
    back = _colour(variables, paper) if paper else None
    return Style(
        color=front.rich_color if front else None,
        bgcolor=back.rich_color if back else None,
        bold=bold or None,
    )


def _colour(variables: dict[str, str], name: str) -> Color | None:
    """A colour of the theme; ``None`` leaves it to the terminal, as themes in ANSI colours do.

    ``auto 60%`` is so much of the foreground over the background.
    """
    value = variables[name]
    try:
        ground = Color.parse(variables["background"])
        if value.startswith("auto"):
            share = float(value.removeprefix("auto").strip().rstrip("%") or 100) / 100
            return ground.blend(Color.parse(variables["foreground"]), share)
        colour = Color.parse(value)
    except (ColorParseError, ValueError):
        return None
    return ground.blend(colour, colour.a).with_alpha(1.0) if colour.a < 1 else colour
