"""Paths of a sweep's plan, made to hold from whichever folder it is gone on with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from engine.checkpoints import resolve
from engine.errors import CheckpointError
from engine.spec import BUNDLED
from engine.sweep.axis import SWITCH
from engine.sweep.sweep import Sweep

_CHECKPOINT, _VAE = "checkpoint", f"{SWITCH}vae"


def anchored(sweep: Sweep) -> Sweep:
    """A sweep whose checkpoints and VAEs are whole paths, where they are paths of what is there.

    Names of the hub, of the bundled checkpoint, and of VAEs that come with a checkpoint stay.
    """
    changes = [value.changes for axis in sweep.axes for value in axis.values]
    names = [sweep.base.checkpoint, *(str(c[_CHECKPOINT]) for c in changes if _CHECKPOINT in c)]
    folders = [folder for name in dict.fromkeys(names) if (folder := _folder(name)) is not None]

    def whole(values: Mapping[str, Any]) -> dict[str, Any]:
        made = dict(values)
        if _CHECKPOINT in made:
            made[_CHECKPOINT] = _whole(str(made[_CHECKPOINT]), BUNDLED)
        if _VAE in made and not _comes_with(str(made[_VAE]), folders):
            made[_VAE] = _whole(str(made[_VAE]), "default")
        return made

    base = whole({_CHECKPOINT: sweep.base.checkpoint, _VAE: sweep.base.switches.get("vae")})
    switches = dict(sweep.base.switches)
    if "vae" in switches:
        switches["vae"] = base[_VAE]
    axes = tuple(
        replace(axis, values=tuple(replace(v, changes=whole(v.changes)) for v in axis.values))
        for axis in sweep.axes
    )
    spec = sweep.base.with_(checkpoint=base[_CHECKPOINT], switches=switches)
    return replace(sweep, base=spec, axes=axes)


def _folder(checkpoint: str) -> Path | None:
    try:
        return resolve(checkpoint).path
    except CheckpointError:
        return None


def _comes_with(vae: str, folders: Sequence[Path]) -> bool:
    try:
        return "/" not in vae and any((folder / vae).is_dir() for folder in folders)
    except (OSError, ValueError):
        return False


def _whole(name: str, word: str) -> str:
    """``name`` as a whole path when that is there, unless it is a word that means no path."""
    try:
        path = Path(name.strip()).expanduser()
        return str(path.resolve()) if name.strip() != word and path.exists() else name
    except (OSError, ValueError, RuntimeError):  # no path at all
        return name
