"""The list of runs, newest first: one row each, figures lined up by their decimal point."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from rich.cells import cell_len
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
from tui.keys.moving import LIST
from tui.keys.runs import RUNS
from tui.keys.shown import with_keys
from tui.text import WINNER, one_line, padded, seconds, size

if TYPE_CHECKING:
    from engine.history import Entry
    from engine.record import RunRecord
    from engine.spec import RunSpec

# By status: of ``engine.record.Status``, or of a run that is not over.
SIGNS = {
    "queued": ("○", "text-muted"),
    "running": ("●", "accent"),
    "finished": ("✓", "success"),
    "cancelled": ("–", "text-muted"),
    "failed": ("✗", "error"),
    "interrupted": ("!", "warning"),
}
WORDS = {"failed": "failed", "cancelled": "stopped", "interrupted": "cut off"}
"""In place of the time, for a run that did not come to its end."""


@dataclass(frozen=True, slots=True)
class Row:
    """One run as the list shows it.

    Attributes:
        status: of the record, or ``"queued"`` or ``"running"``.
        percent: of a run that is on.
        place: of a run that waits, from 1; 0 while unknown.
        paused: it waits, and nothing is begun.
        rating, winner: what the user has said of it.
    """

    id: int
    spec: RunSpec
    status: str
    record: RunRecord | None = None
    percent: int = 0
    place: int = 0
    paused: bool = False
    rating: int = 0
    winner: bool = False

    @classmethod
    def of(cls, record: RunRecord) -> Row:
        return cls(record.id, record.spec, record.status.value, record)

    @classmethod
    def of_entry(cls, entry: Entry) -> Row:
        return replace(cls.of(entry.record), rating=entry.rating, winner=entry.winner)

    @property
    def time(self) -> str:
        if self.status == "queued":
            return f"{'paused' if self.paused else 'waits'} {self.place or ''}".rstrip()
        if self.status == "running":
            return f"{self.percent}%"
        if self.status in WORDS:
            return WORDS[self.status]
        return seconds(self.record.seconds.total) if self.record else ""

    @property
    def memory(self) -> str:
        peak = self.record.memory_peak_bytes if self.record else 0
        return size(peak) if peak else ""


class RunTable(ScrollView, can_focus=True, inherit_bindings=False):
    """Runs, newest first. Rows are drawn only when they are seen."""

    BORDER_TITLE = "Runs"
    BINDINGS = bindings(
        acting(LIST, up="move(-1)", down="move(1)", page_up="page(-1)", page_down="page(1)"),
        acting(LIST, first="edge(0)", last="edge(-1)", choose="choose"),
        RUNS,
    )

    cursor = reactive(0)

    @dataclass
    class Looked(Message):
        """The cursor came to a run by the user's hand."""

        row: Row

    @dataclass
    class Chosen(Message):
        """A run was chosen: its settings are wanted back."""

        row: Row

    @dataclass
    class Asked(Message):
        """Something is to be done with a run: ``move`` (``by`` places), ``edit``, ``drop``,
        ``rate`` (``by`` stars), ``win``; or with others: ``clear`` all that wait, ``undo``."""

        what: str
        row: Row
        by: int

    def __init__(self) -> None:
        super().__init__(id="runs", classes="panel")
        self._rows: list[Row] = []

    @property
    def rows(self) -> tuple[Row, ...]:
        """All rows, newest first."""
        return tuple(self._rows)

    @property
    def current(self) -> Row | None:
        """The row under the cursor."""
        return self._rows[self.cursor] if self.cursor < len(self._rows) else None

    def load(self, rows: Iterable[Row]) -> None:
        """Put older rows behind those that are there."""
        known = {row.id for row in self._rows}
        self._rows = sorted(
            [*self._rows, *(row for row in rows if row.id not in known)], key=lambda row: -row.id
        )
        self._resized()

    def put(self, row: Row) -> None:
        """Add a run, or replace what is shown of it.

        The cursor stays on its run, but on the first row it stays there: that is the newest.
        """
        for index, old in enumerate(self._rows):
            if old.id == row.id:
                self._rows[index] = row
                self.refresh()
                return
        self._rows.insert(0, row)
        if self.cursor and len(self._rows) > 1:
            self.set_reactive(RunTable.cursor, self.cursor + 1)
        self._resized()

    def update(self, run_id: int, **changes: object) -> None:
        """Change what is shown of a run that is not over."""
        for index, row in enumerate(self._rows):
            if row.id == run_id:
                self._rows[index] = replace(row, **changes)  # type: ignore[arg-type]
                if self._rows[index] != row:
                    self.refresh_line(index)
                return

    def show_places(self, places: Mapping[int, int], *, paused: bool) -> None:
        """Say of the runs that wait which comes when."""
        for index, row in enumerate(self._rows):
            place = places.get(row.id, 0)
            if place and (row.place, row.paused) != (place, paused):
                self._rows[index] = replace(row, place=place, paused=paused)
        self.refresh()

    def drop(self, run_id: int) -> None:
        """Take a run off the list."""
        gone = next((i for i, row in enumerate(self._rows) if row.id == run_id), len(self._rows))
        self._rows = [row for row in self._rows if row.id != run_id]
        if gone < self.cursor:
            self.set_reactive(RunTable.cursor, self.cursor - 1)
        self.cursor = min(self.cursor, max(0, len(self._rows) - 1))
        self._resized()

    def look_at_newest(self) -> None:
        """Put the cursor on the first row, without telling anyone."""
        self.cursor = 0
        self.scroll_home(animate=False)

    def _resized(self) -> None:
        self.virtual_size = Size(self.scrollable_content_region.width, len(self._rows))
        self.refresh()

    def on_resize(self) -> None:
        self._resized()

    # Moving

    def action_move(self, by: int) -> None:
        self._go(self.cursor + by)

    def action_page(self, by: int) -> None:
        self._go(self.cursor + by * max(1, self.scrollable_content_region.height - 1))

    def action_edge(self, where: int) -> None:
        self._go(where if where >= 0 else len(self._rows) - 1)

    def action_choose(self) -> None:
        if self.current is not None:
            self.post_message(self.Chosen(self.current))

    def action_ask(self, what: str, by: int = 0) -> None:
        if self.current is not None:
            self.post_message(self.Asked(what, self.current, by))

    def on_click(self, event: Click) -> None:
        offset = event.get_content_offset(self)
        if offset is not None and offset.y + self.scroll_offset.y < len(self._rows):
            self._go(offset.y + self.scroll_offset.y)
            if event.chain == 2:
                self.action_choose()

    def _go(self, to: int) -> None:
        if not self._rows:
            return
        self.cursor = min(max(to, 0), len(self._rows) - 1)
        self.scroll_to_region(Region(0, self.cursor, 1, 1), animate=False)
        self.post_message(self.Looked(self._rows[self.cursor]))

    def watch_cursor(self) -> None:
        self.refresh()

    # Drawing

    def render_line(self, y: int) -> Strip:
        width = self.scrollable_content_region.width
        index = y + self.scroll_offset.y
        base = self.rich_style
        if index >= len(self._rows):
            if not self._rows and y == 0:
                dim = base + ink(self, "text-muted")
                words = Strip(
                    [Segment(with_keys("No runs yet. {studio.run} makes the first."), dim)]
                )
                return words.adjust_cell_length(width, base)
            return Strip.blank(width, base)
        if index == self.cursor:
            kind = "block-cursor" if self.has_focus else "block-cursor-blurred"
            base = base + ink(self, f"{kind}-foreground", f"{kind}-background", bold=True)
        cells = Strip(self._segments(self._rows[index], width, base))
        return cells.adjust_cell_length(width, base)

    def _segments(self, row: Row, width: int, base: Style) -> list[Segment]:
        sign, name = SIGNS.get(row.status, ("?", "text-muted"))
        coloured = base + ink(self, name)
        dim = base + ink(self, "text-muted")
        digits = max(2, len(str(self._rows[0].id)))
        cells = [
            Segment(f"#{row.id}".rjust(digits + 1) + " ", dim),
            Segment(f"{sign} ", coloured),
            Segment(f"{row.time:>8}  ", coloured if row.status == "failed" else base),
        ]
        if width >= 40:
            cells.append(Segment(f"{row.memory:>7}  ", dim))
        spec = row.spec
        seed = f"{spec.seed}" if spec.batch_size == 1 else f"{spec.seed} ×{spec.batch_size}"
        turned = _turned(spec)
        label = "seed " if width >= (56 if turned else 34) else ""
        if marks := _marks(row):
            cells.append(Segment(f"{marks:<5}", base + ink(self, "accent")))
            label = ""
        cells.append(Segment(f"{label}{one_line(seed, 19):<{10 if width >= 56 else 6}} ", base))
        if width >= 56:
            name = padded(spec.scheduler or "own", 12)
            cells.append(Segment(f"{spec.num_inference_steps:>3} {name} ", dim))
        room = width - sum(cell.cell_length for cell in cells)
        if turned and room > 4:
            text = one_line(turned, room)
            cells.append(Segment(f"{text}  ", base))
            room -= cell_len(text) + 2
        if room > 6:
            cells.append(Segment(one_line(spec.prompt, room), dim))
        return cells


def _marks(row: Row) -> str:
    """What the user has said of a run: ``4★◆``."""
    return (f"{row.rating}★" if row.rating else "") + (WINNER if row.winner else "")


def _turned(spec: RunSpec) -> str:
    """What was turned for a run, in words: it is what tells two runs of one prompt apart."""
    if not spec.switches:
        return ""
    from tui.switchboard import in_words

    return in_words(spec.switches)
