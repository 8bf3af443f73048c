"""The picture: the live preview, the finished image, or a contact sheet of a batch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from math import ceil
from time import monotonic
from typing import TYPE_CHECKING

from rich.segment import Segment
from rich.style import Style
from textual import work
from textual.events import Click
from textual.message import Message
from textual.reactive import reactive
from textual.strip import Strip
from textual.widget import Widget

from tui.graphics.fit import fitted
from tui.graphics.outgoing import outgoing
from tui.graphics.terminal import Terminal
from tui.ink import ink
from tui.keys.command import acting, bindings
from tui.keys.moving import LIST
from tui.keys.runs import PICTURE
from tui.stock import off_loop
from tui.text import centred, one_line, wrapped

if TYPE_CHECKING:
    # At run time only once there is a picture: the first frame does not wait for them.
    from PIL import Image

    from tui.graphics.frames import Frame, Shot


@dataclass(frozen=True, slots=True)
class Tile:
    """Where one picture stands, in cells of the widget's content."""

    index: int
    x: int
    y: int
    columns: int
    rows: int


def contact_sheet(
    sizes: Sequence[tuple[int, int]], columns: int, rows: int, cell_ratio: float
) -> list[Tile]:
    """Tiles for pictures of ``sizes`` pixels, as large as they get, with a label row below each."""
    if not sizes or columns < 1 or rows < 2:
        return []
    width, height = sizes[0]
    best: tuple[int, int, int, int] = (0, 1, 0, 0)
    for across in range(1, len(sizes) + 1):
        down = ceil(len(sizes) / across)
        room_x = (columns - (across - 1)) // across
        room_y = rows // down - 1
        fit_x, fit_y = fitted(width, height, room_x, room_y, cell_ratio)
        # A full last row is worth slightly smaller pictures.
        worth = fit_x * fit_y * (10 if len(sizes) % across == 0 else 8)
        best = max(best, (worth, across, fit_x, fit_y))
    _, across, fit_x, fit_y = best
    down = ceil(len(sizes) / across)
    left = (columns - across * fit_x - (across - 1)) // 2
    top = max(0, (rows - down * (fit_y + 1)) // 2)
    return [
        Tile(i, left + i % across * (fit_x + 1), top + i // across * (fit_y + 1), fit_x, fit_y)
        for i in range(len(sizes))
        if fit_x and fit_y
    ]


class Picture(Widget, can_focus=True):
    """Shows one picture as large as it gets, or all of a batch.

    Attributes:
        where: how to come by a picture that is not drawn.
    """

    where: tuple[str, ...] = ()

    BORDER_TITLE = "Picture"
    BINDINGS = bindings(
        acting(LIST, left="pick(-1, 0)", right="pick(1, 0)", up="pick(0, -1)", down="pick(0, 1)"),
        PICTURE,
    )

    DEFAULT_CSS = """
    Picture { height: 1fr; width: 1fr; }
    """

    picked = reactive(0)
    alone = reactive(False)

    class Picked(Message):
        """Another picture of the batch was picked, or the pictures changed."""

    def __init__(self, terminal: Terminal) -> None:
        super().__init__(id="picture", classes="panel")
        self.terminal = terminal
        self.images: tuple[Image.Image, ...] = ()
        self.seeds: tuple[int, ...] = ()
        self._labels: tuple[str, ...] = ()
        self._live = False
        self._hint: tuple[str, ...] = ()
        self._strips: list[Strip] | None = None
        self._tiles: list[Tile] = []
        self._frames: dict[_Key, Frame | str] = {}
        self._below: dict[_Key, list[Strip]] = {}
        self._busy_until = 0.0
        self._making = False
        self._has_laid = False

    def show(
        self,
        images: tuple[Image.Image, ...],
        seeds: tuple[int, ...],
        *,
        labels: tuple[str, ...] = (),
        live: bool = False,
    ) -> None:
        """Show these pictures.

        Args:
            labels: below each of several; its seed when there are none.
            live: they are previews: rough, and soon replaced.
        """
        if live and (self._busy_until > monotonic() or not outgoing(self.app).has_room):
            return  # The last preview took long to draw, or is still on its way. Keys go first.
        # The last preview stays until the pictures are ready.
        grown = self._live and not live and (seeds, len(images)) == (self.seeds, len(self.images))
        if seeds != self.seeds:
            self.picked, self.alone = 0, False
        self.images, self.seeds, self._live = images, seeds, live
        self._labels = labels or tuple(map(str, seeds))
        self._frames.clear()
        if not grown:
            self._below.clear()
        self._redraw(repaint=not grown or bool(labels))

    def say(self, *lines: str) -> None:
        """Show some words in the middle instead of a picture, wrapped to its width."""
        self.images, self.seeds, self._hint = (), (), lines
        self._frames.clear()
        self._below.clear()
        self._redraw()

    def use(self, terminal: Terminal) -> None:
        """Draw for this terminal from now on."""
        if terminal != self.terminal:
            self.terminal = terminal
            self._frames.clear()
            self._redraw()

    @property
    def is_live(self) -> bool:
        """Whether previews are shown."""
        return self._live

    @property
    def seed(self) -> int | None:
        """The seed of the picture that is picked."""
        return self.seeds[self.picked] if self.picked < len(self.seeds) else None

    def _redraw(self, *, repaint: bool = True) -> None:
        self._strips = None
        self.post_message(self.Picked())
        if repaint:
            self.refresh()
        if self.is_attached:
            self._tiles = self._layout(*self.content_size) if self.images else []
            self._lay()
            self._make()

    def watch_picked(self) -> None:
        self._redraw()

    def watch_alone(self) -> None:
        self._redraw()

    def on_resize(self) -> None:
        self._strips = None
        self._below.clear()
        self.use(self.terminal.resized())
        self._redraw()

    def notify_style_update(self) -> None:
        super().notify_style_update()
        self._strips = None

    def action_pick(self, x: int, y: int) -> None:
        """Move the choice by one tile."""
        across = len({tile.x for tile in self._tiles}) if not self.alone else 1
        moved = self.picked + x + y * max(across, 1)
        if 0 <= moved < len(self.images):
            self.picked = moved

    def action_one_or_all(self) -> None:
        """Show the picked picture alone, or all of the batch."""
        self.alone = not self.alone and len(self.images) > 1

    def on_click(self, event: Click) -> None:
        offset = event.get_content_offset(self)
        if offset is None:
            return
        for tile in self._tiles:
            if tile.x <= offset.x < tile.x + tile.columns and 0 <= offset.y - tile.y <= tile.rows:
                if event.chain == 2 or tile.index == self.picked:
                    self.action_one_or_all()
                self.picked = tile.index
                return

    # Drawing

    def render_line(self, y: int) -> Strip:
        if self._strips is None or len(self._strips) != self.content_size.height:
            began = monotonic()
            self._strips = self._draw()
            # Previews take at most a tenth of the event loop's time.
            self._busy_until = monotonic() + 9 * (monotonic() - began) if self._live else 0.0
        return self._strips[y] if y < len(self._strips) else Strip.blank(self.content_size.width)

    def _draw(self) -> list[Strip]:
        """The whole content, one strip a row."""
        columns, rows = self.content_size
        background = Style.from_color(bgcolor=self.background_colors[1].rich_color)
        if not self.images:
            self._tiles = []
            return self._words(columns, rows, background)
        self._tiles = self._layout(columns, rows)
        drawn = {tile: self._tile_strips(tile, background) for tile in self._tiles}
        strips = []
        for y in range(rows):
            segments: list[Segment] = []
            x = 0
            for tile in self._tiles:
                if 0 <= y - tile.y < len(drawn[tile]):
                    segments.append(Segment(" " * (tile.x - x), background))
                    segments.extend(drawn[tile][y - tile.y])
                    x = tile.x + tile.columns
            segments.append(Segment(" " * (columns - x), background))
            strips.append(Strip(segments, columns))
        return strips

    def _layout(self, columns: int, rows: int) -> list[Tile]:
        ratio = self.terminal.cell_ratio
        if len(self.images) > 1 and not self.alone:
            return contact_sheet([image.size for image in self.images], columns, rows, ratio)
        index = min(self.picked, len(self.images) - 1)
        wide, tall = fitted(*self.images[index].size, columns, rows, ratio)
        if not wide:
            return []  # as while a preview that is not shown has no room
        return [Tile(index, (columns - wide) // 2, (rows - tall) // 2, wide, tall)]

    def _tile_strips(self, tile: Tile, background: Style) -> list[Strip]:
        frame = self._frames.get(_key(tile))
        if isinstance(frame, str):
            strips = self._instead(tile, frame, background)
        elif frame is not None and frame.is_fine:
            strips = list(frame.strips)
        else:
            strips = list(self._coarse(tile))
        if len(self.images) > 1 and not self.alone:
            strips.append(self._label(tile))
        return strips

    def _coarse(self, tile: Tile) -> list[Strip]:
        """A preview, or what stands there until a picture is ready, and below its pixels."""
        if (known := self._below.get(_key(tile))) is not None and not self._live:
            return known
        from tui.graphics.halfblock import COARSE_BYTES, PREVIEW_BYTES, coarse

        most = (PREVIEW_BYTES if self._live else COARSE_BYTES) // max(1, len(self._tiles))
        image, cells = self.images[tile.index], (tile.columns, tile.rows)
        drawn = coarse(image, *cells, most=most)
        self._below[_key(tile)] = drawn
        return drawn

    def _instead(self, tile: Tile, words: str, background: Style) -> list[Strip]:
        """Some words in place of a picture."""
        style = background + ink(self, "text-muted")
        seed = self.seeds[tile.index] if tile.index < len(self.seeds) else None
        told = [words, f"seed {seed}" if seed is not None else "", *self.where]
        lines = [part for line in told if line for part in wrapped(line, tile.columns)]
        lines = [""] * ((tile.rows - len(lines)) // 2) + lines[: tile.rows]
        lines += [""] * (tile.rows - len(lines))
        return [Strip([Segment(centred(line, tile.columns), style)]) for line in lines]

    def _label(self, tile: Tile) -> Strip:
        picked = tile.index == self.picked
        style = ink(self, "accent" if picked else "text-muted", bold=picked)
        label = self._labels[tile.index] if tile.index < len(self._labels) else ""
        label = one_line(label, max(1, tile.columns - 2))
        text = centred(f"{'▸ ' if picked else ''}{label}", tile.columns)
        return Strip([Segment(text, self.rich_style + style)], tile.columns)

    def _words(self, columns: int, rows: int, background: Style) -> list[Strip]:
        style = background + ink(self, "text-muted")
        words = [part for line in self._hint for part in wrapped(line, columns) or [""]]
        top = max(0, (rows - len(words)) // 2)
        lines = [""] * top + words
        lines += [""] * (rows - len(lines))
        return [Strip([Segment(centred(line, columns), style)], columns) for line in lines[:rows]]

    # Ready for the terminal

    def _make(self) -> None:
        if self._making:
            return
        if self._missing() is not None:
            self._making = True
            self._make_ready()
        elif any(map(self._could_be_better, self._tiles)):
            self._make_better()

    def _could_be_better(self, tile: Tile) -> bool:
        from tui.graphics.frames import could_be_better

        return could_be_better(self._frames.get(_key(tile)))

    def _missing(self) -> Tile | None:
        """A tile whose picture is not ready. Previews are drawn at once."""
        if self._live or not self.images:
            return None
        return next((tile for tile in self._tiles if _key(tile) not in self._frames), None)

    @work(group="pixels")
    async def _make_ready(self) -> None:
        """Off the event loop. If it fails, what was there stays."""
        try:
            while (tile := self._missing()) is not None:
                image, terminal = self.images[tile.index], self.terminal
                frame = await self._frame_of(image, tile, terminal)
                same = tile.index < len(self.images) and self.images[tile.index] is image
                if same and terminal == self.terminal:
                    self._frames[_key(tile)] = frame
                    self._lay()
                    if isinstance(frame, str) or frame.is_fine:
                        self._strips = None
                        self.refresh()
        finally:
            self._making = False
        self._make()

    @work(group="better pixels", exclusive=True)
    async def _make_better(self) -> None:
        """Once all are there, and where the link carries more: again, better."""
        from tui.graphics.frames import Frame
        from tui.graphics.plates import plates_of
        from tui.graphics.quality import improved

        for tile in list(self._tiles):
            frame = self._frames.get(_key(tile))
            if not self._could_be_better(tile) or tile.index >= len(self.images):
                continue
            assert isinstance(frame, Frame)
            image, terminal = self.images[tile.index], self.terminal
            shot = await self._shot(image, tile, terminal)

            def wanted(tile: Tile = tile, frame: Frame = frame) -> bool:
                return not self._live and self._frames.get(_key(tile)) is frame

            out = outgoing(self.app)
            better = await improved(out, lambda i=image: i, shot, terminal, frame, wanted)  # type: ignore[misc]
            if better is not None:
                plates_of(self.app).frames.put(shot, better)
                self._frames[_key(tile)] = better
                self._lay()
                if isinstance(better, Frame) and better.is_fine:
                    self._strips = None
                    self.refresh()

    async def _frame_of(self, image: Image.Image, tile: Tile, terminal: Terminal) -> Frame | str:
        """A picture that was made ready before is not made ready again."""
        from tui.graphics.plates import plates_of
        from tui.graphics.quality import developed

        kept = plates_of(self.app).frames
        shot = await self._shot(image, tile, terminal)
        frame = kept.get(shot)
        if frame is None:
            frame = await developed(outgoing(self.app), lambda: image, shot, terminal)
            kept.put(shot, frame)
        return frame

    async def _shot(self, image: Image.Image, tile: Tile, terminal: Terminal) -> Shot:
        from tui.graphics.frames import Shot
        from tui.graphics.viewport import WHOLE

        named = await off_loop(partial(_named, image))
        return Shot((named, terminal), tile.columns, tile.rows, WHOLE)

    def _lay(self) -> None:
        """What is in pixels stands over its cells."""
        if not self._frames and not self._has_laid:
            return
        from tui.graphics.plates import Plate, lay

        plates = []
        for tile in self._tiles if not self._live else ():
            frame = self._frames.get(_key(tile))
            if frame is not None and not isinstance(frame, str) and frame.pixels is not None:
                plates.append(Plate(frame.pixels, tile.x, tile.y))
        self._has_laid = bool(plates)
        lay(self, plates)


_Key = tuple[int, int, int]
"""Of a tile: the number of its picture, and its size in cells."""


def _key(tile: Tile) -> _Key:
    return (tile.index, tile.columns, tile.rows)


def _named(image: Image.Image) -> tuple[str, tuple[int, int], bytes]:
    """What two equal pictures have in common, and no others."""
    from hashlib import blake2b

    return image.mode, image.size, blake2b(image.tobytes(), digest_size=16).digest()
