"""What is measured, as the studio shows it: a measurement, or the ladder, waits and goes on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine import events
from engine.ladder.request import Ladder
from engine.study import Study
from tui.text import seconds
from tui.widgets.progress import Progress, ProgressLines

if TYPE_CHECKING:
    from tui.screens.studio.screen import StudioScreen

StudyEvent = (
    events.StudyQueued
    | events.StudyStarted
    | events.StudyProgressed
    | events.StudyUpdated
    | events.StudyFinished
    | events.StudyEnded
)


class Studies:
    """Says in the progress lines how a study goes; its own screen shows what comes of it.

    Attributes:
        waiting: the studies that wait, in their order.
        current: the one that is on; ``None`` when there is none.
    """

    def __init__(self, studio: StudioScreen) -> None:
        self._studio = studio
        self.waiting: dict[int, Study] = {}
        self.current: int | None = None
        self._name = "Measurement"

    def show(self, event: StudyEvent) -> None:
        """Show one event of a study."""
        match event:
            case events.StudyQueued():
                self.waiting[event.run_id] = event.study
                standing = self._studio.host.standing
                if standing.paused:
                    self._say(f"{_name(event.study)} waits: {standing.why}.", "warning")
                elif standing.on:
                    self._say(f"{_name(event.study)} {standing.why}.")
            case events.StudyStarted():
                self.waiting.pop(event.run_id, None)
                self.current, self._name = event.run_id, _name(event.study)
                self._progress(Progress(f"{self._name} begins"))
            case events.StudyProgressed():
                to_go = f" · {seconds(event.eta_seconds)} to go" if event.eta_seconds else ""
                self._progress(
                    Progress(self._name, event.done, event.of, detail=f"{event.what}{to_go}")
                )
            case events.StudyFinished():
                self.current = None
                self._progress(Progress(f"✓ {self._name} is done", tone="good"))
                self._say(f"{self._name} is done.", "good")
            case events.StudyEnded():
                self._ended(event)

    def _ended(self, event: events.StudyEnded) -> None:
        if self.current != event.run_id:  # the progress shown is another's
            name = _name(study) if (study := self.waiting.pop(event.run_id, None)) else "It"
            self._say(f"{name} was taken out of the queue.", "warning")
            return
        self.current = None
        if event.error:
            self._progress(Progress(f"✗ {self._name} failed", detail=event.error, tone="bad"))
            self._say(event.error, "bad")
        else:
            self._progress(Progress(f"– {self._name} stopped", tone="warning"))
            self._say(f"{self._name} was stopped.", "warning")

    def _say(self, text: str, tone: str = "") -> None:
        self._studio.say(text, tone)

    def _progress(self, progress: Progress) -> None:
        self._studio.query_one(ProgressLines).state = progress


def _name(study: Study) -> str:
    return "The ladder" if isinstance(study, Ladder) else "Measurement"
