"""Downloads from the Hugging Face hub, only for an id that the user named.

Every way this fails is one sentence that says what to do.
"""

from __future__ import annotations

import errno
import os
import threading
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path

from engine.checkpoints import Location, cached_snapshot, read_json, resolve
from engine.errors import Cancelled, CheckpointError
from engine.listing import ask
from engine.transfer import Amount, Transfer, is_passing, require_room
from engine.verify import parts_of
from engine.weights import origin_of

Tell = Callable[[str | Amount], None]
"""Is given each stage of loading, in words for the user, and how far a download is."""
Check = Callable[[], None]
"""Raises :class:`~engine.errors.Cancelled` when the run was asked to stop."""

_POLL_SECONDS = 0.2
_STOP_SECONDS = 1.0
_LOG_IN = "log in with `hf auth login` or set HF_TOKEN"


@dataclass(frozen=True, slots=True)
class Need:
    """What is to be downloaded before a checkpoint can be loaded.

    Attributes:
        hub_id: ``owner/name``.
        for_file: the name of the single file that has the weights, when only configuration and
            tokenizers are lacking; else empty.
    """

    hub_id: str
    for_file: str = ""


@dataclass(frozen=True, slots=True)
class HubSize:
    """How large a download is.

    Attributes:
        bytes_total: of the files that a pipeline needs, and no others.
        bytes_here: of those, what is on this machine already.
        files: how many there are.
    """

    bytes_total: int
    bytes_here: int
    files: int

    @property
    def bytes_to_come(self) -> int:
        return self.bytes_total - self.bytes_here


def missing(name: str) -> Need | None:
    """What a run of the checkpoint ``name`` would download; ``None`` when all is here.

    Looks at the disk only. A name of nothing is not missing: the run tells what is wrong with it.
    """
    try:
        return need_of(resolve(name))
    except CheckpointError:
        return None


def need_of(where: Location) -> Need | None:
    """What is to be downloaded before a checkpoint can be loaded.

    Raises :class:`CheckpointError` for a single file that cannot be read.
    """
    if where.path is not None and where.single_file:
        origin = origin_of(where.path)
        if origin is None or has_configuration(origin.hub_id):
            return None
        return Need(origin.hub_id, for_file=where.path.name)
    if where.hub_id is None or (where.path is not None and is_complete(where.path)):
        return None
    return Need(where.hub_id)


def size_of(need: Need, half: bool) -> HubSize:
    """Ask the hub how much a download would be; nothing is written.

    Args:
        need: what is lacking.
        half: of the float16 files, where there are such.

    Raises:
        CheckpointError: as :func:`download`.
    """
    hub_id = need.hub_id
    try:
        listing = ask(hub_id, half, weights=not need.for_file)
        size = HubSize(listing.bytes_total, listing.bytes_here(), len(listing.files))
        require_room(listing, size.bytes_to_come)
    except CheckpointError:
        raise
    except Exception as error:
        raise CheckpointError(sentence(hub_id, error)) from error
    return size


def has_configuration(hub_id: str) -> bool:
    """Whether the configuration and tokenizers of a hub id are here, with weights or without."""
    snapshot = cached_snapshot(hub_id)
    try:
        return snapshot is not None and all(
            any((snapshot / part.name).glob("*.json")) for part in parts_of(snapshot)
        )
    except (CheckpointError, OSError):
        return True  # let the loader say what is wrong with it


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


def download(need: Need, half: bool, tell: Tell, check: Check) -> Path:
    """Download what a pipeline needs, its weights as safetensors, and return its folder.

    The download runs in threads of its own, so that a cancel need not wait for it. A cancelled one
    stops at the next piece, and the next time goes on from there.

    Args:
        need: what is lacking.
        half: take the float16 files where there are such.
        tell: is given how far it is.
        check: raises :class:`~engine.errors.Cancelled` when the run was asked to stop.

    Raises:
        CheckpointError: unknown, gated, offline, out of order, pickles only, or no room.
    """
    tell(f"downloading {'the configuration of ' if need.for_file else ''}{need.hub_id}")
    fetched: Future[Path] = Future()
    transfer = Transfer()

    def fetch() -> None:
        try:
            fetched.set_result(_fetch(need, half, transfer))
        except BaseException as error:
            fetched.set_exception(error)

    thread = threading.Thread(target=fetch, name="safelight-download", daemon=True)
    thread.start()
    told = 0
    try:
        while True:
            try:
                return fetched.result(timeout=_POLL_SECONDS)
            except TimeoutError:
                if fetched.done():  # since then; a TimeoutError of its own would be told here
                    return fetched.result()
            check()
            amount = transfer.amount()
            if amount.total and amount.done != told:
                told = amount.done
                tell(amount)
    finally:
        transfer.stop()
        thread.join(_STOP_SECONDS)  # a line that stands still is left behind; it writes no more


def _fetch(need: Need, half: bool, transfer: Transfer) -> Path:
    try:
        return transfer.fetch(ask(need.hub_id, half, weights=not need.for_file))
    except (CheckpointError, Cancelled):
        raise
    except Exception as error:
        raise CheckpointError(sentence(need.hub_id, error)) from error


def sentence(hub_id: str, error: BaseException) -> str:
    """What to tell the user of a failed download."""
    from huggingface_hub import errors

    status = getattr(getattr(error, "response", None), "status_code", 0)
    if isinstance(error, errors.GatedRepoError):
        return (
            f"{hub_id} is gated: accept its terms on https://huggingface.co/{hub_id}, then "
            f"{_LOG_IN}."
        )
    if isinstance(error, errors.RepositoryNotFoundError) or status == 401:
        return f"The hub has no checkpoint {hub_id}, or it is private: {_LOG_IN}."
    if isinstance(error, errors.HFValidationError):
        return f"“{hub_id}” is not a hub id."
    if status == 403:
        return f"The hub does not let you have {hub_id}: {_LOG_IN}."
    if status and is_passing(error):
        return f"The hub cannot answer for now (error {status}). Try {hub_id} again later."
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
