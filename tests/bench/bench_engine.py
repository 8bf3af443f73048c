"""The engine's figures, as tables: speed against bare diffusers, a warm picture, cancel, starts.

    python tests/bench/bench_engine.py [--repeats N] [--checkpoint NAME]

Uses the bundled checkpoint; where its weights are missing, a random one of the same build.
"""

from __future__ import annotations

import argparse
import multiprocessing
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import pairwise
from multiprocessing.connection import Connection
from pathlib import Path
from statistics import median
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from engine.checkpoints import bundled_path
from engine.engine import Engine
from engine.events import (
    CheckpointLoaded,
    EngineIdle,
    Event,
    PreviewReady,
    RunCancelled,
    RunFailed,
    RunFinished,
    RunStarted,
    StepCompleted,
)
from engine.history import History
from engine.pipelines import import_libraries
from engine.spec import BUNDLED, RunSpec

Row = tuple[str, str, str, str]


class Watch:
    """An engine with everything on (history, events, previews, memory), and when it told what."""

    def __init__(self, folder: Path) -> None:
        self.times: list[tuple[float, Event]] = []
        self.react: Callable[[Event], None] = lambda _: None
        self._idle = threading.Event()
        self.engine = Engine(self._emit, History(folder))
        self.engine.start()

    def _emit(self, event: Event) -> None:
        self.times.append((time.perf_counter(), event))
        self.react(event)
        if isinstance(event, RunFailed):
            print(event.record.error, file=sys.stderr)
        if isinstance(event, EngineIdle):
            self._idle.set()

    def run(self, spec: RunSpec) -> float:
        """Run a spec; seconds from submit to its end."""
        self.times.clear()
        self._idle.clear()
        began = time.perf_counter()
        self.engine.submit(spec)
        if not self._idle.wait(600):
            raise SystemExit("The engine did not finish within ten minutes.")
        return self.at(RunFinished, RunCancelled) - began

    def at(self, *kinds: type[Event], number: int = 0) -> float:
        """When the event of these kinds came."""
        return [when for when, event in self.times if isinstance(event, kinds)][number]

    def count(self, kind: type[Event]) -> int:
        return sum(isinstance(event, kind) for _, event in self.times)


def random_checkpoint(folder: Path) -> Path:
    """A Stable Diffusion with random weights, of about the bundled one's size."""
    from diffusers import AutoencoderKL, PNDMScheduler, StableDiffusionPipeline

    from tests.engine import tiny

    tokenizer = tiny.clip_tokenizer(folder / "tokenizer")
    channels = (16, 32, 64, 64)
    StableDiffusionPipeline(
        vae=AutoencoderKL(
            block_out_channels=channels,
            down_block_types=("DownEncoderBlock2D",) * 4,
            up_block_types=("UpDecoderBlock2D",) * 4,
            norm_num_groups=8,
            sample_size=128,
        ),
        text_encoder=tiny.clip_encoder(tokenizer),
        tokenizer=tokenizer,
        unet=tiny.unet(
            sample_size=16,
            block_out_channels=(64, 128, 128),
            down_block_types=("DownBlock2D", "CrossAttnDownBlock2D", "CrossAttnDownBlock2D"),
            up_block_types=("CrossAttnUpBlock2D", "CrossAttnUpBlock2D", "UpBlock2D"),
        ),
        scheduler=PNDMScheduler(skip_prk_steps=True, steps_offset=1),
        safety_checker=None,
        feature_extractor=None,
        requires_safety_checker=False,
    ).save_pretrained(folder)
    return folder


def serve_bare(folder: Path, values: dict[str, Any], line: Connection) -> None:
    """The same run as a bare diffusers call, each time the line asks; answers with its seconds."""
    import_libraries()  # quietly
    import torch
    from diffusers import DiffusionPipeline, DPMSolverMultistepScheduler

    pipeline: Any = DiffusionPipeline.from_pretrained(
        folder, use_safetensors=True, dtype=torch.float32
    )
    pipeline.set_progress_bar_config(disable=True)
    pipeline.scheduler = DPMSolverMultistepScheduler.from_config(pipeline.scheduler.config)
    spec = RunSpec.from_json(values)
    while line.recv():
        began = time.perf_counter()
        pipeline(
            spec.prompt,
            num_inference_steps=spec.num_inference_steps,
            guidance_scale=spec.guidance_scale,
            generator=torch.Generator().manual_seed(spec.seed),
        )
        line.send(time.perf_counter() - began)


@contextmanager
def bare_call(folder: Path, spec: RunSpec) -> Iterator[Callable[[], float]]:
    """A function that makes one bare call, and gives its seconds.

    In a process of its own, as a script would be. In this one it would bring torch a second team
    of threads, and two teams on the same cores wait for each other: both took twice as long.
    """
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe()
    process = context.Process(target=serve_bare, args=(folder, spec.to_json(), there), daemon=True)
    process.start()

    def call() -> float:
        here.send(True)
        return float(here.recv())

    try:
        yield call
    finally:
        here.send(False)
        process.join(10)


