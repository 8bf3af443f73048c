"""Every run there is: looked for, looked at, marked, brought back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.widgets import Static

from engine.history.completion import with_order
from engine.history.query import SORTS
from tui.graphics.terminal import Terminal
from tui.keys.command import bindings
from tui.keys.contexts import key_of
from tui.keys.runs import HISTORY
from tui.screens.history.search import HistorySearch
from tui.widgets.history_table import HistoryTable
from tui.widgets.key_bar import Hint, KeyBar
from tui.widgets.line_list import LineList
from tui.widgets.run_details import RunDetails
from tui.widgets.run_list import RunList
from tui.widgets.run_preview import RunPreview
from tui.widgets.search_line import SearchLine
from tui.widgets.thumbnails import Thumbnails

if TYPE_CHECKING:
    from engine.compare import Comparison
    from engine.history import History
    from engine.record import RunRecord
    from tui.engine_room import EngineRoom
    from tui.screens.viewer.hearing import Left

OTHERS_SECONDS = 2.0
"""Between two looks whether another Safelight has written."""

_HERE: tuple[Hint, ...] = (
    *(("list.choose", "Open"), ("history.search", "Search"), ("history.compare", "Compare")),
    *(("history.rate-0 … history.rate-5", "Rate"), ("history.view", "Pictures")),
    *(("history.trash", "Delete"), ("history.tags", "Tags"), ("history.note", "Note")),
    *(("history.win", "Winner"), ("history.undo", "Undo"), ("history.order", "Order")),
    *(("history.select", "Select"), ("app.help", "Help")),
)
_TRASH: tuple[Hint, ...] = (
    *(("history.undo", "Take back"), ("history.empty", "Empty the trash")),
    *(("list.choose", "Open"), ("history.search", "Search"), ("history.select", "Select")),
    *(("history.view", "Pictures"), ("history.order", "Order"), ("app.help", "Help")),
)
_SEARCH: tuple[Hint, ...] = (
    *(("typing.submit", "To the list"), ("offer.take", "Complete"), ("offer.next", "Choose")),
    *(("history.back", "Clear, back"), ("app.help", "Help")),
)
_BACKWARDS = {
    "new": "oldest first",
    "old": "newest first",
    "time": "longest first",
    "speed": "fewest steps a second first",
    "memory": "most memory first",
    "rating": "worst first",
}


class HistoryScreen(HistorySearch):
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
        &.-wide #runs-found { width: 67%; max-width: 140; }
        &.-wide #beside { width: 1fr; }
        &.-pictures #history, &.-pictures .heads { display: none; }
        &.-pictures #thumbnails { display: block; }
    }
    """
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (100, "-normal"), (160, "-wide")]
    AUTO_FOCUS = "HistoryTable"
    BINDINGS = bindings(HISTORY)

    def __init__(self, history: History, terminal: Terminal, room: EngineRoom) -> None:
        super().__init__(history)
        self._terminal = terminal
        self._room = room

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
        bar = KeyBar()
        bar.here = _HERE
        yield bar

    # The parts

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
            self.set_focus(self.listed)
            self.look_again()

    def marked(self) -> None:
        """Some runs in the list are not what they were, or are not there any more."""
        self.listed.lay()
        self.listed.follow()
        self.tell()

    def flush(self) -> bool:
        """Wait no longer for the typing, or the cursor, to come to rest; whether one was moving."""
        return any([self.search_line.flush(), self.preview.flush()])

    # What is shown

    def tell(self) -> None:
        """Tell of the list, and of the run under its cursor."""
        entry = self.listed.current
        self._say_what_is_shown()
        for told in self.query(RunDetails):
            told.show_entry(entry)
        self.preview.show_entry(entry)

    def _say_what_is_shown(self) -> None:
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
        self.query_one(".sum", Static).update(Content(many), layout=False)
        self._say_keys()

    @on(LineList.Moved)
    def _cursor_moved(self, event: LineList.Moved) -> None:
        event.stop()
        if event.sender is self.listed:
            self.tell()

    @on(RunList.SelectionChanged)
    def _selection_changed(self) -> None:
        self._say_what_is_shown()

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
        self.set_focus(self.listed)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """In the search line a slash is a slash."""
        if action == "search" and self.search_line.line.has_focus:
            return False
        return super().check_action(action, parameters)

    def action_search(self) -> None:
        self.set_focus(self.search_line.line)  # at once: what is typed next goes there

    def action_view(self) -> None:
        """The table, or the pictures."""
        cursor = self.listed.cursor
        was_here = self.listed.has_focus
        self.toggle_class("-pictures")
        self.listed.set_reactive(LineList.cursor, cursor)
        self.listed.lay()
        self.listed.follow()
        if was_here:
            self.set_focus(self.listed)

    def action_order(self) -> None:
        """The next order."""
        names = list(SORTS)
        now = self.found.query.sort if self.found is not None else names[0]
        following = names[(names.index(now) + 1) % len(names)]
        self.search_line.text = with_order(self.search_line.text, following)

    def action_compare(self) -> None:
        """Compare the runs that are selected; else the one under the cursor and the one before."""
        from tui.screens.compare.opening import TOO_FEW, of_runs, open_comparison, shown

        found = self.found
        if found is None:
            return
        records = shown([entry.record for entry in (*found.head, *found.tail)])
        meant = shown([entry.record for entry in self.targets])
        missing = [entry.id for entry in self.targets if not entry.record.images]
        if not self.selected and meant:
            meant += [record for record in records if record.id < meant[0].id][:1]

        def make() -> Comparison:
            if not meant and not self.selected:
                raise ValueError("This run has no picture to be compared.")
            if self.selected and missing and len(meant) < 2:
                raise ValueError(f"#{missing[0]} has no picture to compare.")
            if len(meant) == 1 and len(meant[0].images) < 2:
                raise ValueError(
                    f"Select one more with {key_of('history.select')}."
                    if self.selected
                    else TOO_FEW
                )
            return of_runs(meant[::-1])

        def done(record: RunRecord | None) -> None:
            if record is not None:
                self.dismiss(record)

        open_comparison(self, make, records, self._room, self._terminal, done)

    def action_look(self) -> None:
        """Show the picture as large as the terminal; leaf through what was found."""
        from tui.screens.viewer.opening import view_runs

        found, current = self.found, self.listed.current
        if found is None:
            return
        records = [entry.record for entry in (*found.head, *found.tail)]
        if found.query.sort == "new" and not found.query.backwards:
            records.reverse()  # the next is the newer one, as in the studio

        def done(left: Left) -> None:
            if left.restore:
                self.dismiss(left.record)
            elif left.record is not None and (place := found.place_of(left.record.id)) is not None:
                self.listed.cursor = place
                self.tell()

        record = current.record if current is not None else None
        view_runs(self, records, record, self.preview.terminal, done)

    def action_fetch(self) -> None:
        """Say how to fetch the pictures of the runs that are selected."""
        from tui.screens.fetch import fetch

        fetch(self, [entry.record for entry in self.targets])

    def action_back(self) -> None:
        """Clear the selection, else what is being typed or finds nothing, else leave."""
        nothing = self.found is not None and not len(self.found)
        if self.selected:
            self.selected.clear()
            self.listed.refresh()
            self._say_what_is_shown()
        elif self.search_line.text and (self.search_line.line.has_focus or nothing):
            self.search_line.text = ""
        else:
            self.dismiss(None)


def _runs(count: int) -> str:
    return "run" if count == 1 else "runs"
