"""A comparison as a file: a picture, a page, or Markdown with its pictures beside it."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from engine.compare.comparison import Comparison
from engine.compare.likeness import Likeness, likeness
from engine.compare.limits import listed
from engine.compare.measured import NOT_MEASURED
from engine.errors import HistoryError
from engine.measure.request import MeasurementResult
from engine.report.files import form_of, place_of, signed_png, write

if TYPE_CHECKING:
    from PIL.Image import Image

FORMS = (".png", ".html", ".md")


@dataclass(frozen=True, slots=True)
class Contents:
    """What a report is made from.

    Attributes:
        pictures: of the sides; ``None`` where one is missing.
        likenesses: of each side with the reference; ``None`` for that one, and where one of the two
            is missing.
        measured: what came of :func:`~engine.compare.measured.measurement_of`; ``None`` when
            nothing was measured.
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

    @property
    def notes(self) -> tuple[str, ...]:
        """How far the comparison goes: a sentence each."""
        runs = {side.record.id for side in self.comparison.sides}
        found = [*self.comparison.limits(), *self.missing]
        if self.measured is None:
            found += [NOT_MEASURED] if len(runs) > 1 else []
        elif self.measured.note:
            found.append(self.measured.note)
        return tuple(found)


def write_report(
    contents: Contents, to: Path, *, form: str | None = None, replace: bool = False
) -> Path:
    """Write a comparison, whole or not at all.

    Args:
        to: a file; the pictures of a Markdown one are put into a folder beside it.
        form: ``".png"``, ``".html"`` or ``".md"``; ``None`` is what the name ends in.
        replace: whether an earlier report may be replaced. Nothing else ever is.

    Returns:
        Where it is.

    Raises:
        ExchangeError: the name ends in something else, the place is taken or cannot be written.
    """
    form = form_of(to, form, FORMS)
    place = place_of(to, replace=replace)  # before the work
    if form == ".png":
        from engine.compare.sheet import sheet

        data = signed_png(sheet(contents))
    elif form == ".html":
        from engine.compare.page import page

        data = b"".join(page(contents))
    else:
        from engine.compare.markdown import document, put_pictures

        paths = put_pictures(contents, place)
        data = document(contents, paths).encode("utf-8", "replace")
    return write(place, data, replace=replace)
