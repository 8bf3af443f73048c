"""How far the run is: a bar, the rate, and when it will be done."""

from __future__ import annotations

from dataclasses import dataclass

from textual.content import Content
from textual.reactive import reactive
from textual.widget import Widget

from tui.text import one_line, seconds


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
_FULL, _HALF, _EMPTY = "━", "╸", "━"


class ProgressLines(Widget):
    """Two lines: ``step 13/20 ━━━━━━╸━━━ 41.2 it/s`` and what else is to say."""

    DEFAULT_CSS = """
    ProgressLines { height: 2; padding: 0 1; }
    """

    BORDER_TITLE = "Progress"

    state: reactive[Progress] = reactive(Progress())

    def render(self) -> Content:
        width = max(self.content_size.width, 10)
        state = self.state
        colour = _TONES[state.tone]
        detail = Content.styled(one_line(state.detail, width), "$text-muted")
        if not state.steps:
            head = Content.styled(one_line(state.headline, width), colour)
            return Content("\n").join([head, detail])
        of_all = state.counted or f"{state.step:>{len(str(state.steps))}}/{state.steps}"
        counted = f"{state.headline} {of_all} "
        speed = state.speed or (rate_text(state.rate) if state.rate else "")
        rate = f" {speed}" if speed else ""
        room = max(width - len(counted) - len(rate), 0)
        halves = round(room * 2 * state.step / state.steps)
        full, half = divmod(min(halves, room * 2), 2)
        bar = Content.assemble(
            (_FULL * full + _HALF * half, "$accent"),
            (_EMPTY * (room - full - half), "$panel-lighten-1"),
        )
        line = Content.assemble((counted, colour), bar, (rate, "$foreground"))
        return Content("\n").join([line, detail])


def rate_text(rate: float) -> str:
    """Steps a second as the field writes it; seconds a step when it is slow."""
    if rate >= 1:
        return f"{rate:5.1f} it/s"
    return f"{seconds(1 / rate)}/it"
