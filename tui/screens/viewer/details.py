"""All that is known of a run, beside its picture."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.content import Content
from textual.geometry import Region
from textual.strip import Strip
from textual.widgets import Static

from tui.hyperlinks import Placed, link_to, name_links
from tui.text import clean

if TYPE_CHECKING:
    from engine.record import RunRecord

_LONGEST = 4000


class _Told(Static):
    def render_lines(self, crop: Region) -> list[Strip]:
        return name_links(super().render_lines(crop))


class Details(VerticalScroll, can_focus=False, inherit_bindings=False):
    """Names and values, one below the other."""

    def __init__(self) -> None:
        super().__init__()
        self._record: RunRecord | None = None

    def compose(self) -> ComposeResult:
        yield _Told("")

    def tell(self, record: RunRecord | None) -> None:
        """Tell of a run, or that it is not over."""
        if not self.display or (record is not None and record == self._record):
            return
        self._record = record
        self.query_one(Static).update(_told(record))
        self.scroll_home(animate=False)


def _told(record: RunRecord | None) -> Content:
    from engine.history import Entry
    from tui.headless.run_lines import facts

    if record is None:
        return Content.styled("This run is not over yet.", "$text-muted")
    lines = []
    for name, value in facts(Entry(record)):
        name = clean(name.replace("_", " "))
        text = Content(clean(str(value)[:_LONGEST]))
        if isinstance(value, Placed):
            text = link_to(Content(clean(value.path)), value.path) + Content(clean(value.rest))
        lines.append(Content.assemble((f"{name}  ", "$text-muted"), text))
    return Content("\n").join(lines)
