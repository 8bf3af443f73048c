"""Loads checkpoints and keeps one ready. Only the engine's thread comes here."""

from __future__ import annotations

import inspect
import os
import sys
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from engine import checkpoints, hub, schedulers
from engine.checkpoints import Location
from engine.errors import CheckpointError, DeviceError
from engine.folder import load_folder
from engine.hub import Check, Tell
from engine.loaded import Loaded, denoiser_of
from engine.single_file import load_file, require_origin
from engine.switches import Build, Place, build_of, refuse
from engine.switches.memory import Offload
from engine.switches.place import place_of
from engine.switches.precision import DTYPES, Layerwise, Precision
from engine.vaes import sibling_vaes
from engine.verify import Part, verify_folder

_LOADING = threading.Lock()
"""Loading patches torch.nn.Module for a while: two at once, in two engines, would break it."""


class Pipelines:
    """The checkpoint in use. Another one takes its place; two are never held at once."""

    def __init__(self, device: str | None = None, *, previews: bool = True) -> None:
        """``device`` is what the user asked for; ``None`` picks the best one when first needed."""
        self._wanted = device
        self._previews = previews
        self._loaded: Loaded | None = None

    def get(
        self,
        name: str,
        tell: Tell,
        check: Check,
        *,
        switches: Mapping[str, str] | None = None,
        download: bool = True,
    ) -> tuple[Loaded, bool]:
        """The checkpoint called ``name``, and whether it had to be loaded.

        Args:
            name: see :func:`engine.checkpoints.resolve`.
            tell: is given each stage.
            check: is asked between two stages, and raises when nobody wants it any more.
            switches: of the run. Those of loading say how; another build than it was loaded with is
                another load.
            download: fetch from the hub what is not on this machine; else that is an error.

        Raises:
            CheckpointError, DeviceError, InvalidSpec: one sentence; the checkpoint in use before is
                kept when the new one, or a switch on it, is refused before loading.
            Cancelled: by ``check``.
        """
        check()
        where = checkpoints.resolve(name)
        now, switches = self._loaded, switches or {}
        build = build_of(switches)
        if (
            now is not None
            and now.name == where.name
            and _same_build(now, build)
            and now.stamp == _stamp(where.path)
            and not now.wardrobe.torn
        ):
            return now, False
        if not download:
            _require_here(where)
        started = time.perf_counter()
        if "diffusers" not in sys.modules:
            tell("starting PyTorch")
        devices = import_libraries()
        device = devices.pick_device(self._wanted)
        check()
        # While nothing was dropped, or downloaded, yet:
        refuse(switches, replace(_foreseen(where), device=device.type))
        where, parts = _prepare(where, device.type != "cpu", tell, check)
        check()
        del now  # else the old one would be held while the new one comes
        self.drop()
        while not _LOADING.acquire(timeout=0.1):
            check()
        try:
            pipeline, family, dtype = _load(where, parts, device, build, tell, check)
        finally:
            _LOADING.release()
        check()
        pipeline.set_progress_bar_config(disable=True)
        width, height = _native_size(pipeline)
        own = getattr(pipeline, "scheduler", None)
        if own is None:
            raise CheckpointError(f"Pipelines like this one ({family}) are not supported yet.")
        schedulers_taken = schedulers.compatible_names(pipeline, own)
        place = replace(
            _place(pipeline, family, device, dtype, where.path),
            auto_dtype=devices.dtype_name(devices.pick_dtype(device, family)),
            scheduler=schedulers.name_of(type(own).__name__, own.config),
        )
        refuse(build.values, place)
        if build.get("offload", "none") == "none" and device.type != "cpu":
            tell(f"moving to {device}")
            pipeline.to(device)
        rgb = _latent_rgb(pipeline) if self._previews else None
        _finish(pipeline, build, device, dtype, tell)
        self._loaded = Loaded(
            name=where.name,
            pipeline=pipeline,
            own_scheduler=own,
            family=family,
            device=device,
            dtype=dtype,
            width=width,
            height=height,
            schedulers=schedulers_taken,
            uses_negative_prompt=_reads_negative_prompt(pipeline, family),
            rgb=rgb,
            stamp=_stamp(where.path),
            seconds=time.perf_counter() - started,
            path=where.path,
            build=build,
            place=place,
        )
        return self._loaded, True

    @property
    def present(self) -> Loaded | None:
        """The checkpoint in use."""
        return self._loaded

    @property
    def bare_place(self) -> Place:
        """What is known of where a checkpoint would go before it is there: the kind of device.

        Where there is no torch yet, or no device, it is the CPU: only main memory can run out.
        """
        if "torch" in sys.modules:
            from engine.devices import pick_device

            with suppress(DeviceError, RuntimeError):
                return Place(device=pick_device(self._wanted).type)
        return Place(device="cpu")

    def drop(self) -> None:
        """Forget the checkpoint in use and free its memory."""
        if self._loaded is not None:
            self._loaded = None
            from engine.devices import free_memory

            free_memory()


