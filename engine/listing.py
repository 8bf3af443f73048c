"""What the hub has of a checkpoint, and which of its files a pipeline needs. No torch here.

Two requests: the metadata of the repository (names, sizes and digests of all files) and its
``model_index.json``, which names the parts. Everything else is decided here, so that the size told
before a download is that of exactly the files that are downloaded.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from engine.checkpoints import PICKLES, hub_cache
from engine.errors import CheckpointError
from engine.verify import parts_in

SECONDS = 10.0
"""How long the hub may take for an answer, or for the next piece of one."""

_SMALL_FILES = (".json", ".txt", ".model", ".jinja")  # of configurations and tokenizers
_COMMIT = re.compile(r"[0-9a-f]{40}")
_DIGEST = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_MAX_INDEX_BYTES = 1024 * 1024


@dataclass(frozen=True, slots=True)
class HubFile:
    """One file of a repository.

    Attributes:
        name: ``unet/config.json``.
        size: in bytes.
        digest: the SHA-256 of its content, or for a small file the SHA-1 that git gives it; the hub
            sends it as the ETag, and it is the file's name among the blobs of the cache.
    """

    name: str
    size: int
    digest: str

    @property
    def is_weights(self) -> bool:
        return self.name.endswith(".safetensors")


@dataclass(frozen=True, slots=True)
class Listing:
    """The files of one commit that a pipeline needs."""

    hub_id: str
    commit: str
    files: tuple[HubFile, ...]

    @property
    def repo(self) -> Path:
        """The repository's folder in the cache, there or not."""
        return repo_folder(self.hub_id)

    @property
    def bytes_total(self) -> int:
        """Of what is downloaded: content that has several names comes, and counts, once."""
        return sum(file.size for file, *_ in by_content(self.files))

    def bytes_here(self) -> int:
        """Of those bytes, how many are in the cache, parts of files included."""
        blobs = self.repo / "blobs"
        return sum(min(_here(blobs, file), file.size) for file, *_ in by_content(self.files))


def by_content(files: Iterable[HubFile]) -> list[tuple[HubFile, ...]]:
    """Files in groups of the same content: both tokenizers of SDXL have one vocabulary, say.

    The cache keeps content under its digest, so each group is one blob with one or more names.
    """
    groups: dict[str, list[HubFile]] = {}
    for file in files:
        groups.setdefault(file.digest, []).append(file)
    return [tuple(group) for group in groups.values()]


def repo_folder(hub_id: str) -> Path:
    """Where the cache keeps a repository of models."""
    return hub_cache() / ("models--" + hub_id.replace("/", "--"))


def part_of(blob: Path) -> Path:
    """Where a file is while it is being downloaded; huggingface_hub knows the suffix too."""
    return blob.with_name(blob.name + ".incomplete")


def endpoint() -> str:
    """The hub's address. Read here at each use: huggingface_hub reads it when it is imported."""
    return (os.environ.get("HF_ENDPOINT") or "https://huggingface.co").rstrip("/")


def ask(hub_id: str, half: bool, *, weights: bool = True) -> Listing:
    """Ask the hub what a checkpoint consists of.

    Args:
        hub_id: ``owner/name``.
        half: take the float16 files where there are such.
        weights: else only the configuration and the tokenizers.

    Raises:
        CheckpointError: it is no checkpoint, or not one that is loaded.
        Exception: what huggingface_hub raises; :func:`engine.hub.sentence` has words for it.
    """
    os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")  # read when it is imported
    from huggingface_hub import HfApi

    info = HfApi(endpoint()).model_info(hub_id, files_metadata=True, timeout=SECONDS)
    siblings = {sibling.rfilename: sibling for sibling in info.siblings or ()}
    if "model_index.json" not in siblings:
        raise CheckpointError(f"{hub_id} on the hub is not a diffusers checkpoint.")
    if weights and not any(name.endswith(".safetensors") for name in siblings):
        raise _pickles(hub_id)
    commit = info.sha or ""
    if not _COMMIT.fullmatch(commit):
        raise CheckpointError(f"The hub did not say which version of {hub_id} it has.")
    names = select(hub_id, _index(hub_id, commit), siblings, half, weights=weights)
    return Listing(hub_id, commit, tuple(_file(hub_id, siblings[name]) for name in names))


