"""What is said of runs in the history screen, and the trash: all of it written in threads."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from textual import work
from textual.screen import Screen

from engine.errors import HistoryError
from engine.history.marks import MAX_NOTE, check_tag
from engine.history.query import Query
from engine.record import RunRecord
from tui.keys.command import bindings
from tui.keys.contexts import key_of, with_keys
from tui.keys.moving import FOCUS
from tui.keys.runs import MARKS
from tui.screens.ask import AskScreen
from tui.screens.confirm import ConfirmScreen
from tui.stock import off_loop
from tui.text import clean, size

if TYPE_CHECKING:
    from engine.history import Entry, History
    from tui.found import Found
    from tui.widgets.run_list import RunList

Runs = tuple[int, ...]
_SAMPLE = 2000
"""So many runs of the trash are looked at to say how large all of it is."""


class HistoryMarks(Screen[RunRecord | None], inherit_bindings=False):
    """Rates, tags, notes and deletes the runs that are selected, or the one under the cursor.

    Attributes:
        selected: their numbers.
    """

    BINDINGS = bindings(MARKS, FOCUS)

    def __init__(self, history: History) -> None:
        super().__init__()
        self.history = history
        self.selected: set[int] = set()
        self._deleted: list[Runs] = []
        self._turn = asyncio.Lock()

    @property
    def listed(self) -> RunList:
        """The list that is shown."""
        raise NotImplementedError

    @property
    def found(self) -> Found | None:
        """What it shows."""
        return self.listed.found

    def look_again(self, at: int | None = None) -> None:
        """Ask the history again; ``at`` is the run where the cursor goes, if it is there."""
        raise NotImplementedError

    def marked(self) -> None:
        """Some runs in the list are not what they were, or are not there any more."""
        raise NotImplementedError

    @property
    def in_trash(self) -> bool:
        """Whether it is the trash that is looked into."""
        return self.found is not None and self.found.query.in_trash

    @property
    def targets(self) -> list[Entry]:
        """The runs that are meant."""
        if self.found is None:
            return []
        if self.selected:
            everything = (*self.found.head, *self.found.tail)
            return [entry for entry in everything if entry.id in self.selected]
        return [self.listed.current] if self.listed.current is not None else []

    @property
    def _meant(self) -> Runs:
        return tuple(entry.id for entry in self.targets)

    # Marks

    @work(group="marks")
    async def _write(self, runs: Runs, *writes: Callable[[Runs], None]) -> None:
        """Write, in the order of the keys, and show the runs as they are then."""
        async with self._turn:
            try:
                for write in writes:
                    await off_loop(partial(write, runs))
                now = await off_loop(lambda: [self.history.entry(run) for run in runs])
            except HistoryError as error:
                self.notify(str(error), severity="error", timeout=8)
                return
            if self.found is not None:
                self.found.renew(entry for entry in now if entry is not None)
                self.marked()

    def action_rate(self, rating: int) -> None:
        if runs := self._meant:
            self._write(runs, lambda runs: self.history.marks.rate(runs, rating))

    def action_win(self) -> None:
        """Winners all; when they are already, no longer."""
        won = all(entry.winner for entry in self.targets)
        if runs := self._meant:
            self._write(runs, lambda runs: self.history.marks.win(runs, not won))

    def action_tags(self) -> None:
        """Edit the tags that all of them have."""
        entries, runs = self.targets, self._meant
        if not entries:
            return
        common = set(entries[0].tags).intersection(*(entry.tags for entry in entries))
        shown = [tag for tag in entries[0].tags if tag in common]

        def done(text: str | None) -> None:
            if text is None:
                return
            left = {check_tag(word) for word in _words(text)}
            marks = self.history.marks
            self._write(
                runs,
                lambda runs: marks.untag(runs, common - left),
                lambda runs: marks.tag(runs, left - common),
            )

        hint = "Words, with blanks between them. What you take away is taken off."
        title = _title("Tags", runs)
        self.app.push_screen(AskScreen(title, hint, " ".join(shown), _wrong_tag), done)

    def action_note(self) -> None:
        """Edit the note; of several runs, that of the first."""
        entries, runs = self.targets, self._meant
        if not entries:
            return
        before = clean(entries[0].note).strip()

        def check(text: str) -> str:
            return f"A note is {MAX_NOTE:,} characters at most." if len(text) > MAX_NOTE else ""

        def done(text: str | None) -> None:
            if text is not None and (text != before or len(runs) > 1):
                self._write(runs, lambda runs: self.history.marks.note(runs, text))

        hint = "What you want to know of it later. The search finds its words."
        self.app.push_screen(AskScreen(_title("Note", runs), hint, before, check), done)

    # The trash

    def action_delete(self) -> None:
        if self.in_trash:
            words = (
                "In the trash already. {history.undo} takes them back, {history.empty} empties it."
            )
            self.notify(with_keys(words), timeout=4)
        elif runs := self._meant:
            self._delete(runs)

    @work(group="marks")
    async def _delete(self, runs: Runs) -> None:
        async with self._turn:
            try:
                await off_loop(partial(self.history.trash.put, runs))
            except HistoryError as error:
                self.notify(str(error), severity="error", timeout=8)
                return
            self._deleted.append(runs)
            self._gone(runs)
            them = "it" if len(runs) == 1 else "them"
            self.notify(
                f"{_named(runs)} in the trash. {key_of('history.undo')} takes {them} back.",
                timeout=4,
            )

    def action_undo(self) -> None:
        """Take back the last deletion; in the trash, what is meant."""
        runs = self._meant if self.in_trash else self._deleted[-1] if self._deleted else ()
        if runs:
            self._take_back(runs)
        elif not self.in_trash:
            self.notify("Nothing was deleted since this was opened. in:trash shows the trash.")

    @work(group="marks")
    async def _take_back(self, runs: Runs) -> None:
        async with self._turn:
            try:
                await off_loop(partial(self.history.trash.take_back, runs))
            except HistoryError as error:
                self.notify(str(error), severity="error", timeout=8)
                return
            self._deleted = [each for each in self._deleted if each != runs]
            if self.in_trash:
                self._gone(runs)
            else:
                self.look_again(at=runs[0])
            self.notify(f"{_named(runs)} back.", timeout=3)

    def _gone(self, runs: Sequence[int]) -> None:
        self.selected.difference_update(runs)
        if self.found is not None:
            self.found.drop(set(runs))
            self.marked()

    @work(exclusive=True, group="emptying")
    async def action_empty(self) -> None:
        """Delete for good what is in the trash, after a question."""
        if not self.in_trash:
            words = "{history.empty} empties the trash, once you look into it: in:trash"
            self.notify(with_keys(words), timeout=4)
            return
        try:
            count, many_bytes = await off_loop(partial(trash_size, self.history))
            if not count:
                return
            runs = "1 run" if count == 1 else f"{count:,} runs"
            pictures = f" and about {size(many_bytes)} of pictures" if many_bytes else ""
            question = f"{runs}{pictures}. This cannot be taken back."
            confirm = ConfirmScreen("Empty the trash?", question, "delete for good", "keep")
            if not await self.app.push_screen_wait(confirm):
                return
            _, freed = await off_loop(self.history.trash.empty)
            self._deleted.clear()
            self.notify(f"The trash is empty: {size(freed)} freed.", timeout=4)
        except HistoryError as error:
            self.notify(str(error), severity="error", timeout=8)
        self.look_again()


def trash_size(history: History) -> tuple[int, int]:
    """How many runs are in the trash, and roughly how many bytes their pictures have.

    In a thread; raises ``HistoryError``.
    """
    count = history.trash.count()
    sample = history.search.page(Query(in_trash=True), _SAMPLE).entries
    found = 0
    for entry in sample:
        for image in entry.record.images:
            path = Path(image.path)
            found += path.stat().st_size if path.is_file() else 0
    return count, round(found * count / len(sample)) if sample else 0


def _words(text: str) -> list[str]:
    return [word for word in re.split(r"[\s,]+", text) if word.lstrip("#")]


def _wrong_tag(text: str) -> str:
    try:
        for word in _words(text):
            check_tag(word)
    except HistoryError as error:
        return str(error)
    return ""


def _title(what: str, runs: Runs) -> str:
    return f"{what} of #{runs[0]}" if len(runs) == 1 else f"{what} of {len(runs):,} runs"


def _named(runs: Runs) -> str:
    return f"#{runs[0]} is" if len(runs) == 1 else f"{len(runs):,} runs are"
