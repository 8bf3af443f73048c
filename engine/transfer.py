"""Brings the files of a checkpoint from the hub into its cache, in the cache's own layout.

huggingface_hub's own client (2.4.0) begins a file again from its first byte after every stop, and
cannot be stopped while it waits. So the bytes are moved here: each file grows under the name of its
digest with ``.incomplete`` behind it, and whoever comes next goes on at its end. What is whole is
checked against its digest, renamed, and linked into the snapshot, where huggingface_hub, diffusers
and everybody else find it as if they had downloaded it themselves.
Source of the layout: https://huggingface.co/docs/huggingface_hub/guides/manage-cache
"""

from __future__ import annotations

import hashlib
import os
import shutil
import threading
import time
from collections import deque
from collections.abc import Iterable
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path

from engine.errors import Cancelled, CheckpointError
from engine.file_lock import locked
from engine.listing import HubFile, Listing, by_content, part_of, request

AT_ONCE = 4
"""Files that are fetched together: one connection does not fill a fast line."""
_TRIES = 5
_FIRST_WAIT_SECONDS = 0.5
_RATE_SECONDS = 5.0
_TURN_SECONDS = 0.2


@dataclass(frozen=True, slots=True)
class Amount:
    """How far a download is: bytes, and bytes a second over the last few; 0 while unknown."""

    done: int
    total: int
    rate: float


class Transfer:
    """One download. :meth:`fetch` works on the thread that calls it; the rest is for any other."""

    def __init__(self) -> None:
        self._stopped = threading.Event()
        self._lock = threading.Lock()
        self._done = 0
        self._total = 0
        self._seen: deque[tuple[float, int]] = deque()
        self._errors: list[BaseException] = []

    def stop(self) -> None:
        """Ask it to stop: each file does so before the next piece is written."""
        self._stopped.set()

    def amount(self) -> Amount:
        """How far it is."""
        now = time.monotonic()
        with self._lock:
            done, total = self._done, self._total
        if total:
            self._seen.append((now, done))
        while len(self._seen) > 1 and now - self._seen[0][0] > _RATE_SECONDS:
            self._seen.popleft()
        if len(self._seen) < 2:
            return Amount(done, total, 0.0)
        since, before = self._seen[0]
        return Amount(done, total, max(0, done - before) / max(now - since, 1e-6))

    def fetch(self, listing: Listing) -> Path:
        """Bring what is lacking; returns the snapshot's folder.

        Raises:
            Cancelled: :meth:`stop` was called. What has come stays, for the next time.
            CheckpointError: no room, a line that broke for good, or a file that came damaged.
            Exception: what huggingface_hub raises, and ``OSError``.
        """
        repo = listing.repo
        (repo / "blobs").mkdir(parents=True, exist_ok=True)
        with ExitStack() as alone:
            self._wait_for_turn(alone, repo)
            return self._fetch(listing, repo)

    def _wait_for_turn(self, alone: ExitStack, repo: Path) -> None:
        """Two that append to one file would spoil it; the second finds it whole, when it waits."""
        lock = repo.parent / ".locks" / repo.name / "safelight.lock"
        lock.parent.mkdir(parents=True, exist_ok=True)
        while True:
            self._go_on()
            with suppress(TimeoutError):
                alone.enter_context(locked(lock, time.monotonic() + _TURN_SECONDS))
                return

    def _fetch(self, listing: Listing, repo: Path) -> Path:
        here, total = listing.bytes_here(), listing.bytes_total
        require_room(listing, total - here)
        with self._lock:
            self._done, self._total = here, total
        snapshot = repo / "snapshots" / listing.commit
        snapshot.mkdir(parents=True, exist_ok=True)
        (repo / "refs").mkdir(exist_ok=True)
        (repo / "refs" / "main").write_text(listing.commit, encoding="utf-8")
        # In an order that shows without asking the hub what is whole: where the index is, all small
        # files are, and a part with all of its weights has everything else too.
        index = [file for file in listing.files if file.name == "model_index.json"]
        weights = [file for file in listing.files if file.is_weights]
        small = [file for file in listing.files if file not in index and not file.is_weights]
        for group in (small, index, weights):
            self._together(listing, group, snapshot)
        return snapshot

    def _together(self, listing: Listing, files: Iterable[HubFile], snapshot: Path) -> None:
        # Two threads that append to the blob of one digest would spoil it.
        waiting = deque(by_content(files))

        def work() -> None:
            with suppress(IndexError):
                while True:
                    same = waiting.popleft()
                    try:
                        self._one(listing, same, snapshot)
                    except BaseException as error:
                        self._errors.append(error)
                        self._stopped.set()
                        return

        crew = [
            threading.Thread(target=work, name=f"safelight-download-{number}", daemon=True)
            for number in range(min(AT_ONCE, len(waiting)))
        ]
        for thread in crew:
            thread.start()
        for thread in crew:
            thread.join()
        for error in self._errors:
            if not isinstance(error, Cancelled):
                raise error
        self._go_on()

    def _go_on(self) -> None:
        if self._stopped.is_set():
            raise Cancelled

    def _one(self, listing: Listing, same: tuple[HubFile, ...], snapshot: Path) -> None:
        """Bring the content of files that are all the same, and put it under each name."""
        self._go_on()
        file = same[0]
        blob = listing.repo / "blobs" / file.digest
        if not blob.is_file():
            part = part_of(blob)
            self._patiently(listing, file, part)
            self._check(listing, file, part)
            part.replace(blob)
        for named in same:
            link(blob, snapshot / named.name)

    def _patiently(self, listing: Listing, file: HubFile, part: Path) -> None:
        """Fetch a file, again and again while the line breaks but bytes keep coming."""
        failures = 0
        while True:
            before = _size(part)
            try:
                self._stream(listing, file, part)
                return
            except Exception as error:
                if not is_passing(error):
                    raise
                failures = 1 if _size(part) > before else failures + 1
                if failures >= _TRIES:
                    raise CheckpointError(
                        f"The connection to the hub broke while {listing.hub_id} was downloaded. "
                        "What has come is kept: run again to go on from there."
                    ) from error
            if self._stopped.wait(_FIRST_WAIT_SECONDS * 2 ** (failures - 1)):
                raise Cancelled

    def _stream(self, listing: Listing, file: HubFile, part: Path) -> None:
        """Append what is lacking of a file to ``part``."""
        start = _size(part)
        if start > file.size:
            part.unlink()
            self._add(-file.size)
            start = 0
        if start == file.size and part.exists():
            return
        with request(listing.hub_id, listing.commit, file.name, start=start) as response:
            if start and response.status_code != 206:  # this server cannot begin in the middle
                self._add(-start)
                start = 0
            with part.open("ab" if start else "wb") as out:
                for chunk in response.iter_bytes():  # as they come: a stop loses none
                    self._go_on()
                    out.write(chunk)
                    out.flush()  # nothing is written after a stop, and nothing is lost
                    self._add(len(chunk))
        if _size(part) < file.size:
            raise ConnectionError("the answer ended early")

    def _check(self, listing: Listing, file: HubFile, part: Path) -> None:
        """Compare a file with its digest. Raises, and throws it away, when it is another."""
        size = _size(part)
        if len(file.digest) == 64:
            seen = hashlib.sha256()
        else:  # as git names the content of a file
            seen = hashlib.sha1(b"blob %d\0" % size, usedforsecurity=False)
        with part.open("rb") as content:
            while chunk := content.read(4 * 1024 * 1024):
                self._go_on()
                seen.update(chunk)
        if seen.hexdigest() != file.digest:
            part.unlink()
            raise CheckpointError(
                f"{file.name} of {listing.hub_id} came damaged. Run again to download it anew."
            )

    def _add(self, count: int) -> None:
        with self._lock:
            self._done += count


