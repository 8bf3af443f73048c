"""What a checkpoint's name means and what its folder says, before anything heavy is imported.

A name is the bundled checkpoint's, a folder in the diffusers layout, a single ``.safetensors``
file, or a hub id such as ``owner/name``. Reading the JSON files of a folder is enough to know its
family, size and scheduler, so the form can be right before the first run loads the weights.
"""

from __future__ import annotations

import json
import os
import re
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

from engine.errors import CheckpointError
from engine.schedulers import name_of, offered
from engine.spec import BUNDLED
from engine.switches.base import Place

PICKLES = (".ckpt", ".bin", ".pt", ".pth", ".pkl")
_HUB_ID = re.compile(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*")
_FAMILIES = {
    "StableDiffusionXL": "sdxl",
    "StableDiffusion3": "sd3",
    "StableDiffusion": "sd",
    "Flux": "flux",
}
_MAX_JSON_BYTES = 16 * 1024 * 1024
_MAX_SCALE_LEVELS, _MAX_SAMPLE = 16, 65_536  # beyond any model; more is a damaged file
_NATIVE = {"sd": 512, "sdxl": 1024, "sd3": 1024, "flux": 1024}


@dataclass(frozen=True, slots=True)
class Location:
    """Where a checkpoint is.

    Attributes:
        name: as it goes into a record: absolute for a local path, else as it was given.
        path: its folder or file; ``None`` for a hub id that is not on this machine.
        hub_id: the id, when the name is one.
    """

    name: str
    path: Path | None
    hub_id: str | None = None

    @property
    def single_file(self) -> bool:
        return self.path is not None and self.path.is_file()


@dataclass(frozen=True, slots=True)
class CheckpointInfo:
    """What a checkpoint's JSON files say.

    Attributes:
        family: ``"sd"``, ``"sdxl"``, ``"sd3"``, ``"flux"``, another pipeline's class name, or
            ``""`` when unknown (a single file, or a hub id that is not on this machine).
        scheduler: its own, by our name; ``""`` when unknown or not in our table.
        schedulers: names to offer, the checkpoint's own first; none when the family is unknown.
        width, height: its own size in pixels; 0 when unknown.
        uses_negative_prompt: whether the family reads one.
    """

    name: str
    path: Path | None
    family: str
    scheduler: str
    schedulers: tuple[str, ...]
    width: int
    height: int
    uses_negative_prompt: bool

    @property
    def place(self) -> Place:
        """What is known of where switches would work."""
        from engine.vaes import sibling_vaes

        vaes = sibling_vaes(self.path) if self.path is not None and self.path.is_dir() else ()
        kinds = {"sd": "unet", "sdxl": "unet", "sd3": "transformer", "flux": "transformer"}
        return Place(self.family, kinds.get(self.family, ""), vaes=vaes)


def default_checkpoint() -> str:
    """The name of the checkpoint used when none is named."""
    return BUNDLED


def bundled_path() -> Path:
    """The folder of the bundled checkpoint. It may be missing in an unfinished source tree."""
    return Path(str(resources.files("engine"))) / "demo" / "weights"


def hub_cache() -> Path:
    """Where huggingface_hub keeps its downloads; source: its documented environment variables."""
    if cache := os.environ.get("HF_HUB_CACHE") or os.environ.get("HUGGINGFACE_HUB_CACHE"):
        return Path(cache).expanduser()
    if home := os.environ.get("HF_HOME"):
        return Path(home).expanduser() / "hub"
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "huggingface" / "hub"


def cached_snapshot(hub_id: str) -> Path | None:
    """The downloaded folder of a hub id, whole or not; ``None`` when there is none."""
    repo = hub_cache() / ("models--" + hub_id.replace("/", "--"))
    try:
        revision = (repo / "refs" / "main").read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError):
        return None
    snapshot = repo / "snapshots" / revision
    return snapshot if revision and (snapshot / "model_index.json").is_file() else None


def resolve(name: str) -> Location:
    """Where the checkpoint called ``name`` is.

    Raises:
        CheckpointError: nothing is there, or it is of a kind that is not loaded.
    """
    try:
        return _resolve(name.strip())
    except (OSError, ValueError, RuntimeError):  # too long, a NUL byte, no such user, no rights
        raise CheckpointError(f"“{name[:80]}” is not a path that can be read.") from None


def _resolve(name: str) -> Location:
    if name == BUNDLED:
        path = bundled_path()
        if not (path / "model_index.json").is_file():
            raise CheckpointError(
                f"The bundled checkpoint is missing from {path}. Install Safelight again."
            )
        return Location(name, path)
    path = Path(name).expanduser()
    if "\0" in name:
        raise ValueError
    kind = "folder" if path.is_dir() else "file" if path.is_file() else ""
    suffix = path.suffix.lower()
    if suffix in PICKLES and (kind == "file" or _looks_like_path(name)):
        raise CheckpointError(
            f"{path.name} is a pickle file, and loading a pickle can run any code hidden in it. "
            "Convert it to .safetensors first."
        )
    if kind == "folder":
        if not (path / "model_index.json").is_file():
            raise CheckpointError(
                f"{path} has no model_index.json, so it is not a diffusers checkpoint."
            )
        return Location(str(path.resolve()), path.resolve())
    if kind == "file":
        if suffix != ".safetensors":
            raise CheckpointError(
                f"{path.name} is not a checkpoint: give a .safetensors file or a folder."
            )
        return Location(str(path.resolve()), path.resolve())
    if _HUB_ID.fullmatch(name) and not _looks_like_path(name):
        return Location(name, cached_snapshot(name), hub_id=name)
    if _looks_like_path(name) or "/" in name:
        raise CheckpointError(f"There is no folder or file {path}.")
    raise CheckpointError(
        f"There is no checkpoint called “{name}”. Give “{BUNDLED}”, a folder, a .safetensors file "
        "or a hub id such as owner/name."
    )


