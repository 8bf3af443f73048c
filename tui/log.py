"""The log file: where tracebacks go, so that the screen need not show them."""

from __future__ import annotations

import logging
import threading
from io import TextIOWrapper
from pathlib import Path

from engine.secrets import without_secrets
from tui.files import make_folder, private
from tui.paths import Paths
from tui.text import clean

MAX_BYTES = 2 * 1024 * 1024


def start(paths: Paths) -> None:
    """Send the ``safelight`` loggers to the log file; where it cannot be written, to nowhere."""
    logger = logging.getLogger("safelight")
    logger.setLevel(logging.INFO)
    logger.propagate = False
    if logger.handlers:
        return
    from logging.handlers import RotatingFileHandler

    class Quiet(RotatingFileHandler):
        def handleError(self, record: logging.LogRecord) -> None:
            """A log that cannot be written must not write on the screen instead."""

        def _open(self) -> TextIOWrapper:
            # Only now: who only looks leaves no folder behind.
            make_folder(Path(self.baseFilename).parent)
            return open(self.baseFilename, "a", encoding=self.encoding, opener=private)

    handler = Quiet(paths.log_file, maxBytes=MAX_BYTES, backupCount=1, encoding="utf-8", delay=True)
    handler.setFormatter(_Plain("%(asctime)s %(process)d %(threadName)s %(levelname)s %(message)s"))
    logger.addHandler(handler)
    threading.excepthook = _thread_failed


class _Plain(logging.Formatter):
    """Lines that can be read in a terminal, hold no secret, and cannot be forged.

    A message may hold ends of lines; what comes after one is indented, so that only we begin lines.
    """

    def format(self, record: logging.LogRecord) -> str:
        text = clean(without_secrets(super().format(record)), lines=True)
        return text.replace("\n", "\n    ")


def _thread_failed(failure: threading.ExceptHookArgs) -> None:
    name = failure.thread.name if failure.thread else "?"
    value = failure.exc_value or failure.exc_type()
    logging.getLogger("safelight").error("The thread %s failed", name, exc_info=value)
