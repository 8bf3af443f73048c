"""All switches in rows under headings: name, value, what turning it costs, what it did here."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import groupby

from rich.cells import set_cell_size
from rich.segment import Segment
from rich.style import Style
from textual.events import Click
from textual.geometry import Region, Size
from textual.message import Message
from textual.reactive import reactive
from textual.scroll_view import ScrollView
from textual.strip import Strip

from engine.switches import SWITCHES, Switch
from tui.ink import ink
from tui.keys.command import acting, bindings
from tui.keys.moving import CHOICE, LIST
from tui.switchboard import Known
from tui.text import one_line

_NAME, _VALUE, _COST = 16, 22, 14


@dataclass(frozen=True, slots=True)
class _Line:
    """A row: a switch, or a heading when there is none."""

    heading: str
    switch: Switch | None = None


class SwitchTable(ScrollView, can_focus=True, inherit_bindings=False):
    """The switches. What a value is known to do is asked of ``know``."""

    BINDINGS = bindings(
        acting(LIST, up="move(-1)", down="move(1)", first="edge(0)", last="edge(-1)"),
        acting(LIST, left="step(-1)", right="step(1)"),
        acting(CHOICE, open="open", turn="step(1)", clear="reset"),
    )

    cursor = reactive(0)

    class Moved(Message):
        """The cursor is on another switch."""

    class Stepped(Message):
        """The next value of the current switch is wanted, ``by`` places on."""

        def __init__(self, by: int) -> None:
            super().__init__()
            self.by = by

    class Opened(Message):
        """All values of the current switch are wanted."""

    class Reset(Message):
        """The current switch is wanted back at its default."""

    def __init__(
        self, values: Mapping[str, str], know: Callable[[Switch, str], Known], widget_id: str
    ) -> None:
        super().__init__(id=widget_id, classes="panel")
        self.values: dict[str, str] = dict(values)
        self.effects: Mapping[tuple[str, str], str] = {}
        self._know = know
        self._lines: list[_Line] = []
        for heading, switches in groupby(SWITCHES, lambda switch: switch.group):
            self._lines.append(_Line(heading))
            self._lines += [_Line("", switch) for switch in switches]
        self._rows = [i for i, line in enumerate(self._lines) if line.switch is not None]
        set_already = [i for i, row in enumerate(self._rows) if self._at(row).name in values]
        self.set_reactive(SwitchTable.cursor, set_already[0] if set_already else 0)

    def _at(self, line: int) -> Switch:
        switch = self._lines[line].switch
        assert switch is not None
        return switch

    @property
    def current(self) -> Switch:
        """The switch under the cursor."""
        return self._at(self._rows[self.cursor])

    def value_of(self, switch: Switch) -> str:
        return self.values.get(switch.name, switch.default)

    def show(self) -> None:
        """Draw again: a value has changed, or more is known."""
        self.refresh()

    def on_mount(self) -> None:
        self._resized()
        self._show_cursor()

    def on_resize(self) -> None:
        self._resized()
        self._show_cursor()

    def _resized(self) -> None:
        self.virtual_size = Size(self.scrollable_content_region.width, len(self._lines))

    def _show_cursor(self) -> None:
        row = self._rows[self.cursor]
        above = 1 if self._lines[row - 1].switch is None else 0
        self.scroll_to_region(Region(0, row - above, 1, 1 + above), animate=False)

    def watch_cursor(self) -> None:
        self._show_cursor()
        self.refresh()
        self.post_message(self.Moved())

    def action_move(self, by: int) -> None:
        self.cursor = min(max(self.cursor + by, 0), len(self._rows) - 1)

    def action_edge(self, where: int) -> None:
        self.cursor = where if where >= 0 else len(self._rows) - 1

    def action_step(self, by: int) -> None:
        self.post_message(self.Stepped(by))

    def action_open(self) -> None:
        self.post_message(self.Opened())

    def action_reset(self) -> None:
        self.post_message(self.Reset())

    def on_click(self, event: Click) -> None:
        offset = event.get_content_offset(self)
        line = offset.y + self.scroll_offset.y if offset is not None else -1
        if line in self._rows:
            again = self._rows[self.cursor] == line
            self.cursor = self._rows.index(line)
            if again:
                self.post_message(self.Opened())

    # Drawing

    def render_line(self, y: int) -> Strip:
        width = self.scrollable_content_region.width
        base = self.rich_style
        index = y + self.scroll_offset.y
        if index >= len(self._lines):
            return Strip.blank(width, base)
        line = self._lines[index]
        if line.switch is None:
            heading = Segment(line.heading, base + ink(self, "text-muted", bold=True))
            return Strip([heading]).adjust_cell_length(width, base)
        if index == self._rows[self.cursor]:
            kind = "block-cursor" if self.has_focus else "block-cursor-blurred"
            base = base + ink(self, f"{kind}-foreground", f"{kind}-background")
        return Strip(self._segments(line.switch, width, base)).adjust_cell_length(width, base)

    def _segments(self, switch: Switch, width: int, base: Style) -> list[Segment]:
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
