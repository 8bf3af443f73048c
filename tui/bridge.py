"""From the engine's thread to the screen: a mailbox that never makes the engine wait.

The engine puts events in; the app takes them out, at most ten times a second while a run is on.
Steps, previews, downloads, memory samples and how far a study is only matter when they are the
latest, so a newer one takes the older one's place as long as nothing else happened in between.
"""

from __future__ import annotations

from collections.abc import Callable
from threading import Lock

from textual.message import Message

from engine.events import (
    CheckpointDownloading,
    Event,
    MemorySampled,
    PreviewReady,
    StepCompleted,
    StudyProgressed,
    StudyUpdated,
)


class EngineTold(Message):
    """There is something in the mailbox that should be shown without delay."""


class EngineStirs(Message):
    """There is something in the mailbox again; it may be shown a little later."""


_LATEST_ONLY = (
    *(StepCompleted, PreviewReady, MemorySampled, CheckpointDownloading),
    *(StudyProgressed, StudyUpdated),
)


class Mailbox:
    """Events on their way to the screen, in order.

    Args:
        urgent: called on the engine's thread when an event should be shown without delay. It must
            return at once.
        stirs: called there when an event that may wait comes into an empty mailbox; the same.
    """

    def __init__(
        self, urgent: Callable[[], object], stirs: Callable[[], object] = lambda: None
    ) -> None:
        self._urgent, self._stirs = urgent, stirs
        self._lock = Lock()
        self._events: list[Event] = []
        self._latest: dict[type[Event], int] = {}

    def put(self, event: Event) -> None:
        """Take an event from the engine. Never waits for the screen."""
        hurry = not isinstance(event, _LATEST_ONLY)
        with self._lock:
            was_empty = not self._events
            if hurry:
                self._latest.clear()
            elif type(event) in self._latest:
                self._events[self._latest[type(event)]] = event
                return
            else:
                self._latest[type(event)] = len(self._events)
            self._events.append(event)
        if hurry:
            self._urgent()
        elif was_empty:
            self._stirs()

    def take(self) -> list[Event]:
        """All that came since the last call, oldest first."""
        with self._lock:
            events, self._events = self._events, []
            self._latest.clear()
        return events
