"""What switches can work on a checkpoint here, without loading its weights.

Imports torch and diffusers, which takes seconds: for commands, and never for the screen.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from engine.checkpoints import family_of, read_json, resolve
from engine.pipelines import import_libraries
from engine.switches.base import Place
from engine.switches.place import place_of
from engine.switches.precision import Precision
from engine.vaes import sibling_vaes
from engine.verify import parts_of


def survey(checkpoint: str, device: str | None, precision: str = "auto") -> Place:
    """The place of a checkpoint on a device.

    Its models are built without weights. Of a single file, or a hub id that is not here, only the
    device is known.

    Args:
        checkpoint: see :func:`engine.checkpoints.resolve`.
        device: what the user asked for; ``None`` picks the best.
        precision: a value of that switch.

    Raises:
        CheckpointError, DeviceError: one sentence.
    """
    where = resolve(checkpoint)
    devices = import_libraries()
    here = devices.pick_device(device)
    folder = where.path
    if folder is None or where.single_file:
        return Place(device=here.type)
    family = family_of(str(read_json(folder / "model_index.json").get("_class_name")))
    dtype = Precision.dtype(precision) or devices.pick_dtype(here, family)
    models = {
        part.name: _empty(folder / part.name, part)
        for part in parts_of(folder)
        if part.name in ("unet", "transformer", "vae")
    }
    kind = "unet" if "unet" in models else "transformer"
    if kind not in models:
        return Place(family=family, device=here.type)
    vaes = sibling_vaes(folder)
    return place_of(family, models[kind], models.get("vae"), here, dtype, kind=kind, vaes=vaes)


def _empty(place: Path, part: Any) -> Any:
    """A model of its class, with no memory behind its weights."""
    from accelerate import init_empty_weights

    from engine.folder import class_of

    cls = class_of(part)
    with init_empty_weights():
        return cls.from_config(cls.load_config(place, local_files_only=True))
