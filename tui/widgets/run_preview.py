"""The pictures of the run under the cursor."""

from __future__ import annotations

from functools import partial
from math import ceil, sqrt
from pathlib import Path
from typing import TYPE_CHECKING

from textual import work
from textual.content import Content
from textual.timer import Timer

from engine.errors import SafelightError
from tui.graphics.terminal import Terminal
from tui.shrunk import shrunk
from tui.stock import off_loop
from tui.widgets.picture import Picture

if TYPE_CHECKING:
    from engine.history import Entry
    from engine.record import RunRecord

QUIET_SECONDS = 0.06
"""So long the cursor must have been still before pictures are read."""
_SIDE = 1024
"""Pixels that are read of each side, of all pictures together."""
_WORDS = {
    "failed": "This run failed.",
    "cancelled": "This run was stopped.",
    "interrupted": "This run was cut off.",
}


class RunPreview(Picture):
    """Shows the pictures of a run of the history, read in a thread.

    Attributes:
        title: what stands above them, in place of the number of the run.
    """

    title = ""

    def __init__(self, terminal: Terminal) -> None:
        super().__init__(terminal)
        self._record: RunRecord | None = None
        self._read_last: RunRecord | None = None
        self._timer: Timer | None = None
        self.say("")

    def show_entry(self, entry: Entry | None) -> None:
        """Show a run's pictures soon, if it is still the one that is wanted then."""
        before = self._record
        self._record = entry.record if entry is not None else None
        if before == self._record:
            return
        if self._timer is not None:
            self._timer.stop()
        self._timer = self.set_timer(QUIET_SECONDS, self.flush)

    def flush(self) -> bool:
        """Do not wait any longer. Returns whether it did."""
        if self._timer is None:
            return False
        self._timer.stop()
        self._timer = None
        self._read_now()
        return True

    def on_resize(self) -> None:
        super().on_resize()
        self._read_now()

    def _read_now(self) -> None:
        """Unless there is no room for the preview: then nothing is read for it."""
        if self.size and self._record != self._read_last:
            self._read_last = self._record
            self._read(self._record)

    @work(exclusive=True, group="preview")
    async def _read(self, record: RunRecord | None) -> None:
        number = f"#{record.id}" if record is not None else "Picture"
        self.border_title = Content(self.title or number)  # not read as markup
        if record is None or not record.images:
            self.say(_WORDS.get(record.status.value, "No picture.") if record is not None else "")
            return
        side = max(_SIDE // ceil(sqrt(len(record.images))), 64)
        paths = [image.path for image in record.images]
        try:
            images = [await off_loop(partial(shrunk, path, side)) for path in paths]
        except SafelightError as error:
            there = await off_loop(lambda: all(Path(path).is_file() for path in paths))
            self.say(str(error) if there else "The picture is not there any more.")
            return
        spec = record.spec
        labels = tuple(image.prompt for image in record.images) if len(spec.prompts) > 1 else ()
        seeds = tuple(image.seed for image in record.images)
        self.show(tuple(images), seeds, labels=labels)

    def on_picture_picked(self, event: Picture.Picked) -> None:
        """Say below the picture which one it is."""
        event.stop()
        parts = [f"seed {self.seed}"] if self.seed is not None else []
        if len(self.images) > 1:
            parts.append(f"{self.picked + 1} of {len(self.images)}")
        self.border_subtitle = " · ".join(parts)
