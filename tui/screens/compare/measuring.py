"""Measures the sides of a comparison anew, in turns, and tells how it goes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from textual.content import Content

from engine import events
from engine.errors import InvalidSpec
from engine.group import Kind
from engine.measure.request import LEAST_REPEATS, REPEATS, Measurement, MeasurementResult
from engine.measure.words import in_words
from engine.record import RunRecord
from engine.spec import RunSpec
from tui.screens.ask import AskScreen
from tui.text import one_line, seconds
from tui.widgets.compare.measured import Measured
from tui.widgets.compare.rows import LETTERS

if TYPE_CHECKING:
    from engine.history import History
    from tui.screens.compare.desk import CompareDesk

_BAR = 12
FEWEST, MOST = LEAST_REPEATS, 999
_LOOKED_THROUGH = 50
"""Of the newest measurements."""
_HINT = (
    "Each is run warm, and they take turns. More turns are taken where these leave it undecided, "
    "for two and a half minutes at most."
)


class Measuring:
    """One measurement at a time.

    Attributes:
        measured: what is known so far of the last one.
        progress: how it goes; ``None`` when none is on.
    """

    def __init__(self, desk: CompareDesk) -> None:
        self._desk = desk
        self._asked: Measurement | None = None
        self._runs: tuple[int, ...] = ()
        self._number: int | None = None
        self.measured: Measured | None = None
        self.progress: Content | None = None

    @property
    def is_on(self) -> bool:
        """Whether one waits or is on."""
        return self._asked is not None

    @property
    def waits(self) -> bool:
        """Whether one waits to begin."""
        return self.is_on and self._number != self._desk.room.standing.on

    def adopt(self) -> None:
        """Take up one of these very runs that was asked for before and is not over."""
        records = {side.record.id: side.record for side in self._desk.comparison.sides}
        for number, asked in self._desk.room.standing.studies.items():
            study = asked.study
            if not isinstance(study, Measurement):
                continue
            if runs := _runs_of(study.specs, list(records.values())):
                self._asked, self._number, self._runs = study, number, runs
                if asked.result is not None:
                    self._take(asked.result, is_whole=False)
                if asked.told is not None:
                    self._show_progress(asked.told)
                elif not self._say_why():
                    self._say("begins")

    def toggle(self) -> None:
        """Begin, or stop what is on."""
        if self._asked is None:
            if (specs := self._specs()) is not None:
                self._ask(specs)
        elif self._number is not None:
            self._desk.room.cancel(self._number)

    def _ask(self, specs: Mapping[int, tuple[str, RunSpec]]) -> None:
        def answered(text: str | None) -> None:
            if text is not None:
                self._begin(specs, int(text))

        self._desk.app.push_screen(
            AskScreen("Turns of each", _HINT, str(REPEATS), _wrong_turns), answered
        )

    def _specs(self) -> dict[int, tuple[str, RunSpec]] | None:
        """What is measured, by the number of its run, the reference first; says why not."""
        comparison = self._desk.comparison
        reference = comparison.sides[comparison.reference]
        order = [reference, *(s for s in comparison.sides if s is not reference)]
        sides = {side.record.id: side for side in reversed(order)}  # of a batch one is enough
        runs = tuple(run for run in dict.fromkeys(side.record.id for side in order))
        if len(runs) < 2:
            self._desk.notify("These are pictures of one run: there is nothing to measure.")
            return None
        places = {s.record.id: LETTERS[i] for i, s in reversed(list(enumerate(comparison.sides)))}
        specs = {run: (places[run], sides[run].record.spec) for run in runs}
        if missing := _missing([spec.checkpoint for _, spec in specs.values()]):
            self._desk.notify(f"{missing} Run it once in the studio, then measure.", timeout=8)
            return None
        return specs

    def _begin(self, sides: Mapping[int, tuple[str, RunSpec]], turns: int) -> None:
        names, specs = zip(*sides.values(), strict=True)
        asked = Measurement(specs, names, turns)
        self._asked, self._runs, self._number = asked, tuple(sides), None
        self._say("asking for it")
        if not self._desk.room.study(asked):
            self._over()

    def remember(self, found: Measured | None) -> None:
        """Show what was measured before, when nothing is now."""
        runs = {side.record.id for side in self._desk.comparison.sides}
        known = self.measured is not None and runs <= set(self.measured.runs)
        if not self.is_on and not known and found != self.measured:
            self.measured = found
            self._desk.show_facts()

    # What the engine tells

    def told(self, event: events.Event) -> None:
        """Take what concerns this measurement."""
        if self._number is not None:
            self._say_why()
        match event:
            case events.StudyQueued() if event.study is self._asked:
                self._number = event.run_id
                self._say_why()
            case events.StudyStarted() if event.run_id == self._number:
                self._say("begins")
            case events.StudyProgressed() if event.run_id == self._number:
                self._show_progress(event)
            case events.StudyUpdated() if event.run_id == self._number:
                self._take(event.result, is_whole=False)
            case events.StudyFinished() if event.run_id == self._number:
                self._over()
                self._take(event.result, is_whole=True)
                self._announce()
            case events.StudyEnded() if event.run_id == self._number:
                self._over()
                if event.result is not None:
                    self._take(event.result, is_whole=False)
                if event.error:
                    self._desk.notify(event.error, severity="error", timeout=10)
                else:
                    self._desk.notify("The measurement was stopped.", timeout=3)

    def _take(self, result: object, *, is_whole: bool) -> None:
        if isinstance(result, MeasurementResult) and len(result.sides) == len(self._runs):
            self.measured = Measured(self._runs, result, is_whole)
            self._desk.show_facts()

    def _over(self) -> None:
        self._asked, self._number, self.progress = None, None, None
        self._desk.show_facts()

    def _show_progress(self, event: events.StudyProgressed) -> None:
        share = event.done / event.of if event.of else 0.0
        full = min(round(share * _BAR), _BAR)
        to_go = f" · {seconds(event.eta_seconds)} to go" if event.eta_seconds else ""
        self.progress = Content.assemble(
            (f"measuring {event.done}/{event.of} ", "$foreground"),
            ("━" * full, "$accent"),
            ("━" * (_BAR - full), "$panel-lighten-1"),
            (f" {one_line(event.what, 40)}{to_go}", "$text-muted"),
        )
        self._desk.show_state()

    def _say_why(self) -> bool:
        """Say why it waits; whether it does."""
        if self.waits:
            self._say(self._desk.room.standing.why)
        return self.waits

    def _say(self, words: str) -> None:
        text = f"measurement: {words}"
        if self.progress is None or self.progress.plain != text:
            self.progress = Content.styled(text, "$foreground")
            self._desk.show_state()

    def _announce(self) -> None:
        """Say in a sentence what came of it."""
        measured = self.measured
        if measured is None:
            return
        sides = measured.result.sides
        against = sides[0].label
        said = [
            f"{side.label}: {side.error or in_words(verdict) or 'not known yet'}"
            for side, verdict in zip(sides[1:], measured.result.verdicts[1:], strict=False)
        ]
        self._desk.notify(f"Against {against}, {'; '.join(said)}.", title="Measured", timeout=12)


def measured_before(history: History, records: Sequence[RunRecord]) -> Measured | None:
    """The newest measurement of these runs' settings; ``None`` when there is none.

    Raises :class:`~engine.errors.HistoryError`.
    """
    for group in history.groups.latest(Kind.COMPARISON, _LOOKED_THROUGH):
        try:
            specs = Measurement.from_json(group.plan).specs
            result = MeasurementResult.from_json(group.result) if group.result else None
        except (LookupError, TypeError, ValueError, InvalidSpec):
            continue  # of another version, or damaged
        runs = _runs_of(specs, records)
        if result is not None and runs:
            return Measured(runs, result)
    return None


def _runs_of(specs: Sequence[RunSpec], records: Sequence[RunRecord]) -> tuple[int, ...]:
    """The run of each spec; none when they are not the specs of just these runs."""
    left, runs = list(records), list[int]()
    for spec in specs:
        if (record := next((r for r in left if r.spec == spec), None)) is None:
            return ()
        left.remove(record)
        runs.append(record.id)
    return () if left else tuple(runs)


def _wrong_turns(text: str) -> str:
    if text.isdecimal() and FEWEST <= int(text) <= MOST:
        return ""
    return f"A number from {FEWEST} to {MOST}."


def _missing(checkpoints: list[str]) -> str:
    """A sentence about a checkpoint that would have to be downloaded first; empty for none."""
    from engine.hub import missing

    name = next((name for name in dict.fromkeys(checkpoints) if missing(name)), "")
    return f"{name} is not on this machine any more." if name else ""
