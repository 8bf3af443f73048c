"""The report of a fault of ours: when it fails itself, what it holds, and who may read it."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from pathlib import Path
from traceback import TracebackException
from typing import Any

import pytest

from tui import crash, log
from tui.guarded_app import GuardedApp
from tui.paths import Paths

TOKEN = "canary-" + "x" * 30 + "-tail"


@pytest.fixture(autouse=True)
def _log_of_its_own() -> Iterator[None]:
    logger = logging.getLogger("safelight")
    before, logger.handlers = logger.handlers, []
    yield
    for handler in logger.handlers:
        handler.close()
    logger.handlers = before


def fail(*_: object, **__: object) -> Any:
    raise ValueError("so does this")


class Faulty(GuardedApp):
    def on_mount(self) -> None:
        raise RuntimeError("a fault")


@pytest.mark.parametrize(
    "place", ["tui.crash.report", "tui.crash._lines", "engine.versions.versions"]
)
async def test_a_fault_in_the_report_closes_the_app_all_the_same(
    place: str, paths: Paths, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(place, fail)
    app = Faulty(paths)
    with pytest.raises(RuntimeError, match="a fault"):
        async with app.run_test():
            pass
    assert not app.is_running
    assert app.return_code == 1
    assert app.fault.startswith("Something unexpected went wrong")


def test_a_command_says_its_sentence_when_there_is_no_report(
    paths: Paths, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tui.crash._lines", fail)
    told = crash.report(RuntimeError("a fault"), paths, while_="a test")
    assert told.count(str(paths.log_file)) == 2
    logged = paths.log_file.read_text("utf-8")
    assert "RuntimeError: a fault" in logged
    assert "so does this" in logged


def test_no_part_of_a_token_that_is_cut_in_two(
    paths: Paths, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MY_TOKEN", TOKEN)

    def error(before: int) -> ValueError:
        return ValueError("y" * before + TOKEN + "z" * 300_000)

    head = "".join(TracebackException.from_exception(error(0)).format()).index(TOKEN)
    for into in (8, 20):
        crash.report(error(crash._MOST // 2 - head - into), paths, while_="a test")
        for path in paths.crashes.iterdir():
            text = path.read_text("utf-8")
            assert "…" in text
            assert "canary" not in text
            path.unlink()


def test_only_the_user_reads_the_report_and_the_log(paths: Paths) -> None:
    before = os.umask(0o022)
    try:
        crash.report(RuntimeError("a fault"), paths, while_="a test")
    finally:
        os.umask(before)

    def rights(path: Path) -> int:
        return path.stat().st_mode & 0o777

    (report,) = paths.crashes.iterdir()
    assert [rights(path) for path in (report, paths.log_file)] == [0o600, 0o600]
    assert [rights(path) for path in (paths.state, paths.crashes)] == [0o700, 0o700]


def test_a_folder_that_is_there_keeps_its_rights(paths: Paths) -> None:
    paths.state.mkdir()
    paths.state.chmod(0o755)
    log.start(paths)
    logging.getLogger("safelight").error("a line")
    assert paths.log_file.exists()
    assert paths.state.stat().st_mode & 0o777 == 0o755
