"""Pictures in cells and pixels."""

from __future__ import annotations

import pytest
from PIL import Image

from tui.graphics.fit import fitted
from tui.graphics.halfblock import half_blocks
from tui.widgets.picture import contact_sheet


def test_half_blocks_hold_two_pixels_a_cell() -> None:
    image = Image.new("RGB", (2, 2))
    image.putdata([(255, 0, 0), (0, 255, 0), (0, 0, 255), (0, 255, 0)])
    (strip,) = half_blocks(image, 2, 1)
    first, second = strip
    assert first.text == "▀"
    assert first.style is not None
    assert (first.style.color, first.style.bgcolor) != (None, None)
    assert str(first.style) == "#ff0000 on #0000ff"
    assert (second.text, str(second.style)) == (" ", "on #00ff00")


@pytest.mark.parametrize(
    ("size", "room", "cells"),
    [
        ((128, 128), (60, 30), (60, 30)),
        ((128, 128), (100, 20), (40, 20)),
        ((128, 128), (20, 100), (20, 10)),
        ((256, 128), (40, 40), (40, 10)),
        ((8, 8192), (40, 20), (1, 20)),
        ((128, 128), (0, 5), (0, 0)),
    ],
)
def test_a_picture_is_never_stretched(
    size: tuple[int, int], room: tuple[int, int], cells: tuple[int, int]
) -> None:
    assert fitted(*size, *room, 2.0) == cells


@pytest.mark.parametrize("count", [1, 2, 3, 4, 5, 8, 16, 64])
def test_tiles_of_a_contact_sheet_do_not_touch_or_leave(count: int) -> None:
    columns, rows = 76, 30
    tiles = contact_sheet([(128, 128)] * count, columns, rows, 2.0)
    taken = set()
    for tile in tiles:
        assert tile.x >= 0
        assert tile.x + tile.columns <= columns
        assert tile.y + tile.rows + 1 <= rows
        for y in range(tile.y, tile.y + tile.rows + 1):
            for x in range(tile.x, tile.x + tile.columns):
                assert (x, y) not in taken
                taken.add((x, y))
    assert [tile.index for tile in tiles] == list(range(count))


def test_a_small_preview_is_drawn_in_few_segments_of_its_own_colours() -> None:
    image = Image.new("RGB", (16, 16))
    image.putdata([(48, y * 16, x * 16) for y in range(16) for x in range(16)])
    strips = half_blocks(image, 70, 34)
    assert [strip.cell_length for strip in strips] == [70] * 34
    assert all(len(list(strip)) <= 35 for strip in strips)
    for strip in (strips[0], strips[-1]):
        for segment in strip:
            assert segment.style is not None
            assert segment.style.bgcolor is not None
            red, green, blue = segment.style.bgcolor.get_truecolor()
            assert red == 48
            written = segment.style.render(segment.text)
            assert written == f"\x1b[48;2;{red};{green};{blue}m{segment.text}\x1b[0m"
