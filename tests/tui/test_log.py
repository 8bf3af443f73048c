"""The log: lines that cannot be forged, obeyed, or tell a secret."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest

from tui import log
from tui.paths import Paths


@pytest.fixture
def logged(paths: Paths) -> Iterator[Paths]:
    logger = logging.getLogger("safelight")
    before, logger.handlers = logger.handlers, []
    log.start(paths)
    yield paths
    for handler in logger.handlers:
        handler.close()
    logger.handlers = before


def test_a_line_of_the_log(logged: Paths, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_TOKEN", "canary-1")
    logger = logging.getLogger("safelight.engine")
    logger.info("\x1b[2J%s", "a\n2026-01-01 1 Main INFO forged\r\u2028forged too")
    try:
        raise RuntimeError("canary-1\nforged\x9b")
    except RuntimeError:
        logger.exception("It failed with canary-1")
    text = logged.log_file.read_text("utf-8")
    assert "canary" not in text
    assert not {"\x1b", "\x9b", "\r", "\u2028"} & set(text)
    begun = [line for line in text.splitlines() if not line.startswith("    ")]
    assert [line.rpartition("MainThread ")[2] for line in begun] == [
        "INFO ␛[2Ja",
        "ERROR It failed with ***",
    ]
