"""The two sides of a comparison: Safelight's engine and a bare diffusers script.

Each is in a process of its own. On a CPU two teams of threads in one process wait for each other,
on a GPU each side so has its own peak of memory, and a side that dies takes one row with it and
not the script. The one that is not asked only waits.
"""

from __future__ import annotations

import multiprocessing
import os
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from PIL import Image

from engine.engine import Engine
from engine.events import EngineIdle, Event, PreviewReady, RunFailed, RunFinished
from engine.history import History
from engine.pipelines import import_libraries
from engine.record import RunRecord
from engine.spec import RunSpec
from tests.bench.gpu_profile import Profile, StepProfiler

TIMEOUT = 3600.0
"""Seconds that one answer may take: compiling SDXL for a slow machine, and then some."""
NO_TIME = "no time was left"


class FailedRun(Exception):
    """A run that gave no figure; the message says why, in a line for the table."""


class OutOfTime(FailedRun):
    """It would have ended after the time that the script was given."""


@dataclass(frozen=True)
class Outcome:
    """One run of one side.

    Attributes:
        seconds: from the call to the pictures in memory; writing them is not in it.
        picture: the first.
        record: Safelight's; ``None`` of the bare side.
        previews: that were told.
        profile: where it was asked for.
    """

    seconds: float
    picture: Image.Image
    record: RunRecord | None = None
    previews: int = 0
    profile: Profile | None = None

    @property
    def kept(self) -> RunRecord:
        assert self.record is not None, "the bare side keeps no record"
        return self.record

    @property
    def making(self) -> float:
        """Seconds from the prompt to the pictures; loading, compiling and writing are apart."""
        seconds = self.kept.seconds
        return seconds.encode + seconds.denoise + seconds.decode


class Side:
    """A process that runs specs, one after the other. Started when first asked.

    Attributes:
        until: by ``time.monotonic``, when the last run must have ended.
        kernels: the folder of what it compiles, for the next process.
    """

    def __init__(self, serve: Callable[..., None], *arguments: str) -> None:
        self.until = float("inf")
        self.kernels: Path | None = None
        self._serve = serve
        self._arguments = arguments
        self._process: Any = None
        self._line: Connection | None = None

    def run(self, spec: RunSpec, *, profile: bool = False) -> Outcome:
        """Run a spec to its end.

        Raises:
            FailedRun: it failed, or the process died or hung; the next run starts another.
            OutOfTime: it was not begun, or not ended, in the time there was.
        """
        left = self.until - time.monotonic()
        if left <= 0:
            raise OutOfTime(NO_TIME)
        try:
            line = self._started()
            line.send((spec.to_json(), profile))
            if not line.poll(min(left, TIMEOUT)):
                self.close(kill=True)
                if left <= TIMEOUT:
                    raise OutOfTime(NO_TIME)
                raise FailedRun(f"not done within {TIMEOUT / 60:.0f} minutes")
            answer = line.recv()
        except (EOFError, ConnectionError) as error:
            self._process.join(10)
            code = self._process.exitcode
            self.close(kill=True)
            raise FailedRun(f"the process ended (exit code {code})") from error
        if isinstance(answer, str):
            raise FailedRun(answer)
        seconds, picture, record, previews, found = answer
        kept = RunRecord.from_json(record) if record is not None else None
        return Outcome(seconds, picture, kept, previews, found)

    def close(self, *, kill: bool = False) -> None:
        """End the process, and with it all that it held on the device."""
        if self._process is None:
            return
        if not kill:
            try:
                assert self._line is not None
                self._line.send(None)
                self._process.join(60)
            except ConnectionError:  # it ended already
                pass
        if self._process.is_alive():
            self._process.kill()
        self._process.join()
        self._process = self._line = None

    def _started(self) -> Connection:
        if self._line is None:
            if self.kernels is not None:
                for name in ("TORCHINDUCTOR_CACHE_DIR", "TRITON_CACHE_DIR"):
                    os.environ[name] = str(self.kernels / name.lower())  # which it inherits
            context = multiprocessing.get_context("spawn")
            self._line, there = context.Pipe()
            self._process = context.Process(
                target=self._serve, args=(*self._arguments, there), daemon=True
            )
            self._process.start()
            there.close()  # else its end would not be noticed here
        return self._line


