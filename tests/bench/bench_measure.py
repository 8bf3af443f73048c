"""How honest the figures are: times, peak memory, and what is called a difference. A table.

    python tests/bench/bench_measure.py [--trials N] [--device cuda] [--checkpoint NAME] [--only …]

1. The time that is reported for a turn, against a stopwatch around the very call of the pipeline;
   and against calls of the same pipeline without Safelight around them, in turns.
2. The peak of memory that is reported, against a reading that knows nothing of Safelight: another
   process that looks at this one's resident set every millisecond, or on CUDA a hook that asks the
   allocator whenever a module has been called.
3. A/A: a spec against itself. Each trial must say "no difference"; "undecided" is a miss.
4. A/B: a spec against itself, with a tenth of each call's own time added to it by calculating on,
   on the same thread. Each trial must find it.

About six minutes on a quiet machine of two cores; where others work too, it takes longer, as a
measurement then needs more turns.
"""

from __future__ import annotations

import argparse
import functools
import multiprocessing
import os
import sys
import threading
import time
from collections.abc import Callable
from multiprocessing.connection import Connection
from pathlib import Path
from statistics import median
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from engine.engine import Engine
from engine.events import Event, StudyEnded, StudyFinished, StudyProgressed
from engine.measure.request import Measurement, MeasurementResult, Sample
from engine.measure.words import in_a_word
from engine.pipelines import import_libraries
from engine.spec import BUNDLED, RunSpec

TURNS = 10
SLOWER = 0.1
Row = tuple[str, str, str, str]


class Bench:
    """An engine without a history, which measures one thing after the other."""

    def __init__(self, device: str) -> None:
        self.on_turn: Callable[[], object] = lambda: None
        self._end: StudyFinished | StudyEnded | None = None
        self._ended = threading.Event()
        self.engine = Engine(self._emit, device=device, sample_memory=False)
        self.engine.start()

    def _emit(self, event: Event) -> None:
        if isinstance(event, StudyProgressed):
            self.on_turn()
        if isinstance(event, (StudyFinished, StudyEnded)):
            self._end = event
            self._ended.set()

    def measure(self, *specs: RunSpec, repeats: int | None = None) -> MeasurementResult:
        self._ended.clear()
        asked = Measurement(specs) if repeats is None else Measurement(specs, repeats=repeats)
        self.engine.study(asked)
        self._ended.wait()
        end = self._end
        if not isinstance(end, StudyFinished) or not isinstance(end.result, MeasurementResult):
            raise SystemExit(f"It could not be measured: {getattr(end, 'error', '')}")
        return end.result


# 1. Times


def times(bench: Bench, spec: RunSpec) -> list[Row]:
    """The clock of a run against a stopwatch around the call, and against bare calls."""
    from engine.pipelines import Pipelines
    from engine.runner import Runner

    taken: list[float] = []
    asked: list[dict[str, Any]] = []
    run = Runner._call

    def watched(self: Runner, pipeline: Any, pictures: Any) -> Any:
        call = type(pipeline).__call__

        @functools.wraps(call)  # its arguments are looked at
        def stopwatch(*args: Any, **kwargs: Any) -> Any:
            asked.append(kwargs)
            began = time.perf_counter()
            out = call(*args, **kwargs)
            _synchronize()
            taken.append(time.perf_counter() - began)
            return out

        type(pipeline).__call__ = stopwatch
        try:
            return run(self, pipeline, pictures)
        finally:
            type(pipeline).__call__ = call

    held: list[Any] = []
    get = Pipelines.get

    def holding(self: Pipelines, *args: Any, **kwargs: Any) -> Any:
        found = get(self, *args, **kwargs)
        held[:] = [found[0]]
        return found

    bare: list[float] = []

    def between() -> None:
        """On the engine's thread, before each turn: the same call without Safelight."""
        if asked:
            bare.append(_bare(held[0], asked[-1], spec))

    Runner._call, Pipelines.get = watched, holding  # type: ignore[method-assign]
    try:
        bench.measure(spec, repeats=2)
        taken.clear()
        bench.on_turn = between
        (side,) = bench.measure(spec, repeats=TURNS).sides
    finally:
        Runner._call, Pipelines.get = run, get  # type: ignore[method-assign]
        bench.on_turn = lambda: None
    told = [sample.seconds for sample in side.samples]
    off = [abs(a / b - 1) for a, b in zip(told, taken[-len(told) :], strict=True)]
    apart = [a / b - 1 for a, b in zip(told, bare[-len(told) :], strict=True)]
    return [
        (
            "times: the same call, by a stopwatch",
            "within 2%",
            f"{median(off):.2%} off, at most {max(off):.2%}",
            _met(median(off) <= 0.02),
        ),
        (
            "times: a bare call in turns",
            "(noise too)",
            f"{median(apart):+.2%}, from {min(apart):+.1%} to {max(apart):+.1%}",
            "",
        ),
    ]


