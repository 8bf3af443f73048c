"""The pictures of a comparison: next to each other, or one at a time in one place."""

from __future__ import annotations

from collections.abc import Sequence

from rich.cells import cell_len, set_cell_size
from rich.segment import Segment
from rich.style import Style
from textual import work
from textual.events import Click, MouseScrollDown, MouseScrollUp
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

from engine.errors import SafelightError
from tui.graphics.frames import Frame, Frames, Shot, could_be_better
from tui.graphics.outgoing import outgoing
from tui.graphics.plates import Plate, lay
from tui.graphics.terminal import Terminal
from tui.graphics.viewport import WHOLE, Box, Pane, Viewport, panes
from tui.ink import ink
from tui.text import centred, clean, wrapped
from tui.widgets.compare.print import Part, Print, joined

Placed = tuple[Pane, "Frame | str"]


class Stage(Widget):
    """Shows some prints together; all of them are scrolled and zoomed together.

    What is shown stays until all that takes its place is ready, and then changes at once.
    """

    DEFAULT_CSS = """
    Stage { height: 1fr; width: 1fr; padding: 0 1; }
    """

    class Clicked(Message):
        """A picture was clicked; ``across`` is where, as a part of its width."""

        def __init__(self, index: int, across: float) -> None:
            super().__init__()
            self.index, self.across = index, across

    class Developed(Message):
        """Another picture is ready: more may be known of it."""

    class Wheeled(Message):
        """The wheel was turned over the pictures: nearer (1) or further away (-1)."""

        def __init__(self, by: int) -> None:
            super().__init__()
            self.by = by

    def __init__(self, terminal: Terminal, *, labels: bool = True, worth: float = 1.0) -> None:
        """
        Args:
            labels: there is a row above each picture for its label.
            worth: times the usual bytes that a picture may take on any link.
        """
        super().__init__()
        self.terminal = terminal
        self._labels, self._worth = labels, worth
        self.view = Viewport()
        self._prints: tuple[Print, ...] = ()
        self._ahead: tuple[Print, ...] = ()
        self._below: tuple[Part, ...] = ()
        self._shown: list[Placed] = []
        self._frames = Frames()
        self._developing = False
        self._strips: list[Strip] | None = None

    # What is to be shown

    def show(
        self, prints: Sequence[Print], ahead: Sequence[Print] = (), below: Sequence[Part] = ()
    ) -> None:
        """Show ``prints`` together.

        Args:
            ahead: may be wanted next, each alone in the place of all: made ready meanwhile.
            below: a line below them.
        """
        self._prints, self._ahead, self._below = tuple(prints), tuple(ahead), tuple(below)
        self._change()

    def look(self, view: Viewport) -> None:
        """Show this part of the pictures."""
        self.view = view
        self._change()

    def move(self, x: int, y: int) -> bool:
        """Move what is seen by a step; whether there was more to see there."""
        boxes = [pane.box for pane in self._panes(self._prints)]
        if not boxes:
            return False
        least = min(boxes, key=lambda box: (box[2] - box[0]) * (box[3] - box[1]))
        moved = self.view.moved(x, y, least)
        changed = (moved.x, moved.y) != (self.view.x, self.view.y) and least != WHOLE
        if changed:
            self.look(moved)
        return changed

    def use(self, terminal: Terminal) -> None:
        """Draw for this terminal from now on."""
        if terminal != self.terminal:
            self.terminal = terminal
            self._frames.clear()
            self._change()

    def forget(self) -> None:
        """The pictures may be others by now."""
        self._frames.clear()

    def alone(self, each: Print, *, below: bool = False) -> tuple[Box, int]:
        """What would be seen of a picture alone, and on how many columns; ``below``: see show."""
        columns, rows = self.content_size
        room = (columns, rows - below, self.terminal.cell_ratio)
        found = panes([each.size()], *room, self.view, labels=self._labels)
        return (found[0].box, found[0].columns) if found else (WHOLE, 0)

    @property
    def is_ready(self) -> bool:
        """Whether what is to be shown is shown."""
        return all(self._frames.get(shot) is not None for shot, _ in self._shots(self._prints))

    def _panes(self, prints: Sequence[Print]) -> list[Pane]:
        columns, rows = self.content_size
        rows -= 1 if self._below else 0
        sizes = [each.size() for each in prints]
        ratio = self.terminal.cell_ratio
        return panes(sizes, columns, rows, ratio, self.view, labels=self._labels)

    def _shots(self, prints: Sequence[Print]) -> list[tuple[Shot, Print]]:
        placed = zip(prints, self._panes(prints), strict=False)
        return [
            (Shot(each.key, pane.columns, pane.rows, pane.box, self._worth), each)
            for each, pane in placed
        ]

    def _change(self) -> None:
        """Show what is ready; have the rest made."""
        frames: list[Placed] = []
        for (shot, each), pane in zip(
            self._shots(self._prints), self._panes(self._prints), strict=True
        ):
            frame = each.words or self._frames.get(shot)
            if frame is not None:
                frames.append((pane, frame))
        if len(frames) == len(self._prints):
            self._shown = frames
        self._strips = None
        self.refresh()
        self._lay()
        self._make()

    def _lay(self) -> None:
        """What is in pixels stands over its cells."""
        if self.is_attached:
            lay(
                self,
                [
                    Plate(frame.pixels, pane.x, pane.y)
                    for pane, frame in self._shown
                    if isinstance(frame, Frame) and frame.pixels is not None
                ],
            )

    def _missing(self) -> tuple[Shot, Print] | None:
        """What is to be made next: what is to be shown first, then what may be."""
        shots = self._shots(self._prints)
        for each in self._ahead:
            shots += self._shots((each,))
        for shot, each in shots:
            if not each.words and shot.columns and self._frames.get(shot) is None:
                return shot, each
        return None

    def _make(self) -> None:
        if self._developing or not self.is_attached:
            return
        if self._missing() is not None:
            self._developing = True
            self._develop()
        elif any(could_be_better(self._frames.get(shot)) for shot, _ in self._shots(self._prints)):
            self._improve()

    @work(group="developing")
    async def _develop(self) -> None:
        """Make ready what is missing, one after another, as it is wanted by then."""
        from tui.graphics.quality import developed

        try:
            while (missing := self._missing()) is not None:
                shot, each = missing
                terminal = self.terminal
                frame: Frame | str
                try:
                    frame = await developed(outgoing(self.app), each.make, shot, terminal)
                except SafelightError as error:
                    frame = str(error)
                if terminal == self.terminal:
                    self._frames.put(shot, frame)
                    self._change()
                    self.post_message(self.Developed())
        finally:
            self._developing = False
        self._make()

    @work(group="improving", exclusive=True)
    async def _improve(self) -> None:
        """Once all are there, and where the link carries more: again, better."""
        from tui.graphics.quality import improved

        terminal = self.terminal
        for shot, each in self._shots(self._prints):
            frame = self._frames.get(shot)
            if not isinstance(frame, Frame):
                continue

            def wanted(shot: Shot = shot, frame: Frame = frame) -> bool:
                shown = any(shot == other for other, _ in self._shots(self._prints))
                return shown and self._frames.get(shot) is frame

            out = outgoing(self.app)
            try:
                better = await improved(out, each.make, shot, terminal, frame, wanted)
            except SafelightError:
                continue  # what is there stays
            if better is not None:
                self._frames.put(shot, better)
                self._change()

    # Events

    def on_resize(self) -> None:
        self.use(self.terminal.resized())
        self._shown = []
        self._change()

    def notify_style_update(self) -> None:
        super().notify_style_update()
        self._strips = None

    def on_click(self, event: Click) -> None:
        offset = event.get_content_offset(self)
        if offset is None:
            return
        for index, pane in enumerate(self._panes(self._prints)):
            within = pane.label_x <= offset.x < pane.label_x + pane.label_columns
            if within and pane.y - 1 <= offset.y <= pane.y + pane.rows:
                across = (offset.x - pane.x) / max(pane.columns - 1, 1)
                self.post_message(self.Clicked(index, min(max(across, 0.0), 1.0)))

    def on_mouse_scroll_up(self, event: MouseScrollUp) -> None:
        event.stop()
        self.post_message(self.Wheeled(1))

    def on_mouse_scroll_down(self, event: MouseScrollDown) -> None:
        event.stop()
        self.post_message(self.Wheeled(-1))

    # Drawing

    def render_line(self, y: int) -> Strip:
        if self._strips is None or len(self._strips) != self.content_size.height:
            self._strips = self._draw()
        return self._strips[y] if y < len(self._strips) else Strip.blank(self.content_size.width)

    def _draw(self) -> list[Strip]:
        """The whole content, one strip a row."""
        columns, rows = self.content_size
        paper = Style.from_color(bgcolor=self.background_colors[1].rich_color)
        pieces: list[list[tuple[int, Strip]]] = [[] for _ in range(rows)]

        def put(x: int, y: int, strip: Strip) -> None:
            if 0 <= y < rows:
                pieces[y].append((x, strip))

        for each, pane in zip(self._prints, self._panes(self._prints), strict=False):
            if self._labels:
                put(pane.label_x, pane.y - 1, self._words(each.label, pane.label_columns, paper))
        for pane, frame in self._shown:
            for row, strip in enumerate(self._cells(pane, frame, paper)):
                put(pane.x, pane.y + row, strip)
        if not self._shown and rows > 1:
            put(
                0,
                rows // 2,
                self._words((("Reading the pictures…", "text-muted"),), columns, paper),
            )
        if self._below and rows:
            put(0, rows - 1, self._words(self._below, columns, paper))
        return [joined(row, columns, paper) for row in pieces]

    def _cells(self, pane: Pane, frame: Frame | str, paper: Style) -> Sequence[Strip]:
        if isinstance(frame, Frame):
            return frame.strips
        style = paper + ink(self, "text-muted")
        lines = wrapped(frame, max(pane.columns - 2, 1))[: pane.rows]
        lines = [""] * ((pane.rows - len(lines)) // 2) + lines
        lines += [""] * (pane.rows - len(lines))
        return [Strip([Segment(centred(line, pane.columns), style)]) for line in lines]

    def _words(self, parts: Sequence[Part], width: int, paper: Style) -> Strip:
        """Some words in the middle of ``width`` cells; what does not fit is left out."""
        segments: list[Segment] = []
        room = width
        for text, colour in parts:
            text = clean(text)
            if cell_len(text) > room:
                text = set_cell_size(text, room - 1) + "…" if room > 1 else ""
            if text:
                name = colour.removeprefix("bold ")
                style = ink(self, name, bold=name != colour) if name else Style()
                segments.append(Segment(text, self.rich_style + paper + style))
                room -= cell_len(text)
        left = max(room, 0) // 2
        return Strip([Segment(" " * left, paper), *segments, Segment(" " * (room - left), paper)])
