"""Pictures made of two others: their difference, and one wiped over the other."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from engine.compare.limits import same_proportions

if TYPE_CHECKING:
    from PIL.Image import Image

_MOST = 64
_OUTLIERS = 0.001
"""The share of pixels that may be cut off at white, so that one of them does not hide the rest."""


@dataclass(frozen=True, slots=True)
class Difference:
    """How far two pictures are apart, as a picture.

    Attributes:
        image: of the first one's size; for each colour the distance, times ``scale``. Black is no
            difference.
        scale: 1, 2, 4 … 64.
        largest: the largest difference of a colour, from 0 to 255.
    """

    image: Image
    scale: int
    largest: int

    @property
    def white_at(self) -> int:
        """The difference of a colour, from 0 to 255, from which on it is shown at its brightest."""
        return 255 // self.scale

    def __str__(self) -> str:
        if not self.largest:
            return "No difference"
        apart = f"at most {self.largest} of 255 apart"
        return f"Difference x{self.scale}: {apart}" if self.scale > 1 else f"Difference: {apart}"


def difference_picture(a: Image, b: Image) -> Difference:
    """The difference of two pictures, amplified so that it is seen.

    A ``b`` of another size is scaled to that of ``a``, or where its proportions are others, its
    middle is.
    """
    from PIL import ImageChops

    apart = ImageChops.difference(a.convert("RGB"), scaled(b, a.size))
    counts = apart.histogram()
    by_value = [counts[value] + counts[256 + value] + counts[512 + value] for value in range(256)]
    largest = max(value for value in range(256) if by_value[value] or not value)
    reach, above = largest, 0
    while reach > 1 and above + by_value[reach] <= _OUTLIERS * sum(by_value):
        above += by_value[reach]
        reach -= 1
    scale = 1
    while largest and 2 * scale * reach <= 255 and scale < _MOST:
        scale *= 2
    amplified = apart.point([min(255, value * scale) for value in range(256)] * 3)
    return Difference(amplified, scale, largest)


def wipe(a: Image, b: Image, at: float) -> Image:
    """Of ``a`` what is left of ``at``, from 0 to 1 of its width, and of ``b`` the rest.

    A ``b`` of another size is fitted as for :func:`difference_picture`.
    """
    edge = round(min(max(at, 0.0), 1.0) * a.width)
    image = scaled(b, a.size).copy()
    image.paste(a.convert("RGB").crop((0, 0, edge, a.height)), (0, 0))
    return image


def scaled(image: Image, size: tuple[int, int]) -> Image:
    """A picture as RGB in another size; of other proportions its middle is."""
    from PIL import Image as images
    from PIL import ImageOps

    image = image.convert("RGB")
    if image.size == size:
        return image
    if same_proportions(image.size, size):
        return image.resize(size, images.Resampling.LANCZOS)
    return ImageOps.fit(image, size, images.Resampling.LANCZOS)
