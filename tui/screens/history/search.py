"""Searching in the history screen: what is asked, in threads, and what comes back."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from textual import on, work

from engine.errors import HistoryError, InvalidQuery
from engine.history import parse_query
from tui.found import look_up
from tui.keys.contexts import key_of, with_keys
from tui.screens.history.marks import HistoryMarks
from tui.stock import off_loop
from tui.text import one_line
from tui.widgets.line_list import LineList
from tui.widgets.run_list import RunList
from tui.widgets.search_line import SearchLine

if TYPE_CHECKING:
    from engine.history import History, Query
    from tui.found import Found


class HistorySearch(HistoryMarks):
    """Looks for what the search line says, fetches the pages, and asks again when things change."""

    def __init__(self, history: History) -> None:
        super().__init__(history)
        self._text = self._asked = ""
        self._fetching = False
        self._all = self._version = 0

    @property
    def search_line(self) -> SearchLine:
        return self.query_one(SearchLine)

    def tell(self) -> None:
        """Tell of the list, and of the run under its cursor."""
        raise NotImplementedError

    def look_again(self, at: int | None = None) -> None:
        """Ask the history again; ``at`` is the run where the cursor goes, if it is there."""
        self._look(self._asked, again=self._asked == self._text, at=at)

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
        self.tell()

    def _nothing(self, query: Query) -> str:
        if self._text.strip() == "in:trash":
            return with_keys("The trash is empty. {history.back} goes back to all runs.")
        if self._text.strip():
            where = " in the trash" if query.in_trash else ""
            clears = f"{key_of('history.back')} clears the search."
            return f"No run{where} has “{one_line(self._text, 40)}”. {clears}"
        return with_keys("No runs yet. {studio.run} in the studio makes the first.")

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

    @on(LineList.Seen)
    def _seen(self, event: LineList.Seen) -> None:
        if event.sender is self.listed and not self._fetching:
            self._fetch()

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
                    self.tell()
        except HistoryError as error:
            self.notify(str(error), severity="error", timeout=8)
        finally:
            self._fetching = False


def values_of(history: History) -> dict[str, tuple[str, ...]]:
    """What the history has for each filter, to complete a search line with. In a thread."""
    names = ("checkpoint", "scheduler", "tag", "switch")
    return {name: history.search.values(name) for name in names}
