"""Sides that take turns until it is clear how they compare. On the engine's thread only."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from math import ceil
from statistics import median

from PIL import Image

from engine.measure.order import BLOCKS, Visit, in_camps, rounds
from engine.measure.request import Sample, Side
from engine.measure.turns import Turn, TurnFailed, Turns
from engine.measure.verdict import Verdict
from engine.spec import RunSpec

LOOKS = (1, 2, 4, 8, 16, 32)
"""After how many times the turns that were asked for it is judged whether more are needed."""
EXTRA_SECONDS = 150.0
"""What the turns beyond those that were asked for may take, when nobody says less."""
EXTRA_TURNS = 6
"""Who says less still leaves time for so many turns more of each, within :data:`EXTRA_SECONDS`:
with the three that a rung of the ladder takes there are then enough for signed ranks."""

Progress = Callable[[int, int, str, float], object]
"""Is told before each turn how many are over, of how many, what is next, and the seconds left."""


class Racer:
    """One side while it is measured.

    Attributes:
        cell: its place in the group, in which its run is kept; ``None`` keeps none.
        units: what is compared, one figure a round: seconds a picture.
        picture: the first of its run.
        error: why it is out, in a sentence; empty while it is not.
        out_of_memory: that is why.
    """

    def __init__(self, label: str, spec: RunSpec, cell: int | None, *, known: bool = False) -> None:
        """``known``: it was measured before, and is warm unless it must be loaded again."""
        self.known = known
        self.label = label
        self.spec = spec
        self.cell = cell
        self.units: list[float] = []
        self.picture: Image.Image | None = None
        self.error = ""
        self.out_of_memory = False
        self.unkept = ""
        self.wall_seconds = 0.0
        self._samples: list[Sample] = []
        self._warm: Turn | None = None
        self._kept: Turn | None = None

    @property
    def side(self) -> Side:
        """What is known of it by now."""
        known = self._kept or self._warm
        if known is None:
            return Side(self.label, self.spec, error=self.error)
        return Side(
            label=self.label,
            spec=known.spec,
            run_id=known.run_id,
            samples=tuple(self._samples),
            load_seconds=round(self._warm.load_seconds, 6) if self._warm else 0.0,
            compile_seconds=round(self._warm.compile_seconds, 6) if self._warm else 0.0,
            memory_kind=known.memory_kind,
            device=known.device,
            dtype=known.dtype,
            error=self.error,
        )

    @property
    def turns_over(self) -> int:
        """Timed ones."""
        return len(self._samples)

    def warm_up(self, turns: Turns) -> None:
        """A turn that does not count. Raises what :meth:`Turns.take` does."""
        turn = turns.take(self.spec)
        self._warm = self._warm or turn

    def take(self, turns: Turns) -> float:
        """A turn that counts; its seconds a picture. Raises what :meth:`Turns.take` does."""
        began = time.perf_counter()
        turn = turns.take(self.spec, cell=None if self._kept else self.cell)
        if self._kept is None:
            self._kept, self.picture, self.unkept = turn, turn.picture, turn.unkept
        else:
            self.wall_seconds = time.perf_counter() - began  # without the pictures on disk
        self.wall_seconds = self.wall_seconds or time.perf_counter() - began
        self._samples.append(turn.sample)
        return turn.sample.seconds / len(turn.spec.pictures)


class Contest:
    """Racers that take turns; the first is the reference."""

    def __init__(
        self,
        turns: Turns,
        racers: Sequence[Racer],
        repeats: int,
        progress: Progress,
        updated: Callable[[], object],
        *,
        extra_seconds: float | None = None,
    ) -> None:
        """
        Args:
            updated: is called after each turn that counts.
            extra_seconds: what the turns beyond those that were asked for may take in all.
        """
        self._extra_seconds = EXTRA_SECONDS if extra_seconds is None else extra_seconds
        self._turns = turns
        self._racers = racers
        self._repeats = max(1, repeats)
        self._progress = progress
        self._updated = updated
        self._camps = in_camps([racer.spec for racer in racers])
        blocks = len(self._camps) > 1
        self._each = ceil(self._repeats / BLOCKS) if blocks else 1
        self._first_look = BLOCKS if blocks else self._repeats
        self._looks = [self._first_look * times for times in LOOKS]
        self._done = 0

    @property
    def blocks(self) -> int:
        """How many turns a side takes in a block; 0 where sides change after each turn."""
        return self._each if len(self._camps) > 1 else 0

    @property
    def verdicts(self) -> tuple[Verdict | None, ...]:
        """Of each racer against the first, as far as is known."""
        first, *others = self._racers
        return (None, *(Verdict.of(first.units, other.units) for other in others))

    def run(self) -> None:
        """Take all turns. Raises :class:`~engine.errors.Cancelled`; a racer that fails is out."""
        until = 0.0  # by the clock, once it is known how long a turn takes
        for taken, visits in enumerate(rounds(self._camps, self._each)):
            look = next((look for look in self._looks if look > taken), 0)
            if taken in self._looks and not until:
                until = time.monotonic() + max(self._extra_seconds, self._least_extra())
            beyond = taken >= self._first_look
            late = beyond and time.monotonic() > until
            if not look or late or (taken in self._looks and not self._is_open()):
                return
            self._round(visits, look - taken)

    def _least_extra(self) -> float:
        """Seconds for some turns more of each."""
        each = sum(racer.wall_seconds for racer in self._alive())
        return min(EXTRA_TURNS * each, EXTRA_SECONDS)

    def _is_open(self) -> bool:
        """Whether more turns could tell more."""
        verdicts = zip(self._racers[1:], self.verdicts[1:], strict=True)
        if self._racers[0].error:
            return False
        return any(v is None or not v.is_settled for racer, v in verdicts if not racer.error)

    def _round(self, visits: Sequence[Visit], to_go: int) -> None:
        taken: dict[int, list[float]] = {at: [] for at in range(len(self._racers))}
        left = self._turns_of(visits) + self._each * len(self._alive()) * (to_go - 1)
        if self.blocks:
            left += (to_go - 1) * len(self._alive())  # warming up at each change, about
        for visit in visits:
            for at in visit.warm:
                racer = self._racers[at]
                if racer.known and self._turns.is_ready_for(racer.spec):
                    left -= 1
                else:
                    left -= self._do(at, left, "warming up {}", taken)
            for turn in range(visit.turns):
                for at in visit.sides[:: -1 if turn % 2 else 1]:
                    left -= self._do(at, left, "", taken)
        for at, seconds in taken.items():
            if len(seconds) == self._each:
                self._racers[at].units.append(median(seconds))

    def _do(self, at: int, left: int, warming: str, taken: dict[int, list[float]]) -> int:
        """One turn of a racer who is still in it; returns how many that was."""
        racer = self._racers[at]
        if racer.error:
            return 0
        walls = [other.wall_seconds for other in self._alive() if other.wall_seconds]
        eta = left * sum(walls) / len(walls) if walls else 0.0
        what = warming.format(racer.label) or f"{racer.label}, turn {racer.turns_over + 1}"
        self._progress(self._done, self._done + left, what, eta)
        try:
            if warming:
                racer.warm_up(self._turns)
            else:
                taken[at].append(racer.take(self._turns))
        except TurnFailed as failed:
            racer.error, racer.out_of_memory = str(failed), failed.out_of_memory
        self._done += 1
        if not warming or racer.error:
            self._updated()
        return 1

    def _alive(self) -> list[Racer]:
        return [racer for racer in self._racers if not racer.error]

    def _turns_of(self, visits: Sequence[Visit]) -> int:
        alive = {at for at, racer in enumerate(self._racers) if not racer.error}
        return sum(
            len(alive.intersection(visit.warm)) + visit.turns * len(alive.intersection(visit.sides))
            for visit in visits
        )
