"""Whether the terminal is looked at, as far as it tells.

Most terminals report when their window gets and loses the focus (xterm's mode 1004, which Textual
turns on). One that has never reported anything may have none of that, or may never have been left.
"""

from __future__ import annotations

from collections.abc import Callable
from time import monotonic

from textual.events import AppBlur, AppFocus, Event, InputEvent, Paste

UNKNOWN_SECONDS = 120.0
"""Without a key, after which nobody is taken to look at a terminal that does not report."""


class Eyes:
    """Watches what comes from the terminal."""

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        """
        Args:
            clock: seconds, from any beginning.
        """
        self._clock = clock
        self._reports = False
        self._focused = True
        self._last_input = clock()

    def see(self, event: Event) -> None:
        """Take note of what comes in. Called for every event, so it is short."""
        if isinstance(event, (InputEvent, Paste)):
            self._last_input = self._clock()
            self._focused = True
        elif isinstance(event, (AppFocus, AppBlur)):
            self._reports = True
            self._focused = isinstance(event, AppFocus)

    @property
    def looking(self) -> bool:
        """Whether somebody looks, or may."""
        if self._reports:
            return self._focused
        return self._clock() - self._last_input < UNKNOWN_SECONDS
