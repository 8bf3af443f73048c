"""Will it fit? What a run will take, from the runs that this machine has made.

Pure functions of records: nothing is read, nothing is remembered. Whatever the machine does next
becomes a record, so a wrong guess corrects itself. Between and beyond what was measured, the cost
of a run is taken to be linear:

- seconds of denoising: evaluations x (a + b x work), work being pictures x pixels of one call,
  twice that under guidance, which asks the model two things at once
- the other seconds, loading left out: c + d x pictures x pixels
- peak memory: e + f x pictures x pixels of the largest call

Pictures are those of all prompts. They are made in one call, or in several by the switch ``split``.

The parameters come from the runs of the same checkpoint on the same device that differ least.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite
from typing import Any, Literal

from engine.fit import Curve, Point, curve, typical
from engine.record import RunRecord, Status
from engine.spec import RunSpec
from engine.switches.precision import DTYPES

Sure = Literal["measured", "near", "rough", "unknown"]

NEWEST = 5
"""So many of the runs that are just like this one count."""
_FIT_RUNS = 60
_TWO_EVALUATIONS = ("Heun", "DPM2", "DPM2 a", "Flow Heun")
_OTHER_SCHEDULER = 0.1  # weight: a step of it takes nearly as long, but not quite

# Where nothing is known yet. Modest: a warning that comes too soon is not believed again.
_ALLOWANCE_BYTES = 64 * 2**20
_ALLOWANCE_VALUES_A_PIXEL = 1024  # the widest layers of a VAE's decoder hold about so many
_PROCESS_BYTES = 448 * 2**20  # resident before any weights, with a CPU build of torch


@dataclass(frozen=True, slots=True)
class Forecast:
    """What a run is expected to take.

    Attributes:
        seconds: in total, with the checkpoint loaded already; ``None`` when unknown.
        low_seconds, high_seconds: between which it will most likely be.
        memory_bytes: the peak, as ``memory_kind`` counts it; ``None`` when unknown.
        memory_kind: ``"vram"`` or ``"rss"``, as in :class:`~engine.record.RunRecord`.
        sure: ``"measured"`` from runs just like it, ``"near"`` from runs that differ a little,
            ``"rough"`` from runs that differ in more or from the weights alone, ``"unknown"``.
        runs: how many runs it was made from.
        compile_seconds: what compiling will take before that; see
            :func:`engine.compiling.compile_seconds`.
    """

    seconds: float | None = None
    low_seconds: float | None = None
    high_seconds: float | None = None
    memory_bytes: int | None = None
    memory_kind: str = "rss"
    sure: Sure = "unknown"
    runs: int = 0
    compile_seconds: float | None = None

    def to_json(self) -> dict[str, Any]:
        """A plain dictionary of JSON values."""
        return {name: getattr(self, name) for name in self.__slots__}


def forecast(
    spec: RunSpec,
    records: Sequence[RunRecord],
    *,
    native_size: tuple[int, int] | None = None,
    weights_bytes: int = 0,
    dtype_bytes: int = 4,
) -> Forecast:
    """What a run of ``spec`` will take, from the runs that were made.

    For given records it grows with the steps and with the batch, except where it was measured:
    there it is what was measured.

    Args:
        spec: the run; checkpoint and scheduler by the names that records have.
        records: of any runs, in any order. Only finished ones on the device of the newest count.
        native_size: width and height in pixels that stand for a size left to the checkpoint.
        weights_bytes: of all its weights in float32; 0 when unknown.
        dtype_bytes: of one weight as it is loaded here, where ``spec`` does not say.
    """
    past = _usable(records)
    kind = past[0].memory_kind if past else ("rss" if dtype_bytes >= 4 else "vram")
    dtype_bytes = _asked_bytes(spec) or dtype_bytes  # after the kind: it tells no device
    weights = max(weights_bytes, 0) * dtype_bytes // 4
    same = [run for run in past if run.spec.checkpoint == spec.checkpoint]
    size = _size(spec, native_size, same)
    if not same:
        return _from_weights(calls_of(spec)[0], size, weights, dtype_bytes, kind)
    alike = [run for run in same if _is_alike(run.spec, spec, size)]
    if alike:
        return _measured(alike[:NEWEST])
    return _scaled(spec, size, same, weights, kind)


def dtype_bytes_of(records: Sequence[RunRecord]) -> int:
    """Bytes of one weight in the newest of the runs; 4 when there are none."""
    newest = max(records, key=_age, default=None)
    return dtype_bytes(newest.dtype) if newest is not None else 4


def dtype_bytes(name: str) -> int:
    """Bytes of one value of a dtype of torch: 2 for ``"float16"``."""
    return 1 if "float8" in name or name.endswith("int8") else 2 if "16" in name else 4


def _asked_bytes(spec: RunSpec) -> int:
    """Bytes of one weight by the precision that is asked for; 0 where it is left to the device."""
    name = DTYPES.get(spec.switches.get("precision", ""))
    return dtype_bytes(name) if name else 0


def warm_seconds(run: RunRecord) -> float:
    """Total seconds of the attempt that worked, with loading and compiling left out."""
    seconds = run.seconds
    return seconds.total - seconds.load - seconds.compile - seconds.retried


def _usable(records: Sequence[RunRecord]) -> list[RunRecord]:
    """Finished runs with sane figures on the device of the newest, newest first."""
    finished = [run for run in records if run.status is Status.FINISHED and _is_sane(run)]
    finished.sort(key=_age, reverse=True)
    return [run for run in finished if run.device == finished[0].device]


def _age(run: RunRecord) -> tuple[str, int]:
    """By the time first: a run that was imported has a late number."""
    return run.created_at, run.id


def _is_sane(run: RunRecord) -> bool:
    times = (warm_seconds(run), run.seconds.denoise)
    sane = all(isfinite(value) and 0 < value < 1e7 for value in times)
    counts = 0 <= run.evaluations < 1e6 and 0 <= run.memory_peak_bytes < 2**60
    return sane and counts and bool(run.spec.width and run.spec.height)


def _size(
    spec: RunSpec, native_size: tuple[int, int] | None, same: Sequence[RunRecord]
) -> tuple[int, int]:
    """The size in pixels; where nobody knows it, that of the checkpoint's newest run, else 512."""
    width, height = native_size or (0, 0)
    if not (width and height) and same:
        width, height = same[0].spec.width or 0, same[0].spec.height or 0
    return spec.width or width or 512, spec.height or height or 512