def import_libraries() -> Any:
    """Import torch and diffusers, quietly and without remote code; returns :mod:`engine.devices`.

    Takes seconds the first time. The variables are read by the libraries when they are imported.
    """
    os.environ["DIFFUSERS_DISABLE_REMOTE_CODE"] = "1"
    os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
    import diffusers
    import transformers
    from huggingface_hub.utils.tqdm import disable_progress_bars

    for logging in (diffusers.utils.logging, transformers.utils.logging):
        logging.set_verbosity_error()
        logging.disable_progress_bar()
    disable_progress_bars()
    from engine import devices, noise

    noise.settle()
    return devices


def _require_here(where: Location) -> None:
    """Refuse a checkpoint of which something is still to be downloaded."""
    if need := hub.need_of(where):
        raise CheckpointError(f"{need.hub_id} is not on this machine, or not all of it.")


def _prepare(
    where: Location, half: bool, tell: Tell, check: Check
) -> tuple[Location, tuple[Part, ...]]:
    """Download when needed, and refuse what is unsafe or broken while nothing was dropped yet."""
    if where.path is not None and where.single_file:
        require_origin(where.path)
    folder = None
    if need := hub.need_of(where):
        folder = hub.download(need, half, tell, check)
    if where.single_file:
        return where, ()
    path = folder or where.path
    where = Location(where.name, path, where.hub_id)
    assert path is not None
    return where, verify_folder(path)


def _load(
    where: Location,
    parts: tuple[Part, ...],
    device: Any,
    build: Build,
    tell: Tell,
    check: Check,
) -> tuple[Any, str, Any]:
    """Load from disk; returns the pipeline, its family and dtype. Errors become sentences."""
    assert where.path is not None
    wanted = Precision.dtype(build.get("precision", "auto"))
    try:
        if where.single_file:
            return load_file(where.path, device, wanted, tell, check)
        return load_folder(where.path, parts, device, wanted, tell, check)
    except (OSError, ValueError, KeyError, TypeError, AttributeError, ImportError) as error:
        raise CheckpointError(
            f"{where.name} could not be loaded: {checkpoints.brief(error)}"
        ) from error
    except RuntimeError as error:
        if "size mismatch" not in str(error):  # out of memory and the like are not its fault
            raise
        raise CheckpointError(
            f"{where.name} could not be loaded: its weights do not fit its configuration."
        ) from error


def _place(pipeline: Any, family: str, device: Any, dtype: Any, path: Path | None) -> Place:
    kind = "unet" if getattr(pipeline, "unet", None) is not None else "transformer"
    vaes = sibling_vaes(path) if path is not None and path.is_dir() else ()
    vae = getattr(pipeline, "vae", None)
    return place_of(family, denoiser_of(pipeline), vae, device, dtype, kind=kind, vaes=vaes)


def _same_build(now: Loaded, build: Build) -> bool:
    """Whether what is loaded is what ``build`` asks for: a precision counts by what it means."""
    wanted, have = dict(build.values), dict(now.build.values)
    precision = wanted.pop("precision", "auto")
    have.pop("precision", None)
    dtype = DTYPES.get(precision, now.place.auto_dtype)
    return wanted == have and dtype == str(now.dtype).removeprefix("torch.")


def _foreseen(where: Location) -> Place:
    """What a checkpoint's files tell of where switches would work."""
    try:
        return checkpoints.inspect(where.name).place
    except CheckpointError:  # told better when it is loaded
        return Place()


def _finish(pipeline: Any, build: Build, device: Any, dtype: Any, tell: Tell) -> None:
    """What comes after loading and cannot be taken back: fp8 storage, then offloading."""
    if build.get("layerwise", "off") != "off":
        tell("storing weights in fp8")
        Layerwise.enable(denoiser_of(pipeline), dtype)
    if (offload := build.get("offload", "none")) != "none":
        tell("preparing to offload")
        Offload.enable(pipeline, offload, device)


def _reads_negative_prompt(pipeline: Any, family: str) -> bool:
    """Flux has the argument, but reads it only with a second guidance scale that no spec has."""
    takes = inspect.signature(type(pipeline).__call__).parameters
    return "negative_prompt" in takes and family != "flux"


def _native_size(pipeline: Any) -> tuple[int, int]:
    """Width and height in pixels that the pipeline would choose."""
    scale = getattr(pipeline, "vae_scale_factor", 8)
    unet = getattr(pipeline, "unet", None)
    size = unet.config.sample_size if unet is not None else None
    if size is None:
        size = getattr(pipeline, "default_sample_size", None)
    if size is None and getattr(pipeline, "transformer", None) is not None:
        size = pipeline.transformer.config.get("sample_size")
    if isinstance(size, (list, tuple)):
        return int(size[1]) * scale, int(size[0]) * scale
    side = int(size) * scale if size else 1024
    return side, side


def _latent_rgb(pipeline: Any) -> Any:
    from engine.latent_rgb import latent_rgb  # imports torch

    return latent_rgb(pipeline)


def _stamp(path: Path | None) -> tuple[tuple[str, int, int], ...]:
    """Name, time and size of each file of a checkpoint: a few dozen calls of stat."""
    if path is None:
        return ()
    files = [path] if path.is_file() else sorted(path.glob("*.json")) + sorted(path.glob("*/*"))
    stats = ((file, file.stat()) for file in files if file.is_file())
    return tuple((str(file), stat.st_mtime_ns, stat.st_size) for file, stat in stats)
