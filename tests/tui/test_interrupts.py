"""What ends a headless run before its end."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from threading import Event

import pytest

from tests.tui.scripted import ScriptedEngine
from tui.headless.interrupts import Interrupts


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_asks_the_work_to_stop(number: int) -> None:
    asked = Event()
    before = signal.getsignal(number)
    with Interrupts(ScriptedEngine(print), asked.set) as interrupts:
        os.kill(os.getpid(), number)
        assert asked.wait(5)
    assert interrupts.count == 1
    assert signal.getsignal(number) is before


def test_under_nohup_a_dropped_line_stops_nothing() -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with Interrupts(ScriptedEngine(print)) as interrupts:
            os.kill(os.getpid(), signal.SIGHUP)
        assert interrupts.count == 0
    finally:
        signal.signal(signal.SIGHUP, before)


def test_output_that_nobody_reads_stops_the_engine() -> None:
    engine = ScriptedEngine(print)
    with pytest.raises(BrokenPipeError), Interrupts(engine):
        raise BrokenPipeError
    assert engine.stopped


def test_a_reader_that_leaves_early_gets_no_complaint(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "tui", "settings", "--json"]
    process = subprocess.Popen(
        command,
        env={**os.environ, "SAFELIGHT_HOME": str(tmp_path)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.close()
    assert (process.stderr.read(), process.wait(timeout=30)) == (b"", 1)