def is_passing(error: BaseException) -> bool:
    """Whether an error is of the connection, or of a server that may do better next time."""
    response = getattr(error, "response", None)
    if response is not None:
        return response.status_code in (408, 429) or response.status_code >= 500
    if isinstance(error, OSError) and not isinstance(error, (ConnectionError, TimeoutError)):
        return False
    library = type(error).__module__.split(".")[0]
    return isinstance(error, OSError) or library.startswith(("httpx", "httpcore"))


def require_room(listing: Listing, needed: int) -> None:
    """Raises :class:`CheckpointError` when the disk of the cache has less than ``needed`` bytes."""
    place = listing.repo
    while not place.exists() and place != place.parent:
        place = place.parent
    free = shutil.disk_usage(place).free
    if needed > free:
        raise CheckpointError(
            f"The disk is full: {listing.hub_id} needs {needed / 1e9:.1f} GB and {place} has "
            f"{free / 1e9:.1f} GB free. Free some space, or set HF_HOME to another disk."
        )


def link(blob: Path, pointer: Path) -> None:
    """Put a blob into a snapshot: as a link, or where there are none as a copy."""
    pointer.parent.mkdir(parents=True, exist_ok=True)
    if pointer.exists():
        return
    pointer.unlink(missing_ok=True)  # a link to something that is gone
    try:
        pointer.symlink_to(os.path.relpath(blob, pointer.parent))
    except FileExistsError:
        return
    except OSError:  # Windows, without the right to make links
        shutil.copyfile(blob, pointer)


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0
