"""A sweep that is killed and gone on with: every cell done once, none twice."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from engine.history import History
from engine.record import Status

CELLS = 12

CHILD = """
import sys
from pathlib import Path
from engine import events
from engine.engine import Engine
from engine.history import History
from tests.engine.lightweight import spec_of, without_a_model
without_a_model()
idle = __import__("threading").Event()
def emit(event):
    if isinstance(event, events.RunFinished):
        print(event.run_id, flush=True)
    if isinstance(event, events.EngineIdle):
        idle.set()
engine = Engine(emit, History(Path(sys.argv[1])), sample_memory=False)
cells = [(cell, spec_of(cell)) for cell in range(int(sys.argv[2]))]
if engine.submit_many("abc234", cells):
    engine.start()
    idle.wait()
"""


def go_on(folder: Path, killed_after: int) -> list[int]:
    """Go on with the sweep, and kill it when so many cells more are done; the runs it told of."""
    command = [sys.executable, "-c", CHILD, str(folder), str(CELLS)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        told = [child.stdout.readline() for _ in range(killed_after)]
        if killed_after:
            child.kill()
        return [int(line) for line in (*told, *child.stdout) if line.strip()]


@pytest.mark.slow
def test_every_cell_is_done_once(tmp_path: Path) -> None:
    told = [run for after in (1, 3, 2, 0) for run in go_on(tmp_path, after)]
    history = History(tmp_path)
    runs = [record for record in history.latest(10**6) if record.group == "abc234"]
    finished = [record for record in runs if record.status is Status.FINISHED]
    assert Counter(record.cell for record in finished) == dict.fromkeys(range(CELLS), 1)
    assert set(told) <= {record.id for record in finished}
    assert {record.status for record in runs} <= {Status.FINISHED, Status.INTERRUPTED}
    assert history.queue.waiting() == ()
    history.close()
