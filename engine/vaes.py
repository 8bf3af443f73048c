"""Loads a VAE to take the place of a checkpoint's own. Only the engine's thread comes here."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.checkpoints import PICKLES, brief, cached_snapshot, read_json, resolve
from engine.errors import CheckpointError
from engine.verify import check_safetensors

if TYPE_CHECKING:
    from engine.loaded import Loaded

_CLASS = "AutoencoderKL"


def sibling_vaes(folder: Path) -> tuple[str, ...]:
    """Names of the further VAEs in a checkpoint's folder, beside the ``vae`` it is loaded with."""
    try:
        found = sorted(
            place.parent.name
            for place in folder.glob("*/config.json")
            if place.parent.name != "vae" and _is_vae(place.parent)
        )
    except OSError:
        return ()
    return tuple(found)


def load_vae(name: str, loaded: Loaded) -> Any:
    """The VAE called ``name``, on the CPU, in the dtype of the checkpoint's own.

    Args:
        name: of a VAE in the checkpoint's folder; else a folder with a VAE or a whole checkpoint,
            a ``.safetensors`` file, or a hub id that is on this machine.

    Raises:
        CheckpointError: there is none, it is of another kind, or its latents are not this
            checkpoint's.
    """
    import torch
    from diffusers import AutoencoderKL

    own = loaded.pipeline.vae
    place = find_vae(name, loaded.path)
    try:
        if place.is_file():
            vae = _from_file(place, own)
        else:
            vae, info = AutoencoderKL.from_pretrained(
                place,
                dtype=own.dtype,
                use_safetensors=True,
                local_files_only=True,
                output_loading_info=True,
            )
            if info["missing_keys"]:
                raise CheckpointError(
                    f"The weights in {place} lack {len(info['missing_keys'])} tensors."
                )
    except (OSError, ValueError, KeyError, TypeError, RuntimeError) as error:
        if isinstance(error, torch.OutOfMemoryError):
            raise
        raise CheckpointError(f"The VAE {name} could not be loaded: {brief(error)}") from error
    _check_fit(name, vae.config, own.config)
    return vae.eval()


def _from_file(path: Path, own: Any) -> Any:
    """A VAE of one file, in diffusers' layout or its authors', of the shape of the own one.

    The file holds no configuration, and diffusers would fetch one from the hub.
    """
    from diffusers import AutoencoderKL
    from safetensors.torch import load_file

    check_safetensors(path)
    weights = load_file(path)
    if any(key.startswith("decoder.up_blocks.") for key in weights):
        vae = AutoencoderKL.from_config(own.config)
        vae.load_state_dict(weights)
        return vae.to(own.dtype)
    from diffusers.loaders.single_file_utils import SingleFileComponentError

    with tempfile.TemporaryDirectory() as config:
        own.save_config(config)
        try:
            return AutoencoderKL.from_single_file(
                str(path), config=config, dtype=own.dtype, local_files_only=True
            )
        except SingleFileComponentError as error:
            raise ValueError("there is no VAE in it") from error


def find_vae(name: str, checkpoint: Path | None) -> Path:
    """The folder or file of a VAE.

    Raises:
        CheckpointError: there is none of that name.
    """
    if checkpoint is not None and "/" not in name and _is_vae(checkpoint / name):
        return checkpoint / name
    path = Path(name).expanduser()
    if path.suffix.lower() in PICKLES:
        raise CheckpointError(
            f"{path.name} is a pickle file, and loading a pickle can run any code hidden in it. "
            "Convert it to .safetensors first."
        )
    if path.is_file() and path.suffix.lower() == ".safetensors":
        return path.resolve()
    if _is_vae(path):
        return path.resolve()
    if _is_vae(path / "vae"):
        return (path / "vae").resolve()
    snapshot = cached_snapshot(name) or _bare_snapshot(name)
    for folder in (snapshot, snapshot / "vae") if snapshot else ():
        if _is_vae(folder):
            return folder
    where = resolve_or_none(name)
    if where is not None and _is_vae(where / "vae"):
        return where / "vae"
    raise CheckpointError(
        f"There is no VAE called “{name[:80]}” on this machine. Give a folder, a .safetensors "
        "file, or a hub id that has been downloaded."
    )


def resolve_or_none(name: str) -> Path | None:
    """The folder of a checkpoint, where ``name`` is one that is here."""
    try:
        return resolve(name).path
    except CheckpointError:
        return None


def _bare_snapshot(hub_id: str) -> Path | None:
    """The downloaded folder of a hub id that holds a VAE alone."""
    from engine.checkpoints import hub_cache

    repo = hub_cache() / ("models--" + hub_id.replace("/", "--"))
    try:
        revision = (repo / "refs" / "main").read_text(encoding="utf-8").strip()
    except (OSError, ValueError):
        return None
    return repo / "snapshots" / revision if revision else None


def _is_vae(folder: Path) -> bool:
    try:
        return (folder / "config.json").is_file() and (
            read_json(folder / "config.json").get("_class_name") == _CLASS
        )
    except (CheckpointError, OSError, ValueError):
        return False


def _check_fit(name: str, other: Any, own: Any) -> None:
    """Raises :class:`CheckpointError` when one VAE's latents mean nothing to the other."""
    theirs, ours = other.latent_channels, own.latent_channels
    if theirs != ours:
        raise CheckpointError(
            f"The VAE {name} has {theirs} latent channels; this checkpoint works with {ours}."
        )
    if len(other.block_out_channels) != len(own.block_out_channels):
        raise CheckpointError(f"The VAE {name} has another scale than this checkpoint's.")
    if abs(other.scaling_factor - own.scaling_factor) > 1e-3:
        raise CheckpointError(
            f"The VAE {name} scales its latents by {other.scaling_factor:g}, this checkpoint's by "
            f"{own.scaling_factor:g}: it belongs to another family."
        )