def base_name(name: str) -> str:
    """What a checkpoint is called wherever it is: its folder or file without the suffix."""
    last = name.strip().rstrip("/\\").replace("\\", "/").rsplit("/", 1)[-1]
    stem, dot, suffix = last.rpartition(".")
    known = dot and f".{suffix.lower()}" in (*PICKLES, ".safetensors", ".gguf")
    return stem if known else last


def inspect(name: str) -> CheckpointInfo:
    """What is known of a checkpoint without loading it, in a few milliseconds.

    Raises:
        CheckpointError: as :func:`resolve`, or a JSON file in it cannot be read or holds nonsense.
    """
    try:
        return _inspect(resolve(name))
    except (OSError, ValueError, RuntimeError, MemoryError) as error:  # rights, loops of links
        raise CheckpointError(f"“{name[:80]}” cannot be read: {brief(error)}") from error


def _inspect(where: Location) -> CheckpointInfo:
    folder = where.path
    if folder is None or where.single_file:
        return CheckpointInfo(where.name, folder, "", "", (), 0, 0, True)
    index = read_json(folder / "model_index.json")
    pipeline_cls = index.get("_class_name")
    if not isinstance(pipeline_cls, str):
        raise _nonsense(folder / "model_index.json", "_class_name")
    family = family_of(pipeline_cls)
    own_cls, own_config = _own_scheduler(folder, index)
    names = offered(pipeline_cls, own_cls, own_config)
    own = name_of(own_cls, own_config)
    width, height = _native_size(folder, family)
    return CheckpointInfo(where.name, folder, family, own, names, width, height, family != "flux")


def family_of(pipeline_class: str) -> str:
    """The family of a diffusers pipeline class, or the class's own name when it is none of ours."""
    for prefix, family in _FAMILIES.items():
        if re.fullmatch(
            rf"{prefix}(PAG|Inpaint|Img2Img|Control(Net)?\w*)?Pipeline", pipeline_class
        ):
            return family
    return pipeline_class


def read_json(path: Path) -> dict[str, Any]:
    """A JSON object from a file. Raises :class:`CheckpointError` when it holds none."""
    try:
        if not path.is_file():  # or a pipe, whose end would never come
            raise FileNotFoundError
        with path.open(encoding="utf-8") as file:
            text = file.read(_MAX_JSON_BYTES)
        values = json.loads(text)
    except FileNotFoundError:
        raise CheckpointError(f"{path} is missing.") from None
    except (OSError, ValueError, RecursionError):
        raise CheckpointError(
            f"{path} cannot be read as JSON; the checkpoint is damaged."
        ) from None
    if not isinstance(values, dict):
        raise CheckpointError(f"{path} does not hold a JSON object; the checkpoint is damaged.")
    return values


def _looks_like_path(name: str) -> bool:
    return (
        name.startswith(("/", "./", "../", "~", "."))
        or "\\" in name
        or name.count("/") > 1
        or Path(name).suffix.lower() in (*PICKLES, ".safetensors")
    )


def _own_scheduler(folder: Path, index: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    entry = index.get("scheduler")
    if not (isinstance(entry, list) and len(entry) == 2 and isinstance(entry[1], str)):
        return "", {}
    try:
        return entry[1], read_json(folder / "scheduler" / "scheduler_config.json")
    except CheckpointError:
        return entry[1], {}


def _native_size(folder: Path, family: str) -> tuple[int, int]:
    """Width and height in pixels: latents' size times the VAE's scale, as diffusers does."""
    fallback = _NATIVE.get(family, 0)
    part = "unet" if (folder / "unet" / "config.json").is_file() else "transformer"
    vae, model = folder / "vae" / "config.json", folder / part / "config.json"
    if not vae.is_file() or not model.is_file():
        return fallback, fallback
    levels = read_json(vae).get("block_out_channels", [])
    sample = read_json(model).get("sample_size")
    if not isinstance(levels, list) or len(levels) > _MAX_SCALE_LEVELS:
        raise _nonsense(vae, "block_out_channels")
    if not levels:  # a VAE of another kind
        return fallback, fallback
    scale = int(2 ** (len(levels) - 1))
    if family == "flux":  # fixed in FluxPipeline: 128 latents
        return 128 * scale, 128 * scale
    if sample is None:
        return fallback, fallback
    sides = sample if isinstance(sample, list) else [sample, sample]
    if not all(type(side) is int and 0 < side <= _MAX_SAMPLE for side in sides):
        raise _nonsense(model, "sample_size")
    if len(sides) != 2:
        return fallback, fallback
    return sides[1] * scale, sides[0] * scale


def _nonsense(path: Path, key: str) -> CheckpointError:
    return CheckpointError(f"{path} holds nonsense as its {key}; the checkpoint is damaged.")


def brief(error: BaseException) -> str:
    """The first line of an error of a library, short enough for a sentence."""
    lines = str(error).strip().splitlines()
    line = lines[0] if lines else type(error).__name__
    return line if len(line) <= 300 else line[:299] + "…"
