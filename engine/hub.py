"""Downloads from the Hugging Face hub, only for an id that the user named.

Every way this fails is one sentence that says what to do.
"""

from __future__ import annotations

import errno
import os
from pathlib import Path

from engine.checkpoints import cached_snapshot
from engine.errors import CheckpointError
from engine.verify import parts_of


def is_complete(snapshot: Path) -> bool:
    """Whether a downloaded folder has something of each of its parts."""
    try:
        parts = parts_of(snapshot)
    except CheckpointError:
        return True  # let the loader say what is wrong with it
    return all(any((snapshot / part.name).glob("*")) for part in parts) and not any(
        (snapshot / part.name / "config.json").is_file()
        and not any((snapshot / part.name).glob("*.safetensors"))
        and not any((snapshot / part.name).glob("*.bin"))
        for part in parts
    )


def download(hub_id: str, half: bool) -> Path:
    """Download what a pipeline needs, as safetensors, and return its folder.

    Args:
        hub_id: ``owner/name``.
        half: take the float16 files where there are such.

    Raises:
        CheckpointError: unknown, gated, offline, pickles only, or no room.
    """
    from diffusers import DiffusionPipeline
    from huggingface_hub import HfApi

    try:
        info = HfApi().model_info(hub_id)
        files = [sibling.rfilename for sibling in info.siblings or ()]
        if "model_index.json" not in files:
            raise CheckpointError(f"{hub_id} on the hub is not a diffusers checkpoint.")
        if not any(name.endswith(".safetensors") for name in files):
            raise CheckpointError(
                f"{hub_id} has its weights only as pickles, and loading a pickle can run any code "
                "hidden in it. Choose a checkpoint with .safetensors files."
            )
        variant = "fp16" if half and any(".fp16" in name for name in files) else None
        return Path(DiffusionPipeline.download(hub_id, use_safetensors=True, variant=variant))
    except CheckpointError:
        raise
    except Exception as error:
        snapshot = cached_snapshot(hub_id)
        if snapshot is not None and is_complete(snapshot):
            return snapshot
        raise CheckpointError(sentence(hub_id, error)) from error


def sentence(hub_id: str, error: BaseException) -> str:
    """What to tell the user of a failed download."""
    from huggingface_hub import errors

    if isinstance(error, errors.GatedRepoError):
        return (
            f"{hub_id} is gated: accept its terms on https://huggingface.co/{hub_id}, then log in "
            "with `hf auth login`."
        )
    if isinstance(error, errors.RepositoryNotFoundError):
        return f"The hub has no checkpoint {hub_id}, or it is private: see `hf auth login`."
    if isinstance(error, errors.HFValidationError):
        return f"“{hub_id}” is not a hub id."
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
        return f"The disk is full: {hub_id} could not be downloaded. Free some space."
    if os.environ.get("HF_HUB_OFFLINE", "") not in ("", "0") or _is_offline(error):
        return f"{hub_id} is not on this machine, and the hub cannot be reached to download it."
    return f"{hub_id} could not be downloaded: {_first_line(error)}"


def _is_offline(error: BaseException | None) -> bool:
    """Whether an error, or what caused it, is of the connection."""
    from huggingface_hub import errors

    while error is not None:
        if isinstance(error, (ConnectionError, TimeoutError, errors.LocalEntryNotFoundError)):
            return True
        if type(error).__module__.startswith(("httpx", "httpcore", "requests", "urllib3")):
            return True
        error = error.__cause__ or error.__context__
    return False


def _first_line(error: BaseException) -> str:
    lines = str(error).strip().splitlines()
    return lines[0][:300] if lines else type(error).__name__
