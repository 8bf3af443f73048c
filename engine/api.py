"""The engine as its users see it: what a screen or a command may call, and nothing more.

Real :class:`engine.engine.Engine` and the scripted engine of the tests both are one of these.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from engine.events import Event
from engine.manner import Manner
from engine.record import RunRecord
from engine.spec import RunSpec
from engine.study import Study

Emit = Callable[[Event], None]
"""Receives each event, one at a time. Must return at once; what it raises is logged and dropped.

Most events come on the engine's thread, but ``MemorySampled`` on the sampler's, and ``RunQueued``
(and the end of a run that was waiting, or that :meth:`EngineAPI.stop` gave up) on the caller's.
"""


class QueueAPI(Protocol):
    """The runs that wait. ``QueueChanged`` tells of each change."""

    def recover(self) -> tuple[RunRecord, ...]:
        """Take over what a Safelight that is gone has left waiting: at the start, and now and then.

        Runs that waited wait again, under their numbers and in their order, and the queue is
        paused. A run that was on is not tried again: it is in the history as ``interrupted``.
        Returns those. Raises :class:`~engine.errors.HistoryError`.
        """
        ...

    def pause(self) -> None:
        """Begin nothing more; the run that is on goes on to its end."""

    def resume(self) -> None:
        """Go on."""

    def move(self, run_id: int, by: int) -> bool:
        """Move a waiting run ``by`` places towards the end, or (negative) the front.

        Returns whether that changed anything.
        """
        ...

    def clear(self, group: str = "") -> int:
        """Take out all runs that wait; the run that is on goes on. Returns how many they were.

        With ``group`` only those of that group.
        """
        ...

    def replace(self, run_id: int, spec: RunSpec) -> bool:
        """Give a waiting run another spec, in its place. Returns whether it still waited.

        It is no cell of its group any more, if it was: that asked for something else.
        """
        ...


class EngineAPI(Protocol):
    """One thread that owns the pipeline, and one queue of runs."""

    @property
    def queue(self) -> QueueAPI:
        """The runs that wait."""
        ...

    def start(self) -> None:
        """Start the thread. Imports nothing heavy: that waits for :meth:`warm_up` or a run."""

    def go_by(self, manner: Manner) -> None:
        """Make runs like this from the next one on; one that is on ends as it began."""

    def submit(self, spec: RunSpec) -> int:
        """Queue a run behind the others and return its number. Never waits for the device.

        Raises :class:`~engine.errors.HistoryError` when the history gives no number within about a
        second (another program is writing to it, the disk is full), and
        ``RuntimeError`` after :meth:`stop`.
        """
        ...

    def submit_many(self, group: str, cells: Sequence[tuple[int, RunSpec]]) -> tuple[int, ...]:
        """Queue cells of a group behind the others, in this order, in one write.

        Cells that are finished already, or on, or waiting, in whichever process, are left out: so a
        sweep is resumed by submitting all of it again, and nothing is done twice.

        Args:
            group: its id; the group is in the history.
            cells: the place of each, and what to do.

        Returns:
            The numbers of the runs that were queued.

        Raises:
            HistoryError: as :meth:`submit`; then nothing was queued.
        """
        ...

    def study(self, study: Study) -> int:
        """Queue something to be measured; returns its number.

        It waits its turn among the runs and is stopped like one, by :meth:`cancel`.
        ``StudyFinished`` has the result; ``StudyEnded`` tells that there is none. Raises what
        :meth:`submit` does, and :class:`~engine.errors.InvalidSpec` for too few repeats.
        """
        ...

    def fill(self, spec: RunSpec) -> int:
        """Queue a search for the largest batch of ``spec`` that fits; returns its number.

        It waits its turn among the runs and is stopped like one, by :meth:`cancel`. ``FillFound``
        has the answer; ``FillEnded`` tells that there is none. Nothing goes into the history.
        Raises what :meth:`submit` does.
        """
        ...

    def keep(self, run_id: int) -> None:
        """Write a run whose pictures were made and could not be written; ``RunFinished`` tells.

        Takes as long as the disk does. Raises :class:`~engine.errors.HistoryError` when it still
        cannot be: it is held on to as long as the engine lives.
        """

    @property
    def unkept(self) -> tuple[int, ...]:
        """The numbers of the runs that are held like that."""
        ...

    def warm_up(self, checkpoint: str) -> None:
        """Load a checkpoint before the first run asks for it, when nothing else is queued.

        Only what is on this machine already: nothing is downloaded. It gives way to a run of
        another checkpoint, and the last one asked for wins. A failure to load is told by the run
        that needs the checkpoint, not here.
        """

    def cancel(self, run_id: int | None = None) -> bool:
        """Ask one run, waiting or on, to stop; ``None`` is the one that is on, or is next.

        Returns whether there was such a run. ``RunCancelled`` tells when it has stopped.
        """
        ...

    def stop(self, timeout: float = 3.0, *, keep_queue: bool = False) -> bool:
        """Cancel everything and end the thread. Returns whether it ended within ``timeout`` s.

        Every run has ended then, for its reader and in the history, also when the thread has not:
        the process may end at once. Only a picture that is half written is waited for longer.

        Args:
            timeout: in seconds.
            keep_queue: what waits is left on disk, for the next :meth:`QueueAPI.recover`.
        """
        ...

    @property
    def busy(self) -> bool:
        """Whether a run is on or waiting."""
        ...
