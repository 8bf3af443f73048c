"""Watches the staged app from inside: how late its event loop is, and what it was given to show."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import textual._time
from textual.drivers._writer_thread import WriterThread

import tui.app
import tui.graphics.driver
from tui.app import SafelightApp

if TYPE_CHECKING:
    from tests.terminal.staged import Stage

TICK = 0.005


class Watch:
    """Writes lines of JSON: ``{"at": …, "what": …}``, with times of ``time.monotonic``."""

    def __init__(self, path: str) -> None:
        self._file = Path(path).open("a", buffering=1, encoding="utf-8")  # noqa: SIM115

    def note(self, what: str, **more: Any) -> None:
        self._file.write(json.dumps({"at": time.monotonic(), "what": what, **more}) + "\n")


def watched(watch: Watch) -> type[SafelightApp]:
    """The app, with a task that notes how much later than asked for it woke."""

    class Watched(SafelightApp):
        def on_ready(self) -> None:
            watch.note("ready")
            self.run_worker(self._watch())

        async def _watch(self) -> None:
            while True:
                due = time.monotonic() + TICK
                await asyncio.sleep(TICK)
                late = time.monotonic() - due
                if late > TICK:
                    watch.note("late", seconds=late)

    return Watched


class TextualsWriter(WriterThread):
    """Textual's own writer, under our driver: for comparison."""

    has_room = True
    room = float("inf")
    rate = None
    is_gone = False
    is_stuck = False

    def __init__(self, fileno: int, *_: Callable[[], object]) -> None:
        import sys

        del fileno
        super().__init__(sys.__stderr__)  # type: ignore[arg-type]

    def write_frame(self, text: str) -> bool:
        self.write(text)
        return False

    def draw(self, name: str, parts: list[str], *, whole: bool = False) -> None:
        del name, whole
        self.write("".join(parts))

    def withdraw(self, name: str) -> None:
        """Nothing is ever left."""

    def ask(self) -> None:
        """It asks nothing."""

    def answered(self) -> None:
        """Nor is it answered."""

    def typed(self) -> None:
        """It does not mind."""

    def leave(self) -> None:
        """Everything is written."""

    def settle(self, seconds: float) -> None:
        """It waits for nothing."""

    def finish(self, seconds: float) -> None:
        del seconds
        if self.is_alive():
            self.stop()


def install(stage: Stage) -> Watch:
    """Watch the app that is started next in this process."""
    watch = Watch(stage.watch)
    vars(tui.app)["SafelightApp"] = hurried(stage.speed) if stage.speed != 1 else watched(watch)
    if stage.textuals_writer:
        vars(tui.graphics.driver)["Writer"] = TextualsWriter
    return watch


def hurried(speed: float) -> type[SafelightApp]:
    """The app with clocks that go faster: those of its timers and of its event loop."""

    class Hurried(SafelightApp):
        def on_load(self) -> None:
            super().on_load()
            began, real = time.monotonic(), time.monotonic
            loop: Any = asyncio.get_running_loop()
            wait = loop._selector.select

            def now() -> float:
                return began + (real() - began) * speed

            loop.time = now
            loop._selector.select = lambda seconds=None: wait(seconds and seconds / speed)
            vars(textual._time)["get_time"] = now

    return Hurried
