"""What every app of ours does with text from outside, and with faults of its own."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from textual.app import App
from textual.filter import LineFilter
from textual.notifications import SeverityLevel
from textual.worker import Worker, WorkerFailed
from textual.worker_manager import WorkerManager

from tui.guard import guard
from tui.paths import Paths
from tui.text import clean

log = logging.getLogger("safelight.tui")


class _Workers(WorkerManager):
    """Those that fail quietly, as nothing depends on them, leave a line in the log."""

    def _remove_worker(self, worker: Worker[Any]) -> None:
        super()._remove_worker(worker)
        if worker.error is not None and not worker.exit_on_error:
            log.warning("%s failed", worker.group, exc_info=worker.error)


class GuardedApp(App[int]):
    """An app that lets nothing through to the terminal but what it means.

    Attributes:
        fault: the sentence for the user when the app had to close; empty when all is well.
    """

    def __init__(self, paths: Paths, **arguments: object) -> None:
        super().__init__(**arguments)  # type: ignore[arg-type]
        self._paths = paths
        self._workers = _Workers(self)
        self.fault = ""

    def get_line_filters(self) -> Sequence[LineFilter]:
        return [guard(tuple(super().get_line_filters()))]

    def notify(
        self,
        message: str,
        *,
        title: str = "",
        severity: SeverityLevel = "information",
        timeout: float | None = None,
        markup: bool = False,
    ) -> None:
        """A notification. Its text is cleaned here, whoever sends it; no markup is read from it."""
        del markup
        super().notify(
            clean(message), title=clean(title), severity=severity, timeout=timeout, markup=False
        )

    def keep_form(self) -> None:
        """Write down what is typed, for the next time."""

    def _handle_exception(self, error: Exception) -> None:
        """Close because of a fault of ours.

        Textual would show the traceback with the values of all variables.
        """
        self._return_code = 1
        if self._exception is None:
            self._exception = error  # the pilot of the tests raises it
            self._exception_event.set()
        if not self.fault:
            # Whatever fails here as well, the app closes.
            self.fault = "Something unexpected went wrong. Start it again; no report was written."
            with suppress(Exception):
                self.keep_form()
            with suppress(Exception):
                self.fault = self._report(error)
        self._close_messages_no_wait()

    def _report(self, error: Exception) -> str:
        from tui import crash

        cause = error.error if isinstance(error, WorkerFailed) else error
        screens = ", ".join(type(screen).__name__ for screen in self._screen_stack_or_none())
        return crash.report(cause, self._paths, while_=f"the app ({screens})")

    def _screen_stack_or_none(self) -> Sequence[object]:
        try:
            return self.screen_stack
        except Exception:  # there is none yet
            return ()
