"""A sweep as one picture, with the heads of its rows and columns; as pages, where it is large."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import ceil, sqrt
from pathlib import Path

from PIL import Image, ImageDraw

from engine.errors import HistoryError
from engine.pictures.load import MAX_PIXELS, load_image
from engine.report.draw import BAD, DIM, EMPTY, INK, PAPER, cut, drawable, font, wrapped
from engine.sweep.states import CellState, Grid, State
from engine.units import seconds, size

MAX_SIDE = 16_384
SMALLEST = 256
"""Cells are shrunk to this, and no further, so that the grid is one picture."""
_GAP, _MARGIN, _LINE, _HEAD_LINES = 8, 16, 18, 3
_TITLE, _TEXT, _TITLE_LINES = 20, 14, 4
_ROW_HEAD = 150
_NOTHING = 160
"""Pixels of a cell in a grid without any picture."""


@dataclass(frozen=True, slots=True)
class _Layout:
    """How large things are, in pixels.

    Attributes:
        cell: width and height of a picture, or of a batch.
        left: of the heads of rows.
        lines: of the heads of columns.
        top: of those, and of what stands over them.
        title: of the whole.
    """

    cell: tuple[int, int]
    left: int
    lines: int
    top: int
    title: str

    @classmethod
    def of(cls, cell: tuple[int, int], grid: Grid, title: str) -> _Layout:
        axes = grid.sweep.axes
        heads = (drawable(value.label) for value in axes[0].values)
        lines = max(len(wrapped(head, font(_TEXT), cell[0], _HEAD_LINES)) for head in heads)
        top = (lines + 1 + (len(axes) > 2)) * _LINE + 6
        return cls(cell, _ROW_HEAD if len(axes) > 1 else 0, lines, top, drawable(title))

    def titles(self, wide: int) -> list[str]:
        """The lines of the title over so many pixels."""
        return wrapped(self.title, font(_TITLE), wide, _TITLE_LINES) or [""]

    def above(self, wide: int) -> int:
        """What is over the cells and their heads: the title, the prompt, what times are."""
        return len(self.titles(wide)) * (_TITLE + 4) - 4 + 3 * _LINE

    def page(self, columns: int, rows: int, layers: int = 1) -> tuple[int, int]:
        wide = self.left + columns * (self.cell[0] + _GAP)
        high = layers * (self.top + rows * (self.cell[1] + _LINE + _GAP))
        return wide + 2 * _MARGIN, high + 2 * _MARGIN + self.above(wide)

    def fits(self, columns: int, rows: int, layers: int, most: int) -> bool:
        wide, high = self.page(columns, rows, layers)
        return wide * high <= most and max(wide, high) <= MAX_SIDE


@dataclass(frozen=True, slots=True)
class _Block:
    """The part of a grid on one page: ranges of places on each axis."""

    columns: range
    rows: range
    layers: range


def pages(grid: Grid, title: str, *, most: int = MAX_PIXELS) -> Iterator[Image.Image]:
    """The grid as one picture of at most ``most`` pixels; or, where it is larger, as pages.

    Args:
        grid: cells without a picture say why.
        title: plain text.
        most: pixels of a page, large enough for one cell.
    """
    shape = (*grid.sweep.shape, 1, 1)[:3]
    layout, blocks = _laid_out(grid, shape, title, most)
    for number, block in enumerate(blocks, 1):
        where = f"Page {number} of {len(blocks)}. " if len(blocks) > 1 else ""
        yield _page(grid, layout, block, where)


def _laid_out(
    grid: Grid, shape: Sequence[int], title: str, most: int
) -> tuple[_Layout, list[_Block]]:
    columns, rows, layers = shape
    full = _cell_size(grid)
    shrunk = full
    layout = _Layout.of(shrunk, grid, title)
    while not layout.fits(columns, rows, layers, most) and max(shrunk) > SMALLEST:
        factor = max(0.9, SMALLEST / max(shrunk))
        shrunk = max(8, int(shrunk[0] * factor)), max(8, int(shrunk[1] * factor))
        layout = _Layout.of(shrunk, grid, title)
    if layout.fits(columns, rows, layers, most):
        return layout, [_Block(range(columns), range(rows), range(layers))]
    wide = max((n for n in range(1, columns + 1) if layout.fits(n, 1, 1, most)), default=1)
    high = max((n for n in range(1, rows + 1) if layout.fits(wide, n, 1, most)), default=1)
    blocks = [
        _Block(range(x, min(x + wide, columns)), range(y, min(y + high, rows)), range(z, z + 1))
        for z in range(layers)
        for y in range(0, rows, high)
        for x in range(0, columns, wide)
    ]
    return layout, blocks


def _cell_size(grid: Grid) -> tuple[int, int]:
    """What the largest cell takes, at the full size of its pictures."""
    wide = high = 0
    for each in grid.cells:
        images = each.record.images if each.record is not None else ()
        if not images:
            continue
        across = ceil(sqrt(len(images)))
        down = ceil(len(images) / across)
        wide = max(wide, across * max(image.width for image in images))
        high = max(high, down * max(image.height for image in images))
    return (wide, high) if wide and high else (_NOTHING, _NOTHING)


def _page(grid: Grid, layout: _Layout, block: _Block, where: str) -> Image.Image:
    page = Image.new("RGB", layout.page(len(block.columns), len(block.rows), len(block.layers)))
    draw = ImageDraw.Draw(page)
    draw.rectangle((0, 0, *page.size), fill=PAPER)
    wide = page.width - 2 * _MARGIN
    for line, text in enumerate(layout.titles(wide)):
        at = _MARGIN, _MARGIN + line * (_TITLE + 4)
        draw.text(at, text, fill=INK, font=font(_TITLE))
    top = _MARGIN + layout.above(wide)
    prompt = cut(drawable(grid.sweep.base.prompt), font(_TEXT), wide)
    times = cut(f"{where}Times are without loading and compiling.", font(_TEXT), wide)
    for line, text in enumerate((prompt, times)):
        at = _MARGIN, top - 3 * _LINE + 6 + line * _LINE
        draw.text(at, text, fill=DIM, font=font(_TEXT))
    for layer in block.layers:
        top = _layer(page, draw, grid, layout, block, layer, top)
    return page


def _layer(
    page: Image.Image,
    draw: ImageDraw.ImageDraw,
    grid: Grid,
    layout: _Layout,
    block: _Block,
    layer: int,
    top: int,
) -> int:
    """Draw the cells at one place of the third axis; where they end."""
    axes, (wide, high) = grid.sweep.axes, layout.cell
    left = _MARGIN + layout.left
    if len(axes) > 2:
        head = f"{axes[2].label} {axes[2].values[layer].label}"
        text = cut(drawable(head), font(_TEXT), page.width - 2 * _MARGIN)
        draw.text((_MARGIN, top), text, fill=INK, font=font(_TEXT))
        top += _LINE
    draw.text((left, top), drawable(axes[0].label), fill=DIM, font=font(_TEXT))
    if len(axes) > 1:
        text = cut(drawable(axes[1].label), font(_TEXT), _ROW_HEAD - _GAP)
        draw.text((_MARGIN, top), text, fill=DIM, font=font(_TEXT))
    below = top + (layout.lines + 1) * _LINE + 6
    for number, column in enumerate(block.columns):
        x = left + number * (wide + _GAP)
        lines = wrapped(drawable(axes[0].values[column].label), font(_TEXT), wide, _HEAD_LINES)
        for line, text in enumerate(reversed(lines)):  # they stand on the pictures
            draw.text((x, below - (line + 1) * _LINE - 3), text, fill=INK, font=font(_TEXT))
    for number, row in enumerate(block.rows):
        y = below + number * (high + _LINE + _GAP)
        if len(axes) > 1:
            label = drawable(axes[1].values[row].label)
            most = max(1, high // _LINE)
            for line, text in enumerate(wrapped(label, font(_TEXT), _ROW_HEAD - _GAP, most)):
                draw.text((_MARGIN, y + line * _LINE), text, fill=INK, font=font(_TEXT))
        for at, column in enumerate(block.columns):
            place = (column, row, layer)[: len(axes)]
            _cell(page, draw, grid.at(*place), (left + at * (wide + _GAP), y), layout.cell)
    return below + len(block.rows) * (high + _LINE + _GAP)


def _cell(
    page: Image.Image,
    draw: ImageDraw.ImageDraw,
    each: CellState,
    at: tuple[int, int],
    cell: tuple[int, int],
) -> None:
    (x, y), (wide, high) = at, cell
    shown = picture_of(each, cell)
    if shown is not None:
        page.paste(shown, at)
        text = cut(caption(each), font(_TEXT), wide)
        draw.text((x, y + shown.height + 1), text, fill=DIM, font=font(_TEXT))
        return
    draw.rectangle((x, y, x + wide - 1, y + high - 1), fill=EMPTY)
    lost = each.state is State.DONE
    word = "picture missing" if lost else each.state.value
    colour = BAD if lost or each.state is State.FAILED else DIM
    draw.text((x + _GAP, y + _GAP), word, fill=colour, font=font(_TEXT))
    most = max(1, (high - 2 * _GAP) // _LINE - 1)
    why = wrapped(drawable(each.error), font(_TEXT), wide - 2 * _GAP, most)
    for line, text in enumerate(why, 1):
        draw.text((x + _GAP, y + _GAP + line * _LINE), text, fill=DIM, font=font(_TEXT))


def caption(each: CellState) -> str:
    """What a finished cell took, loading and compiling left out, and how else it was made."""
    record = each.record
    if record is None:
        return ""
    peak = f" · {size(record.memory_peak_bytes)}" if record.memory_peak_bytes else ""
    note = f" · {drawable(each.note)}" if each.note else ""
    return f"#{record.id} · {seconds(each.seconds)}{peak}{note}"


def picture_of(each: CellState, cell: tuple[int, int]) -> Image.Image | None:
    """The picture of a cell, or those of a batch side by side, no larger than ``cell``.

    ``None`` when there is none, or none that can be read any more.
    """
    if each.state is not State.DONE or each.record is None or not each.record.images:
        return None
    paths = [Path(image.path) for image in each.record.images]
    across = ceil(sqrt(len(paths)))
    down = ceil(len(paths) / across)
    side = cell[0] // across, cell[1] // down
    smalls = [_small(path, side) for path in paths]
    read = [small for small in smalls if small is not None]
    if not read:
        return None
    if len(smalls) == 1:
        return read[0]
    wide, high = max(s.width for s in read), max(s.height for s in read)
    whole = Image.new("RGB", (across * wide, down * high), EMPTY)
    for number, small in enumerate(smalls):
        if small is not None:
            whole.paste(small, (number % across * wide, number // across * high))
    return whole


def _small(path: Path, side: tuple[int, int]) -> Image.Image | None:
    try:
        image = load_image(path)
    except HistoryError:
        return None
    if image.width > side[0] or image.height > side[1]:
        image.thumbnail(side)
    return image