def against_bare(watch: Watch, folder: Path, spec: RunSpec, repeats: int) -> list[Row]:
    """Interleaved, and each goes first half of the time, so that other load hits both alike."""
    ours, saving, theirs, previews = [], [], [], 0
    with bare_call(folder, spec) as bare:
        watch.run(spec)
        bare()
        for number in range(repeats):
            if number % 2:
                theirs.append(bare())
            ours.append(watch.run(spec))
            previews += watch.count(PreviewReady)
            record = next(e.record for _, e in watch.times if isinstance(e, RunFinished))
            saving.append(record.seconds.save)
            if not number % 2:
                theirs.append(bare())
    whole, call = median(ours), median(theirs)
    making = median(a - b for a, b in zip(ours, saving, strict=True))
    best = min(a - b for a, b in zip(ours, saving, strict=True))
    ratio = median(b / (a - c) for a, b, c in zip(ours, theirs, saving, strict=True))
    kept = median(b / a for a, b in zip(ours, theirs, strict=True))
    return [
        ("bare diffusers call", f"{call:.3f} s", "", ""),
        ("engine, without writing the PNG", f"{making:.3f} s", f"{ratio:.3f}", ">= 0.95"),
        ("the same, by the best of each", f"{best:.3f} s", f"{min(theirs) / best:.3f}", ">= 0.95"),
        ("engine, with picture and row on disk", f"{whole:.3f} s", f"{kept:.3f}", ""),
        ("previews a run", f"{previews / repeats:.1f}", "", ""),
        ("a warm picture", f"{whole:.3f} s", "", "<= 1 s"),
    ]


def cancel_latency(watch: Watch, spec: RunSpec, repeats: int) -> list[Row]:
    """From cancel() in mid-run to EngineIdle, over one step's time."""
    over, latencies = [], []
    for number in range(repeats):
        asked: list[float] = []

        def ask(asked: list[float] = asked) -> None:
            asked.append(time.perf_counter())
            watch.engine.cancel()

        def react(event: Event, at: int = 3 + number % 5) -> None:
            # From another thread, and while a step is being made: as a key would be pressed.
            if isinstance(event, StepCompleted) and event.step == at:
                threading.Timer(0.004, ask).start()

        watch.react = react
        watch.run(spec.with_(num_inference_steps=200))
        watch.react = lambda _: None
        steps = [when for when, event in watch.times if isinstance(event, StepCompleted)]
        step = median(b - a for a, b in pairwise(steps))
        latency = watch.at(EngineIdle) - asked[0]
        latencies.append(latency)
        over.append(latency - step)
    return [
        ("cancel() to idle, median", f"{1000 * median(latencies):.1f} ms", "", ""),
        ("cancel() to idle, beyond one step, worst", f"{1000 * max(over):.1f} ms", "", "<= 250 ms"),
    ]


def second_start(watch: Watch, spec: RunSpec, repeats: int) -> list[Row]:
    """From submit() of another run on the same checkpoint to its start, and to its first step."""
    starts, firsts, loads = [], [], 0
    for number in range(repeats):
        began = time.perf_counter()
        watch.run(spec.with_(seed=number))
        steps = [when for when, event in watch.times if isinstance(event, StepCompleted)]
        step = median(b - a for a, b in pairwise(steps))
        starts.append(watch.at(RunStarted) - began)
        firsts.append(steps[0] - began - step)
        loads += watch.count(CheckpointLoaded)
    return [
        ("submit() to RunStarted", f"{1000 * median(starts):.1f} ms", "", "<= 50 ms"),
        (
            "submit() to denoising (prompt encoded)",
            f"{1000 * median(firsts):.1f} ms",
            "",
            "<= 50 ms",
        ),
        ("loads of the checkpoint", f"{loads}", "", "0"),
    ]


def table(title: str, rows: list[Row]) -> None:
    head: Row = ("", "median", "bare / ours", "bar")
    widths = [max(len(row[i]) for row in (head, *rows)) for i in range(4)]
    print(f"\n{title}")
    for row in (head, *rows):
        cells = [row[0].ljust(widths[0]), *(row[i].rjust(widths[i]) for i in range(1, 4))]
        print("  " + "  ".join(cells).rstrip())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=9)
    parser.add_argument("--checkpoint", default=BUNDLED)
    options = parser.parse_args()
    import_libraries()
    with tempfile.TemporaryDirectory() as temporary:
        name, folder = options.checkpoint, Path(options.checkpoint)
        if name == BUNDLED:
            folder = bundled_path()
            if not (folder / "model_index.json").is_file():
                print("The bundled weights are missing: random weights of the same build instead.")
                folder = random_checkpoint(Path(temporary) / "random")
                name = str(folder)
        spec = RunSpec("a red sun over blue mountains, orange sky", name, num_inference_steps=20)
        watch = Watch(Path(temporary) / "history")
        import torch

        print(f"{name}, 20 steps of DPM++ 2M, {options.repeats} repeats,", end=" ")
        print(f"torch {torch.__version__}, {torch.get_num_threads()} threads")
        table("Engine against bare diffusers", against_bare(watch, folder, spec, options.repeats))
        table("Cancel", cancel_latency(watch, spec, options.repeats))
        table("A second run on the same checkpoint", second_start(watch, spec, options.repeats))
        watch.engine.stop()


if __name__ == "__main__":
    main()
