"""What is on, and whether the queue is paused: what there is to say of something that waits."""

from __future__ import annotations

from dataclasses import dataclass

from engine import events
from engine.ladder.request import Ladder
from engine.study import Study, StudyResult
from tui.keys.contexts import key_of


@dataclass(slots=True)
class Asked:
    """A study that waits or is on, with the last that was told of it."""

    study: Study
    told: events.StudyProgressed | None = None
    result: StudyResult | None = None


class Standing:
    """How things stand, by what the engine has told.

    Attributes:
        paused: nothing is begun.
        on: the number of what is on; 0 when nothing is.
        studies: those that wait or are on, by their number.
    """

    def __init__(self) -> None:
        self.paused = False
        self.on = 0
        self.name = ""
        self.studies: dict[int, Asked] = {}

    @property
    def why(self) -> str:
        """Why what waits does, as the end of a sentence: ``waits for #41``."""
        if self.paused:
            return f"the queue is paused, {key_of('pause')} goes on"
        return f"waits for {self.name}" if self.on else "is next"

    def hear(self, event: events.Event) -> None:
        """Take note of an event."""
        match event:
            case events.QueueChanged():
                self.paused = event.paused
            case events.RunStarted():
                self.on, self.name = event.run_id, f"#{event.run_id}"
            case events.FillStarted():
                self.on, self.name = event.run_id, "the search for the largest batch"
            case events.StudyQueued():
                self.studies[event.run_id] = Asked(event.study)
            case events.StudyStarted():
                self.on, self.name = event.run_id, name_of(event.study)
            case events.StudyProgressed() if asked := self.studies.get(event.run_id):
                asked.told = event
            case events.StudyUpdated() if asked := self.studies.get(event.run_id):
                asked.result = event.result
            case events.StudyFinished() | events.StudyEnded():
                self.studies.pop(event.run_id, None)
                self._over(event.run_id)
            case (
                events.RunFinished()
                | events.RunFailed()
                | events.RunCancelled()
                | events.FillFound()
                | events.FillEnded()
            ):
                self._over(event.run_id)

    def _over(self, number: int) -> None:
        if number == self.on:
            self.on = 0

    def quitting(self, runs: int) -> str:
        """What quitting would end, and what of it comes back; ``runs`` wait."""
        said = []
        if self.on in self.studies:
            name = self.name[0].upper() + self.name[1:]
            said.append(
                f"{name} is on. Quitting stops it, and it does not come back; what was measured "
                "stays."
            )
        elif self.on:
            said.append("A run is on. Quitting stops it; finished pictures are kept.")
        if runs:
            said.append(f"What waits ({runs}) is kept and comes back, paused, next time.")
        if waiting := [a.study for n, a in self.studies.items() if n != self.on]:
            names = " and ".join(dict.fromkeys(map(name_of, waiting)))
            verb = "waits" if len(waiting) == 1 else "wait"
            again = "does" if len(waiting) == 1 else "do"
            said.append(f"{names[0].upper()}{names[1:]} {verb}, and {again} not come back.")
        return " ".join(said) or "Something is on. Quitting stops it."


def name_of(study: Study) -> str:
    """A study in the middle of a sentence."""
    return "the ladder" if isinstance(study, Ladder) else "a measurement"
