"""Downloads from the Hugging Face hub, only for an id that the user named.

Every way this fails is one sentence that says what to do.
"""

from __future__ import annotations

import errno
import os
import threading
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path

from engine.checkpoints import cached_snapshot, hub_cache, read_json
from engine.errors import CheckpointError
from engine.verify import parts_of

Tell = Callable[[str], None]
"""Is given each stage of loading, in words for the user."""
Check = Callable[[], None]
"""Raises :class:`~engine.errors.Cancelled` when the run was asked to stop."""

_POLL_SECONDS = 0.2


def is_complete(snapshot: Path) -> bool:
    """Whether a downloaded folder has something of each of its parts, and all of its shards."""
    try:
        return all(_has_part(snapshot / part.name) for part in parts_of(snapshot))
    except (CheckpointError, OSError):
        return True  # let the loader say what is wrong with it


def _has_part(place: Path) -> bool:
    if not any(place.glob("*")):
        return False
    weights = any(place.glob("*.safetensors")) or any(place.glob("*.bin"))
    if (place / "config.json").is_file() and not weights:
        return False
    for index in place.glob("*.safetensors.index*.json"):
        shards = read_json(index).get("weight_map")
        if isinstance(shards, dict) and not all(
            (place / str(name)).is_file() for name in set(map(str, shards.values()))
        ):
            return False
    return True


def download(hub_id: str, half: bool, tell: Tell, check: Check) -> Path:
    """Download what a pipeline needs, as safetensors, and return its folder.

    The download runs in a thread of its own, so that a cancel need not wait for it. A cancelled one
    goes on behind, and what it has fetched is there for the next time.

    Args:
        hub_id: ``owner/name``.
        half: take the float16 files where there are such.
        tell: is given how far it is.
        check: raises :class:`~engine.errors.Cancelled` when the run was asked to stop.

    Raises:
        CheckpointError: unknown, gated, offline, pickles only, or no room.
    """
    tell(f"downloading {hub_id}")
    fetched: Future[Path] = Future()

    def fetch() -> None:
        try:
            fetched.set_result(_fetch(hub_id, half))
        except BaseException as error:
            fetched.set_exception(error)

    threading.Thread(target=fetch, name="safelight-download", daemon=True).start()
    seen = size = _downloaded(hub_id)
    while True:
        try:
            return fetched.result(timeout=_POLL_SECONDS)
        except TimeoutError:
            if fetched.done():  # since then; a TimeoutError of its own would be told here
                return fetched.result()
        check()
        if (now := _downloaded(hub_id)) - seen >= 1e6:
            seen = now
            tell(f"downloading {hub_id}, {(now - size) / 1e9:.2f} GB so far")


def _downloaded(hub_id: str) -> int:
    """Bytes of a repository in the cache, parts of files included."""
    blobs = hub_cache() / ("models--" + hub_id.replace("/", "--")) / "blobs"
    try:
        return sum(entry.stat().st_size for entry in os.scandir(blobs))
    except OSError:
        return 0


def _fetch(hub_id: str, half: bool) -> Path:
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
