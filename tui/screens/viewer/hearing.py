"""What the viewer makes of what the engine tells while it is open."""

from __future__ import annotations

from itertools import count
from typing import TYPE_CHECKING, NamedTuple

from textual.screen import Screen

from engine import events
from tui.graphics.outgoing import outgoing
from tui.screens.viewer.roll import Made, Roll

if TYPE_CHECKING:
    from PIL import Image

    from engine.record import RunRecord
    from tui.screens.studio.screen import StudioScreen

COMING = "The picture is on its way."


class Left(NamedTuple):
    """What was looked at last, and whether its settings are wanted on the form."""

    record: RunRecord | None
    picture: int
    restore: bool = False


class Hearing(Screen[Left], inherit_bindings=False):
    """Takes what the engine makes, and says at the foot how the run goes that is on.

    Attributes:
        following: whether it goes on to what the engine makes.
    """

    def __init__(self, roll: Roll, studio: StudioScreen | None) -> None:
        """
        Args:
            studio: where it was opened, when it was there: its runs are shown as they go on.
        """
        super().__init__()
        self._roll = roll
        self._studio = studio
        self._previews = count(1)
        self._coming: Made | None = None
        self._words = COMING
        self._state = self._remark = ""
        self.following = studio is not None and studio.following

    def on_mount(self) -> None:
        if self._studio is not None:
            self._stop_listening = self._studio.host.listen(self._hear)

    def on_unmount(self) -> None:
        if self._studio is not None:
            self._stop_listening()

    @property
    def roll(self) -> Roll:
        """What is leafed through."""
        return self._roll

    @property
    def is_drawing(self) -> bool:
        """Whether the picture that is to be shown is not seen yet."""
        raise NotImplementedError

    def show(self) -> None:
        """Show the picture that is looked at."""
        raise NotImplementedError

    def show_facts(self) -> None:
        """Say at the foot what is seen, and how the run goes that is on."""
        raise NotImplementedError

    def _hear(self, event: events.Event) -> None:
        match event:
            case events.RunStarted():
                self._say(f"#{event.run_id} starting")
            case events.StepCompleted():
                rate = f" · {event.rate:.1f} it/s" if event.rate else ""
                self._say(f"step {event.step}/{event.steps}{rate}")
            case events.RunDecoding():
                self._say(f"#{event.run_id} decoding")
            case events.PreviewReady():
                if outgoing(self.app).has_room:
                    self._take(event.run_id, event.images, live=True)
            case events.RunFinished():
                self._say("")
                self._roll.add(event.record)
                self._take(event.run_id, event.images)
            case events.RunCancelled():
                self._roll.add(event.record)
                self._say(f"#{event.run_id} stopped")
                self._came_to_nothing(event.run_id, "This run was stopped.")
            case events.RunFailed():
                self._say(f"#{event.run_id} failed")
                if event.images:  # made, but not kept
                    self._take(event.run_id, event.images)
                else:
                    self._came_to_nothing(event.run_id, f"This run failed. {event.record.error}")

    def _say(self, state: str) -> None:
        self._state = state
        self.show_facts()

    def _remind(self, words: str) -> None:
        """Say something at the foot until the next key: nothing is to cover the picture."""
        self._remark = words
        self.show_facts()

    def _take(self, run_id: int, images: tuple[Image.Image, ...], *, live: bool = False) -> None:
        """Have pictures of a run, and show them if they are what is wanted."""
        assert self._studio is not None
        spec = next((row.spec for row in self._studio.runs.rows if row.id == run_id), None)
        if spec is None:
            return
        here = self._roll.run_id == run_id
        made = Made(run_id, spec, images, next(self._previews) if live else 0)
        self._coming = None
        if live and self._roll.is_live and self.is_drawing:
            # If each took the place of one that is still being drawn, none would be seen.
            self._coming = made
            return
        self._roll.take(made)
        if self.following or here:
            self._roll.look_at(run_id)
            self.show()

    def _came_to_nothing(self, run_id: int, words: str) -> None:
        """A run has no picture; a preview that is seen stays."""
        if self.following and not (self._roll.run_id == run_id and self._roll.count):
            self._words = words
            self._roll.look_at(run_id)
            self.show()
