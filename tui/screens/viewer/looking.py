"""How near a picture is looked at: as large as it fits, pixel by pixel, or by steps. Pure."""

from __future__ import annotations

from dataclasses import replace

from tui.graphics.viewport import WHOLE, ZOOMS, Box, Viewport, fitting

_MOST_PIXELS_OF_SCREEN = 32.0
"""For one of the picture: nearer there is nothing more to be seen."""
_STEP = 1.2
"""A smaller step would hardly be seen."""


class Looking:
    """What is seen of a picture of ``size`` pixels in a room.

    Attributes:
        view: how far it is enlarged and where the middle lies.
        by_pixels: a pixel of the screen shows one of the picture, whatever the room.
    """

    def __init__(self) -> None:
        self.view = Viewport()
        self.by_pixels = False
        self._full = 1.0  # the zoom at which pixels are equal

    def fit_to(
        self, size: tuple[int, int], columns: int, rows: int, cell_ratio: float, dots: int
    ) -> None:
        """Look at this picture in this room.

        Args:
            dots: pixels of the screen across a cell; 1 for half blocks.
        """
        if min(*size, columns, rows) < 1:
            return
        self._full = size[0] / (fitting(*size, columns, rows, cell_ratio) * max(dots, 1))
        if self.by_pixels:
            self.view = replace(self.view, zoom=self._full)

    @property
    def percent(self) -> int:
        """Pixels of the screen for a hundred of the picture."""
        return max(1, round(100 * self.view.zoom / self._full))

    @property
    def is_whole(self) -> bool:
        """Whether it is as large as it fits."""
        return self.view.zoom == 1

    def whole(self) -> None:
        """As large as it fits."""
        self.view, self.by_pixels = Viewport(), False

    def pixels(self) -> None:
        """Pixel by pixel."""
        self.view, self.by_pixels = replace(self.view, zoom=self._full), True

    def step(self, by: int) -> None:
        """Nearer (1) or further away (-1), by way of fit and of 1:1."""
        most = max(self._full * _MOST_PIXELS_OF_SCREEN, 4.0)
        usual = [*ZOOMS, *(ZOOMS[-1] * n for n in (1.5, 2, 3, 4, 6, 8))]
        far = [zoom for zoom in usual if zoom <= most and not _near(zoom, self._full)]
        steps = sorted({1.0, self._full, *far})
        here = self.view.zoom
        near = 1e-6 * here
        others = [zoom for zoom in steps if (zoom > here + near if by > 0 else zoom < here - near)]
        if others:
            zoom = others[0] if by > 0 else others[-1]
            self.by_pixels = zoom == self._full and zoom != 1
            self.view = replace(self.view, zoom=zoom)

    def snapped(self, box: Box, size: tuple[int, int]) -> Viewport:
        """The view, moved by less than a pixel so that what is seen begins with a whole one."""
        left, top, right, bottom = box
        x, y = round(left * size[0]) / size[0] - left, round(top * size[1]) / size[1] - top
        return replace(self.view, x=(left + right) / 2 + x, y=(top + bottom) / 2 + y)


def _near(zoom: float, other: float) -> bool:
    return 1 / _STEP < zoom / other < _STEP


def part(box: Box) -> str:
    """Which part of a picture is seen, in words; empty for all of it."""
    if box == WHOLE:
        return ""
    left, top, right, bottom = (round(100 * edge) for edge in box)
    return f"↔ {left}–{right}% ↕ {top}–{bottom}%"
