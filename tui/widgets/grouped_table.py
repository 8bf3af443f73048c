"""Things with a value each, in rows under headings; the screen around says what a key does."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Generic, Protocol, TypeVar

from rich.segment import Segment
from rich.style import Style
from textual.events import Click
from textual.geometry import Region, Size
from textual.message import Message
from textual.reactive import reactive
from textual.scroll_view import ScrollView
from textual.strip import Strip

from tui.ink import ink
from tui.keys.command import acting, bindings
from tui.keys.moving import CHOICE, LIST


class Grouped(Protocol):
    """Something that stands under a heading."""

    @property
    def group(self) -> str: ...


T = TypeVar("T", bound=Grouped)


@dataclass(frozen=True, slots=True)
class _Line(Generic[T]):
    """A row: a thing, or a heading when there is none."""

    heading: str
    thing: T | None = None


class GroupedTable(ScrollView, Generic[T], can_focus=True, inherit_bindings=False):
    """The rows, one of them under the cursor. What is in a row, :meth:`segments` says."""

    BINDINGS = bindings(
        acting(LIST, up="move(-1)", down="move(1)", first="edge(0)", last="edge(-1)"),
        acting(LIST, left="step(-1)", right="step(1)"),
        acting(CHOICE, open="open", turn="step(1)", clear="reset"),
    )

    cursor = reactive(0)

    class Moved(Message):
        """The cursor is on another row."""

    class Stepped(Message):
        """The next value of the current row is wanted, ``by`` places on."""

        def __init__(self, by: int) -> None:
            super().__init__()
            self.by = by

    class Opened(Message):
        """All values of the current row are wanted."""

    class Reset(Message):
        """The current row is wanted back at its default."""

    def __init__(self, things: Sequence[T], widget_id: str, cursor: int = 0) -> None:
        super().__init__(id=widget_id, classes="panel")
        self._lines: list[_Line[T]] = []
        for heading, each in groupby(things, lambda thing: thing.group):
            self._lines.append(_Line(heading))
            self._lines += [_Line("", thing) for thing in each]
        self._rows = [i for i, line in enumerate(self._lines) if line.thing is not None]
        self.set_reactive(GroupedTable.cursor, cursor)

    def segments(self, thing: T, width: int, base: Style) -> list[Segment]:
        """What is in a row, ``width`` cells wide, in a style that tells the cursor."""
        raise NotImplementedError

    @property
    def current(self) -> T:
        """What is under the cursor."""
        thing = self._lines[self._rows[self.cursor]].thing
        assert thing is not None
        return thing

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
        above = 1 if self._lines[row - 1].thing is None else 0
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
        if line.thing is None:
            heading = Segment(line.heading, base + ink(self, "text-muted", bold=True))
            return Strip([heading]).adjust_cell_length(width, base)
        if index == self._rows[self.cursor]:
            kind = "block-cursor" if self.has_focus else "block-cursor-blurred"
            base = base + ink(self, f"{kind}-foreground", f"{kind}-background", bold=True)
        return Strip(self.segments(line.thing, width, base)).adjust_cell_length(width, base)