def _settings(spec: RunSpec, size: tuple[int, int] | None = None) -> tuple[object, ...]:
    """All that the cost depends on. How strong the guidance is costs nothing, only whether."""
    width, height = size or (spec.width, spec.height)
    guided = spec.guidance_scale > 1
    shape = (spec.num_inference_steps, guided, width, height, spec.batch_size)
    return (*shape, spec.scheduler, spec.switches)


def _is_alike(run: RunSpec, spec: RunSpec, size: tuple[int, int]) -> bool:
    """Whether both cost the same. Prompts are counted last, for they have to be read."""
    return _settings(run) == _settings(spec, size) and len(run.prompts) == len(spec.prompts)


def calls_of(spec: RunSpec) -> list[int]:
    """Pictures of each call of the pipeline, the largest first. A record may hold any ``split``."""
    pictures, split = len(spec.pictures), spec.switches.get("split", "all")
    asked = int(split) if split.isdecimal() and len(split) < 4 else 0
    size = min(asked, pictures) or pictures
    return [min(size, pictures - at) for at in range(0, pictures, size)]


# From runs just like it


def _measured(alike: Sequence[RunRecord]) -> Forecast:
    """From runs of the same settings, newest first."""
    times = [warm_seconds(run) for run in alike]
    seconds = typical(times)
    margin = 0.05 if len(alike) >= 3 else 0.15  # a machine is never quieter than that
    peaks = [run.memory_peak_bytes for run in alike if run.memory_peak_bytes > 0]
    return Forecast(
        seconds=seconds,
        low_seconds=min(*times, seconds * (1 - margin)),
        high_seconds=max(*times, seconds * (1 + margin)),
        memory_bytes=int(typical(peaks)) if peaks else None,
        memory_kind=alike[0].memory_kind,
        sure="measured",
        runs=len(alike),
    )


# From runs that differ


