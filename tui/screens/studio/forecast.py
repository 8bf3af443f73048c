"""What the run on the form will take, said below the settings as the form changes."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING

from engine import forecast
from engine.known import Known, look_up
from tui import form as forms
from tui import outlook

if TYPE_CHECKING:
    from textual.timer import Timer

    from engine.events import CheckpointLoaded, MemorySampled
    from engine.record import RunRecord
    from engine.spec import RunSpec
    from tui.screens.studio.screen import StudioScreen

PERIOD_SECONDS = 0.15
WORKER_GROUP = "forecast"


class Foresight:
    """Keeps the forecast up to date: from the runs on the list, never waiting for a disk."""

    def __init__(self, studio: StudioScreen) -> None:
        self._studio = studio
        self._timer: Timer | None = None
        self._typed: str | None = None  # the checkpoint that is known, or being looked up
        self._is_stale = False
        self._known: Known | None = None
        self._told: forecast.Forecast | None = None
        self._sample: MemorySampled | None = None
        self._dtype_bytes: int | None = None
        self._loaded = ""
        self._before: int | None = None  # the last run made before the checkpoint was loaded

    @property
    def run_seconds(self) -> float | None:
        """What the run on the form would take, as far as is known; ``None`` when it is not."""
        return self._told.seconds if self._told is not None else None

    @property
    def free_bytes(self) -> int | None:
        """Memory that a run can have; ``None`` while it is not known."""
        return outlook.free_bytes(self._sample) if self._sample is not None else None

    def loaded_spec(self, base: RunSpec, records: Sequence[RunRecord]) -> RunSpec | None:
        """The last run that was made since a checkpoint was loaded; ``None`` when none is.

        Args:
            base: what is on the form; where nothing was run yet, its checkpoint is what was loaded.
            records: the runs that were made, newest first.
        """
        if self._before is None:
            return None
        made_here = [record for record in records if record.id > self._before]
        if made_here:
            return made_here[0].spec
        return base.with_(switches={}) if base.checkpoint == self._loaded else None

    def soon(self) -> None:
        """Something has changed. Told after a moment, at once for all that changes until then."""
        if self._timer is None:
            self._timer = self._studio.set_timer(PERIOD_SECONDS, self.now)

    def flush(self) -> None:
        """Tell now what is to be told soon."""
        if self._timer is not None:
            self.now()

    def now(self) -> None:
        """Tell what the form would take; nothing while it is wrong."""
        if self._timer is not None:
            self._timer.stop()
            self._timer = None
        spec, _ = forms.parse(self._studio.spec_form.values)
        self._told = self._forecast(spec) if spec is not None else None
        self._say()

    def loaded(self, event: CheckpointLoaded) -> None:
        """A checkpoint came: its files are here now, and in which precision is known."""
        self._dtype_bytes = forecast.dtype_bytes(event.dtype)
        self._is_stale = True
        self._loaded = event.checkpoint
        self._before = max((record.id for record in self._records()), default=0)
        self.soon()

    def sampled(self, sample: MemorySampled) -> None:
        """So much memory there is now."""
        self._sample = sample
        self._say()

    def _say(self) -> None:
        self._studio.spec_form.parameters.foretell(self._told, self._sample)

    def _forecast(self, spec: RunSpec) -> forecast.Forecast | None:
        if spec.checkpoint != self._typed:
            self._known = None  # but of the same one, what was known stays until more is
        if spec.checkpoint != self._typed or self._is_stale:
            self._typed, self._is_stale = spec.checkpoint, False
            self._studio.run_worker(
                self._look_up(spec.checkpoint),
                group=WORKER_GROUP,
                exclusive=True,
                exit_on_error=False,
            )
        if self._known is None:
            return None
        records, before = self._records(), self._before
        made_here = [run for run in records if before is not None and run.id > before]
        return self._known.forecast(spec, records, self._dtype_bytes, made_here)

    def _records(self) -> list[RunRecord]:
        return [row.record for row in self._studio.runs.rows if row.record is not None]

    async def _look_up(self, checkpoint: str) -> None:
        known = await asyncio.to_thread(look_up, checkpoint)
        if checkpoint == self._typed:
            self._known = known
            self.now()
