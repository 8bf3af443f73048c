"""Pictures in pixels: what is sent is what is meant."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest
from PIL import Image
from rich.console import Console

from tests.terminal import decoding
from tests.terminal.staged import photograph
from tests.tui.scripted import picture
from tui.graphics.halfblock import PREVIEW_BYTES, coarse, half_blocks
from tui.graphics.kitty import MARKS, next_number
from tui.graphics.masks import runs, span
from tui.graphics.palette import calmed, reduced
from tui.graphics.pixels import Pixels, pixels
from tui.graphics.sixel import bands, sixels
from tui.graphics.terminal import Terminal

SIXEL = Terminal("sixel", 10, 20)
ITERM = Terminal("iterm", 10, 20)
KITTY = Terminal("kitty", 10, 20, cells=True)
PLACED = Terminal("kitty", 10, 20)


def likeness(one: Any, other: Any) -> float:
    """Peak signal to noise, in decibels: from 30 on hard to tell apart."""
    difference = np.asarray(one, np.float64) - np.asarray(other, np.float64)
    return float(10 * np.log10(255**2 / max((difference**2).mean(), 1e-9)))


def ready(image: Image.Image, columns: int, rows: int, terminal: Terminal) -> Pixels:
    found = pixels(image, columns, rows, terminal)
    assert found is not None
    return found


def drawn(picture: Pixels, x: int = 0, y: int = 0) -> str:
    """All of a picture, at a place."""
    parts = picture.sent_once()
    for top in range(0, picture.rows, picture.band):
        rows = min(picture.band, picture.rows - top)
        parts += picture.drawn(top, [span(0, picture.columns)] * rows, x, y, 1)
    return "".join(parts)


@pytest.mark.parametrize("height", [6, 7, 12, 20, 41])
def test_sixels_show_each_pixel(height: int) -> None:
    random = np.random.default_rng(height)
    numbers = random.integers(0, 5, (height, 33), np.uint8)
    numbers[:, 10:20] = 2
    colours = np.array(
        [[0, 0, 0], [255, 0, 0], [0, 255, 0], [0, 0, 255], [255, 255, 255]], np.uint8
    )
    shown = decoding.sixel(sixels(numbers, colours))
    assert (shown[..., 3] == 255).all()
    assert (shown[..., :3] == colours[numbers]).all()


def test_bands_are_the_picture_and_end_with_its_last_row() -> None:
    numbers = (np.arange(50 * 8).reshape(50, 8) % 3).astype(np.uint8)
    colours = np.array([[255, 0, 0], [0, 255, 0], [0, 0, 255]], np.uint8)
    parts = [decoding.sixel(part) for part in bands(numbers, colours, 20)]
    assert [len(part) for part in parts] == [20, 20, 10]
    assert (np.concatenate(parts)[..., :3] == colours[numbers]).all()


def test_a_colour_that_covers_little_is_kept() -> None:
    image = Image.new("RGB", (100, 100), (200, 190, 180))
    image.paste((90, 140, 60), (0, 0, 100, 30))
    image.paste((20, 30, 200), (40, 40, 48, 48))
    found = reduced(image, 4)
    assert likeness(found.colours[found.numbers], image) > 35
    assert len(reduced(Image.new("RGB", (9, 9), (1, 2, 3)), 64).colours) == 1


def test_calming_stays_within_its_tolerance() -> None:
    image = photograph(128)
    flat = reduced(image, 128)
    calm = calmed(image, flat, 8.0)

    def changes(numbers: Any) -> int:
        return int((numbers[:, 1:] != numbers[:, :-1]).sum())

    assert changes(calm.numbers) < 0.9 * changes(flat.numbers)
    moved = calm.numbers != flat.numbers
    off = calm.colours[calm.numbers][moved].astype(float) - np.asarray(image, float)[moved]
    assert np.sqrt((off**2).mean(axis=1)).max() <= 8.0
    assert calmed(image, flat, 0) is flat


def test_a_photograph_in_sixels() -> None:
    image = photograph(512)
    raw = drawn(ready(image, 60, 30, SIXEL), 3, 2)
    assert len(raw) <= 105_000
    assert max(map(len, raw.split("\x1b8"))) <= 12_500  # keys go in between
    shown = decoding.sixels(raw, (10, 20), 63, 32)[40:, 30:]
    assert (shown[..., 3] == 255).all()
    assert likeness(shown[..., :3], image.resize((600, 600), Image.Resampling.BICUBIC)) > 27


def test_sixels_have_no_more_colours_than_the_terminal() -> None:
    few = Terminal("sixel", 8, 16, registers=16)
    raw = drawn(ready(photograph(128), 20, 10, few))
    assert max(map(int, re.findall(r"#(\d+);2", raw))) < 16


def test_a_photograph_for_kitty() -> None:
    image = photograph(512)
    raw = drawn(ready(image, 60, 30, KITTY))
    assert len(raw.encode()) <= 128_000
    images, others = decoding.kitty(raw)
    ((number, sent),) = images.items()
    assert sent.size == (512, 512)  # the terminal scales it
    assert likeness(sent.convert("RGB"), image) > 33
    (placed,) = others
    assert placed == {"a": "p", "U": "1", "i": str(number), "c": "60", "r": "30", "q": "2"}


def test_kitty_gets_small_pictures_as_they_are_and_large_ones_at_the_size_of_their_cells() -> None:
    ((_, sent),) = decoding.kitty(drawn(ready(picture(7), 60, 30, KITTY)))[0].items()
    assert (np.asarray(sent.convert("RGB")) == np.asarray(picture(7))).all()
    ((_, sent),) = decoding.kitty(drawn(ready(photograph(512), 20, 10, PLACED)))[0].items()
    assert sent.size == (200, 200)


def test_every_cell_says_which_picture_row_and_column_it_is() -> None:
    shown = ready(picture(7), 30, 8, KITTY)
    (text,) = shown.drawn(4, [span(0, 30), span(0, 5) | span(20, 30), 0, 0], 7, 2, 1)
    number = next(iter(decoding.kitty("".join(shown.sent_once()))[0]))
    assert text.startswith(f"\x1b7\x1b[0;38;5;{number & 255}m\x1b[7;8H")
    assert text.endswith("\x1b[0m\x1b8")
    assert "\x1b[8;28H" in text
    cells = re.findall("\U0010eeee(.)(.)(.)", text)
    marks = [tuple(MARKS.index(mark) for mark in cell) for cell in cells]
    high = number >> 24
    expected = [(4, x, high) for x in range(30)]
    expected += [(5, x, high) for x in [*range(5), *range(20, 30)]]
    assert marks == expected


def test_numbers_of_pictures_fit_a_colour_of_the_palette() -> None:
    numbers = [next_number() for _ in range(1000)]
    assert len(set(numbers)) == 1000
    for number in numbers:
        assert number & 0x00FFFF00 == 0
        assert (number & 255) >= 16  # the first sixteen are the user's own
        assert 1 <= number >> 24 < len(MARKS)


def test_a_placed_picture_is_cut_and_taken_away() -> None:
    shown = ready(picture(7), 10, 4, PLACED)
    _, (whole,) = decoding.kitty(drawn(shown, 2, 1))
    assert (whole["c"], whole["r"], whole["C"], whole["a"]) == ("10", "4", "1", "p")
    cut = "".join(shown.drawn(0, [span(0, 10), span(0, 10), span(0, 4), 0], 2, 1, 1))
    _, commands = decoding.kitty(cut)
    *pieces, gone = commands
    width = int(whole["w"])
    assert [(p["c"], p["r"], int(p["w"])) for p in pieces] == [
        ("10", "1", width),
        ("10", "1", width),
        ("4", "1", round(width * 0.4)),
    ]
    assert gone == {"a": "d", "d": "i", "i": whole["i"], "p": whole["p"], "q": "2"}
    _, taken = decoding.kitty("".join(shown.wiped(0, 1)))
    assert {t["p"] for t in taken} == {p["p"] for p in pieces}
    assert shown.wiped(0, 1) == []


def test_inside_tmux_all_goes_through_it() -> None:
    shown = ready(picture(7), 10, 4, Terminal("kitty", 10, 20, cells=True, tmux=True))
    sent = "".join(shown.sent_once())
    assert "\x1b_G" not in sent.replace("\x1b\x1b_G", "")
    images, (placed,) = decoding.kitty(decoding.unwrapped(sent))
    assert len(images) == 1
    assert placed["U"] == "1"
    assert "\x1bP" not in "".join(shown.drawn(0, [span(0, 10)], 0, 0, 1))  # the cells are text


def test_a_photograph_for_iterm() -> None:
    image = photograph(512)
    raw = drawn(ready(image, 60, 30, ITERM), 3, 2)
    assert len(raw) <= 115_000
    parts = decoding.iterm(raw)
    assert [(y, x, rows) for y, x, rows, _ in parts] == [(y, 4, 2) for y in range(3, 33, 2)]
    shown = np.concatenate([np.asarray(part.convert("RGB")) for *_, part in parts])
    assert shown.shape == (512, 512, 3)
    assert likeness(shown, image) > 30
    assert len(decoding.iterm(drawn(ready(picture(7), 20, 10, ITERM)))) == 1


def written(strips: Any) -> int:
    console = Console(color_system="truecolor", force_terminal=True)
    return sum(len(strip.render(console).encode()) for strip in strips)


def test_half_blocks_of_a_photograph_stay_short_and_alike() -> None:
    image = photograph(512)
    strips = half_blocks(image, 60, 30)
    assert written(strips) <= 37_000
    rows = []
    for strip in strips:
        assert strip.cell_length == 60
        upper: list[Any] = []
        lower: list[Any] = []
        for segment in strip:
            assert segment.style is not None
            assert segment.style.bgcolor is not None
            below = segment.style.bgcolor.get_truecolor()
            above = segment.style.color.get_truecolor() if segment.style.color else below
            upper += [above] * len(segment.text)
            lower += [below] * len(segment.text)
        rows += [upper, lower]
    exact = image.resize((60, 60), Image.Resampling.LANCZOS)
    assert likeness(rows, exact) > 28


def test_a_preview_is_short() -> None:
    strips = coarse(photograph(512).resize((64, 64)), 60, 30, most=PREVIEW_BYTES)
    assert written(strips) <= 14_000
    assert [strip.cell_length for strip in strips] == [60] * 30
    assert written(coarse(photograph(64), 120, 40)) < 10_000


def test_masks() -> None:
    assert list(runs(span(2, 5) | span(7, 10), 12)) == [(2, 5), (7, 10)]
    assert list(runs(0, 12)) == []
    assert span(-3, 2) == 0b11
    assert span(5, 5) == 0