class _Lab:
    """An engine with everything on (history, events, previews, memory), as users have it."""

    def __init__(self, folder: Path, device: str) -> None:
        self._idle = threading.Event()
        self._react: Callable[[Event], None] = lambda _: None
        self._ends: list[RunFinished | RunFailed] = []
        self._when = 0.0
        self._previews = 0
        self._device = device
        self.engine = Engine(self._emit, History(folder), device=device)
        self.engine.start()

    def _emit(self, event: Event) -> None:
        if isinstance(event, PreviewReady):
            self._previews += 1
        if isinstance(event, (RunFinished, RunFailed)):
            self._when = time.perf_counter()
            self._ends.append(event)
        self._react(event)
        if isinstance(event, EngineIdle):
            self._idle.set()

    def run(self, spec: RunSpec, *, profile: bool) -> object:
        """What goes back over the line: the figures, or why there are none."""
        profiler = StepProfiler(self._device) if profile else None
        self._react = profiler.react if profiler else lambda _: None
        self._idle.clear()
        self._ends.clear()
        self._previews = 0
        began = time.perf_counter()
        self.engine.submit(spec)
        self._idle.wait()
        end = self._ends[-1]
        if isinstance(end, RunFailed):
            return end.record.error
        record = end.record
        # Not of the figure: what is paid once, and the PNG, which a bare script does not write.
        apart = record.seconds.load + record.seconds.compile + record.seconds.save
        seconds = self._when - began - apart
        found = profiler.found() if profiler else None
        return seconds, end.images[0], record.to_json(), self._previews, found


def serve_engine(folder: str, device: str, line: Connection) -> None:
    """Safelight's side."""
    lab = _Lab(Path(folder), device)
    while (asked := line.recv()) is not None:
        values, profile = asked
        line.send(lab.run(RunSpec.from_json(values), profile=profile))
    lab.engine.stop(30)


def serve_bare(device: str, line: Connection) -> None:
    """The bare side: what a script that does the same thing says, and no more."""
    import_libraries()  # quietly
    import torch

    from engine.devices import free_memory

    pipeline: Any = None
    worn: tuple[str, str] | None = None
    while (asked := line.recv()) is not None:
        spec = RunSpec.from_json(asked[0])
        try:
            wanted = (spec.checkpoint, spec.switches.get("compile", "off"))
            if worn != wanted:
                pipeline = worn = None  # before the next is there too
                torch._dynamo.reset()
                free_memory()
                pipeline, worn = _bare_pipeline(*wanted, device), wanted
            began = time.perf_counter()
            images = pipeline(
                spec.prompt,
                num_inference_steps=spec.num_inference_steps,
                guidance_scale=spec.guidance_scale,
                width=spec.width,
                height=spec.height,
                generator=torch.Generator("cpu").manual_seed(spec.seed),
            ).images
            seconds = time.perf_counter() - began
        except Exception as error:
            # Whatever a library raises: it is told in the table.
            text = (str(error).strip() or "no reason").splitlines()[0][:200]
            line.send(f"{type(error).__name__}: {text}")
            continue
        line.send((seconds, images[0], None, 0, None))


def _bare_pipeline(folder: str, compiled: str, device: str) -> Any:
    """The tutorial's best settings: fp16 and DPM++ 2M."""
    import torch
    from diffusers import DiffusionPipeline, DPMSolverMultistepScheduler

    pipeline: Any = DiffusionPipeline.from_pretrained(
        folder, use_safetensors=True, dtype=torch.float16
    ).to(device)
    pipeline.set_progress_bar_config(disable=True)
    pipeline.scheduler = DPMSolverMultistepScheduler.from_config(pipeline.scheduler.config)
    if compiled != "off":
        pipeline.unet.compile(mode="reduce-overhead" if device.startswith("cuda") else None)
    return pipeline