def _bare(loaded: Any, asked: dict[str, Any], spec: RunSpec) -> float:
    """Seconds of a call of the pipeline as diffusers gives it."""
    import torch

    from engine import schedulers

    pipeline = loaded.pipeline
    pipeline.scheduler = schedulers.build(pipeline, loaded.own_scheduler, spec.scheduler)
    values = {name: v for name, v in asked.items() if "callback" not in name}
    seeds = [torch.Generator("cpu").manual_seed(seed) for seed in spec.seeds]
    began = time.perf_counter()
    pipeline(**{**values, "generator": seeds})
    _synchronize()
    return time.perf_counter() - began


def _synchronize() -> None:
    import torch

    if torch.cuda.is_available():
        torch.cuda.synchronize()


# 2. Memory


def watch(pid: int, line: Connection) -> None:
    """In a process of its own: the resident set of another, whenever it grows past its peak.

    Each message asks for the peak since the one before.
    """
    statm, page, peak = Path(f"/proc/{pid}/statm"), os.sysconf("SC_PAGE_SIZE"), 0
    while True:
        peak = max(peak, int(statm.read_text().split()[1]) * page)
        if line.poll(0.001):
            if line.recv() is None:
                return
            line.send(peak)
            peak = 0


def memory(bench: Bench, spec: RunSpec, device: str) -> list[Row]:
    """The peak that a turn reports, against what somebody else saw of it."""
    spec = spec.with_(batch_size=4)
    seen = _seen_cuda(bench, spec) if device.startswith("cuda") else _seen_rss(bench, spec)
    off = [abs(told.memory_peak_bytes / peak - 1) for told, peak in seen]
    last, peak = seen[-1]
    megabytes = f"{last.memory_peak_bytes / 2**20:,.0f} MB told, {peak / 2**20:,.0f} seen"
    figure = f"{median(off):.2%} off, at most {max(off):.2%} ({megabytes})"
    return [("peak memory, by another reading", "within 2%", figure, _met(median(off) <= 0.02))]


def _seen_rss(bench: Bench, spec: RunSpec) -> list[tuple[Sample, int]]:
    from engine.runner import Runner

    here, there = multiprocessing.Pipe()
    context = multiprocessing.get_context("spawn")
    other = context.Process(target=watch, args=(os.getpid(), there), daemon=True)
    other.start()
    peaks: list[int] = []
    run = Runner.__call__

    def watched(self: Runner) -> Any:
        here.send("begin")
        here.recv()
        out = run(self)
        here.send("end")
        peaks.append(here.recv())
        return out

    Runner.__call__ = watched  # type: ignore[method-assign]
    try:
        (side,) = bench.measure(spec, repeats=TURNS).sides
    finally:
        Runner.__call__ = run  # type: ignore[method-assign]
        here.send(None)
        other.join()
    return list(zip(side.samples, peaks[-len(side.samples) :], strict=True))


def _seen_cuda(bench: Bench, spec: RunSpec) -> list[tuple[Sample, int]]:
    import torch

    from engine.runner import Runner

    peaks: list[int] = []
    run = Runner.__call__

    def watched(self: Runner) -> Any:
        peak, ended = [0], threading.Event()

        def look() -> None:
            while not ended.wait(0.001):  # without a pause it would hold up what it watches
                peak[0] = max(peak[0], torch.cuda.memory_allocated())

        looking = threading.Thread(target=look)
        hook = torch.nn.modules.module.register_module_forward_hook(
            lambda *_: peak.__setitem__(0, max(peak[0], torch.cuda.memory_allocated()))
        )
        looking.start()
        try:
            return run(self)
        finally:
            ended.set()
            looking.join()
            hook.remove()
            peaks.append(peak[0])

    Runner.__call__ = watched  # type: ignore[method-assign]
    try:
        (side,) = bench.measure(spec, repeats=TURNS).sides
    finally:
        Runner.__call__ = run  # type: ignore[method-assign]
    return list(zip(side.samples, peaks[-len(side.samples) :], strict=True))


