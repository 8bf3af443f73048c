"""The picture: the live preview, the finished image, or a contact sheet of a batch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import ceil
from time import monotonic
from typing import TYPE_CHECKING

from rich.segment import Segment
from rich.style import Style
from textual import work
from textual.events import Click
from textual.geometry import Region
from textual.message import Message
from textual.reactive import reactive
from textual.strip import Strip
from textual.widget import Widget

from tui.graphics.fit import fitted
from tui.graphics.terminal import Terminal, cell_of_window
from tui.ink import ink
from tui.keys.command import acting, bindings
from tui.keys.moving import LIST
from tui.keys.runs import PICTURE
from tui.text import centred, one_line, wrapped

if TYPE_CHECKING:
    # At run time only once there is a picture: the first frame does not wait for Pillow.
    from PIL import Image


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
    """Shows one picture as large as it gets, or all of a batch."""

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
        self._sixels: dict[tuple[int, int, int], str] = {}
        self._busy_until = 0.0
        self._encoding: set[tuple[int, int, int]] = set()

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
        if live and self._busy_until > monotonic():
            return  # The last preview took long to draw. Keys go first.
        if seeds != self.seeds:
            self.picked, self.alone = 0, False
        self.images, self.seeds, self._live = images, seeds, live
        self._labels = labels or tuple(map(str, seeds))
        self._forget_pixels()
        self._redraw()

    def say(self, *lines: str) -> None:
        """Show some words in the middle instead of a picture, wrapped to its width."""
        self.images, self.seeds, self._hint = (), (), lines
        self._redraw()

    def use(self, terminal: Terminal) -> None:
        """Draw for this terminal from now on."""
        if terminal != self.terminal:
            self.terminal = terminal
            self._forget_pixels()
            self._redraw()

    @property
    def is_live(self) -> bool:
        """Whether previews are shown."""
        return self._live

    @property
    def seed(self) -> int | None:
        """The seed of the picture that is picked."""
        return self.seeds[self.picked] if self.picked < len(self.seeds) else None

    def _redraw(self) -> None:
        self._strips = None
        self.post_message(self.Picked())
        self.refresh()

    def watch_picked(self) -> None:
        self._redraw()

    def watch_alone(self) -> None:
        self._redraw()

    def on_resize(self) -> None:
        self._strips = None
        self.post_message(self.Picked())  # what is said below it may be longer or shorter now
        width, height = cell_of_window()
        if self.terminal.protocol == "sixel" and width and height:
            # The letters may have become larger or smaller with the window.
            self.use(replace(self.terminal, cell_width=width, cell_height=height))

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

    def render_lines(self, crop: Region) -> list[Strip]:
        strips = super().render_lines(crop)
        top = crop.y - self.gutter.top
        touched = (t for t in self._tiles if t.y < top + crop.height and t.y + t.rows > top)
        segments = [segment for tile in touched for segment in self._pixels(tile)]
        if strips and segments:
            last = strips[-1]
            strips[-1] = Strip([*last, *segments], last.cell_length)
        return strips

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
        return [Tile(index, (columns - wide) // 2, (rows - tall) // 2, wide, tall)]

    def _tile_strips(self, tile: Tile, background: Style) -> list[Strip]:
        from tui.graphics.halfblock import half_blocks

        image = self.images[tile.index]
        truecolor = self.app.console.color_system == "truecolor"
        strips = half_blocks(image, tile.columns, tile.rows, truecolor=truecolor)
        if self._wants_pixels():
            if self._key(tile) in self._sixels:
                # Blanks below the pixels: writing a cell is what wipes old pixels away.
                strips = [Strip([Segment(" " * tile.columns, background)])] * tile.rows
            elif self._key(tile) not in self._encoding:
                self._encoding.add(self._key(tile))
                self._encode(tile, image)
        if len(self.images) > 1 and not self.alone:
            strips.append(self._label(tile))
        return strips

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

    # Real pixels, where the terminal has them

    def _wants_pixels(self) -> bool:
        # Sixels that reach the last row would scroll the screen.
        in_room = self.content_region.bottom < self.screen.size.height
        return self.terminal.protocol == "sixel" and not self._live and in_room

    def _forget_pixels(self) -> None:
        self._sixels.clear()
        self._encoding.clear()

    def _key(self, tile: Tile) -> tuple[int, int, int]:
        return (tile.index, tile.columns, tile.rows)

    @work(thread=True, group="sixels", exit_on_error=False)
    def _encode(self, tile: Tile, image: Image.Image) -> None:
        """Off the event loop. If it fails, half blocks stay."""
        from tui.graphics.sixel import sixels

        width = tile.columns * self.terminal.cell_width
        height = tile.rows * self.terminal.cell_height
        data = sixels(image, width, height)
        self.app.call_from_thread(self._encoded, tile, image, data)

    def _encoded(self, tile: Tile, image: Image.Image, data: str) -> None:
        if tile.index < len(self.images) and self.images[tile.index] is image:
            self._sixels[self._key(tile)] = data
            self._strips = None
            self.refresh()

    def _pixels(self, tile: Tile) -> list[Segment]:
        data = self._sixels.get(self._key(tile))
        # Below another screen the pixels would shine through it.
        if data is None or not self._wants_pixels() or not self.screen.is_active:
            return []
        from tui.graphics.sixel import overlay

        corner = self.content_region.offset
        return overlay(data, corner.x + tile.x, corner.y + tile.y)
