"""A comparison as a file: a picture, a page, or Markdown with its pictures beside it."""

from __future__ import annotations

import io
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from engine.compare.comparison import Comparison
from engine.compare.likeness import Likeness, likeness
from engine.compare.limits import listed
from engine.errors import ExchangeError, HistoryError
from engine.measure.request import MeasurementResult
from engine.report.files import place_of, write

if TYPE_CHECKING:
    from PIL.Image import Image

SUFFIXES = (".png", ".html", ".md")


@dataclass(frozen=True, slots=True)
class Contents:
    """What a report is made from.

    Attributes:
        pictures: of the sides; ``None`` where one is missing.
        likenesses: of each side with the reference; ``None`` for that one, and where one of the two
            is missing.
        measured: what came of measuring the sides, in their order, the reference first or not;
            ``None`` when they were not measured.
        winners: the numbers of the runs that were marked as such.
        missing: a sentence for each picture that cannot be shown.
    """

    comparison: Comparison
    pictures: tuple[Image | None, ...]
    likenesses: tuple[Likeness | None, ...]
    measured: MeasurementResult | None = None
    winners: frozenset[int] = frozenset()
    missing: tuple[str, ...] = ()

    @classmethod
    def of(
        cls,
        comparison: Comparison,
        *,
        measured: MeasurementResult | None = None,
        winners: Collection[int] = (),
    ) -> Contents:
        """Open the pictures and compare them."""
        pictures: list[Image | None] = []
        missing = []
        for side in comparison.sides:
            try:
                pictures.append(side.open())
            except HistoryError as error:
                pictures.append(None)
                missing.append(str(error))
        reference = pictures[comparison.reference]
        alike = [
            likeness(reference, picture, same_seed=comparison.same_seed(at))
            if reference is not None and picture is not None and at != comparison.reference
            else None
            for at, picture in enumerate(pictures)
        ]
        return cls(
            *(comparison, tuple(pictures), tuple(alike), measured),
            *(frozenset(winners), tuple(missing)),
        )

    @property
    def title(self) -> str:
        """``"#42 and #43 against #41"``."""
        names = self.comparison.names
        others = [name for at, name in enumerate(names) if at != self.comparison.reference]
        return f"{listed(others)} against {names[self.comparison.reference]}"


def write_report(contents: Contents, to: Path, *, replace: bool = False) -> Path:
    """Write a comparison, whole or not at all; what it is, its suffix says.

    Args:
        to: a file that ends in ``.png``, ``.html`` or ``.md``. The pictures of the last are put
            into a folder beside it.
        replace: whether an earlier report may be replaced. Nothing else ever is.

    Returns:
        Where it is.

    Raises:
        ExchangeError: the name ends in something else, the place is taken or cannot be written.
    """
    suffix = to.suffix.lower()
    if suffix not in SUFFIXES:
        raise ExchangeError(f"{to} should end in {', '.join(SUFFIXES[:-1])} or {SUFFIXES[-1]}.")
    place = place_of(to, replace=replace)  # before the work
    if suffix == ".png":
        from engine.compare.sheet import sheet

        data = _png(sheet(contents))
    elif suffix == ".html":
        from engine.compare.page import page

        data = b"".join(page(contents))
    else:
        from engine.compare.markdown import document, put_pictures

        paths = put_pictures(contents, place)
        data = document(contents, paths).encode("utf-8", "replace")
    return write(place, data, replace=replace)


def _png(image: Image) -> bytes:
    from PIL.PngImagePlugin import PngInfo

    sign, buffer = PngInfo(), io.BytesIO()
    sign.add_text("Software", "Safelight report")
    image.save(buffer, format="PNG", pnginfo=sign)
    return buffer.getvalue()
