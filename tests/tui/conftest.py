"""The app on a scripted engine, in a home of its own."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from time import monotonic

import pytest
from textual import _wait
from textual.pilot import Pilot
from textual.worker import WorkerCancelled

from tests.tui.scripted import ScriptedEngine, ScriptedLab
from tui.app import SafelightApp
from tui.graphics.terminal import Terminal
from tui.paths import Paths
from tui.remembered import Remembered
from tui.screens.studio.screen import StudioScreen
from tui.settings import Settings, Sources, gather

# The pilot sleeps this long each time it looks whether the app is idle. Textual's own naps, of 1/50
# of a second, are half the time of these tests.
_wait.SLEEP_GRANULARITY = 1 / 250
_wait.SLEEP_IDLE = _wait.SLEEP_GRANULARITY / 5


@dataclass
class Session:
    """A running app and the hands on it."""

    app: SafelightApp
    pilot: Pilot[int]
    lab: ScriptedLab

    @property
    def engine(self) -> ScriptedEngine:
        assert self.lab.engine is not None
        return self.lab.engine

    @property
    def studio(self) -> StudioScreen:
        return self.app.studio

    async def press(self, *keys: str) -> None:
        await self.pilot.press(*keys)
        await self.settle()

    async def type(self, text: str) -> None:
        """Type ``text``, a key a character."""
        await self.pilot.press(*("space" if char == " " else char for char in text))
        await self.settle()

    async def settle(self) -> None:
        """Let every event reach the screen."""
        self.app._deliver()
        await self._pause()
        self.studio.foresight.flush()
        groups = ("pictures", "pixels", "forecast")
        reading = [w for w in self.app.workers if w.group in groups]
        if reading:  # An empty list would stand for all workers.
            with suppress(WorkerCancelled):
                await self.app.workers.wait_for_complete(reading)
        await self._pause()
        await self._answers()
        while getattr(self.app.screen, "flush", bool)():
            await self._answers()

    async def _pause(self) -> None:
        """Until nobody has a message waiting.

        The pilot takes a process that gets no time from a busy machine for one that is idle.
        """
        await self.pilot.pause()
        until = monotonic() + 5
        calm = 0
        while calm < 2 and monotonic() < until:
            await asyncio.sleep(0)
            screens = self.app.screen_stack
            nodes = (each for screen in screens for each in screen.walk_children(with_self=True))
            busy = any(node.message_queue_size for node in (self.app, *nodes) if node.is_running)
            calm = 0 if busy else calm + 1
            if calm == 1:
                self.app.screen._on_timer_update()  # which may have to tell of a new layout

    async def _answers(self) -> None:
        await self._pause()
        while asking := [t for t in threading.enumerate() if t.name == "safelight-asking"]:
            for thread in asking:  # its last act is to hand its answer over, without waiting
                thread.join(30)
            await self._pause()

    def focus(self) -> str:
        """The id of the panel that has the focus."""
        return (self.app.focused.id or "") if self.app.focused else ""

    def at_studio(self) -> bool:
        """Whether nothing covers the studio."""
        return self.app.screen is self.studio

    def told(self) -> str:
        """The notifications that are on the screen."""
        return "\n".join(note.message for note in self.app._notifications)

    def palette(self) -> list[str]:
        """What the palette offers, a name and a key each, with one blank between."""
        return [" ".join(c.title.split()) for c in self.app.get_system_commands(self.app.screen)]

    def seen(self) -> str:
        """The text on the screen, a line a row."""
        lines = self.app.screen._compositor.render_strips()
        return "\n".join(line.text.rstrip() for line in lines)


Open = Callable[..., AbstractAsyncContextManager[Session]]


@pytest.fixture
def paths(tmp_path: Path) -> Paths:
    return Paths(tmp_path / "data", tmp_path / "config", tmp_path / "state")


@pytest.fixture
def open_app(paths: Paths) -> Open:
    """Opens the app: ``async with open_app(lab, size=(80, 24)) as session``."""

    @asynccontextmanager
    async def opened(
        lab: ScriptedLab | None = None,
        size: tuple[int, int] = (120, 40),
        settings: Settings | None = None,
        terminal: Terminal | None = None,
        complaint: str = "",
    ) -> AsyncIterator[Session]:
        lab = lab or ScriptedLab()
        file = paths.settings_file
        if settings is None:
            sources = gather(file, environment={}, chosen=Remembered(paths.form_file).settings)
        else:
            sources = Sources.of(settings, file, [complaint] if complaint else [])
        app = SafelightApp(lab, paths, sources, terminal or Terminal())
        async with app.run_test(size=size, notifications=True) as pilot:
            session = Session(app, pilot, lab)
            await pilot.pause()
            await session.settle()
            yield session

    return opened
