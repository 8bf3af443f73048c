"""The pictures that can be leafed through: those of the runs, and what the engine just made."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from engine.compare import Side
from tui.screens.compare.darkroom import Darkroom
from tui.widgets.compare.print import Print

if TYPE_CHECKING:
    from PIL import Image

    from engine.record import RunRecord
    from engine.spec import RunSpec


@dataclass(frozen=True)
class Made:
    """Pictures in memory.

    Attributes:
        live: which preview they are, from 1 on, or -1 for the one that was there before; 0 when
            they are finished.
    """

    run_id: int
    spec: RunSpec
    images: tuple[Image.Image, ...]
    live: int = 0


class Roll:
    """Runs with pictures, in the order in which they are leafed through, and a place in it.

    Attributes:
        run_id, index: of the picture that is looked at.
        made: what the engine told last; its pictures are not read from files.
    """

    def __init__(
        self, runs: Iterable[RunRecord], run_id: int, index: int = 0, made: Made | None = None
    ) -> None:
        self._runs = {record.id: record for record in runs if record.images}
        self.run_id, self.index, self.made = run_id, index, made
        self._darkroom = Darkroom()

    # Where it is

    @property
    def record(self) -> RunRecord | None:
        """Of the run that is looked at, once it is over."""
        return self._runs.get(self.run_id)

    @property
    def spec(self) -> RunSpec | None:
        """Of the run that is looked at."""
        if self._is_made:
            return self.made.spec if self.made is not None else None
        return self.record.spec if self.record is not None else None

    @property
    def is_live(self) -> bool:
        """Whether what is looked at is still being made."""
        return self._is_made and self.made is not None and self.made.live != 0

    @property
    def seed(self) -> int | None:
        """Of the picture that is looked at."""
        record = self.record
        if record is not None and self.index < len(record.images):
            return record.images[self.index].seed
        seeds = self.spec.seeds if self.spec is not None else ()
        return seeds[self.index] if self.index < len(seeds) else None

    @property
    def _is_made(self) -> bool:
        return self.made is not None and self.made.run_id == self.run_id

    @property
    def count(self) -> int:
        """Pictures of the run that is looked at."""
        return self._count(self.run_id)

    def _count(self, run_id: int) -> int:
        if self.made is not None and self.made.run_id == run_id:
            return len(self.made.images)
        record = self._runs.get(run_id)
        return len(record.images) if record is not None else 0

    # How it changes

    def take(self, made: Made) -> None:
        """Have pictures that were just made; those of the same run were rougher."""
        self.made = made

    def add(self, record: RunRecord) -> None:
        """Have a run that is over."""
        if record.images:
            self._runs[record.id] = record

    def look_at(self, run_id: int) -> None:
        """Go to a run; the picture of the same number, where it has one."""
        self.run_id = run_id
        self.index = min(self.index, max(self._count(run_id) - 1, 0))

    def leaf(self, by: int) -> bool:
        """Go to the next picture (1) or the one before (-1); whether there was one."""
        if place := self._next(by):
            self.run_id, self.index = place
        return bool(place)

    def _next(self, by: int) -> tuple[int, int] | None:
        if 0 <= self.index + by < self.count:
            return self.run_id, self.index + by
        runs = list(self._runs)
        if self.made is not None and self.made.run_id not in self._runs and self.made.images:
            runs.append(self.made.run_id)
        # What is on its way will stand after the last.
        at = (runs.index(self.run_id) if self.run_id in runs else len(runs)) + by
        if not 0 <= at < len(runs):
            return None
        return runs[at], 0 if by > 0 else self._count(runs[at]) - 1

    # What is seen of it

    def prints(self) -> tuple[Print | None, Sequence[Print]]:
        """The picture that is looked at, if there is one, and those that may be next."""
        places = () if self.is_live else (self._next(1), self._next(-1))
        ahead = [self._print(*place) for place in places if place is not None]
        here = self._print(self.run_id, self.index)
        return here, [each for each in ahead if each is not None]

    def _print(self, run_id: int, index: int) -> Print | None:
        made, record = self.made, self._runs.get(run_id)
        if made is not None and made.run_id == run_id and index < len(made.images):
            image = made.images[index]
            size = image.size
            if made.live and made.spec.width and made.spec.height:
                size = made.spec.width, made.spec.height
            key = ("live", run_id, made.live, index) if made.live else (run_id, index)
            return Print(key, lambda: size, lambda: image)
        if record is None or index >= len(record.images):
            return None
        return self._darkroom.print_of(Side(record, index), ())
