"""The grid of a sweep as files: pictures with their heads, and a page."""

from __future__ import annotations

import io
from pathlib import Path

from PIL import Image
from PIL.PngImagePlugin import PngInfo

from engine.group import Group
from engine.report import files
from engine.report import page as report
from engine.sweep.page import page
from engine.sweep.picture import pages
from engine.sweep.states import Grid


def write_png(grid: Grid, group: Group, to: str, *, replace: bool = False) -> list[str]:
    """Write the grid as one PNG; where it is too large, as ``NAME-1.png``, ``NAME-2.png``, ….

    Returns where they are. Raises :class:`~engine.errors.ExchangeError`.
    """
    place = Path(to) if Path(to).suffix else Path(f"{to}.png")
    title = f"Sweep {group.id}: {grid.sweep.title}"
    written: list[str] = []
    images = pages(grid, title)
    image: Image.Image | None = next(images)
    following = next(images, None)
    if image is not None and following is None:
        return [str(files.write(place, _png(image), replace=replace))]
    while image is not None:
        name = place.with_name(f"{place.stem}-{len(written) + 1}{place.suffix}")
        written.append(str(files.write(name, _png(image), replace=replace)))
        image, following = following, next(images, None)
    return written


def write_html(grid: Grid, group: Group, to: str, *, replace: bool = False) -> list[str]:
    """Write the grid as a page. Returns where it is. Raises ``ExchangeError``."""
    place = files.place_of(Path(to), replace=replace)
    data = b"".join(report.encoded(page(grid, group, place)))
    return [str(files.write(place, data, replace=replace))]


def _png(image: Image.Image) -> bytes:
    told = PngInfo()
    told.add_text("Software", files.SIGN)  # by which it is known as ours
    buffer = io.BytesIO()
    image.save(buffer, format="PNG", pnginfo=told, compress_level=4)
    return buffer.getvalue()
