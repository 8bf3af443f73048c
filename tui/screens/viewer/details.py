"""All that is known of a run, beside its picture."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.content import Content
from textual.geometry import Region
from textual.strip import Strip
from textual.widgets import Static

from tui.hyperlinks import name_links

if TYPE_CHECKING:
    from engine.record import RunRecord


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
        self._show()
        self.scroll_home(animate=False)

    def on_resize(self) -> None:
        self._show()

    def _show(self) -> None:
        from tui.screens.viewer.told import told

        over = Content.styled("This run is not over yet.", "$text-muted")
        width = self.scrollable_content_region.width
        self.query_one(Static).update(told(self._record, width) if self._record else over)
