"""What is known of a comparison, and what is done with it."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from textual import work
from textual.screen import Screen

from engine.errors import SafelightError
from engine.record import RunRecord
from tui.keys.contexts import key_of as key_of_command
from tui.screens.compare.darkroom import Darkroom, Key, Pair, key_of
from tui.screens.compare.measuring import Measuring, measured_before
from tui.screens.compare.writing import ask_where, write
from tui.stock import off_loop

if TYPE_CHECKING:
    from engine.compare import Comparison, Likeness
    from tui.engine_room import EngineRoom


class CompareDesk(Screen[RunRecord | None], inherit_bindings=False):
    """Works things out in threads; how they look is for the screen.

    Attributes:
        comparison: what is compared.
        focus_at: the side that keys work on.
        winners: the runs that are marked.
        likeness: of each side with the reference, as far as it is known.
        looking: more of it is being worked out.
        notes: what else could not be found out, a sentence each.
        measuring: measures them anew.
    """

    def __init__(self, comparison: Comparison, room: EngineRoom) -> None:
        super().__init__()
        self.comparison = comparison
        self.room = room
        self.focus_at = 1
        self.winners: set[int] = set()
        self.looking = False
        self.notes: tuple[str, ...] = ()
        self.measuring = Measuring(self)
        self.all_settings = False
        self._alike: dict[tuple[Key, Key], Likeness | None] = {}

    @property
    def darkroom(self) -> Darkroom:
        raise NotImplementedError

    def show_facts(self) -> None:
        """Show what is known."""
        raise NotImplementedError

    def show(self) -> None:
        """Show everything."""
        raise NotImplementedError

    def show_state(self) -> None:
        """Show in a line how it goes."""
        raise NotImplementedError

    # How alike they are

    def _pairs(self) -> list[tuple[Pair, int]]:
        reference = self.comparison.sides[self.comparison.reference]
        return [
            (Pair(reference, side), i)
            for i, side in enumerate(self.comparison.sides)
            if i != self.comparison.reference
        ]

    @property
    def likeness(self) -> tuple[Likeness | None, ...]:
        reference = key_of(self.comparison.sides[self.comparison.reference])
        return tuple(self._alike.get((reference, key_of(s))) for s in self.comparison.sides)

    @work(exclusive=True, group="likeness")
    async def look_at_likeness(self) -> None:
        """Work out what is not known yet, one pair after another."""
        wanted = [(p, i) for p, i in self._pairs() if p.has_both and p.keys not in self._alike]
        notes: list[str] = []
        self.looking = bool(wanted)
        for pair, at in wanted:
            same_seed = self.comparison.same_seed(at)
            try:
                found = await off_loop(partial(self.darkroom.likeness, pair, same_seed=same_seed))
            except SafelightError as error:
                notes.append(str(error))
            else:
                self._alike[pair.keys] = found
                self.show_facts()
        self.looking, self.notes = False, tuple(dict.fromkeys(notes))
        self.show_facts()

    # Winners

    @work(exclusive=True, group="winners")
    async def look_at_winners(self) -> None:
        """See which of the runs are marked."""
        runs = {side.record.id for side in self.comparison.sides}

        def look() -> set[int]:
            entries = [self.room.history.entry(run) for run in runs]
            return {entry.id for entry in entries if entry is not None and entry.winner}

        try:
            found = await off_loop(look)
        except SafelightError:
            return  # who marks one is told
        if found != self.winners:
            self.winners = found
            self.show()

    @work(group="marking")
    async def action_winner(self) -> None:
        """Mark the run of this side, or take its mark away."""
        run = self.comparison.sides[self.focus_at].record.id
        wins = run not in self.winners
        try:
            await off_loop(lambda: self.room.history.marks.win([run], wins))
        except SafelightError as error:
            self.notify(str(error), severity="error", timeout=8)
            return
        (self.winners.add if wins else self.winners.discard)(run)
        self.show()

    # Measuring

    def on_mount(self) -> None:
        self._stop_listening = self.room.listen(self.measuring.told)
        self.measuring.adopt()

    def on_unmount(self) -> None:
        self._stop_listening()

    @work(exclusive=True, group="measured")
    async def look_for_measured(self) -> None:
        """Show what was measured of these runs before."""
        records = {side.record.id: side.record for side in self.comparison.sides}
        look = partial(measured_before, self.room.history, tuple(records.values()))
        with suppress(SafelightError):  # then M measures
            self.measuring.remember(await off_loop(look))

    def action_measure(self) -> None:
        self.measuring.toggle()

    def action_go_on(self) -> None:
        self.room.go_on()

    # Writing

    def action_write(self) -> None:
        ask_where(self, self._write)

    @work(group="writing")
    async def _write(self, to: Path) -> None:
        await write(self, to)

    # Back to the form

    def leave(self, record: RunRecord | None) -> None:
        """Go, with a run whose settings go to the form."""
        if self.measuring.waits:
            self.notify(f"The measurement waits: {self.room.standing.why}.", timeout=6)
        elif self.measuring.is_on:
            self.notify(
                f"The measurement goes on. {key_of_command('stop')} in the studio stops it."
            )
        self.dismiss(record)

    def action_restore(self) -> None:
        """Put the settings of this side on the form; of one of a batch, those of it alone."""
        side = self.comparison.sides[self.focus_at]
        record = side.record
        runs = [other.record.id for other in self.comparison.sides]
        if runs.count(record.id) > 1 and record.images:
            record = replace(
                record, spec=record.spec.only(side.index), images=(record.images[side.index],)
            )
        self.leave(record)
