"""A list of any length in which a cursor moves: only what is seen is drawn."""

from __future__ import annotations

from textual.events import Click
from textual.geometry import Size
from textual.message import Message
from textual.reactive import reactive
from textual.scroll_view import ScrollView

from tui.keys.command import acting, bindings
from tui.keys.moving import LIST


class LineList(ScrollView, can_focus=True, inherit_bindings=False):
    """Items in one or more columns, each as many rows high as ``item_rows``.

    Attributes:
        cursor: the item under it.
        across: how many stand beside each other.
        item_rows: of the screen.
    """

    DEFAULT_CSS = """
    LineList {
        height: 1fr;
        overflow-x: hidden;
        scrollbar-size-vertical: 1;
    }
    """
    BINDINGS = bindings(
        acting(
            LIST,
            up="move(-1)",
            down="move(1)",
            page_up="page(-1)",
            page_down="page(1)",
            first="edge(0)",
            last="edge(-1)",
            choose="choose",
        )
    )

    cursor = reactive(0)

    class Told(Message):
        """What the others have in common: the list that tells it."""

        def __init__(self, sender: LineList) -> None:
            super().__init__()
            self.sender = sender

        @property
        def control(self) -> LineList:
            return self.sender

    class Moved(Told):
        """The cursor came to another item."""

    class Chosen(Told):
        """The item under the cursor was chosen."""

    class Seen(Told):
        """Other items have come into sight."""

    def __init__(self, widget_id: str) -> None:
        super().__init__(id=widget_id)
        self.across, self.item_rows = 1, 1

    @property
    def count(self) -> int:
        """How many items there are."""
        raise NotImplementedError

    @property
    def in_sight(self) -> tuple[int, int]:
        """The first and the last item on the screen."""
        first = self.scroll_offset.y // self.item_rows
        last = (self.scroll_offset.y + max(self._rows, 1) - 1) // self.item_rows
        most = max(self.count - 1, 0)
        return min(first * self.across, most), min((last + 1) * self.across - 1, most)

    @property
    def _rows(self) -> int:
        return self.scrollable_content_region.height

    def lay(self) -> None:
        """Take the size of the list, and keep the cursor within it."""
        lines = -(-self.count // self.across)
        self.virtual_size = Size(self.scrollable_content_region.width, lines * self.item_rows)
        self.cursor = min(self.cursor, max(self.count - 1, 0))
        self.refresh()
        self.post_message(self.Seen(self))

    def go(self, to: int) -> None:
        """Put the cursor on an item, or on the nearest that there is."""
        if self.count:
            self.cursor = min(max(to, 0), self.count - 1)
            self.follow()

    def follow(self) -> None:
        """Bring the cursor into sight: by whole lines, and no further than needed."""
        line, top = self.cursor // self.across, self.scroll_offset.y
        whole = max(1, self._rows // self.item_rows)
        if line * self.item_rows < top:
            to = line
        elif (line + 1) * self.item_rows > top + self._rows:
            to = max(0, line - whole + 1)
        else:
            return
        self.scroll_to(y=to * self.item_rows, animate=False, force=True, immediate=True)

    def on_resize(self) -> None:
        self.lay()
        self.follow()

    def watch_cursor(self) -> None:
        self.refresh()
        self.post_message(self.Moved(self))

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        super().watch_scroll_y(old_value, new_value)
        self.post_message(self.Seen(self))

    def action_move(self, by: int) -> None:
        self.go(self.cursor + by)

    def action_page(self, by: int) -> None:
        lines = max(1, self._rows // self.item_rows - (self.item_rows == 1))
        self.go(self.cursor + by * lines * self.across)

    def action_edge(self, where: int) -> None:
        self.go(where if where >= 0 else self.count - 1)

    def action_choose(self) -> None:
        if self.count:
            self.post_message(self.Chosen(self))

    def item_at(self, x: int, y: int) -> int | None:
        """The item at a cell of the content."""
        del x
        item = (y + self.scroll_offset.y) // self.item_rows
        return item if item < self.count else None

    def on_click(self, event: Click) -> None:
        offset = event.get_content_offset(self)
        item = self.item_at(offset.x, offset.y) if offset is not None else None
        if item is not None:
            self.go(item)
            if event.chain == 2:
                self.action_choose()
