"""Every run there is: looked for, looked at, marked, brought back."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.widgets import Static

from engine.errors import HistoryError, InvalidQuery
from engine.history import parse_query
from engine.history.completion import with_order
from engine.history.query import SORTS
from tui.found import look_up
from tui.graphics.terminal import Terminal
from tui.screens.history_marks import HistoryMarks
from tui.stock import off_loop
from tui.text import one_line
from tui.widgets.history_table import HistoryTable
from tui.widgets.key_bar import KeyBar
from tui.widgets.line_list import LineList
from tui.widgets.run_details import RunDetails
from tui.widgets.run_list import RunList
from tui.widgets.run_preview import RunPreview
from tui.widgets.search_line import SearchLine
from tui.widgets.thumbnails import Thumbnails

if TYPE_CHECKING:
    from engine.history import History, Query
    from tui.found import Found

OTHERS_SECONDS = 2.0
"""Between two looks whether another Safelight has written."""

_HERE = (
    *(("Enter", "Open"), ("/", "Search"), ("0-5", "Rate"), ("v", "Pictures"), ("d", "Delete")),
    *(("t", "Tags"), ("n", "Note"), ("m", "Winner"), ("u", "Undo"), ("s", "Order")),
    *(("Space", "Select"), ("F1", "Help")),
)
_TRASH = (
    *(("u", "Take back"), ("x", "Empty the trash"), ("Enter", "Open"), ("/", "Search")),
    *(("Space", "Select"), ("v", "Pictures"), ("s", "Order"), ("F1", "Help")),
)
_SEARCH = (
    *(("Enter", "To the list"), ("Tab", "Complete"), ("↓", "Choose"), ("Esc", "Clear, back")),
    ("F1", "Help"),
)
_BACKWARDS = {
    "new": "oldest first",
    "old": "newest first",
    "time": "longest first",
    "speed": "fewest steps a second first",
    "memory": "most memory first",
    "rating": "worst first",
}


class HistoryScreen(HistoryMarks):
    """All runs, as a table or as pictures. Gives the run that is to be opened in the studio."""

    DEFAULT_CSS = """
    HistoryScreen {
        layout: vertical;
        & .top { height: 1; padding: 0 1; }
        & .top > .sum { width: 1fr; text-align: right; color: $text-muted; }
        & .top > .title { width: auto; }
        & .panel {
            border: round $border-blurred;
            border-title-color: $text-muted;
            border-subtitle-color: $text-muted;
            padding: 0 1;
            &:focus, &:focus-within { border: round $border; border-title-color: $accent; }
        }
        & .body { height: 1fr; }
        & #runs-found { width: 1fr; height: 1fr; }
        & #runs-found > .heads { height: 1; color: $text-muted; }
        & #thumbnails { display: none; }
        & .about { height: 2; padding: 0 2; color: $text-muted; }
        & #beside { width: 38; height: 1fr; display: none; }
        & #beside > VerticalScroll { height: auto; max-height: 55%; padding: 0 2; }
        & .details { height: auto; }
        &.-normal #beside, &.-wide #beside { display: block; }
        &.-normal .about, &.-wide .about { display: none; }
        &.-wide #beside { width: 66; }
        &.-pictures #history, &.-pictures .heads { display: none; }
        &.-pictures #thumbnails { display: block; }
    }
    """
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (100, "-normal"), (160, "-wide")]
    AUTO_FOCUS = "HistoryTable"
    BINDINGS: ClassVar = [
        Binding("escape", "back", "Back", show=False),
        Binding("f9", "dismiss(None)", "Back", show=False, priority=True),
        Binding("slash", "search", "Search", show=False),
        Binding("v", "view", "Pictures", show=False),
        Binding("s", "order", "Order", show=False),
    ]

    def __init__(self, history: History, terminal: Terminal) -> None:
        super().__init__(history)
        self._terminal = terminal
        self._text = self._asked = ""
        self._fetching = False
        self._all = self._version = 0

    def compose(self) -> ComposeResult:
        with Horizontal(classes="top"):
            title = Content.assemble(("safelight", "bold $accent"), ("  history", "$text-muted"))
            yield Static(title, classes="title")
            yield Static("", classes="sum")
        yield SearchLine()
        with Horizontal(classes="body"):
            with Vertical(id="runs-found", classes="panel"):
                yield Static("", classes="heads")
                yield HistoryTable()
                yield Thumbnails(self._terminal)
            with Vertical(id="beside"):
                yield RunPreview(self._terminal)
                with VerticalScroll(can_focus=False):
                    yield RunDetails()
        yield RunDetails(is_brief=True)
        bar = KeyBar([])
        bar.here = _HERE
        yield bar

    # The parts

    @property
    def search_line(self) -> SearchLine:
        return self.query_one(SearchLine)

    @property
    def listed(self) -> RunList:
        """The list that is shown: the table, or the pictures."""
        return self.query_one(Thumbnails if self.has_class("-pictures") else HistoryTable)

    @property
    def preview(self) -> RunPreview:
        return self.query_one(RunPreview)

    def on_mount(self) -> None:
        self.set_interval(OTHERS_SECONDS, self.look_for_others)
        self._look("")

    def on_screen_resume(self) -> None:
        """Runs may have been made, or marked, meanwhile."""
        if self.found is not None:
            self.look_again()

    def look_again(self, at: int | None = None) -> None:
        """Ask the history again; ``at`` is the run where the cursor goes, if it is there."""
        self._look(self._asked, again=self._asked == self._text, at=at)

    def marked(self) -> None:
        """Some runs in the list are not what they were, or are not there any more."""
        self.listed.lay()
        self._moved()

    def flush(self) -> bool:
        """Wait no longer for the typing, or the cursor, to come to rest; whether one was moving."""
        return any([self.search_line.flush(), self.preview.flush()])

    # Searching

    @on(SearchLine.Wanted)
    def _wanted(self, event: SearchLine.Wanted) -> None:
        event.stop()
        self._asked = event.text
        self._look(event.text)

    @work(exclusive=True, group="search")
    async def _look(self, text: str, *, again: bool = False, at: int | None = None) -> None:
        """Search; ``again`` keeps the cursor, or puts it on a run, and the selection."""
        try:
            query = parse_query(text)
        except InvalidQuery as error:
            self.search_line.complain(str(error))
            self._asked = self._text  # which stays in the list
            return
        self.search_line.complain("")
        old = self.found
        head = len(old.head) if again and old is not None else 0
        tail = len(old.tail) if again and old is not None else 0
        try:
            async with self._turn:  # what is being written is read as it will be
                found = await off_loop(partial(look_up, self.history.search, query, head, tail))
            self._all = await off_loop(self.history.count)
            if not again or not self.search_line.values:
                self.search_line.values = await off_loop(partial(values_of, self.history))
        except HistoryError as error:
            self.notify(str(error), severity="error", timeout=8)
            return
        self._text = text
        self._show(found, again=again, at=at)

    def _show(self, found: Found, *, again: bool, at: int | None) -> None:
        listed = self.listed
        cursor = 0
        if again:
            run = at if at is not None or listed.current is None else listed.current.id
            place = found.place_of(run) if run is not None else None
            cursor = place if place is not None else listed.cursor
        else:
            self.selected.clear()
        words = self._nothing(found.query)
        for each in self.query(RunList):
            each.selected = self.selected
            each.set_reactive(LineList.cursor, min(cursor, max(len(found) - 1, 0)))
            each.show(found, words)
        self.search_line.offer()
        self.say_what_is_shown()
        self._moved()

    def _nothing(self, query: Query) -> str:
        if self._text.strip() == "in:trash":
            return "The trash is empty. Esc goes back to all runs."
        if self._text.strip():
            where = " in the trash" if query.in_trash else ""
            return f"No run{where} has “{one_line(self._text, 40)}”. Esc clears the search."
        return "No runs yet. ^R in the studio makes the first."

    def say_what_is_shown(self) -> None:
        """The order and the place in it around the list, and how many there are above."""
        found = self.found
        if found is None:
            return
        query = found.query
        order = (_BACKWARDS if query.backwards else SORTS)[query.sort]
        panel = self.query_one("#runs-found")
        panel.border_title = f"{'Trash' if query.in_trash else 'Runs'}, {order}"
        place = f"{self.listed.cursor + 1:,} of {len(found):,}" if len(found) else ""
        picked = f"{len(self.selected):,} selected" if self.selected else ""
        panel.border_subtitle = " · ".join(part for part in (picked, place) if part)
        if query.in_trash:
            many = f"{len(found):,} {_runs(len(found))} in the trash"
        elif self._text.strip():
            many = f"{len(found):,} of {self._all:,} {_runs(self._all)}"
        else:
            many = f"{len(found):,} {_runs(len(found))}"
        self.query_one(".sum", Static).update(Content(many))
        self._say_keys()

    @work(exclusive=True, group="others")
    async def look_for_others(self) -> None:
        """Show what another Safelight has written, if it has."""
        if not self.is_current:
            return
        try:
            version = await off_loop(lambda: self.history.version)
        except HistoryError:
            return  # what was asked for says so
        before, self._version = self._version, version
        if before not in (0, version):
            self.look_again()

    # Moving

    @on(LineList.Moved)
    def _cursor_moved(self, event: LineList.Moved) -> None:
        event.stop()
        if event.sender is self.listed:
            self._moved()

    @on(LineList.Seen)
    def _seen(self, event: LineList.Seen) -> None:
        if event.sender is self.listed and not self._fetching:
            self._fetch()

    @on(RunList.SelectionChanged)
    def _selection_changed(self) -> None:
        self.say_what_is_shown()

    @work(group="pages")
    async def _fetch(self) -> None:
        """The pages around what is on the screen, while there are any to come."""
        self._fetching = True
        try:
            while (found := self.found) is not None:
                first, last = self.listed.in_sight
                ahead = max(last - first + 1, 10)
                wanted = found.missing(max(first - ahead, 0), last + ahead)
                if wanted is None:
                    return
                page = await off_loop(partial(found.fetch, self.history.search, *wanted))
                if found is self.found:
                    found.add(wanted[0], page)
                    self.listed.lay()
                    self._moved()
        except HistoryError as error:
            self.notify(str(error), severity="error", timeout=8)
        finally:
            self._fetching = False

    def _moved(self) -> None:
        """Tell of the run under the cursor."""
        entry = self.listed.current
        self.say_what_is_shown()
        for told in self.query(RunDetails):
            told.show_entry(entry)
        self.preview.show_entry(entry)

    @on(HistoryTable.Laid)
    def _laid(self, event: HistoryTable.Laid) -> None:
        self.query_one(".heads", Static).update(event.heads)

    def on_descendant_focus(self) -> None:
        self._say_keys()

    def _say_keys(self) -> None:
        in_trash = self.found is not None and self.found.query.in_trash
        here = _SEARCH if self.search_line.line.has_focus else _TRASH if in_trash else _HERE
        self.query_one(KeyBar).here = here

    # What the user does

    @on(LineList.Chosen)
    def _chosen(self, event: LineList.Chosen) -> None:
        event.stop()
        if self.listed.current is not None:
            self.dismiss(self.listed.current.record)

    @on(SearchLine.Left)
    def _to_list(self) -> None:
        self.listed.focus()

    def action_search(self) -> None:
        self.search_line.line.focus()

    def action_view(self) -> None:
        """The table, or the pictures."""
        cursor = self.listed.cursor
        was_here = self.listed.has_focus
        self.toggle_class("-pictures")
        self.listed.set_reactive(LineList.cursor, cursor)
        self.listed.lay()
        if was_here:
            self.listed.focus()

    def action_order(self) -> None:
        """The next order."""
        names = list(SORTS)
        now = self.found.query.sort if self.found is not None else names[0]
        following = names[(names.index(now) + 1) % len(names)]
        self.search_line.text = with_order(self.search_line.text, following)

    def action_back(self) -> None:
        """Clear the selection, else what is being typed or finds nothing, else leave."""
        nothing = self.found is not None and not len(self.found)
        if self.selected:
            self.selected.clear()
            self.listed.refresh()
            self.say_what_is_shown()
        elif self.search_line.text and (self.search_line.line.has_focus or nothing):
            self.search_line.text = ""
        else:
            self.dismiss(None)


def values_of(history: History) -> dict[str, tuple[str, ...]]:
    """What the history has for each filter, to complete a search line with. In a thread."""
    names = ("checkpoint", "scheduler", "tag", "switch")
    return {name: history.search.values(name) for name in names}


def _runs(count: int) -> str:
    return "run" if count == 1 else "runs"
