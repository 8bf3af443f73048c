"""How far the run is: a bar, the rate, and when it will be done."""

from __future__ import annotations

from dataclasses import dataclass

from rich.cells import cell_len
from textual.content import Content
from textual.geometry import Size
from textual.reactive import reactive
from textual.widget import Widget

from tui.text import fitting, one_line, seconds


@dataclass(frozen=True, slots=True)
class Progress:
    """What the two lines show.

    Attributes:
        headline: what is happening, in a few words.
        step, steps: 0 of 0 when there is nothing to count.
        rate: steps a second; 0 while unknown.
        detail: the second line.
        tone: ``""``, ``"good"``, ``"warning"`` or ``"bad"``.
        counted, speed: ``step`` and ``rate`` in words, where they are not of steps.
    """

    headline: str = "Ready"
    step: int = 0
    steps: int = 0
    rate: float = 0.0
    detail: str = ""
    tone: str = ""
    counted: str = ""
    speed: str = ""


_TONES = {"": "$foreground", "good": "$success", "warning": "$warning", "bad": "$error"}
_FULL, _HALF, _EMPTY = "━", "╸", "─"
"""They can be told apart without colours."""
_LEAST_BAR = 5


class ProgressLines(Widget):
    """Two lines: ``step 13/20 ━━━━━━╸━━━ 41.2 it/s`` and what else is to say."""

    DEFAULT_CSS = """
    ProgressLines { height: 2; padding: 0 1; }
    """

    BORDER_TITLE = "Progress"

    state: reactive[Progress] = reactive(Progress())

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        """Always two. To draw it for that, all would be laid out a second time within the first."""
        del container, viewport, width
        return 2

    def render(self) -> Content:
        width = max(self.content_size.width, 10)
        state = self.state
        colour = _TONES[state.tone]
        detail = Content.styled(fitting(state.detail.split(" · "), width), "$text-muted")
        if not state.steps:
            # What stands in brackets is the first to go where there is little room.
            head = Content.styled(_headline(state.headline, width), colour)
            return Content("\n").join([head, detail])
        of_all = state.counted or f"{state.step:>{len(str(state.steps))}}/{state.steps}"
        counted = f"{state.headline} {of_all} "
        speed = state.speed or (rate_text(state.rate) if state.rate else "")
        rate = f" {speed}" if speed else ""
        if cell_len(counted + rate) + _LEAST_BAR > width:
            rate = ""
        if cell_len(counted) > width:
            counted = one_line(of_all, width)
        room = max(width - cell_len(counted) - cell_len(rate), 0)
        halves = round(room * 2 * state.step / state.steps)
        full, half = divmod(min(halves, room * 2), 2)
        bar = Content.assemble(
            (_FULL * full + _HALF * half, "$accent"),
            (_EMPTY * (room - full - half), "$panel-lighten-1"),
        )
        line = Content.assemble((counted, colour), bar, (rate, "$foreground"))
        return Content("\n").join([line, detail])


def _headline(text: str, width: int) -> str:
    between = " (" if " (" in text else " · "
    return fitting(text.split(between), width, between)


def rate_text(rate: float) -> str:
    """Steps a second as the field writes it; seconds a step when it is slow."""
    if rate >= 1:
        return f"{rate:5.1f} it/s"
    return f"{seconds(1 / rate)}/it"
