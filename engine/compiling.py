"""Whether a run will first compile, and how long that takes, from the runs that were made.

The warm-up is no part of a run's own time: it comes once for a loaded checkpoint, its switches and
a shape of call, and its kernels serve every run after that.
"""

from __future__ import annotations

from collections.abc import Sequence

from engine.fit import typical
from engine.forecast import calls_of
from engine.record import RunRecord, Status
from engine.schedulers import BY_NAME
from engine.spec import RunSpec

_NEWEST = 5
UNKNOWN_SECONDS = 0.0


def compile_seconds(
    spec: RunSpec, records: Sequence[RunRecord], made_here: Sequence[RunRecord] = ()
) -> float | None:
    """Seconds that a run of ``spec`` will spend on compiling before it begins.

    Args:
        spec: the run; checkpoint, scheduler and size as records have them.
        records: of any runs, in any order.
        made_here: those of them that were made since the checkpoint in use was loaded.

    Returns:
        ``None`` when nothing is to be compiled; :data:`UNKNOWN_SECONDS` when something is and no
        run has told yet how long it takes.
    """
    if spec.switches.get("compile", "off") == "off" or _is_warm(spec, made_here):
        return None
    past = sorted((run for run in records if _has_compiled(run, spec)), key=lambda run: -run.id)
    return typical([run.seconds.compile for run in past[:_NEWEST]]) if past else UNKNOWN_SECONDS


def _is_warm(spec: RunSpec, made_here: Sequence[RunRecord]) -> bool:
    """Whether the kernels are there: other switches, or another checkpoint, forget them."""
    left = set(shapes(spec))
    for run in sorted(made_here, key=lambda run: -run.id):
        if (run.spec.checkpoint, run.spec.switches) != (spec.checkpoint, spec.switches):
            return False
        if run.status is Status.FINISHED:
            left -= shapes(run.spec)
        if not left:
            return True
    return False


def _has_compiled(run: RunRecord, spec: RunSpec) -> bool:
    same = run.spec.checkpoint == spec.checkpoint
    value = run.spec.switches.get("compile") == spec.switches.get("compile")
    return same and value and run.status is Status.FINISHED and run.seconds.compile > 0


def shapes(spec: RunSpec) -> frozenset[object]:
    """What kernels are made for: a shape for each size of call, as the runner counts them.

    A scheduler that is left to the checkpoint counts as one of its own.
    """
    guided = spec.guidance_scale > 1
    scheduler = BY_NAME.get(spec.scheduler or "")
    kind = scheduler.cls if scheduler is not None else spec.scheduler
    return frozenset(
        (spec.width, spec.height, pictures, guided, kind) for pictures in calls_of(spec)
    )
