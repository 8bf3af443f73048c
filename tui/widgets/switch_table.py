"""All switches in rows under headings: name, value, what turning it costs, what it did here."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from rich.cells import set_cell_size
from rich.segment import Segment
from rich.style import Style

from engine.switches import SWITCHES, Switch
from tui.ink import ink
from tui.switchboard import Known
from tui.text import one_line
from tui.widgets.grouped_table import GroupedTable

_NAME, _VALUE, _COST = 16, 22, 14


class SwitchTable(GroupedTable[Switch]):
    """The switches. What a value is known to do is asked of ``know``."""

    def __init__(
        self, values: Mapping[str, str], know: Callable[[Switch, str], Known], widget_id: str
    ) -> None:
        self.values: dict[str, str] = dict(values)
        self.effects: Mapping[tuple[str, str], str] = {}
        self._know = know
        set_already = [i for i, switch in enumerate(SWITCHES) if switch.name in values]
        super().__init__(SWITCHES, widget_id, set_already[0] if set_already else 0)

    def value_of(self, switch: Switch) -> str:
        return self.values.get(switch.name, switch.default)

    def segments(self, switch: Switch, width: int, base: Style) -> list[Segment]:
        value = self.value_of(switch)
        is_set = value != switch.default
        reason = self.reason(switch, value)
        dim = base + ink(self, "text-muted")
        name = base if is_set or not reason else dim
        cells = [
            Segment("• " if is_set else "  ", base + ink(self, "accent")),
            Segment(set_cell_size(switch.label, _NAME), name),
            Segment(set_cell_size(one_line(value, _VALUE - 2), _VALUE), base if is_set else dim),
        ]
        room = width - sum(cell.cell_length for cell in cells)
        if reason:
            style = base + ink(self, "warning") if is_set else dim
            return [*cells, Segment(one_line(reason, room), style)]
        effect = self.effects.get((switch.name, value), "") if is_set else ""
        cells.append(Segment(set_cell_size(switch.cost.value, _COST), dim))
        return [*cells, Segment(one_line(effect, max(0, room - _COST)), base)]

    def reason(self, switch: Switch, value: str) -> str:
        """Why its value does not work here; at its default, why no other would."""
        if value != switch.default:
            return self._know(switch, value).reason
        if switch.open_hint:
            return ""
        reasons = [self._know(switch, other).reason for other in switch.values[1:]]
        return reasons[0] if reasons and all(reasons) else ""
