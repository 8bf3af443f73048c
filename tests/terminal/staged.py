"""The app as a process of its own, on an engine that plays a script: it starts without torch.

    SAFELIGHT_STAGE='{"steps": 20}' python -m tests.terminal.staged

What is asked for is run by a thread: steps with previews, then pictures. For tests in a real
pseudo-terminal that are about the terminal, and for the benches of bytes and of slow links.
"""

from __future__ import annotations

import json
import os
import sys
import threading
import time
from dataclasses import asdict, dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Any, ClassVar, cast

import tui.lab
from engine.api import Emit
from engine.events import Event, PreviewReady, RunFinished, RunStarted, StepCompleted
from engine.spec import RunSpec
from tests.tui.scripted import ScriptedEngine, ScriptedLab, picture, record_of
from tui.cli import run_app

if TYPE_CHECKING:
    from tests.terminal.watching import Watch

VARIABLE = "SAFELIGHT_STAGE"


@dataclass(frozen=True)
class Stage:
    """What is played.

    Attributes:
        steps: of each run, whatever its spec says.
        step_seconds: how long each takes.
        side: of the pictures, in pixels.
        preview_side: of the previews; 0 makes none.
        photo: a photograph instead of a drawing; of 512 pixels at most.
        crash_at: a step at which the app has a fault of its own; 0 for none.
        watch: a file that is told how late the event loop is; see ``tests.terminal.watching``.
        speed: of the app's clocks: 60 lets an hour pass in a minute. Needs ``watch``.
        textuals_writer: write as Textual does, for comparison.
        arguments: for :func:`tui.cli.run_app`.
    """

    steps: int = 5
    step_seconds: float = 0.02
    side: int = 128
    preview_side: int = 16
    photo: bool = False
    crash_at: int = 0
    watch: str = ""
    speed: float = 1.0
    textuals_writer: bool = False
    arguments: dict[str, Any] = field(default_factory=dict)

    def variables(self) -> dict[str, str]:
        """The environment that tells a process of this stage."""
        return {VARIABLE: json.dumps(asdict(self))}

    @classmethod
    def told(cls) -> Stage:
        """The stage that the environment tells of."""
        return cls(**json.loads(os.environ.get(VARIABLE, "{}")))


@lru_cache(maxsize=4)
def photograph(side: int) -> Any:
    """A real photograph (of Eileen Collins, by NASA; it comes with scikit-image), an RGB image."""
    from PIL import Image
    from skimage import data

    image = Image.fromarray(data.astronaut())
    return image if image.size == (side, side) else image.resize((side, side))


@lru_cache(maxsize=8)
def _turned(quarters: int, side: int) -> Any:
    # Made once: the time that it takes is none of the app's.
    image = photograph(512).rotate(quarters * 90)
    return image if side == 512 else image.resize((side, side))


class Player(ScriptedEngine):
    """Plays the queue, a run after the other."""

    def __init__(self, stage: Stage, emit: Emit, first_id: int = 1) -> None:
        super().__init__(emit, first_id)
        self._stage = stage
        self._asked = threading.Event()
        self._lock = threading.Lock()

    def start(self) -> None:
        super().start()
        self.loaded()
        threading.Thread(target=self._play, name="player", daemon=True).start()

    def submit(self, spec: RunSpec) -> int:
        run_id = super().submit(spec)
        self._asked.set()
        return run_id

    def cancel(self, run_id: int | None = None) -> bool:
        with self._lock:
            return super().cancel(run_id)

    def stop(self, timeout: float = 3.0, *, keep_queue: bool = False) -> bool:
        if StagedLab.watch is not None:
            StagedLab.watch.note("stopped")  # the real one has recorded its run by then
        with self._lock:
            return super().stop(timeout, keep_queue=keep_queue)

    def _play(self) -> None:
        while not self.stopped:
            self._asked.wait()
            self._asked.clear()
            while self.line and not self.stopped:
                self._run()

    def _run(self) -> None:
        stage = self._stage
        with self._lock:
            run_id = self.begin()
        for step in range(1, stage.steps + 1):
            time.sleep(stage.step_seconds)
            with self._lock:
                if self.stopped or self.current is None or self.current[0] != run_id:
                    return
                left = (stage.steps - step) * stage.step_seconds
                rate = 1 / stage.step_seconds if stage.step_seconds else 1000.0
                self.emit(StepCompleted(run_id, step, stage.steps, step, rate, left, 0.1))
                if step == stage.crash_at:
                    self.emit(RunStarted(run_id, cast(RunSpec, None), 0))  # cannot be shown
                if side := stage.preview_side:
                    # Each differs a little, as previews do.
                    self.emit(PreviewReady(run_id, step, (self._picture(step, side),)))
        with self._lock:
            if self.current is None or self.current[0] != run_id:
                return
            spec = self.current[1]
            self.current = None
            images = tuple(self._picture(seed, stage.side) for seed in spec.seeds)
            self.emit(RunFinished(run_id, record_of(run_id, spec), images))

    def _picture(self, seed: int, side: int) -> Any:
        if self._stage.photo:
            return _turned(seed % 4, side).copy()
        return picture(seed).resize((side, side))


class StagedLab(ScriptedLab):
    """A lab whose engine plays the stage that the environment tells of."""

    watch: ClassVar[Watch | None] = None

    def __init__(self, *_: object, **__: object) -> None:
        super().__init__()

    def open(self, emit: Emit) -> ScriptedEngine:
        self.engine = Player(Stage.told(), self._watched(emit))
        return self.engine

    def _watched(self, emit: Emit) -> Emit:
        if (watch := self.watch) is None:
            return emit

        def tell(event: Event) -> None:
            watch.note(type(event).__name__)
            emit(event)

        return tell

    def close(self) -> None:
        """Nothing is open."""


def main() -> int:
    stage = Stage.told()
    vars(tui.lab)["RealLab"] = StagedLab
    if stage.watch:
        from tests.terminal.watching import install

        StagedLab.watch = install(stage)
    return run_app(**stage.arguments)


if __name__ == "__main__":
    sys.exit(main())
