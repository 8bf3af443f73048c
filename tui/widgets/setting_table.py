"""All settings in rows under headings: name, value, and where the value comes from."""

from __future__ import annotations

from rich.cells import set_cell_size
from rich.segment import Segment
from rich.style import Style

from tui.ink import ink
from tui.settings.live import LiveSettings
from tui.settings.setting import Setting
from tui.settings.sources import DEFAULT
from tui.settings.table import SETTINGS
from tui.settings.values import as_text
from tui.text import one_line
from tui.widgets.grouped_table import GroupedTable

_NAME, _VALUE, _NARROW = 20, 38, 64


class SettingTable(GroupedTable[Setting]):
    """The settings as they are now."""

    def __init__(self, live: LiveSettings, widget_id: str) -> None:
        super().__init__(tuple(SETTINGS.values()), widget_id)
        self._live = live

    def shown(self, setting: Setting) -> str:
        """The value of a setting, as people read it."""
        value = as_text(self._live.value(setting.name))
        return value or setting.at_default.partition(",")[0] or "none"

    def segments(self, setting: Setting, width: int, base: Style) -> list[Segment]:
        origin = self._live.sources.origins[setting.name]
        refused = self._live.sources.refused.get(setting.name)
        is_set = origin != DEFAULT
        dim = base + ink(self, "text-muted")
        room = _VALUE if width > _NARROW else max(8, width - 2 - _NAME - 14)
        cells = [
            Segment("• " if is_set else "  ", base + ink(self, "accent")),
            Segment(set_cell_size(setting.label, _NAME), base),
            Segment(
                set_cell_size(one_line(self.shown(setting), room - 2), room),
                base if is_set else dim,
            ),
        ]
        left = width - sum(cell.cell_length for cell in cells)
        where = self._live.sources.origin(setting.name)
        if refused:
            return [
                *cells,
                Segment(one_line(f"✗ {refused} refused", left), base + ink(self, "error")),
            ]
        if len(where) >= left:  # the file need not be named where there is little room
            where = where.removeprefix(f"{self._live.sources.file.path.name}, ")
        return [*cells, Segment(one_line(where, left), dim)]
