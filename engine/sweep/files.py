"""The grid of a sweep as files: pictures with their heads, and a page."""

from __future__ import annotations

from pathlib import Path

from PIL import Image

from engine.group import Group
from engine.report import files
from engine.report import page as report
from engine.sweep.page import page
from engine.sweep.picture import pages
from engine.sweep.states import Grid

_PAGE = "Page"
"""The text chunk of a page with its number."""


def write_png(grid: Grid, group: Group, to: str, *, replace: bool = False) -> list[str]:
    """Write the grid as one PNG; where it is too large, as ``NAME-1.png``, ``NAME-2.png``, ….

    Returns where they are. Raises :class:`~engine.errors.ExchangeError`.
    """
    place = Path(to if Path(to).suffix else f"{to}.png").expanduser()
    title = f"Sweep {group.id}: {grid.sweep.title}"
    written: list[str] = []
    images = pages(grid, title)
    image: Image.Image | None = next(images)
    following = next(images, None)
    if image is not None and following is None:
        written = [str(files.write(place, files.signed_png(image), replace=replace))]
        if replace:
            _drop_pages(place, 1)
        return written
    while image is not None:
        number = len(written) + 1
        data = files.signed_png(image, **{_PAGE: str(number)})
        written.append(str(files.write(_page(place, number), data, replace=replace)))
        image, following = following, next(images, None)
    if replace:
        files.drop(place)
        _drop_pages(place, len(written) + 1)
    return written


def _page(place: Path, number: int) -> Path:
    return place.with_name(f"{place.stem}-{number}{place.suffix}")


def _drop_pages(place: Path, number: int) -> None:
    """Remove what is left of an earlier grid that had more pages: files that say that they are."""
    while (page := _page(place, number)).is_file():
        files.drop(page, f"{_PAGE}\0{number}".encode("ascii"))
        number += 1


def write_html(grid: Grid, group: Group, to: str, *, replace: bool = False) -> list[str]:
    """Write the grid as a page. Returns where it is. Raises ``ExchangeError``."""
    place = files.place_of(Path(to), replace=replace)
    data = b"".join(report.encoded(page(grid, group, place)))
    return [str(files.write(place, data, replace=replace))]
