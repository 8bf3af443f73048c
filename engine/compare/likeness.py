"""How alike the pictures of a comparison are."""

from __future__ import annotations

from dataclasses import dataclass
from math import floor, inf
from typing import TYPE_CHECKING, Any

from engine.compare.limits import same_proportions

if TYPE_CHECKING:
    from PIL.Image import Image

    from engine.compare.comparison import Comparison


@dataclass(frozen=True, slots=True)
class Likeness:
    """How alike two pictures are.

    Attributes:
        ssim: 1 for identical pictures, near 0 for such that have nothing in common; ``None`` for
            pictures of other proportions, or with a side below 11 pixels.
        psnr: in decibels, infinite for identical pictures; ``None`` for other proportions.
        changed: the share of pixels, from 0 to 1, that differ in any colour; ``None`` for another
            seed or size, where it says nothing.
    """

    ssim: float | None
    psnr: float | None
    changed: float | None

    @property
    def identical(self) -> bool:
        """Whether all pixels are the same."""
        return self.psnr == inf

    def to_json(self) -> dict[str, Any]:
        """JSON values; an infinite ``psnr`` is ``None`` there, and ``identical`` true."""
        psnr = None if self.psnr == inf else self.psnr
        values = {"ssim": self.ssim, "psnr": psnr, "changed": self.changed}
        return {**values, "identical": self.identical}

    def texts(self) -> dict[str, str]:
        """Those that are known, in words: ``{"SSIM": "0.931", "PSNR": "24.1 dB", …}``."""
        if self.identical:
            return {"SSIM": "1", "PSNR": "identical"} | (
                {"Pixels changed": "0%"} if self.changed is not None else {}
            )
        found = {}
        if self.ssim is not None:  # rounded down: 1 is for what is identical
            found["SSIM"] = f"{floor(self.ssim * 1000) / 1000:.3f}"
        if self.psnr is not None:
            found["PSNR"] = f"{self.psnr:.1f} dB"
        if self.changed is not None:
            percent = 100 * self.changed
            found["Pixels changed"] = f"{percent:.0f}%" if percent >= 9.95 else f"{percent:.2g}%"
        return found


def likeness(reference: Image, other: Image, *, same_seed: bool) -> Likeness:
    """Compare two pictures, as RGB; one of another size is scaled to the reference's first."""
    from engine.compare.pictures import scaled
    from engine.likeness import WINDOW, changed, psnr, ssim

    if not same_proportions(reference.size, other.size):
        return Likeness(None, None, None)
    alike = reference.size == other.size
    other = scaled(other, reference.size)
    likeness = ssim(reference, other) if min(reference.size) >= WINDOW else None
    share = changed(reference, other) if alike and same_seed else None
    return Likeness(likeness, psnr(reference, other), share)


def likenesses(comparison: Comparison) -> tuple[Likeness | None, ...]:
    """Of each side with the reference; ``None`` for that one, and where a picture is missing."""
    from engine.errors import HistoryError

    found: list[Likeness | None] = [None] * len(comparison.sides)
    try:
        reference = comparison.sides[comparison.reference].open()
    except HistoryError:
        return tuple(found)
    for at, side in enumerate(comparison.sides):
        if at == comparison.reference:
            continue
        try:
            picture = side.open()
        except HistoryError:
            continue
        found[at] = likeness(reference, picture, same_seed=comparison.same_seed(at))
    return tuple(found)
