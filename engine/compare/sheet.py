"""A comparison as one picture: pictures side by side, and below each what is its own."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from PIL import Image, ImageDraw

from engine.compare.measured import by_side, kind_of, spread_text
from engine.compare.words import Kind, Word
from engine.measure.words import in_words
from engine.report.draw import (
    BAD,
    DIM,
    EMPTY,
    GOOD,
    INK,
    PAPER,
    Font,
    cut,
    drawable,
    font,
    wrapped,
)

if TYPE_CHECKING:
    from engine.compare.report import Contents

MAX_WIDTH, MAX_HEIGHT = 8192, 6144
"""Of all pictures side by side, in pixels; larger ones are scaled down together."""
_LEAST_COLUMN = 232
_TEXT_LINES = 6
_BAR = (176, 168, 156)
_PARTS = re.compile(r"\s+|\S+")
_COLOURS = {Kind.SAME: INK, Kind.ADDED: GOOD, Kind.REMOVED: BAD}


@dataclass(frozen=True, slots=True)
class _Cell:
    """What one side has in a row: words, and for a figure the length of its bar."""

    words: tuple[Word, ...]
    bar: float | None = None
    colour: tuple[int, int, int] = INK
    bar_colour: tuple[int, int, int] = _BAR


@dataclass(frozen=True, slots=True)
class _Row:
    label: str
    cells: tuple[_Cell, ...]


class _Layout:
    """Where things are, by the size of the pictures."""

    def __init__(self, pictures: Sequence[Image.Image | None]) -> None:
        widths = [image.width for image in pictures if image is not None] or [_LEAST_COLUMN]
        self.column = max(*widths, _LEAST_COLUMN)
        self.text = min(max(self.column // 36, 14), 32)
        self.font: Font = font(self.text)
        self.line = round(1.35 * self.text)
        self.gap = self.text
        self.label = 7 * self.text
        self.width = self.label + len(pictures) * (self.column + self.gap) + 2 * self.gap

    def left(self, at: int) -> int:
        """Of a column."""
        return self.gap + self.label + self.gap + at * (self.column + self.gap)


def sheet(contents: Contents) -> Image.Image:
    """The picture; its pictures are at their own size, unless that is beyond the cap."""
    pictures, scale = _capped(contents.pictures)
    layout = _Layout(pictures)
    rows, notes = _rows(contents), _notes(contents, scale)
    tallest = max([image.height for image in pictures if image is not None] or [layout.column // 2])
    flows = [[_flow(cell.words, layout.font, layout.column) for cell in row.cells] for row in rows]
    heights = [_height(row, flow, layout) for row, flow in zip(rows, flows, strict=True)]
    room = layout.width - 2 * layout.gap
    lines = [line for note in notes for line in wrapped(drawable(note), layout.font, room, 3)]
    total = 3 * layout.gap + tallest + sum(heights) + len(lines) * layout.line
    page = Image.new("RGB", (layout.width, total), PAPER)
    draw = ImageDraw.Draw(page)
    for at, image in enumerate(pictures):
        _put_picture(page, draw, layout, at, image)
    top = layout.gap + tallest + layout.gap // 2
    for row, flow, height in zip(rows, flows, heights, strict=True):
        _put_row(draw, layout, row, flow, top)
        top += height
    top += layout.gap // 2
    for line in lines:
        draw.text((layout.gap, top), line, fill=DIM, font=layout.font)
        top += layout.line
    return page


def _capped(
    pictures: Sequence[Image.Image | None],
) -> tuple[list[Image.Image | None], float]:
    """The pictures as they go onto the sheet, and how much they were scaled."""
    there = [image for image in pictures if image is not None]
    width = sum(image.width for image in there)
    height = max((image.height for image in there), default=1)
    scale = min(1.0, MAX_WIDTH / max(width, 1), MAX_HEIGHT / height)
    if scale == 1.0:
        return list(pictures), scale
    return [
        image.resize(
            (max(1, int(image.width * scale)), max(1, int(image.height * scale))),
            Image.Resampling.LANCZOS,
        )
        if image is not None
        else None
        for image in pictures
    ], scale


def _put_picture(
    page: Image.Image,
    draw: ImageDraw.ImageDraw,
    layout: _Layout,
    at: int,
    image: Image.Image | None,
) -> None:
    left = layout.left(at)
    if image is not None:
        page.paste(image, (left, layout.gap))
        return
    box = (left, layout.gap, left + layout.column - 1, layout.gap + layout.column // 2 - 1)
    draw.rectangle(box, fill=EMPTY)
    inside = left + layout.gap, layout.gap + layout.gap
    draw.text(inside, "missing", fill=DIM, font=layout.font)


def _rows(contents: Contents) -> list[_Row]:
    comparison = contents.comparison
    rows = [_Row("", tuple(_plain(text) for text in _heads(contents)))]
    for title, negative in (("Prompt", False), ("Negative", True)):
        each = comparison.prompts(negative=negative)
        if any(each):
            rows.append(_Row(title, tuple(_Cell(words) for words in each)))
    rows += [
        _Row(
            setting.label,
            tuple(
                _plain(value, INK if differs or at == comparison.reference else DIM)
                for at, (value, differs) in enumerate(
                    zip(setting.values, setting.differs, strict=True)
                )
            ),
        )
        for setting in comparison.settings()
    ]
    for figure in comparison.figures():
        most = max(value or 0.0 for value in figure.values) or 1.0
        cells = []
        for at, value in enumerate(figure.values):
            ratio = figure.ratio_text(at) if at != comparison.reference else ""
            text = " · ".join(filter(None, (figure.text(at), ratio)))
            cells.append(_bar(text, value / most if value is not None else None))
        rows.append(_Row(figure.label, tuple(cells)))
    texts = [alike.texts() if alike is not None else {} for alike in contents.likenesses]
    for name in dict.fromkeys(name for each in texts for name in each):
        rows.append(_Row(name, tuple(_plain(each.get(name, "")) for each in texts)))
    return rows + _measured(contents)


def _heads(contents: Contents) -> list[str]:
    found = []
    for at, side in enumerate(contents.comparison.sides):
        marks = ["reference"] if at == contents.comparison.reference else []
        marks += ["winner"] if side.record.id in contents.winners else []
        found.append(" · ".join([side.name, f"seed {side.seed}", *marks]))
    return found


def _measured(contents: Contents) -> list[_Row]:
    result = contents.measured
    if result is None:
        return []
    medians = [side.seconds_an_image.median for side in result.sides if side.seconds_an_image]
    colours = {"good": GOOD, "bad": BAD, "": _BAR}
    cells = []
    for found in by_side(contents.comparison, result):
        if found is None:
            cells.append(_plain(""))
            continue
        side, verdict = found
        spread = side.seconds_an_image
        share = spread.median / max(medians) if spread else None
        words = in_words(verdict)
        text = spread_text(spread) + (f", {words}" if words else "")
        cells.append(_bar(side.error or text, share, colours[kind_of(verdict)]))
    return [_Row("Measured", tuple(cells))]


def _notes(contents: Contents, scale: float) -> list[str]:
    notes = list(contents.notes)
    if scale < 1:
        notes.append(f"The pictures are shown at {100 * scale:.0f}% of their size.")
    return notes


def _plain(text: str, colour: tuple[int, int, int] = INK) -> _Cell:
    return _Cell((Word(text, Kind.SAME),) if text else (), colour=colour)


def _bar(text: str, share: float | None, colour: tuple[int, int, int] = _BAR) -> _Cell:
    return _Cell((Word(text, Kind.SAME),), bar=share, bar_colour=colour)


_Piece = tuple[str, Kind, float]
"""A stretch of a line, what it is, and where it begins."""


def _flow(words: tuple[Word, ...], letters: Font, width: int) -> list[list[_Piece]]:
    """Words on lines of at most ``width`` pixels, a few at the most."""
    lines: list[list[_Piece]] = [[]]
    at, blank, apart = 0.0, letters.getlength(" "), False
    for word in words:
        for text in _PARTS.findall(word.text):
            if text.isspace():
                apart = True
                continue
            text = cut(drawable(text), letters, width)
            long = letters.getlength(text)
            at += blank if apart and lines[-1] else 0.0
            apart = False
            if lines[-1] and at + long > width:
                if len(lines) == _TEXT_LINES:
                    lines[-1].append(("…", Kind.SAME, min(at, width - letters.getlength("…"))))
                    return lines
                lines.append([])
                at = 0.0
            lines[-1].append((text, word.kind, at))
            at += long
    return lines


def _height(row: _Row, flow: list[list[list[_Piece]]], layout: _Layout) -> int:
    bar = layout.text // 2 if any(cell.bar is not None for cell in row.cells) else 0
    return max(map(len, flow)) * layout.line + bar + layout.text // 3


def _put_row(
    draw: ImageDraw.ImageDraw,
    layout: _Layout,
    row: _Row,
    flows: list[list[list[_Piece]]],
    top: int,
) -> None:
    letters = layout.font
    label = cut(drawable(row.label), letters, layout.label)
    draw.text((layout.gap, top), label, fill=DIM, font=letters)
    for at, (cell, lines) in enumerate(zip(row.cells, flows, strict=True)):
        left = layout.left(at)
        for number, line in enumerate(lines):
            below = top + number * layout.line
            for text, kind, begin in line:
                colour = cell.colour if kind is Kind.SAME else _COLOURS[kind]
                draw.text((left + begin, below), text, fill=colour, font=letters)
                _mark(draw, kind, left + begin, below, letters.getlength(text), layout)
        if cell.bar is not None:
            high = top + len(lines) * layout.line
            thick = max(layout.text // 3, 3)
            right = left + layout.column - 1
            draw.rectangle((left, high, right, high + thick - 1), fill=EMPTY)
            reach = left + max(1, round(cell.bar * layout.column)) - 1
            draw.rectangle((left, high, reach, high + thick - 1), fill=cell.bar_colour)


def _mark(
    draw: ImageDraw.ImageDraw, kind: Kind, left: float, top: int, width: float, layout: _Layout
) -> None:
    """Underline what was added and strike what was removed: never by colour alone."""
    if kind is Kind.SAME:
        return
    height = top + (round(1.15 * layout.text) if kind is Kind.ADDED else round(0.65 * layout.text))
    thick = max(1, layout.text // 14)
    draw.line((left, height, left + width, height), fill=_COLOURS[kind], width=thick)
