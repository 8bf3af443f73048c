"""Runs that are repeated, interleaved and compared, and what is known of them so far."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from engine.likeness import ssim
from engine.spec import RunSpec
from tests.bench.gpu_sides import Outcome, Side, serve_bare, serve_engine


@dataclass(frozen=True)
class Measure:
    """The figures of some equal runs; medians, unless they say otherwise.

    Attributes:
        warm_up: the run before them, which loaded and compiled.
    """

    warm_up: Outcome
    runs: Sequence[Outcome]

    @property
    def seconds(self) -> float:
        """From the call to the pictures in memory."""
        return median(run.seconds for run in self.runs)

    @property
    def making(self) -> float:
        """From the prompt to the pictures in memory, by the engine's own clock."""
        return median(run.making for run in self.runs)

    @property
    def rate(self) -> float:
        """Denoising steps a second."""
        return median(run.kept.steps_per_second for run in self.runs)

    @property
    def peak(self) -> int:
        """Bytes, the largest."""
        return max(run.kept.memory_peak_bytes for run in self.runs)

    @property
    def compiling(self) -> float:
        """Seconds that compiling took, once."""
        return self.warm_up.kept.seconds.compile

    @property
    def previews(self) -> float:
        return sum(run.previews for run in self.runs) / len(self.runs)

    @property
    def notes(self) -> str:
        """What the engine noted of such a run, for example that a switch had no effect."""
        return " ".join(self.runs[-1].kept.notes)

    def likeness(self, other: Measure) -> float:
        """SSIM between their pictures."""
        return ssim(self.runs[-1].picture, other.runs[-1].picture)


class Bench:
    """The sides, how often to repeat, and what was found.

    Attributes:
        plain: Safelight's engine, for runs as they are and for those with nothing beside them.
        other: Safelight's engine again, for what alternates with plain runs.
        bare: the diffusers script.
        memory: what kind of memory the engine's peaks are of.
        judges: whether targets are for models of this size.
        measures: by model and label.
        ratios, outsides: of the engine to the bare script, by label.
        limits: what limits a run, by model and label.
    """

    def __init__(
        self,
        folder: Path,
        device: str,
        repeats: int,
        compiles: bool,
        seconds: float = float("inf"),
    ) -> None:
        """``seconds``: that all runs may take together."""
        self._folder = folder
        self._caches = 0
        self.repeats = repeats
        self.compiles = compiles
        self.judges = True
        self.memory = "RAM" if device == "cpu" else "VRAM"
        self.plain = Side(serve_engine, str(folder / "plain"), device)
        self.other = Side(serve_engine, str(folder / "other"), device)
        self.bare = Side(serve_bare, device)
        self.measures: dict[tuple[str, str], Measure] = {}
        self.ratios: dict[str, float] = {}
        self.outsides: dict[str, float] = {}
        self.limits: dict[tuple[str, str], str] = {}
        # What compiling takes is told of the other only: these two share what they compile.
        self.plain.kernels = self.bare.kernels = folder / "kernels"
        for side in (self.plain, self.other, self.bare):
            side.until = time.monotonic() + seconds

    def __enter__(self) -> Bench:
        return self

    def __exit__(self, *_: object) -> None:
        for side in (self.plain, self.other, self.bare):
            side.close()

    def begin_anew(self, *, shared: bool = False) -> None:
        """Another process for what alternates with plain runs, its caches of kernels empty.

        So compiling is timed, and not reading what a row before has compiled.

        Args:
            shared: the other sides, which compile the same later, are to find it there.
        """
        self.other.close()
        self._caches += 1
        self.other.kernels = self._folder / f"kernels-{self._caches}"
        if shared and self.plain.kernels is not None and not self.plain.kernels.exists():
            self.other.kernels = self.plain.kernels

    def keep(self, model: str, label: str, found: Measure) -> None:
        self.measures[model, label] = found

    def best(self, model: str, *, compiled: bool) -> tuple[str, Measure | None]:
        """The fastest of a model's runs, or of those that were compiled in full."""
        found = [
            (label, measure)
            for (name, label), measure in self.measures.items()
            if name == model and ("compile=full" in label or not compiled)
        ]
        return min(found, key=lambda pair: pair[1].making, default=("", None))

    def met(self, is_met: bool) -> str:
        """A word for the table."""
        if not self.judges:
            return "tiny"
        return "yes" if is_met else "no"


def measure(side: Side, spec: RunSpec, repeats: int) -> Measure:
    """A run to warm up, then the runs that count.

    Raises :class:`~tests.bench.gpu_sides.FailedRun`, as all that runs.
    """
    return Measure(side.run(spec), [side.run(spec) for _ in range(repeats)])


def interleaved(bench: Bench, plain: RunSpec, other: RunSpec) -> tuple[Measure, Measure, float]:
    """Another spec's figures, the plain ones beside it, and the ratio of plain to other.

    They alternate, and each goes first half of the time, so that a card that grows hot, or other
    load, hits both alike.
    """
    ours, theirs = _alternate(bench.other, other, bench.plain, plain, bench.repeats)
    ratio = median(b.making / a.making for a, b in zip(ours.runs, theirs.runs, strict=True))
    return ours, theirs, ratio


def against_bare(bench: Bench, spec: RunSpec) -> tuple[Measure, Measure, float]:
    """The bare figures, the engine's, and the ratio of bare to engine: 1 is as fast."""
    ours, bare = _alternate(bench.plain, spec, bench.bare, spec, bench.repeats)
    ratio = median(b.seconds / a.seconds for a, b in zip(ours.runs, bare.runs, strict=True))
    return bare, ours, ratio


def _alternate(
    one: Side, its: RunSpec, two: Side, their: RunSpec, repeats: int
) -> tuple[Measure, Measure]:
    warm = one.run(its), two.run(their)
    if "compile" in its.switches:  # a bare script records its CUDA graphs in a second call
        one.run(its)
        two.run(their)
    ones, twos = [], []
    for number in range(repeats):
        if number % 2:
            twos.append(two.run(their))
        ones.append(one.run(its))
        if not number % 2:
            twos.append(two.run(their))
    return Measure(warm[0], ones), Measure(warm[1], twos)


def outside(ours: Measure) -> float:
    """Seconds of a run that belong to none of its phases: what an engine costs, at most."""
    return median(run.seconds - run.making for run in ours.runs)


def gib(size: int) -> str:
    return f"{size / 2**30:.2f}"
