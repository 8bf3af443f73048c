"""Whether, when and how the user is called back to the terminal."""

from __future__ import annotations

from pathlib import Path

import pytest
from textual.events import AppBlur, AppFocus, Key

from engine import events
from engine.measure.request import Measurement
from engine.record import Status
from engine.spec import RunSpec
from tests.tui.conftest import Open
from tests.tui.scripted import record_of
from tui.attention.ends import Ends
from tui.attention.eyes import UNKNOWN_SECONDS, Eyes
from tui.attention.ways import notice, way_of
from tui.graphics.terminal import Terminal
from tui.settings import Settings

SPEC = RunSpec("a red sun")


class Clock:
    """Seconds that pass when the test says so."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def ends(clock: Clock) -> Ends:
    return Ends(lambda: 10, clock)


def run(ends: Ends, clock: Clock, took: float, run_id: int = 1, error: str = "") -> str:
    ends.hear(events.RunStarted(run_id, SPEC, 0))
    clock.now += took
    if error:
        return ends.hear(events.RunFailed(run_id, record_of(run_id, SPEC, Status.FAILED, error)))
    return ends.hear(events.RunFinished(run_id, record_of(run_id, SPEC), ()))


def test_a_long_run_is_told_and_a_short_one_is_not(ends: Ends, clock: Clock) -> None:
    assert run(ends, clock, 9.9) == ""
    assert ends.hear(events.EngineIdle()) == ""
    assert run(ends, clock, 34, 2) == "#2 is done, after 34.0 s."
    assert ends.hear(events.EngineIdle()) == ""


def test_a_failure_is_told_with_its_reason_and_what_the_user_stopped_is_not(
    ends: Ends, clock: Clock
) -> None:
    assert run(ends, clock, 12, error="Not enough memory.") == "#1 failed: Not enough memory."
    ends.hear(events.RunStarted(2, SPEC, 0))
    clock.now += 60
    assert ends.hear(events.RunCancelled(2, record_of(2, SPEC, Status.CANCELLED))) == ""


def test_several_short_runs_are_told_of_once_when_all_are_done(ends: Ends, clock: Clock) -> None:
    told = [run(ends, clock, 4, n, "No." if n == 2 else "") for n in (1, 2, 3)]
    assert [*told, ends.hear(events.EngineIdle())] == [
        *("", "", ""),
        "All runs are done: 2 made, 1 failed, in 12.0 s.",
    ]
    assert run(ends, clock, 4, 4) == ends.hear(events.EngineIdle()) == ""


def test_of_a_sweep_the_whole_is_told(ends: Ends, clock: Clock) -> None:
    for n in (1, 2):
        ends.hear(events.RunQueued(n, SPEC, n, "abc", n))
    assert run(ends, clock, 30, 1) == ""
    assert run(ends, clock, 30, 2) == "The sweep is done: 2 made, in 60.0 s."


def test_a_measurement_is_told(ends: Ends, clock: Clock) -> None:
    study = Measurement((SPEC, SPEC.with_(seed=1)))
    ends.hear(events.StudyStarted(1, study, 0))
    clock.now += 20
    told = ends.hear(events.StudyEnded(1, "The device is gone."))
    assert told == "The measurement failed: The device is gone."


def test_a_download_is_told_once(ends: Ends, clock: Clock) -> None:
    for done in (1, 2, 3):
        assert ends.hear(events.CheckpointDownloading(1, "some/one", done, 3, 1.0)) == ""
        clock.now += 30
    assert ends.hear(events.CheckpointLoading(1, "some/one", "VAE")) == (
        "some/one is downloaded, after 90.0 s."
    )
    assert ends.hear(events.CheckpointLoading(1, "some/one", "UNet")) == ""


def test_a_terminal_that_reports_its_focus_is_believed(clock: Clock) -> None:
    eyes = Eyes(clock)
    eyes.see(AppBlur())
    assert not eyes.looking
    eyes.see(AppFocus())
    clock.now += 10 * UNKNOWN_SECONDS
    assert eyes.looking


def test_one_that_does_not_is_looked_at_for_a_while_after_a_key(clock: Clock) -> None:
    eyes = Eyes(clock)
    clock.now += UNKNOWN_SECONDS + 1
    assert not eyes.looking
    eyes.see(Key("a", "a"))
    assert eyes.looking


@pytest.mark.parametrize(
    ("name", "variables", "way"),
    [
        ("kitty(0.35.2)", {}, "99"),
        ("WezTerm 20240203", {"TERM": "xterm-kitty"}, "9"),
        ("XTerm(379)", {"TERM_PROGRAM": "iTerm.app"}, "bell"),
        ("VTE(7600)", {}, "777+bell"),
        ("", {"TERM": "xterm-kitty"}, "99"),
        ("", {"TERM": "xterm-256color", "LC_TERMINAL": "iTerm2"}, "9"),
        ("", {"TERM": "foot-extra"}, "777"),
        ("", {"TERM": "xterm-256color", "VTE_VERSION": "7600"}, "777+bell"),
        ("", {"TERM": "tmux-256color", "TMUX": "/tmp/x", "LC_TERMINAL": "iTerm2"}, "bell"),
        ("", {"TERM": "xterm-256color"}, "bell"),
    ],
)
def test_the_way_is_the_terminals(name: str, variables: dict[str, str], way: str) -> None:
    assert way_of(name, variables) == way


@pytest.mark.parametrize("way", ["9", "99", "777", "777+bell", "bell"])
def test_no_escape_gets_out_of_a_notice(way: str) -> None:
    calm = notice("x" * 500, way)
    wild = notice("\x1b]52;c;aGk=\a\x9b2J\x9d\n;\x1b\\ \u202e" * 20, way)

    def controls(text: str) -> list[str]:
        return [char for char in text if not char.isprintable()]

    assert controls(wild) == controls(calm)
    assert len(wild) < 250
    assert wild.count(";") == calm.count(";") or way in ("9", "99")


@pytest.mark.parametrize(
    ("terminal", "expected"),
    [
        (Terminal(name="kitty(0.35.2)"), "\x1b]99;"),
        (Terminal(name="foot(1.16)"), "\x1b]777;"),
        (Terminal(name="XTerm(379)"), "\a"),
        (Terminal(name="kitty(0.35.2)", tmux=True), "\x1bPtmux;\x1b\x1b]99;"),
    ],
)
async def test_it_is_told_as_the_terminal_has_it(
    open_app: Open,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    terminal: Terminal,
    expected: str,
) -> None:
    tmux = tmp_path / "tmux"
    tmux.write_text(
        "#!/bin/sh\ncase $1 in show*) echo on;; *) echo 'kitty 0.35'; echo xterm-kitty;; esac\n"
    )
    tmux.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    monkeypatch.delenv("TMUX_PANE", raising=False)
    async with open_app(settings=Settings(notify_after_seconds=0), terminal=terminal) as s:
        written: list[str] = []
        assert s.app._driver is not None
        monkeypatch.setattr(s.app._driver, "write", written.append)
        await s.press("ctrl+r")
        s.app.post_message(AppBlur())
        await s.settle()
        s.engine.begin()
        s.engine.finish()
        await s.settle()
        await s.app.workers.wait_for_complete()
        assert [text for text in written if text.startswith(expected)]


@pytest.mark.parametrize(
    ("away", "how", "told"), [(True, "auto", 1), (True, "off", 0), (False, "auto", 0)]
)
async def test_the_app_calls_when_nobody_looks(
    open_app: Open, monkeypatch: pytest.MonkeyPatch, away: bool, how: str, told: int
) -> None:
    async with open_app(settings=Settings(notify=how, notify_after_seconds=0)) as s:
        written: list[str] = []
        assert s.app._driver is not None
        monkeypatch.setattr(s.app._driver, "write", written.append)
        s.engine.loaded()
        await s.press("ctrl+r")
        s.app.post_message(AppBlur() if away else AppFocus())
        await s.settle()
        s.engine.begin()
        s.engine.finish()
        await s.settle()
        assert sum("\a" in text for text in written) == told
