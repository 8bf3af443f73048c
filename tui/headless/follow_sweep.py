"""Follows the runs of a sweep to the last one's end; tells stderr how it goes."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from queue import SimpleQueue

from engine import events
from engine.api import EngineAPI
from engine.forecast import warm_seconds
from engine.record import RunRecord, Status
from engine.relief import as_options, words
from engine.sweep import Sweep
from engine.sweep.outlook import Outlook
from engine.sweep.pace import seconds_to_go
from tui.headless.follow import Before
from tui.headless.output import end_progress, tell
from tui.headless.streams import write_over
from tui.text import clean, one_line, seconds

_WIDEST = 24


def follow(
    engine: EngineAPI,
    group: str,
    sweep: Sweep,
    runs: Sequence[int],
    told: SimpleQueue[events.Event],
    foretold: Outlook,
) -> None:
    """Wait until none of ``runs`` waits or is on any more.

    Args:
        foretold: what the cells were expected to take.
    """
    left, before = dict.fromkeys(runs, -1), Before()
    done, finished = 0, list[RunRecord]()
    while left:
        event = told.get()
        before.show(event)
        match event:
            case events.RunQueued() if event.run_id in left:
                left[event.run_id] = event.cell
            case events.StepCompleted() if event.run_id in left:
                _step(event, done, len(runs))
            case events.RunRetried():
                end_progress()
                tell(f"{event.reason} Trying with {words(event.switches)}.")
            case events.QueueChanged(paused=True):
                # What is made cannot be written, and nobody is here to say that it can again.
                engine.queue.clear(group)
            case (
                events.RunFinished(record=record)
                | events.RunCancelled(record=record)
                | events.RunFailed(record=record)
            ) if event.run_id in left:
                del left[event.run_id]
                end_progress()
                if record.status is Status.CANCELLED:
                    continue  # all that wait are: one sentence at the end says so
                done += 1
                if record.status is Status.FINISHED:
                    finished.append(record)
                cells = [sweep.cell(index) for index in left.values() if index >= 0]
                rest = [(cell.index, cell.spec, 1.0) for cell in cells if cell.spec is not None]
                eta = seconds_to_go(foretold, rest, finished)
                _over(record, sweep, done, len(runs), eta)


def _step(event: events.StepCompleted, done: int, of: int) -> None:
    """One line that is written over on a terminal, and left out elsewhere."""
    if sys.stderr.isatty():
        rate = f"{event.rate:.1f} it/s" if event.rate else ""
        text = f"{done + 1}/{of}  step {event.step}/{event.steps}  {rate}"
        write_over(text)


def _over(record: RunRecord, sweep: Sweep, done: int, of: int, eta: float) -> None:
    """A line for a run that came to an end."""
    values = "  ".join(one_line(v, _WIDEST) for _, v in sweep.labels(sweep.at(record.cell)))
    left = f"  {seconds(eta)} left" if of > done and eta else ""
    if record.status is Status.FINISHED:
        tell(f"{done}/{of}  {values}  #{record.id}  {seconds(warm_seconds(record))}{left}")
        return
    advice = f" Try {as_options(record.advice)}." if record.advice else ""
    tell(f"{done}/{of}  {values}  failed: {clean(record.error)}{advice}{left}")
