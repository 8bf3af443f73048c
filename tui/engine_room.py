"""The engine as the screens have it: opened after the first frame, asked, told of, and stopped."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import cached_property
from threading import Thread
from typing import TYPE_CHECKING, Protocol

from engine.errors import SafelightError

if TYPE_CHECKING:
    # What the first frame does not need is imported when it is used.
    from engine.api import EngineAPI, QueueAPI
    from engine.events import Event
    from engine.history import Entry, History
    from engine.record import RunRecord
    from engine.spec import RunSpec
    from engine.study import Study
    from tui.bridge import Mailbox
    from tui.lab import Lab
    from tui.settings import Settings
    from tui.standing import Standing
    from tui.stock import Stock

STOP_SECONDS = 3.0


class Listener(Protocol):
    """Is told each event on the event loop, right after the studio was. Must not take long."""

    def __call__(self, event: Event, /) -> None: ...


class Complain(Protocol):
    """Shows the user a sentence about something that could not be done."""

    def __call__(self, sentence: str, /) -> None: ...


class EngineRoom:
    """One engine, which may not be there yet, or not at all.

    Attributes:
        ended: whether its thread has ended, or never began.
    """

    def __init__(self, lab: Lab, complain: Complain, asked: Callable[[], object]) -> None:
        """
        Args:
            lab: opens the engine and the history.
            complain: shows what could not be done.
            asked: called after a run or a search was asked for.
        """
        self._lab = lab
        self._complain = complain
        self._asked = asked
        self._mailbox: Mailbox | None = None
        self._engine: EngineAPI | None = None
        self._stopping: Thread | None = None
        self._why_not = ""
        self._early: list[Callable[[EngineAPI], object]] = []
        self._listeners: list[Listener] = []
        self.ended = True

    # Begin and end

    def open(
        self, urgent: Callable[[], object], stirs: Callable[[], object]
    ) -> Sequence[RunRecord]:
        """Open the engine, not started yet; the runs that were cut off with the Safelight before.

        Args:
            urgent, stirs: see :class:`tui.bridge.Mailbox`.

        Raises:
            SafelightError: there can be no engine. Whoever asks for something is told so.
        """
        from tui.bridge import Mailbox

        self._mailbox = Mailbox(urgent, stirs)
        try:
            self._engine = engine = self._lab.open(self._mailbox.put)
        except SafelightError as error:
            self._why_not = str(error)
            raise
        try:
            return engine.queue.recover()
        except SafelightError as error:  # what waited waits on, for the next time
            self._complain(str(error))
            return ()

    def recover(self) -> Sequence[RunRecord]:
        """Take over what a Safelight has left that was still there at the start; see :meth:`open`.

        Asks the disk. Raises ``SafelightError``.
        """
        return self._engine.queue.recover() if self._engine is not None else ()

    def start(self, checkpoint: str) -> None:
        """Start the engine, do what was asked for meanwhile, and warm up a checkpoint."""
        assert self._engine is not None
        self._engine.start()
        self.ended = False
        early, self._early = self._early, []
        for what in early:
            self._ask(what)
        if checkpoint:
            self._engine.warm_up(checkpoint)

    def told(self) -> list[Event]:
        """What the engine has told since this was asked last."""
        return self._mailbox.take() if self._mailbox is not None else []

    def listen(self, listener: Listener) -> Callable[[], None]:
        """Tell a screen what the engine tells, until what is returned is called.

        A screen that is left may listen on: a study goes on when nobody looks.
        """
        self._listeners.append(listener)

        def stop() -> None:
            if listener in self._listeners:
                self._listeners.remove(listener)

        return stop

    @cached_property
    def standing(self) -> Standing:
        """What is on and what is to be measured, by what was passed on."""
        from tui.standing import Standing

        return Standing()

    def pass_on(self, event: Event) -> None:
        """Tell an event to those who listen."""
        self.standing.hear(event)
        for listener in tuple(self._listeners):
            listener(event)

    def stop(self) -> None:
        """Stop the engine; what waits is kept. Called when the screen is gone already."""
        if self._stopping is not None:
            self._stopping.join(STOP_SECONDS)
        else:
            self._stop(STOP_SECONDS)

    def begin_to_stop(self, seconds: float) -> None:
        """Stop it in a thread, in so many seconds, while the screen goes; :meth:`stop` waits."""
        if self._stopping is None:
            self._stopping = Thread(target=self._stop, args=(seconds,), daemon=True)
            self._stopping.start()

    def _stop(self, seconds: float) -> None:
        for run_id in self.unkept:
            with suppress(SafelightError):
                self.keep(run_id)  # a last try: there may be room by now
        if self._engine is not None:
            self.ended = self._engine.stop(seconds, keep_queue=True)

    # What may be asked for

    @property
    def stock(self) -> Stock:
        """The checkpoints of this machine."""
        return self._lab

    @property
    def history(self) -> History:
        """The user's history. Raises ``SafelightError`` when it cannot be opened."""
        return self._lab.history

    def past_runs(self, limit: int) -> Sequence[Entry]:
        """The latest runs, newest first. Raises ``SafelightError``."""
        return self._lab.past_runs(limit)

    def go_by(self, settings: Settings) -> None:
        """Make runs, and look for checkpoints, as the settings say, from the next one on."""
        self._lab.go_by(settings)
        if self._engine is not None:
            self._engine.go_by(settings.manner)

    @property
    def busy(self) -> bool:
        """Whether a run is on or waits."""
        return self._engine is not None and self._engine.busy

    def go_on(self) -> None:
        """Go on with a queue that is paused."""
        if self._engine is not None and self.standing.paused:
            self._engine.queue.resume()

    @property
    def queue(self) -> QueueAPI | None:
        """What waits; ``None`` while there is no engine."""
        return self._engine.queue if self._engine is not None else None

    @property
    def unkept(self) -> tuple[int, ...]:
        """Runs whose pictures could not be written yet."""
        return self._engine.unkept if self._engine is not None else ()

    def keep(self, run_id: int) -> None:
        """Write one of those; waits for the disk. Raises ``SafelightError``."""
        if self._engine is not None:
            self._engine.keep(run_id)

    def submit(self, spec: RunSpec) -> None:
        """Queue a run."""
        self._ask(lambda engine: engine.submit(spec))

    def fill(self, spec: RunSpec) -> None:
        """Queue a search for the largest batch that fits."""
        self._ask(lambda engine: engine.fill(spec))

    def submit_many(self, group: str, cells: Sequence[tuple[int, RunSpec]]) -> bool:
        """Queue cells of a group; see :meth:`engine.api.EngineAPI.submit_many`.

        Returns whether they were taken; if not, the user was told why.
        """
        return self._ask(lambda engine: engine.submit_many(group, cells))

    def study(self, study: Study) -> bool:
        """Queue something to be measured; ``StudyQueued`` has its number, and this very object.

        Returns whether it was taken; if not, the user was told why.
        """
        return self._ask(lambda engine: engine.study(study))

    def cancel(self, run_id: int | None = None) -> bool:
        """Stop a run, or take it out of the queue; ``None`` is the one that is on, or is next.

        Returns whether there was such a run.
        """
        return self._engine is not None and self._engine.cancel(run_id)

    def _ask(self, what: Callable[[EngineAPI], object]) -> bool:
        if self._why_not:
            self._complain(self._why_not)
            return False
        if self._engine is None or self.ended:
            self._early.append(what)  # a key that came right after the first frame
            return True
        try:
            what(self._engine)
        except SafelightError as error:
            self._complain(str(error))
            return False
        finally:
            self._asked()
        return True
