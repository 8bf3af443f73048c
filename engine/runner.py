"""One spec on one loaded pipeline: pictures, timings by phase, steps, and a way to stop.

The pipeline's own ``__call__`` does the work, so pictures are those of a bare diffusers call to the
bit. Hooks around it only watch: the borders of the phases are the first evaluation of the
denoising model, the end of the last step, and the return of the call.
"""

from __future__ import annotations

import functools
import time
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from typing import Any

import torch
from PIL import Image

from engine import schedulers
from engine.clock import PhaseClock
from engine.decoding import Decoder
from engine.errors import Cancelled, SafelightError
from engine.evaluations import surround
from engine.events import Event, PreviewReady, RunCompiling, RunDecoding, StepCompleted
from engine.loaded import Loaded
from engine.preview import PERIOD_SECONDS, PredictedX0, unpack
from engine.request import (
    arguments,
    check_size,
    check_steps,
    idle_switches,
    takes_callback,
    unused_words,
)
from engine.spec import RunSpec
from engine.switches.memory import Split

_RATE_STEPS = 8
_WARM_UP_STEPS = 3
"""Of compiling: the first compiles, the second records CUDA graphs, the third uses them."""
Pictures = Sequence[tuple[str, int]]
"""The prompt and the seed of each picture of a call."""
_EXPECTS_PIL = "The pipeline gave no pictures."


