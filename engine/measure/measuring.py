"""Measures some specs against each other. On the engine's thread only."""

from __future__ import annotations

from typing import ClassVar

from engine.group import Kind
from engine.measure.contest import Contest, Racer
from engine.measure.request import Measurement, MeasurementResult
from engine.measure.studying import Studying


class Measuring(Studying[Measurement]):
    """One :class:`~engine.measure.request.Measurement`."""

    kind: ClassVar[Kind] = Kind.COMPARISON

    @property
    def title(self) -> str:
        return " against ".join(self._study.names)

    def work(self) -> str:
        asked = self._study
        racers = [
            Racer(name, spec, cell)
            for cell, (name, spec) in enumerate(zip(asked.names, asked.specs, strict=True))
        ]

        def updated() -> None:
            notes = dict.fromkeys(racer.unkept for racer in racers if racer.unkept)
            self.update(
                MeasurementResult(
                    sides=tuple(racer.side for racer in racers),
                    verdicts=contest.verdicts,
                    repeats=asked.repeats,
                    note=" ".join([how, *notes]).strip(),
                )
            )

        contest = Contest(self._turns, racers, asked.repeats, self.progress, updated)
        how = in_blocks(contest.blocks)
        updated()
        contest.run()
        updated()
        return racers[0].error or (racers[1].error if len(racers) == 2 else "")


def in_blocks(turns: int) -> str:
    """How turns were taken that were not one after the other."""
    if not turns:
        return ""
    count = "one turn" if turns == 1 else f"{turns} turns"
    return (
        "Changing sides loads or compiles anew, so they were measured in blocks (A B B A), "
        f"each of {count} after one that warms up."
    )
