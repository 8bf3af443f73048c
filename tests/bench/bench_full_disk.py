"""A disk that is full, at every write in turn.

A history lives on a file system of its own (a small tmpfs; making one takes root), beside a file
that leaves so many bytes of room: from none to more than a run of three pictures takes. Each time a
run is made (noise, without a model; all else is the real thing), looked at, and, with room again,
kept with the one call that ``F6`` makes.

    sudo python tests/bench/bench_full_disk.py [--step 4096]
"""

from __future__ import annotations

import argparse
import logging
import os
import shutil
import subprocess
import tempfile
import threading
from collections import Counter
from pathlib import Path

from engine import events
from engine.engine import Engine
from engine.errors import HistoryError
from engine.history import History
from engine.pictures.load import load_image
from engine.record import Status
from engine.spec import RunSpec
from tests.engine.lightweight import picture, spec_of, without_a_model

SIZE = 8 * 2**20
MOST_FREE = 160 * 1024


class Room:
    """A file that takes all room but so much."""

    def __init__(self, disk: Path) -> None:
        self._file = disk / "ballast"
        self._disk = disk

    def leave(self, free: int) -> None:
        """Take all but ``free`` bytes."""
        self.clear()
        stats = os.statvfs(self._disk)
        with self._file.open("wb") as file:
            file.write(bytes(max(0, stats.f_bavail * stats.f_frsize - free)))

    def clear(self) -> None:
        self._file.unlink(missing_ok=True)


def contents(folder: Path) -> dict[Path, bytes]:
    return {p: p.read_bytes() for p in (folder / "images").rglob("*") if p.is_file()}


class Case:
    """One engine on the disk, and what it told."""

    def __init__(self, folder: Path) -> None:
        self.history = History(folder)
        self.ended = threading.Event()
        self.end: events.Event | None = None
        self.engine = Engine(self._emit, self.history, sample_memory=False)
        self.engine.start()

    def _emit(self, event: events.Event) -> None:
        if isinstance(event, (events.RunFinished, events.RunFailed)):
            self.end = event
            self.ended.set()

    def run(self, spec: RunSpec) -> tuple[str, events.Event | None]:
        """The sentence of a failure, and how the run ended."""
        self.ended.clear()
        try:
            self.engine.submit(spec)
        except HistoryError as error:
            return str(error), None
        assert self.ended.wait(60)
        end = self.end
        return (end.record.error if isinstance(end, events.RunFailed) else ""), end

    def close(self) -> None:
        self.engine.stop(10)
        self.history.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--step", type=int, default=4096)
    options = parser.parse_args()
    disk = Path(tempfile.mkdtemp(prefix="safelight-disk-"))
    mount = ["mount", "-t", "tmpfs", "-o", f"size={SIZE}", "tmpfs", str(disk)]
    if subprocess.run(mount, check=False, capture_output=True).returncode:
        print("Not measured: a small file system could not be made, which takes root and Linux.")
        return
    without_a_model()
    logging.disable()
    tally: Counter[str] = Counter()
    sentences: Counter[str] = Counter()
    try:
        for free in range(0, MOST_FREE, options.step):
            trial(disk, free, tally, sentences)
    finally:
        subprocess.run(["umount", str(disk)], check=True)
        shutil.rmtree(disk)
    for what, count in tally.items():
        print(f"{count:6} {what}")
    print("what was told:")
    for sentence, count in sentences.most_common():
        print(f"{count:6} {sentence}")


def trial(disk: Path, free: int, tally: Counter[str], sentences: Counter[str]) -> None:
    folder = disk / "data"
    shutil.rmtree(folder, ignore_errors=True)
    room = Room(disk)
    room.clear()
    case = Case(folder)
    older = case.run(spec_of(3))[1]
    assert isinstance(older, events.RunFinished)
    before = contents(folder)
    room.leave(free)
    spec = spec_of(5)  # three pictures
    sentence, end = case.run(spec)
    now = contents(folder)
    tally["tried"] += 1
    tally["older files altered"] += not before.items() <= now.items()
    tally["half files left"] += any(path.suffix != ".png" for path in now)
    for path in now:
        try:
            load_image(path)
        except HistoryError:
            tally["pictures unreadable"] += 1
    if sentence:
        sentences[sentence.replace(str(disk), "…")] += 1
    if end is None:
        tally["refused before anything was made"] += 1
    elif isinstance(end, events.RunFinished):
        tally["finished: there was room"] += 1
    else:
        assert isinstance(end, events.RunFailed)
        room.clear()
        if not end.images:  # it could not even be noted as begun
            tally["not begun, and back in the queue the next time"] += 1
            case.close()
            again = History(folder)
            back = [queued.spec for queued in again.queue.take_over().waiting]
            tally["specs lost"] += back != [spec]
            again.close()
            return
        tally["failed with pictures made"] += 1
        tally["of them held for another try"] += end.held
        case.engine.keep(end.run_id)
        record = case.history.get(end.run_id)
        same = record is not None and [
            load_image(Path(image.path)).tobytes() for image in record.images
        ] == [picture(seed, (64, 64)).tobytes() for seed in spec.seeds]
        whole = record is not None and record.status is Status.FINISHED
        tally["of them kept whole after that"] += same and whole
    room.clear()
    case.close()
    again = History(folder)
    tally["opened again with something to repair"] += bool(again.repaired)
    tally["older runs lost"] += again.get(1) is None
    again.close()


if __name__ == "__main__":
    main()