# 3 and 4. Differences


def differences(bench: Bench, spec: RunSpec, trials: int, *, planted: bool) -> list[Row]:
    """Trials of a spec against itself, or against itself slowed down."""
    import torch

    from engine.runner import Runner

    other = spec.with_(seed=spec.seed + 1) if planted else spec
    run = Runner._call
    numbers = torch.randn(64, 64)

    def slowed(self: Runner, pipeline: Any, pictures: Any) -> Any:
        began = time.perf_counter()
        out = run(self, pipeline, pictures)
        _synchronize()
        if self._spec.seed == other.seed:
            until = began + (1 + SLOWER) * (time.perf_counter() - began)
            while time.perf_counter() < until:
                torch.mm(numbers, numbers)
        return out

    if planted:
        Runner._call = slowed  # type: ignore[method-assign]
    right, undecided, ratios, turns = 0, 0, [], []
    began = time.perf_counter()
    try:
        for trial in range(trials):
            result = bench.measure(spec, other)
            verdict = result.verdicts[1]
            assert verdict is not None
            right += verdict.differs and verdict.ratio > 1 if planted else verdict.is_same
            undecided += verdict.is_undecided
            ratios.append(verdict.ratio)
            turns.append(len(result.sides[1].samples))
            words = f"{verdict.ratio:.3f} ({verdict.low:.3f} – {verdict.high:.3f})"
            kind = "slowed" if planted else "A/A"
            print(
                f"{kind} {trial + 1}: {in_a_word(verdict)}, {words} after {turns[-1]} turns each",
                file=sys.stderr,
            )
    finally:
        Runner._call = run  # type: ignore[method-assign]
    took = time.perf_counter() - began
    name = f"a planted {SLOWER:.0%} slowdown is found" if planted else "A/A: no difference"
    figure = f"{right} of {trials}, {undecided} undecided"
    figure += f"; ratios {min(ratios):.3f} to {max(ratios):.3f}"
    extra = f"{figure}; {min(turns)} to {max(turns)} turns each, {took:.0f} s"
    return [(name, "19 of 20", extra, _met(right >= 0.95 * trials))]


def _met(met: bool) -> str:
    return "met" if met else "MISSED"


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--trials", type=int, default=20)
    options.add_argument("--device", default="cpu")
    options.add_argument("--checkpoint", default=BUNDLED)
    options.add_argument("--steps", type=int, default=2)
    options.add_argument("--only", nargs="*", choices=("times", "memory", "aa", "ab"))
    asked = options.parse_args()
    import_libraries()
    import torch

    if asked.device == "cpu":
        torch.set_num_threads(1)
    spec = RunSpec("a red sun over blue mountains", checkpoint=asked.checkpoint, seed=7)
    spec = spec.with_(num_inference_steps=asked.steps)
    bench = Bench(asked.device)
    parts: dict[str, Callable[[], list[Row]]] = {
        "times": lambda: times(bench, spec),
        "memory": lambda: memory(bench, spec, asked.device),
        "aa": lambda: differences(bench, spec, asked.trials, planted=False),
        "ab": lambda: differences(bench, spec, asked.trials, planted=True),
    }
    rows: list[Row] = []
    for name, part in parts.items():
        if asked.only is None or name in asked.only:
            found = part()
            rows += found
            for row in found:  # at once: the rest may be cut off
                print("  ".join(row).rstrip(), file=sys.stderr, flush=True)
    bench.engine.stop(10)
    load = os.getloadavg()
    print(
        f"\nload of the machine in the last 1, 5 and 15 minutes: {load[0]:.1f} {load[1]:.1f} "
        f"{load[2]:.1f}, {os.cpu_count()} cores"
    )
    widths = [max(len(row[at]) for row in rows) for at in range(4)]
    for row in rows:
        print("  ".join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True)))


if __name__ == "__main__":
    main()