class Runner:
    """One run. What it counts can be read at any time and from any thread.

    Attributes:
        steps: denoising steps done.
        evaluations: calls of the denoising model; one call serves a whole batch.
        clock: seconds by phase.
        notes: what the user should know of this run.
    """

    def __init__(
        self,
        run_id: int,
        spec: RunSpec,
        loaded: Loaded,
        emit: Callable[[Event], None],
        cancelled: Callable[[], bool],
        *,
        previews: bool,
        at_border: Callable[[], object],
    ) -> None:
        """``spec`` has its size filled in; ``at_border`` is called between phases."""
        self.steps = 0
        self.evaluations = 0
        self.clock = PhaseClock(loaded.device)
        self.notes: list[str] = []
        self._run_id = run_id
        self._spec = spec
        self._loaded = loaded
        self._emit = emit
        self._cancelled = cancelled
        self._previews = previews and loaded.rgb is not None
        self._at_border = at_border
        self._kernel = spec.switches.get("attention", "sdpa")
        self._calls = 1
        self._done: tuple[Image.Image, ...] = ()
        self._denoising = False
        self._denoising_since = 0.0
        self._next_preview = 0.0
        self._ends: deque[tuple[int, float]] = deque(maxlen=_RATE_STEPS + 1)  # steps done, when
        self._previous_step: Any = None
        self._x0: PredictedX0 | None = None

    def __call__(self) -> tuple[Image.Image, ...]:
        """Make the pictures, in the order of ``spec.pictures``.

        Raises:
            Cancelled: the user asked to stop.
            InvalidSpec: the pipeline does not take the scheduler, a switch, or the size.
            BrokenOutput: NaN instead of a picture.
            torch.OutOfMemoryError: and whatever else the pipeline raises.
        """
        spec, loaded = self._spec, self._loaded
        self._check()
        check_size(spec, loaded)
        self.notes += unused_words(spec, loaded)
        self.notes += idle_switches(spec, loaded)
        pictures = spec.pictures
        size = Split.size(spec.switches.get("split", "all"), len(pictures))
        calls = [pictures[at : at + size] for at in range(0, len(pictures), size)]
        self._calls = len(calls)
        try:
            for call in calls:
                self._warm_up(call)
            for call in calls:
                self._done += self._pictures(self._run(call, self._scheduler()), call)
                self._check()
        except BaseException:
            self.clock.abort()
            raise
        finally:
            loaded.pipeline.scheduler = loaded.own_scheduler
            self._previous_step = None
        return self._done

    def _scheduler(self) -> Any:
        """A fresh one for each call: what a scheduler remembers is of one call only."""
        spec, loaded = self._spec, self._loaded
        scheduler = schedulers.build(
            loaded.pipeline,
            loaded.own_scheduler,
            spec.scheduler,
            sigmas=spec.switches.get("sigmas", "default"),
            spacing=spec.switches.get("spacing", "default"),
        )
        check_steps(spec, scheduler)
        return scheduler

    def _warm_up(self, pictures: Pictures) -> None:
        """Compile for the shape of a call, once, outside of all figures."""
        spec, loaded = self._spec, self._loaded
        if spec.switches.get("compile", "off") == "off":
            return
        guided = spec.guidance_scale > 1
        scheduler = self._scheduler()
        # The scheduler too: timesteps are whole numbers to some, and fractions to others.
        shape = (spec.width, spec.height, len(pictures), guided, type(scheduler).__name__)
        if shape in loaded.warmed:
            return
        self._emit(RunCompiling(self._run_id))
        self._enter("compile")
        loaded.pipeline.scheduler = scheduler
        asked = arguments(spec, loaded, pictures, lambda *_: {})
        steps = min(_WARM_UP_STEPS, spec.num_inference_steps)
        with ExitStack() as hooks, torch.inference_mode():
            surround(loaded, self._kernel, self._check, hooks)
            loaded.pipeline(**{**asked, "num_inference_steps": steps, "output_type": "latent"})
        self._enter(None)
        loaded.warmed.add(shape)

    def _run(self, pictures: Pictures, scheduler: Any) -> Any:
        """One call of the pipeline, watched."""
        pipeline = self._loaded.pipeline
        pipeline.scheduler = scheduler
        self._denoising = False
        with ExitStack() as hooks, torch.inference_mode():
            self._watch(hooks)
            self._enter("encode")
            out = self._call(pipeline, pictures)
            self._enter(None)
        return out

    def _call(self, pipeline: Any, pictures: Pictures) -> Any:
        evaluations = self.evaluations
        try:
            return pipeline(**arguments(self._spec, self._loaded, pictures, self._on_step_end))
        except ValueError as error:
            if self.evaluations > evaluations:
                raise
            # What pipelines raise when they check their arguments, before any work.
            reason = str(error).strip().splitlines()[0][:300] if str(error).strip() else "no reason"
            raise SafelightError(f"The checkpoint's pipeline refuses this run: {reason}") from error

    # What happens on the way

    def _watch(self, hooks: ExitStack) -> None:
        pipeline = self._loaded.pipeline
        surround(self._loaded, self._kernel, self._on_evaluation, hooks)
        scheduler = pipeline.scheduler
        if self._previews:
            self._x0 = hooks.enter_context(PredictedX0(scheduler))
            self._x0.want()
        if not takes_callback(pipeline):
            # Some pipelines (PixArt, IF) have no callback; their scheduler knows the steps too.
            step = scheduler.step

            @functools.wraps(step)
            def told(*args: Any, **kwargs: Any) -> Any:
                out = step(*args, **kwargs)
                self._on_step()
                return out

            scheduler.step = told
            # The scheduler is this run's own, and is thrown away with its wrappers.
        decoder = Decoder(self._loaded, self._before_decode, self.notes)
        decoder.watch(hooks)

    def _on_evaluation(self) -> None:
        self._check()
        if not self._denoising:
            self._denoising = True
            self._denoising_since = self._enter("denoise") - self.clock.seconds["denoise"]
            self._ends.clear()
            self._ends.append((self.steps, time.perf_counter()))
        self.evaluations += 1

    def _on_step_end(self, _pipeline: Any, _index: int, _t: Any, _tensors: Any) -> dict[str, Any]:
        self._on_step()
        return {}

    def _on_step(self) -> None:
        self.steps += 1
        each = len(self._loaded.pipeline.scheduler.timesteps)
        steps = each * self._calls
        last = self.steps % each == 0
        done = self._keep_pace(last=last)
        now = time.perf_counter()
        if not self._ends or done > self._ends[-1][0]:
            self._ends.append((done, now))
        (first, since), (latest, until) = self._ends[0], self._ends[-1]
        rate = (latest - first) / max(until - since, 1e-9)
        self._emit(
            StepCompleted(
                run_id=self._run_id,
                step=self.steps,
                steps=steps,
                evaluations=self.evaluations,
                rate=rate,
                eta_seconds=(steps - done) / rate if rate else 0.0,
                elapsed_seconds=now - self._denoising_since,
            )
        )
        self._check()
        self._preview(now)
        if last:
            self._begin_decoding()

    def _keep_pace(self, *, last: bool) -> int:
        """On CUDA, wait for the step before this one. Returns how many steps the device has done.

        Python runs ahead of the card. One step of lead keeps the card busy and the progress, the
        rate and a cancel honest. After the last step there is nothing to run ahead with.
        """
        if self._loaded.device.type != "cuda":
            return self.steps
        before, self._previous_step = self._previous_step, _recorded(self._loaded.device)
        if last:
            self._previous_step.synchronize()
            return self.steps
        if before is not None:
            before.synchronize()
        return self.steps - 1

    def _preview(self, now: float) -> None:
        if self._x0 is None or self._loaded.rgb is None:
            return
        x0 = self._x0.take()
        if x0 is not None and now >= self._next_preview:
            spec = self._spec
            assert spec.width is not None
            assert spec.height is not None
            latents = unpack(self._loaded.pipeline, x0, spec.width, spec.height)
            if latents is not None:
                pictures = self._loaded.rgb.pictures(latents)
                self._emit(PreviewReady(self._run_id, self.steps, (*self._done, *pictures)))
                # From here, not from the end of the step: making the pictures took time too.
                self._next_preview = time.perf_counter() + PERIOD_SECONDS
        # The step that is about to begin ends later than now by about as long as the last took.
        last = 0.0
        if len(self._ends) > 1:
            (before, since), (done, until) = self._ends[-2], self._ends[-1]
            last = (until - since) / (done - before)
        if now + last >= self._next_preview:
            self._x0.want()

    def _begin_decoding(self) -> None:
        if self.clock.phase != "decode":
            self._enter("decode")
            self._emit(RunDecoding(self._run_id))

    def _before_decode(self) -> None:
        self._begin_decoding()
        self._check()

    def _enter(self, phase: str | None) -> float:
        now = self.clock.enter(phase)
        self._at_border()
        return now

    def _check(self) -> None:
        if self._cancelled():
            raise Cancelled

    def _pictures(self, out: Any, pictures: Pictures) -> tuple[Image.Image, ...]:
        images = tuple(out.images)
        if not images or not all(isinstance(image, Image.Image) for image in images):
            raise SafelightError(_EXPECTS_PIL)
        flagged = getattr(out, "nsfw_content_detected", None) or ()
        for (_, seed), bad in zip(pictures, flagged, strict=False):
            if bad:
                self.notes.append(
                    f"The checkpoint's safety checker blacked out the picture of seed {seed}."
                )
        return images


def _recorded(device: Any) -> Any:
    """An event of all that a CUDA device, which need not be the current one, was given so far."""
    event = torch.cuda.Event()  # type: ignore[no-untyped-call]
    event.record(torch.cuda.current_stream(device))
    return event
