"""The checkpoints on this machine: the bundled one, folders, files and the hub's cache.

Light: no torch and no diffusers. What is told of each comes from JSON files and from the headers of
safetensors files; no tensor is read.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from engine.checkpoints import bundled_path, cached_snapshot, family_of, hub_cache, read_json
from engine.errors import CheckpointError
from engine.hub import is_complete
from engine.spec import BUNDLED
from engine.weights import VAE, dtype_of, family_of_file, sd_by_width

_DEEP = 2
_MOST_FOLDERS = 5_000  # of one that the user listed: more is a whole disk


@dataclass(frozen=True, slots=True)
class Shelved:
    """One checkpoint, or one VAE, on this machine.

    Attributes:
        name: as it goes into a :class:`~engine.spec.RunSpec`.
        kind: ``"bundled"``, ``"folder"``, ``"file"``, ``"hub"`` or ``"vae"`` (one of its own:
            a folder, a file, or from the hub).
        family: ``"sd1"`` or ``"sd2"`` by the width of the text that it reads, else ``"sd"``;
            ``"sdxl"``, ``"sd3"``, ``"flux"``, another pipeline's class name, or ``""``.
        size_bytes: on disk.
        dtype: of most of its weights, as torch names it; ``""`` when unknown.
        last_use: when a run last used it, ISO 8601 in UTC; ``""`` for never.
        path: its folder or file; of the hub, the snapshot's.
        deletable: whether :func:`delete` takes it.
        complete: whether all of it is here.
        hub_id: of what came from the hub.
    """

    name: str
    kind: str
    family: str
    size_bytes: int
    dtype: str
    last_use: str
    path: Path
    deletable: bool = True
    complete: bool = True
    hub_id: str = ""

    def to_json(self) -> dict[str, Any]:
        """A plain dictionary of JSON values."""
        values = {name: getattr(self, name) for name in self.__slots__}
        return {**values, "path": str(self.path)}


def list_checkpoints(
    last_uses: Mapping[str, str], folders: Iterable[Path] = ()
) -> tuple[Shelved, ...]:
    """What is on this machine: the bundled one first, then by last use, then by name.

    Whatever cannot be read is left out; this raises nothing of its own.

    Args:
        last_uses: name to time of the runs so far, :meth:`engine.history.History.last_uses`; local
            paths among them are looked at too.
        folders: where to look for more, two levels deep.
    """
    found: dict[str, Shelved] = {}
    with suppress(OSError, CheckpointError):
        found[BUNDLED] = _folder(bundled_path(), BUNDLED, "bundled")
    places = [path for folder in folders for path in _inside(folder)]
    places += [path for path in map(Path, last_uses) if path.is_absolute()]
    for path in places:
        with suppress(OSError, ValueError, RuntimeError, CheckpointError):
            entry = _entry(path)
            if entry is not None:
                found.setdefault(entry.name, entry)
    for entry in _from_hub():
        found.setdefault(entry.name, entry)
    dated = (replace(entry, last_use=last_uses.get(entry.name, "")) for entry in found.values())
    by_name = sorted(dated, key=lambda entry: entry.name.lower())
    by_use = sorted(by_name, key=lambda entry: entry.last_use, reverse=True)
    return tuple(sorted(by_use, key=lambda entry: entry.kind != "bundled"))


# Folders and files


def _inside(folder: Path) -> Iterator[Path]:
    """What in a folder may be a checkpoint; not what is inside of a checkpoint."""
    left = _MOST_FOLDERS

    def walk(place: Path, deep: int) -> Iterator[Path]:
        nonlocal left
        left -= 1
        if (place / "model_index.json").is_file() or is_vae(place):
            yield place
            return
        try:
            inside = sorted(place.iterdir())
        except OSError:
            return
        for path in inside:
            if path.is_dir() and deep and left > 0 and not path.name.startswith("."):
                yield from walk(path, deep - 1)
            elif path.suffix == ".safetensors" and path.is_file():
                yield path

    with suppress(OSError, RuntimeError, ValueError):
        yield from walk(folder.expanduser(), _DEEP)


def _entry(path: Path) -> Shelved | None:
    """What is at a path; ``None`` for what is no checkpoint and no VAE."""
    own = not path.is_symlink()  # a link is for whoever made it to take away
    path = path.resolve()
    entry = None
    if path.is_file() and path.suffix == ".safetensors":
        family, dtype = family_of_file(path)
        kind, family = ("vae", "") if family == VAE else ("file", family)
        if family or kind == "vae":
            entry = Shelved(str(path), kind, family, path.stat().st_size, dtype, "", path)
    elif (path / "model_index.json").is_file():
        entry = _folder(path, str(path), "folder")
    elif is_vae(path):
        entry = _folder(path, str(path), "vae")
    if entry is None:
        return None
    return replace(entry, deletable=own and not _is_ours(path))


def _is_ours(path: Path) -> bool:
    """Whether it is the bundled checkpoint, or of the hub's cache, which has entries of its own."""
    return any(path.is_relative_to(place.resolve()) for place in (bundled_path(), hub_cache()))


def _folder(path: Path, name: str, kind: str) -> Shelved:
    """A folder of a checkpoint or a VAE. Raises :class:`CheckpointError` for a damaged one."""
    family = "" if kind == "vae" else _family(path)
    size = _bytes_below(path)
    complete = kind == "vae" or is_complete(path)
    deletable = kind != "bundled"
    return Shelved(name, kind, family, size, dtype_of(path), "", path, deletable, complete)


