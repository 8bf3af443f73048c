"""Which pictures are compared, and how that is changed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from engine.compare import Comparison, Side, of_batch
from engine.record import RunRecord
from tui.engine_room import EngineRoom
from tui.screens.compare.darkroom import Pair, key_of
from tui.screens.compare.desk import CompareDesk
from tui.widgets.compare.rows import LETTERS
from tui.widgets.compare.stage import Stage

if TYPE_CHECKING:
    from tui.screens.viewer.hearing import Left


class CompareSides(CompareDesk):
    """Changes sides, and which of them is looked at."""

    def __init__(self, comparison: Comparison, runs: Sequence[RunRecord], room: EngineRoom) -> None:
        """
        Args:
            runs: those that a side can be changed to.
        """
        super().__init__(comparison, room)
        self._runs = sorted(runs, key=lambda record: record.id)

    def set_comparison(self, comparison: Comparison) -> None:
        """Compare these from now on."""
        raise NotImplementedError

    @property
    def pair(self) -> Pair:
        """The reference, and the side that is looked at."""
        sides, reference = self.comparison.sides, self.comparison.reference
        other = self.focus_at
        if other == reference:
            other = 1 if reference == 0 else 0
        return Pair(sides[reference], sides[other])

    @property
    def numbered(self) -> list[tuple[int, Side]]:
        """The sides with their numbers."""
        return list(enumerate(self.comparison.sides))

    def action_side(self, at: int) -> None:
        if at < len(self.comparison.sides):
            self.focus_at = at
            self.show()

    def action_look(self) -> None:
        """Show the picture of this side as large as the terminal; leaf through the sides."""
        from tui.screens.viewer.opening import view_runs

        def done(left: Left) -> None:
            if left.restore:
                self.leave(left.record)

        side = self.comparison.sides[self.focus_at]
        records = [each.record for each in self.comparison.sides]
        view_runs(self, records, side.record, self.query_one(Stage).terminal, done, side.index)

    def action_fetch(self) -> None:
        """Say how to fetch the picture of this side."""
        from tui.screens.fetch import fetch

        side = self.comparison.sides[self.focus_at]
        fetch(self, [side.record], side.index)

    def action_next_side(self, by: int) -> None:
        self.action_side((self.focus_at + by) % len(self.comparison.sides))

    def action_reference(self) -> None:
        self.set_comparison(self.comparison.against(self.focus_at))

    def action_swap(self) -> None:
        """Swap the side that is looked at and the reference; what is looked at stays so."""
        one, two = (self.comparison.sides.index(s) for s in (self.pair.one, self.pair.two))
        self.focus_at = {one: two, two: one}.get(self.focus_at, self.focus_at)
        self.set_comparison(self.comparison.swapped(one, two))

    def action_other_run(self, by: int) -> None:
        """A newer or an older run in the place of this one."""
        here = self.comparison.sides[self.focus_at].record.id
        others = {s.record.id for i, s in self.numbered if i != self.focus_at}
        found = [
            record
            for record in (self._runs if by > 0 else reversed(self._runs))
            if (record.id - here) * by > 0 and record.id not in others
        ]
        if found:
            self._put(Side(found[0]))
        else:
            self.notify(f"There is no {'newer' if by > 0 else 'older'} run here.", timeout=3)

    def action_other_picture(self, by: int) -> None:
        """Another picture of the batch in the place of this one."""
        side = self.comparison.sides[self.focus_at]
        taken = {key_of(s) for i, s in self.numbered if i != self.focus_at}
        count = len(side.record.images)
        for step in range(1, count):
            other = Side(side.record, (side.index + by * step) % count)
            if key_of(other) not in taken:
                self._put(other)
                return
        self.notify("Its run has no other picture.", timeout=3)

    def _put(self, side: Side) -> None:
        sides = list(self.comparison.sides)
        sides[self.focus_at] = side
        self.set_comparison(replace(self.comparison, sides=tuple(sides)))

    def action_batch(self) -> None:
        """Compare the pictures of this run with each other."""
        record = self.comparison.sides[self.focus_at].record
        try:
            comparison = batch_of(record)
        except ValueError as error:
            self.notify(str(error), timeout=4)
            return
        self.focus_at = 1
        self.set_comparison(comparison)
        if (count := len(record.images)) > len(comparison.sides):
            self.notify(f"The first four of {count}. “.” and “,” take others.", timeout=5)


def batch_of(record: RunRecord) -> Comparison:
    """The pictures of a run, the first four of more. Raises ``ValueError`` for fewer than two."""
    count = min(len(record.images), len(LETTERS))
    if count < 2:
        return of_batch(record)  # which says why not
    return Comparison(tuple(Side(record, index) for index in range(count)))
