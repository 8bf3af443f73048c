"""The memory gauge: a name, its recent history, and the figure now."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from textual.content import Content
from textual.widget import Widget

from tui.text import size

if TYPE_CHECKING:
    from engine.events import MemorySampled

_BARS = "▁▂▃▄▅▆▇█"
_BARS_FROM = ((100, 16), (72, 8), (0, 0))
"""From how many columns of the terminal on there is room for how many bars."""
_NEARLY_FULL = 0.92
_KEPT = 240


class MemoryGauge(Widget):
    """One line: ``VRAM ▂▃▅▅▆ 3.1 / 139 GB``. Samples come four times a second."""

    DEFAULT_CSS = """
    MemoryGauge { height: 1; width: auto; }
    """

    def __init__(self, bars: int = 16) -> None:
        super().__init__()
        self._bars = bars
        self._samples: deque[int] = deque(maxlen=_KEPT)
        self._last: MemorySampled | None = None

    def take_room(self, columns: int) -> None:
        """Draw as much of the past as a terminal of so many columns has room for."""
        bars = next(bars for least, bars in _BARS_FROM if columns >= least)
        if bars != self._bars:
            self._bars = bars
            self.refresh(layout=True)

    def add(self, sample: MemorySampled) -> None:
        """Show one more sample."""
        self._samples.append(sample.used)
        changed = self._last is None or self.text_of(sample) != self.text_of(self._last)
        self._last = sample
        if sample.kind == "vram":
            self.tooltip = (
                f"GPU memory held by this app ({size(sample.reserved)} with torch's reserve). "
                f"On the card: {size(sample.device_used)} of {size(sample.total)} in use."
            )
        else:
            self.tooltip = (
                f"Main memory held by this app. "
                f"On the machine: {size(sample.device_used)} of {size(sample.total)} in use."
            )
        self.refresh(layout=changed)

    @staticmethod
    def text_of(sample: MemorySampled) -> str:
        return f"{size(sample.used)} / {size(sample.total)}"

    def render(self) -> Content:
        if self._last is None:
            return Content("")
        sample = self._last
        full = sample.device_used / sample.total > _NEARLY_FULL if sample.total else False
        return Content.assemble(
            ("VRAM " if sample.kind == "vram" else "RAM ", "$text-muted"),
            (self._sparkline() + " " * bool(self._bars), "$error" if full else "$accent"),
            ("! " if full else "", "$error"),
            (self.text_of(sample), "$error" if full else "$foreground"),
        )

    def _sparkline(self) -> str:
        """The last samples, the lowest to the highest among them over the whole height."""
        if not self._bars:
            return ""
        recent = list(self._samples)[-self._bars :]
        low, high = min(recent), max(recent)
        # A change of less than 2% is noise: drawn to scale it would look like a mountain.
        span = max(high - low, high * 0.02, 1)
        bars = "".join(_BARS[min(round((x - low) / span * 7), 7)] for x in recent)
        return bars.rjust(self._bars, _BARS[0])