def _family(folder: Path) -> str:
    cls = read_json(folder / "model_index.json").get("_class_name")
    family = family_of(cls) if isinstance(cls, str) else ""
    if family != "sd":
        return family
    with suppress(CheckpointError):
        return sd_by_width(read_json(folder / "unet" / "config.json").get("cross_attention_dim"))
    return family


def is_vae(folder: Path) -> bool:
    """Whether a folder is a VAE, of a kind that diffusers has, and nothing else."""
    try:
        cls = read_json(folder / "config.json").get("_class_name")
    except CheckpointError:
        return False
    return isinstance(cls, str) and cls.startswith("Autoencoder")


def _bytes_below(folder: Path) -> int:
    """Bytes of the files below a folder; each file once, however many links there are to it."""
    seen: dict[tuple[int, int], int] = {}
    for place, _, files in os.walk(folder):
        for file in files:
            with suppress(OSError):
                stat = Path(place, file).stat()
                seen[stat.st_dev, stat.st_ino] = stat.st_size
    return sum(seen.values())


# The hub's cache


def _from_hub() -> Iterator[Shelved]:
    """The pipelines and VAEs in the hub's cache."""
    for repo in _scan():
        with suppress(OSError, CheckpointError):
            snapshot = cached_snapshot(repo.repo_id)
            kind = "hub"
            if snapshot is None:
                snapshot = next(
                    (r.snapshot_path for r in repo.revisions if is_vae(r.snapshot_path)), None
                )
                kind = "vae"
            if snapshot is None:
                continue
            entry = _folder(snapshot, repo.repo_id, kind)
            size = _bytes_below(repo.repo_path / "blobs") or entry.size_bytes
            yield replace(entry, size_bytes=size, hub_id=repo.repo_id)


def _scan() -> list[Any]:
    """The repositories of models in the hub's cache; none when there is no cache, or an odd one."""
    from huggingface_hub import scan_cache_dir
    from huggingface_hub.errors import CacheNotFound

    try:
        found = scan_cache_dir(hub_cache())
    except (CacheNotFound, OSError, ValueError):
        return []
    return [repo for repo in found.repos if repo.repo_type == "model"]


# Deleting


def delete(shelved: Shelved, listed: Iterable[Shelved]) -> int:
    """Delete a checkpoint from the disk, for good; returns the bytes that this freed.

    Args:
        shelved: what to delete.
        listed: what was listed; nothing else is deleted, nor anything that another entry is in.

    Raises:
        CheckpointError: it is not to be deleted, or could not be.
    """
    listed = tuple(listed)
    if shelved.kind == "bundled":
        raise CheckpointError("The bundled checkpoint stays: it comes with Safelight.")
    if shelved not in listed:
        raise CheckpointError(f"{shelved.path} is not on the list, so it stays.")
    if not shelved.deletable:
        raise CheckpointError(f"{shelved.name} is a link or a part of another folder: it stays.")
    remove = _delete_repo if shelved.hub_id else _delete_path
    try:
        return remove(shelved, [entry for entry in listed if entry != shelved])
    except OSError as error:
        why = error.strerror or str(error)
        raise CheckpointError(f"{shelved.name} could not be deleted: {why}.") from error


def _delete_path(shelved: Shelved, others: list[Shelved]) -> int:
    import shutil

    path = shelved.path
    if path.is_symlink() or path.resolve() != path:
        raise CheckpointError(f"{path} has become a link since it was listed, so it stays.")
    if not path.exists():
        raise CheckpointError(f"{path} is gone already.")
    if path.is_file():
        size = path.stat().st_size
        path.unlink()
        return size
    inner = next((entry for entry in others if entry.path.is_relative_to(path)), None)
    if inner is not None:
        raise CheckpointError(f"{path} also holds {inner.path}, so it stays.")
    if os.path.ismount(path) or Path.home().is_relative_to(path):
        raise CheckpointError(f"{path} holds more than a checkpoint, so it stays.")
    size = _bytes_owned(path)
    shutil.rmtree(path)  # takes links away, and leaves alone what they lead to
    return size


def _bytes_owned(folder: Path) -> int:
    """Bytes of the files below a folder, without what links lead to."""
    paths = (path for path in folder.rglob("*") if not path.is_symlink() and path.is_file())
    return sum(path.stat().st_size for path in paths)


def _delete_repo(shelved: Shelved, others: list[Shelved]) -> int:
    """By huggingface_hub's own strategy, which knows what the snapshots of a repository share."""
    from huggingface_hub import scan_cache_dir

    del others
    found = scan_cache_dir(hub_cache())
    repo = next((r for r in found.repos if r.repo_id == shelved.hub_id), None)
    if repo is None:
        raise CheckpointError(f"{shelved.name} is gone already.")
    size = _bytes_below(repo.repo_path / "blobs") or repo.size_on_disk
    # Of this repository alone: a mirror may have revisions of the same names.
    alone = replace(found, repos=frozenset({repo}))
    alone.delete_revisions(*(revision.commit_hash for revision in repo.revisions)).execute()
    if repo.repo_path.exists():  # it only logs what it could not do
        raise CheckpointError(f"{shelved.name} could not be deleted: see the rights of its folder.")
    return size
