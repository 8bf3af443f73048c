"""When memory, or the disk, is short: the advice of a failed run, and the largest batch."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from engine import events
from engine.errors import InvalidSpec
from engine.record import RunRecord, Status
from engine.relief import words
from engine.spec import RunSpec
from tui import form as forms
from tui.keys.contexts import key_of
from tui.screens.studio.reasons import NO_ADVICE
from tui.widgets.progress import Progress, ProgressLines

if TYPE_CHECKING:
    from tui.screens.studio.screen import StudioScreen


class Relief:
    """Takes advice, and shows how a search goes.

    Attributes:
        fill: the search that waits or is on; ``None`` when there is none.
        is_filling: whether it is on.
    """

    def __init__(self, studio: StudioScreen) -> None:
        self._studio = studio
        self._taken: set[int] = set()
        self.fill: int | None = None
        self.is_filling = False
        self._fits = 0
        self._too_large = 0

    def invitation(self, record: RunRecord, *, held: bool = False) -> str:
        """What a failed run says of its advice: ``F6: try with VAE slicing``; empty without any.

        ``held``: its pictures are there, and could not be written.
        """
        if held:
            return f"{key_of('take-advice')}: keep its pictures"
        return f"{key_of('take-advice')}: try with {words(record.advice)}" if record.advice else ""

    @property
    def advised(self) -> RunRecord | None:
        """The latest run that failed, when it has advice that was not taken yet."""
        runs = (row.record for row in self._studio.runs.rows if row.record is not None)
        record = next((record for record in runs if record.status is Status.FAILED), None)
        if record is None or not record.advice or record.id in self._taken:
            return None
        return record

    def take_advice(self) -> None:
        """Keep what could not be kept; else run the latest failed run again as it advises."""
        studio = self._studio
        if studio.host.unkept:
            studio.keep_again(studio.host.unkept)
            return
        record = self.advised
        if record is None:
            studio.notify(NO_ADVICE, timeout=3)
            return

        def take(spec: RunSpec) -> None:
            """Only now is it taken: after a no to a download it can be taken later."""
            try:
                self._put_on_form(record.advice)
            except InvalidSpec:  # the form has become another: the run need not mind
                studio.say("The form is left as it is: the advised switch does not go with it.")
            self._taken.add(record.id)
            studio.say(f"#{record.id} again, with {words(record.advice)}.")
            studio.run(spec)

        # The checkpoint may have been removed since the run failed.
        spec = record.spec.with_(switches={**record.spec.switches, **record.advice})
        studio.when_here(spec, take)

    def _put_on_form(self, advice: Mapping[str, str]) -> None:
        """Raises ``InvalidSpec``, and changes nothing, when it does not go with what is there."""
        form = self._studio.spec_form
        turned = {**forms.read_switches(form.values["switches"]), **advice}
        form.set_switches(forms.read_switches(forms.written_switches(turned)))

    def fill_up(self) -> None:
        """Look for the largest batch of what is on the form."""
        studio = self._studio
        if self.fill is not None:
            studio.notify("The largest batch is being looked for already.", timeout=3)
            return
        studio.spec_form.fit_to_checkpoint()
        # What the field says now does not matter.
        spec, problems = forms.parse({**studio.spec_form.values, "batch_size": "1"})
        studio.spec_form.show_problems(problems)
        if spec is not None:
            studio.when_here(spec, studio.host.fill)

    # What the engine tells

    def show(self, event: events.Event) -> None:
        """Show one event of a search."""
        match event:
            case events.FillQueued():
                self.fill = event.run_id
                if event.waiting > 1:
                    self._studio.say(f"The search waits, {event.waiting} in the queue.")
            case events.FillStarted(spec=spec):
                self.is_filling = True
                self._fits = self._too_large = 0
                self._progress(Progress("Looking for the largest batch", detail=_size(spec)))
            case events.FillTried():
                if event.fits:
                    self._fits = event.batch
                else:
                    self._too_large = event.batch
                self._progress(Progress("Looking for the largest batch", detail=self._so_far()))
            case events.FillFound():
                self._found(event)
            case events.FillEnded():
                self._ended(event)

    def _found(self, event: events.FillFound) -> None:
        self.fill, self.is_filling = None, False
        studio = self._studio
        studio.spec_form.parameters.set_value("batch_size", str(event.batch))
        before = ", as was found before" if event.remembered else ""
        said = f"The largest batch that fits is {event.batch}{before}."
        fit = f"✓ {_fit(event.batch)}"
        self._progress(Progress(fit, detail="Batch is set to it", tone="good"))
        studio.say(said, "good")

    def _ended(self, event: events.FillEnded) -> None:
        studio, was_on = self._studio, self.is_filling
        self.fill, self.is_filling = None, False
        if not was_on:  # the progress shown is another's
            studio.say("The search for the largest batch was taken out of the queue.", "warning")
        elif event.error:
            self._progress(Progress("✗ No batch was found", detail=event.error, tone="bad"))
            studio.say(event.error, "bad")
            studio.notify(event.error, title="No batch was found", severity="error")
        else:
            self._progress(Progress("– Search stopped", detail=self._so_far(), tone="warning"))
            studio.say("The search for the largest batch was stopped.", "warning")

    def _so_far(self) -> str:
        fit = _fit(self._fits) if self._fits else ""
        bad = f"{self._too_large} {'does' if self._too_large == 1 else 'do'} not"
        return " · ".join(part for part in (fit, bad if self._too_large else "") if part)

    def _progress(self, progress: Progress) -> None:
        self._studio.query_one(ProgressLines).state = progress


def _fit(batch: int) -> str:
    return f"{batch} fit{'s' if batch == 1 else ''}"


def _size(spec: RunSpec) -> str:
    if spec.width and spec.height:
        return f"{spec.width}x{spec.height}, two steps a try"
    return "Two steps a try"
