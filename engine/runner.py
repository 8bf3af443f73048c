"""One spec on one loaded pipeline: pictures, timings by phase, steps, and a way to stop.

The pipeline's own ``__call__`` does the work, so pictures are those of a bare diffusers call to the
bit. Hooks around it only watch: the borders of the phases are the first evaluation of the
denoising model, the end of the last step, and the return of the call.
"""

from __future__ import annotations

import functools
import time
from collections import deque
from collections.abc import Callable
from contextlib import ExitStack
from typing import Any

import torch
from PIL import Image

from engine import schedulers
from engine.clock import PhaseClock
from engine.errors import BrokenOutput, Cancelled, SafelightError
from engine.events import Event, PreviewReady, RunDecoding, StepCompleted
from engine.pipelines import Loaded
from engine.preview import PERIOD_SECONDS, PredictedX0, unpack
from engine.request import arguments, check_size, check_steps, takes_callback, unused_words
from engine.spec import RunSpec

_DENOISERS = ("unet", "transformer", "transformer_2")
_RATE_STEPS = 8
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
        self._denoising_since = 0.0
        self._next_preview = 0.0
        self._ends: deque[tuple[int, float]] = deque(maxlen=_RATE_STEPS + 1)  # steps done, when
        self._previous_step: Any = None
        self._x0: PredictedX0 | None = None

    def __call__(self) -> tuple[Image.Image, ...]:
        """Make the pictures, in the order of their seeds.

        Raises:
            Cancelled: the user asked to stop.
            InvalidSpec: the pipeline does not take the scheduler or the size.
            BrokenOutput: NaN instead of a picture.
            torch.OutOfMemoryError: and whatever else the pipeline raises.
        """
        pipeline = self._loaded.pipeline
        self._check()
        check_size(self._spec, self._loaded)
        self.notes += unused_words(self._spec, self._loaded)
        try:
            pipeline.scheduler = schedulers.build(
                pipeline, self._loaded.own_scheduler, self._spec.scheduler
            )
            check_steps(self._spec, pipeline.scheduler)
            with ExitStack() as hooks, torch.inference_mode():
                self._watch(hooks)
                self._enter("encode")
                out = self._call(pipeline)
                self._enter(None)
        except BaseException:
            self.clock.abort()
            raise
        finally:
            pipeline.scheduler = self._loaded.own_scheduler
            self._previous_step = None
        self._check()
        return self._pictures(out)

    def _call(self, pipeline: Any) -> Any:
        try:
            return pipeline(**arguments(self._spec, self._loaded, self._on_step_end))
        except ValueError as error:
            if self.evaluations:
                raise
            # What pipelines raise when they check their arguments, before any work.
            reason = str(error).strip().splitlines()[0][:300] if str(error).strip() else "no reason"
            raise SafelightError(f"The checkpoint's pipeline refuses this run: {reason}") from error

    # What happens on the way

    def _watch(self, hooks: ExitStack) -> None:
        pipeline = self._loaded.pipeline
        for name in _DENOISERS:
            module = getattr(pipeline, name, None)
            if isinstance(module, torch.nn.Module):
                hooks.callback(module.register_forward_pre_hook(self._on_evaluation).remove)
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
        vae = getattr(pipeline, "vae", None)
        if vae is not None:
            decode = vae.decode
            vae.decode = lambda latents, *args, **kwargs: self._decode(
                decode, latents, *args, **kwargs
            )
            hooks.callback(delattr, vae, "decode")

    def _on_evaluation(self, _module: Any, _args: Any) -> None:
        self._check()
        if self.evaluations == 0:
            self._denoising_since = self._enter("denoise")
            self._ends.append((0, self._denoising_since))
        self.evaluations += 1

    def _on_step_end(self, _pipeline: Any, _index: int, _t: Any, _tensors: Any) -> dict[str, Any]:
        self._on_step()
        return {}

    def _on_step(self) -> None:
        self.steps += 1
        steps = len(self._loaded.pipeline.scheduler.timesteps)
        done = self._keep_pace(last=self.steps >= steps)
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
        if self.steps >= steps:
            self._begin_decoding()

    def _keep_pace(self, *, last: bool) -> int:
        """On CUDA, wait for the step before this one. Returns how many steps the device has done.

        Python runs ahead of the card. One step of lead keeps the card busy and the progress, the
        rate and a cancel honest. After the last step there is nothing to run ahead with.
        """
        if self._loaded.device.type != "cuda":
            return self.steps
        before, self._previous_step = self._previous_step, _cuda_event()
        self._previous_step.record()
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
                self._emit(PreviewReady(self._run_id, self.steps, pictures))
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

    def _decode(self, decode: Callable[..., Any], latents: Any, *args: Any, **kwargs: Any) -> Any:
        """The VAE's own decode; NaN is told here, because it would become a black picture."""
        self._begin_decoding()
        self._check()
        if not bool(latents.isfinite().all()):
            raise BrokenOutput(
                "The model gave NaN instead of a picture: its weights are broken, or it does not "
                f"work in {self._dtype()}."
            )
        out = decode(latents, *args, **kwargs)
        sample = out[0] if isinstance(out, tuple) else out.sample
        if not bool(sample.isfinite().all()):
            raise BrokenOutput(
                "The VAE gave NaN instead of a picture: its weights are broken, or it does not "
                f"work in {self._dtype()}."
            )
        return out

    def _enter(self, phase: str | None) -> float:
        now = self.clock.enter(phase)
        self._at_border()
        return now

    def _check(self) -> None:
        if self._cancelled():
            raise Cancelled

    def _dtype(self) -> str:
        return str(self._loaded.dtype).removeprefix("torch.")

    def _pictures(self, out: Any) -> tuple[Image.Image, ...]:
        images = tuple(out.images)
        if not images or not all(isinstance(image, Image.Image) for image in images):
            raise SafelightError(_EXPECTS_PIL)
        flagged = getattr(out, "nsfw_content_detected", None) or ()
        for seed, bad in zip(self._spec.seeds, flagged, strict=False):
            if bad:
                self.notes.append(
                    f"The checkpoint's safety checker blacked out the picture of seed {seed}."
                )
        return images


def _cuda_event() -> Any:
    return torch.cuda.Event()  # type: ignore[no-untyped-call]
