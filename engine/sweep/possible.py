"""Which cells a checkpoint's files, or this device, will refuse, before anything is loaded."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import cache

from engine.checkpoints import CheckpointInfo, inspect
from engine.errors import CheckpointError
from engine.spec import RunSpec
from engine.sweep.sweep import Cell, Sweep
from engine.switches import Place, unavailable


def checked(sweep: Sweep, device: str = "") -> Sweep:
    """A sweep with the cells refused that cannot be done, as far as files tell.

    A checkpoint that is still to be downloaded refuses nothing.

    Args:
        device: the kind of device, such as ``"cuda"``; empty when it is not known.
    """
    return sweep.refusing(refusals(sweep.cells(), device))


def refusals(cells: Sequence[Cell], device: str = "") -> dict[int, str]:
    """Why cells cannot be done, by index; see :func:`checked`."""
    look = cache(_look)
    missing = cache(_missing)
    found: dict[int, str] = {}
    for cell in cells:
        if cell.spec is None:
            continue
        seen = look(cell.spec.checkpoint)
        if isinstance(seen, str):
            found[cell.index] = seen
            continue
        info, place = seen
        why = _refusal(cell.spec, info, replace(place, device=device or place.device))
        vae = cell.spec.switches.get("vae")
        if not why and vae is not None:
            why = missing(vae, info)
        if why:
            found[cell.index] = why
    return found


def _look(checkpoint: str) -> tuple[CheckpointInfo, Place] | str:
    try:
        info = inspect(checkpoint)
        return info, info.place
    except CheckpointError as error:
        return str(error)


def _missing(vae: str, info: CheckpointInfo) -> str:
    from engine.vaes import find_vae

    try:
        find_vae(vae, info.path)
    except CheckpointError as error:
        return str(error)
    return ""


def _refusal(spec: RunSpec, info: CheckpointInfo, place: Place) -> str:
    if info.schedulers and spec.scheduler is not None and spec.scheduler not in info.schedulers:
        known = ", ".join(info.schedulers)
        return f"This checkpoint cannot use the scheduler {spec.scheduler}. It takes: {known}."
    for name, reason in unavailable(spec.switches, place).items():
        return f"{name} {spec.switches[name]} cannot be used: {reason}."
    return ""