def _scaled(
    spec: RunSpec, size: tuple[int, int], same: Sequence[RunRecord], weights: int, kind: str
) -> Forecast:
    """From the runs of the checkpoint whose switches differ least; ``same`` is newest first."""
    nearest = min(same, key=lambda run: _switches_apart(run.spec, spec))  # the newest of those
    group = [run for run in same if run.spec.switches == nearest.spec.switches][:_FIT_RUNS]
    denoise, rest, memory = _curves(spec, group, weights, kind)
    calls, pixels = calls_of(spec), size[0] * size[1]
    once = sum(denoise.at(_work(spec, size, pictures)) for pictures in calls)
    seconds = _evaluations(spec, same) * once + rest.at(sum(calls) * pixels)
    away = _steps_away(spec, size, group)
    spread = 1.2 + 0.2 * away
    return Forecast(
        seconds=seconds,
        low_seconds=seconds / spread,
        high_seconds=seconds * spread,
        memory_bytes=round(memory.at(calls[0] * pixels)) if memory is not None else None,
        memory_kind=kind,
        sure="near" if away <= 1 else "rough",
        runs=len(group),
    )


def _curves(
    spec: RunSpec, group: Sequence[RunRecord], weights: int, kind: str
) -> tuple[Curve, Curve, Curve | None]:
    """Seconds of an evaluation by work, other seconds by pixels, bytes by pixels of a call."""
    denoise: list[Point] = []
    rest: list[Point] = []
    memory: list[Point] = []
    for run in group:
        size = run.spec.width or 0, run.spec.height or 0
        calls, pixels = calls_of(run.spec), size[0] * size[1]
        pictures = sum(calls)
        weight = 1.0 if run.spec.scheduler == spec.scheduler else _OTHER_SCHEDULER
        evaluations = run.evaluations or len(calls) * run.spec.num_inference_steps
        # The mean of a line is the line at the mean, so a last call that is smaller does no harm.
        work = _work(run.spec, size, pictures / len(calls))
        denoise.append((work, run.seconds.denoise / evaluations, weight))
        rest.append((pictures * pixels, max(warm_seconds(run) - run.seconds.denoise, 0.0), 1.0))
        if run.memory_peak_bytes > 0:
            memory.append((calls[0] * pixels, run.memory_peak_bytes, 1.0))
    base: float = weights + (_PROCESS_BYTES if kind == "rss" else 0)
    if memory and not weights:
        base = max(base, memory[0][1] / 2)
    return curve(denoise), curve(rest), curve(memory, base=base) if memory else None


def _work(spec: RunSpec, size: tuple[int, int], pictures: float) -> float:
    """What one evaluation of the model has to do for so many pictures, in pixels."""
    return pictures * size[0] * size[1] * (2 if spec.guidance_scale > 1 else 1)


def _evaluations(spec: RunSpec, same: Sequence[RunRecord]) -> int:
    """Calls of the model in one call of the pipeline; a record counts those of all of them.

    The newest run with the scheduler tells: PNDM makes 21 for 20 steps.
    """
    steps = spec.num_inference_steps
    each = 2 if spec.scheduler in _TWO_EVALUATIONS else 1
    for run in same:
        if run.spec.scheduler == spec.scheduler and run.evaluations > 0:
            made = round(run.evaluations / len(calls_of(run.spec)))
            return max(1, made + each * (steps - run.spec.num_inference_steps))
    return steps * each


def _switches_apart(a: RunSpec, b: RunSpec) -> int:
    """How many switches differ."""
    names = a.switches.keys() | b.switches.keys()
    return sum(a.switches.get(name) != b.switches.get(name) for name in names)


def _steps_away(spec: RunSpec, size: tuple[int, int], group: Sequence[RunRecord]) -> int:
    """How far the nearest run is; a switch can change anything, so it counts twice."""
    specs = [run.spec for run in group]
    batch = len(spec.prompts), spec.batch_size
    seen = (
        any(s.scheduler == spec.scheduler for s in specs),
        any((s.width, s.height) == size for s in specs),
        any((len(s.prompts), s.batch_size) == batch for s in specs),
        any((s.guidance_scale > 1) == (spec.guidance_scale > 1) for s in specs),
    )
    return seen.count(False) + 2 * _switches_apart(specs[0], spec)


# From nothing but the weights


def _from_weights(
    pictures: int, size: tuple[int, int], weights: int, dtype_bytes: int, kind: str
) -> Forecast:
    if not weights:
        return Forecast(memory_kind=kind)
    activations = pictures * size[0] * size[1] * _ALLOWANCE_VALUES_A_PIXEL * dtype_bytes
    process = _PROCESS_BYTES if kind == "rss" else 0
    memory = weights + process + _ALLOWANCE_BYTES + activations
    return Forecast(memory_bytes=memory, memory_kind=kind, sure="rough")
