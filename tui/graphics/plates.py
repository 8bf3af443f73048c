"""Pictures in pixels that stand on the screen, over the text of their widgets.

Widgets draw cells below, coarse ones, and say which picture stands over them: :meth:`Plates.lay`.
Here is kept which cells of the terminal hold pixels by now. Before a frame of text is painted, what
is covered or gone is withdrawn, and the text below what stays is left out of the frame: pixels are
neither wiped nor sent again. After it, what is new is drawn, band by band.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import TYPE_CHECKING

from tui.graphics.frames import Frames
from tui.graphics.masks import Masks, span
from tui.graphics.outgoing import Outgoing

if TYPE_CHECKING:
    from textual.app import App
    from textual.geometry import Region
    from textual.screen import Screen
    from textual.widget import Widget

    from tui.graphics.pixels import Pixels

_MOST_SENT = 24_000_000
"""Bytes of pictures that the terminal is asked to remember, as they were sent."""


@dataclass(frozen=True, slots=True)
class Plate:
    """A picture over cells of a widget; ``x`` and ``y`` are in its content."""

    pixels: Pixels
    x: int
    y: int


@dataclass(slots=True)
class _Standing:
    """A plate on the screen.

    Attributes:
        x, y: on the screen.
        place: its number.
        seen: for each row, the columns that hold pixels of it, or will when what waits is drawn.
    """

    pixels: Pixels
    x: int
    y: int
    place: int
    seen: list[int] = field(default_factory=list)

    def name(self, top: int) -> str:
        return f"plate {self.place}.{top}"


_places = count(1)


class Plates:
    """All pictures of an app that are in pixels.

    Attributes:
        frames: pictures that were made ready, for all widgets.
    """

    def __init__(self) -> None:
        self.frames = Frames()
        self._laid: dict[Widget, tuple[Plate, ...]] = {}
        self._standing: list[_Standing] = []
        self._sent: OrderedDict[Pixels, None] = OrderedDict()
        self._waiting: list[tuple[_Standing, int]] = []
        self._taken: list[str] = []

    def lay(self, widget: Widget, plates: Sequence[Plate]) -> bool:
        """These, and no others, stand over a widget. Returns whether that is something new."""
        if self._laid.get(widget, ()) == tuple(plates):
            return False
        if plates:
            self._laid[widget] = tuple(plates)
        else:
            self._laid.pop(widget, None)
        return True

    @property
    def is_idle(self) -> bool:
        """Whether there is nothing to do for a frame."""
        return not self._laid and not self._standing

    def forget(self) -> None:
        """The screen may have lost them: it was resized, or something else was on it."""
        for standing in self._standing:
            for top in range(0, standing.pixels.rows, standing.pixels.band):
                self._taken += standing.pixels.wiped(top, standing.place)
        self._standing.clear()

    def before(self, screen: Screen[object], out: Outgoing) -> Masks:
        """Before a frame of ``screen``. Returns the cells whose text is to be left out of it."""
        had = self._rows()
        wanted = self._visible(screen)
        standing: list[_Standing] = []
        self._waiting = []
        for plate, x, y, seen in wanted:
            known = self._known(plate.pixels, x, y)
            if known is None:
                known = _Standing(plate.pixels, x, y, next(_places), [0] * plate.pixels.rows)
            standing.append(known)
            self._look(known, seen, out)
        for gone in self._standing:
            if gone not in standing:
                for top in range(0, gone.pixels.rows, gone.pixels.band):
                    out.withdraw(gone.name(top))
                    self._taken += gone.pixels.wiped(top, gone.place)
                stays = any(each.pixels is gone.pixels for each in standing)
                if not stays and gone.pixels in self._sent and not out.has_room:
                    # It may not have left yet, and then need not any more.
                    out.withdraw(_image(gone.pixels))
                    del self._sent[gone.pixels]
        self._standing = standing
        has = self._rows()
        return {y: mask & has[y] for y, mask in had.items() if y in has and mask & has[y]}

    def after(self, out: Outgoing) -> Masks:
        """The frame is written: draw what is new. Returns the cells over which that is drawn."""
        over: dict[int, int] = {}
        for standing, top in self._waiting:
            pixels = standing.pixels
            if pixels not in self._sent and (parts := pixels.sent_once()):
                out.draw(_image(pixels), parts, whole=True)
            if pixels.forgotten():
                self._sent[pixels] = None
                self._sent.move_to_end(pixels)
            masks = standing.seen[top : top + pixels.band]
            for y, mask in enumerate(masks, standing.y + top):
                over[y] = over.get(y, 0) | mask << standing.x
            drawn = pixels.drawn(top, masks, standing.x, standing.y, standing.place)
            out.draw(standing.name(top), drawn)
        self._waiting = []
        self._let_go()
        if self._taken:
            # Afterwards: what takes their place is there by then.
            out.draw(f"taken {next(_places)}", self._taken)
            self._taken = []
        return over

    def farewell(self) -> str:
        """Lets the terminal forget all pictures, at the end."""
        found = "".join(pixels.forgotten() for pixels in self._sent)
        self._sent.clear()
        self._standing.clear()
        self._laid.clear()
        return found

    # What is seen

    def _rows(self) -> dict[int, int]:
        rows: dict[int, int] = {}
        for each in self._standing:
            for y, mask in enumerate(each.seen, each.y):
                if mask:
                    rows[y] = rows.get(y, 0) | mask << each.x
        return rows

    def _known(self, pixels: Pixels, x: int, y: int) -> _Standing | None:
        for each in self._standing:
            if each.pixels is pixels and (each.x, each.y) == (x, y):
                return each
        return None

    def _look(self, standing: _Standing, seen: list[int], out: Outgoing) -> None:
        """Decide band by band what is drawn, and what stays."""
        pixels = standing.pixels
        whole = span(0, pixels.columns)
        for top in range(0, pixels.rows, pixels.band):
            rows = range(top, min(top + pixels.band, pixels.rows))
            if all(standing.seen[row] == seen[row] for row in rows):
                continue
            if pixels.can_be_cut or all(seen[row] == whole for row in rows):
                for row in rows:
                    standing.seen[row] = seen[row]
                if any(standing.seen[row] for row in rows):
                    self._waiting.append((standing, top))
                else:
                    out.withdraw(standing.name(top))
                    self._taken += pixels.wiped(top, standing.place)
                continue
            # It cannot be drawn in part. What is there of it stays, what is not shows cells.
            for row in rows:
                standing.seen[row] &= seen[row]
            out.withdraw(standing.name(top))

    def _visible(self, screen: Screen[object]) -> list[tuple[Plate, int, int, list[int]]]:
        """The plates of a screen, where they stand, and for each row what is seen of it."""
        mine = {w: p for w, p in self._laid.items() if w.is_attached and w.screen is screen}
        for widget in [w for w in self._laid if not w.is_attached]:
            del self._laid[widget]
        if not mine or not screen.is_attached:
            return []
        places = screen._compositor.visible_widgets
        above: list[Region] = []
        found = []
        for widget, (region, clip) in places.items():  # from the top down
            for plate in mine.get(widget, ()):
                inner = region.shrink(widget.gutter)
                x, y = inner.x + plate.x, inner.y + plate.y
                room = inner.intersection(clip)
                seen = []
                bottom = screen.size.height - plate.pixels.scrolls
                for row in range(y, y + plate.pixels.rows):
                    mask = 0
                    if room.y <= row < min(room.bottom, bottom):
                        mask = span(room.x - x, min(room.right - x, plate.pixels.columns))
                        for cover in above:
                            if cover.y <= row < cover.bottom:
                                mask &= ~span(cover.x - x, cover.right - x)
                    seen.append(mask)
                found.append((plate, x, y, seen))
            above.append(region.intersection(clip))
        return found

    def _let_go(self) -> None:
        """Of the pictures that were sent, keep no more than the terminal should remember."""
        total = sum(pixels.weight for pixels in self._sent)
        for pixels in list(self._sent):
            if total <= _MOST_SENT:
                break
            if all(each.pixels is not pixels for each in self._standing):
                total -= pixels.weight
                del self._sent[pixels]
                self._taken.append(pixels.forgotten())


def _image(pixels: Pixels) -> str:
    return f"image {id(pixels)}"


def plates_of(app: App[object]) -> Plates:
    """The pictures in pixels of an app."""
    found = getattr(app, "plates", None)
    return found if isinstance(found, Plates) else vars(app).setdefault("plates", Plates())


def lay(widget: Widget, plates: Sequence[Plate]) -> None:
    """Let these pictures, and no others, stand over a widget, from its next frame on."""
    if plates_of(widget.app).lay(widget, plates):
        show = getattr(widget.app, "show_plates", None)
        if show is not None:
            widget.call_after_refresh(show)
