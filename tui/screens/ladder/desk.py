"""The ladder that is climbed: it goes on when nobody looks, so what comes of it is kept here."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

from engine import events
from engine.errors import InvalidSpec
from engine.group import Group, Kind
from engine.ladder.request import Ladder, LadderResult
from engine.ladder.table import is_measured, is_whole
from tui.studies.ladder_words import measured
from tui.widgets.group_list import Told

if TYPE_CHECKING:
    from engine.spec import RunSpec
    from tui.engine_room import EngineRoom


_SHOWN = 30


class State(StrEnum):
    """How far it is."""

    NONE = "none"
    WAITS = "waits"
    ON = "on"
    DONE = "done"
    STOPPED = "stopped"
    FAILED = "failed"


class LadderDesk:
    """Asks for a ladder and hears what comes of it.

    Attributes:
        room: the engine.
        study: the one that was asked for last, or looked at; ``None`` when there was none.
        result: as far as it has come.
        group: where it is in the history; empty while it is nowhere.
        error: why it failed, in a sentence.
        progress: the turn that it is at.
        doing: what else goes on, such as loading, in words.
    """

    def __init__(self, room: EngineRoom, changed: Callable[[], object]) -> None:
        """``changed`` is called after each event that changed something."""
        self.room, self._changed = room, changed
        self._run_id: int | None = None
        self.study: Ladder | None = None
        self.state = State.NONE
        self.result = LadderResult(())
        self.progress: events.StudyProgressed | None = None
        self.group = self.error = self.doing = ""
        self._why = ""
        room.listen(self._hear)

    @property
    def is_going(self) -> bool:
        """Whether one waits or is on."""
        return self.state in (State.WAITS, State.ON)

    def start(self, spec: RunSpec) -> None:
        """Ask for the ladder of a spec; a refusal is told by the room."""
        if self.is_going:
            return
        study = Ladder(spec)
        self.show(study, LadderResult(()))
        if self.room.study(study):
            self.state = State.WAITS
        self._changed()

    def show(self, study: Ladder, result: LadderResult, group: str = "") -> None:
        """Take one that is over, from the history, unless one is going."""
        if self.is_going:
            return
        self.study, self.result, self.group = study, result, group
        ended = State.DONE if is_whole(result) else State.STOPPED
        self.state = ended if result.rungs else State.NONE
        self._run_id = self.progress = None
        self.error = self.doing = ""

    def forget(self) -> None:
        """Put aside one that is over."""
        if not self.is_going:
            self.study, self.result, self.state = None, LadderResult(()), State.NONE
            self.group = self.error = self.doing = ""

    def past(self) -> list[Told]:
        """The ladders that were climbed. In a thread. Raises ``SafelightError``."""
        told = []
        for group in self.room.history.groups.latest(Kind.LADDER, _SHOWN):
            if (read := _read(group)) is not None:
                result = read[1]
                done = measured(result)
                told.append(Told(group, f"{done} of {len(result.rungs)} rungs"))
        return told

    def open(self, group: Group) -> bool:
        """Show one of those; whether it could be read."""
        read = _read(group)
        if read is not None:
            self.show(*read, group.id)
        return read is not None

    def write(self, to: Path) -> Path:
        """Write it as the ending of ``to`` says; where it is. In a thread.

        Raises ``SafelightError``.
        """
        from engine.ladder.report import pictures_of, write_report

        assert self.study is not None
        pictures = pictures_of(self.result, self.room.history)
        return write_report(self.result, pictures, to, title=self.study.spec.prompt)

    def stop(self) -> bool:
        """Stop it, or take it out of the queue; whether there was one."""
        return self.is_going and self._run_id is not None and self.room.cancel(self._run_id)

    # What the engine tells

    def _hear(self, event: events.Event) -> None:
        if self._why != (why := self.room.standing.why):
            self._why = why
            if self.state is State.WAITS:
                self._changed()
        if isinstance(event, events.StudyQueued):
            if event.study is self.study:
                self._run_id, self.state = event.run_id, State.WAITS
                self._changed()
            return
        if self._run_id is None or getattr(event, "run_id", None) != self._run_id:
            return
        match event:
            case events.StudyStarted():
                self.state = State.ON
            case events.StudyProgressed():
                self.progress, self.doing = event, ""
            case events.StudyUpdated(result=LadderResult() as result):
                self.result = result
            case events.StudyFinished(result=LadderResult() as result):
                self.result, self.group = result, event.group
                self.state = State.DONE
            case events.StudyEnded():
                if isinstance(event.result, LadderResult):
                    self.result = event.result
                self.group, self.error = event.group, event.error
                self.state = State.FAILED if event.error else State.STOPPED
            case events.CheckpointLoading():
                self.doing = f"loading {event.checkpoint}: {event.stage}"
            case events.RunCompiling():
                self.doing = "compiling"
            case _:
                return
        self._changed()


def _read(group: Group) -> tuple[Ladder, LadderResult] | None:
    """``None`` for one of which nothing was measured, or that another version has written."""
    try:
        study, result = Ladder.from_json(group.plan), LadderResult.from_json(group.result)
    except (InvalidSpec, LookupError, TypeError, ValueError, AttributeError):
        return None
    return (study, result) if is_measured(result) else None