def select(
    hub_id: str, index: dict[str, Any], names: Iterable[str], half: bool, *, weights: bool = True
) -> tuple[str, ...]:
    """The files that a pipeline needs: those of its parts, with the weights in one precision.

    Args:
        hub_id: for sentences.
        index: the content of ``model_index.json``.
        names: of all files of the repository.
        half: take the float16 files where there are such.
        weights: else none of them, only what is beside them.

    Raises:
        CheckpointError: it wants code of its own, or has a part only as a pickle.
    """
    wanted = ["model_index.json"]
    for part in parts_in(index, hub_id):
        inside = [name for name in names if _is_in(part.name, name)]
        small = [name for name in inside if name.endswith(_SMALL_FILES)]
        if not weights:
            wanted += [name for name in small if ".index." not in name]
            continue
        tensors = [name for name in inside if name.endswith(".safetensors")]
        if not tensors and any(Path(name).suffix in PICKLES for name in inside):
            raise _pickles(hub_id)
        fp16 = [name for name in tensors if ".fp16" in name]
        plain = [name for name in tensors if "." not in Path(name).stem]
        take_half = bool(fp16) and (half or not plain)
        wanted += fp16 if take_half else plain or tensors
        wanted += [name for name in small if _is_of(name, take_half)]
    return tuple(wanted)


def _is_of(name: str, half: bool) -> bool:
    """Whether a small file, when it is the index of weights, is that of the right ones."""
    if ".index." not in name:
        return True
    return ".safetensors.index" in name and (".fp16" in name) == half


def _is_in(part: str, name: str) -> bool:
    folder, slash, rest = name.partition("/")
    return folder == part and bool(slash) and not re.search(r"[/\\\0]|^\.\.?$", rest)


def _pickles(hub_id: str) -> CheckpointError:
    return CheckpointError(
        f"{hub_id} has its weights only as pickles, and loading a pickle can run any code "
        "hidden in it. Choose a checkpoint with .safetensors files."
    )


def _index(hub_id: str, commit: str) -> dict[str, Any]:
    """The ``model_index.json`` of a commit; nothing of it is written anywhere."""
    with request(hub_id, commit, "model_index.json") as response:
        text = b""
        for piece in response.iter_bytes():
            text += piece
            if len(text) > _MAX_INDEX_BYTES:
                break
    try:
        index = json.loads(text)
    except (ValueError, RecursionError):
        index = None
    if not isinstance(index, dict):
        raise CheckpointError(f"The model_index.json of {hub_id} on the hub is damaged.")
    return index


def request(hub_id: str, commit: str, name: str, *, start: int = 0) -> Any:
    """A context manager: the hub's answer to the question for a file, from byte ``start`` on.

    Raises what huggingface_hub raises when the answer is a refusal.
    """
    from contextlib import contextmanager

    from huggingface_hub import get_session, hf_hub_url
    from huggingface_hub.utils._headers import build_hf_headers
    from huggingface_hub.utils._http import hf_raise_for_status

    url = hf_hub_url(hub_id, name, revision=commit, endpoint=endpoint())
    headers = {**build_hf_headers(), "Accept-Encoding": "identity"}  # the size must be the file's
    if start:
        headers["Range"] = f"bytes={start}-"

    @contextmanager
    def answer() -> Any:
        session = get_session()
        with session.stream(
            "GET", url, headers=headers, timeout=SECONDS, follow_redirects=True
        ) as response:
            hf_raise_for_status(response)
            yield response

    return answer()


def _file(hub_id: str, sibling: Any) -> HubFile:
    digest = (sibling.lfs.sha256 if sibling.lfs else sibling.blob_id) or ""
    size = sibling.lfs.size if sibling.lfs else sibling.size
    if type(size) is not int or size < 0 or not _DIGEST.fullmatch(digest):
        raise CheckpointError(f"The hub did not say what {sibling.rfilename} of {hub_id} is.")
    return HubFile(sibling.rfilename, size, digest)


def _here(blobs: Path, file: HubFile) -> int:
    for path in (blobs / file.digest, part_of(blobs / file.digest)):
        try:
            return path.stat().st_size
        except OSError:
            continue
    return 0
