"""Reads a picture of a scene back from its pixels.

No network: names of colours by nearest palette entry, shapes by connected
regions and the line where the sky ends. It is measured on the generator's own
drawings before it is believed about anybody else's.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage

from engine.demo.grammar import COLOURS, Scene

Mask = NDArray[np.bool_]
_NAMES = tuple(COLOURS)
_PALETTE = np.array([COLOURS[name] for name in _NAMES], dtype=np.float32)
_APART = 30.0
"""RGB distance from the sky at which something is no longer sky."""


@dataclass(frozen=True)
class _Blob:
    """A connected region above the land: its mask, area in px, width and height in px."""

    mask: Mask
    box: tuple[slice, slice]
    area: int
    width: int
    height: int

    @property
    def aspect(self) -> float:
        return self.width / self.height


def judge(image: Image.Image) -> Scene:
    """The scene that a 128x128 picture most probably shows."""
    pixels = np.asarray(image.convert("RGB"), dtype=np.float32)
    distances = np.linalg.norm(pixels[:, :, None] - _PALETTE, axis=-1)
    names = distances.argmin(axis=-1)
    sky, land = _mode(names[:11]), _mode(names[110:])
    line = _skyline(names == sky)
    blobs = _blobs(pixels, names == sky, line)
    disc = max(blobs, key=lambda b: b.area * (1.0 if b.aspect < 1.5 else 0.25), default=None)
    return Scene(
        disc=_disc_kind(disc),
        disc_colour=_disc_colour(disc, names, sky),
        terrain=_terrain(line),
        land_colour=_NAMES[land],
        sky_colour=_NAMES[sky],
        extra=_extra([blob for blob in blobs if disc and _clear_of(blob, disc)]),
    )


def _mode(names: NDArray[np.intp]) -> int:
    return int(np.bincount(names.ravel(), minlength=len(_NAMES)).argmax())


def _skyline(sky: Mask) -> NDArray[np.float64]:
    """Per column the row (px from the top) where open sky ends, (128,)."""
    labels, _ = ndimage.label(sky)
    tops = np.unique(labels[0])
    open_sky = np.isin(labels, tops[tops > 0])
    rows = np.arange(sky.shape[0])[:, None]
    lowest = np.where(open_sky, rows, 0).max(axis=0) + 1
    smooth: NDArray[np.float64] = ndimage.median_filter(lowest.astype(np.float64), size=3)
    return smooth


def _blobs(pixels: NDArray[np.float32], sky: Mask, line: NDArray[np.float64]) -> list[_Blob]:
    """What stands out from the sky, above the land, bigger than a speck."""
    height = len(sky)
    above = np.arange(height)[:, None] < (line - 1)[None, :]
    background = np.empty((height, 3), dtype=np.float32)
    last = pixels[0][sky[0]].mean(axis=0) if sky[0].any() else pixels[0].mean(axis=0)
    for row in range(height):
        here = sky[row] & above[row]
        if here.sum() >= 8:
            last = np.median(pixels[row][here], axis=0)
        background[row] = last
    apart = np.linalg.norm(pixels - background[:, None], axis=-1) > _APART
    labels, count = ndimage.label(apart & above, structure=np.ones((3, 3)))
    found = []
    for index, box in enumerate(ndimage.find_objects(labels, count), start=1):
        mask = labels == index
        rows, columns = box[0].stop - box[0].start, box[1].stop - box[1].start
        area = int(mask.sum())
        if area >= 10:
            found.append(_Blob(mask, box, area, columns, rows))
    return found


def _disc_kind(disc: _Blob | None) -> str:
    """A sun fills its box as a circle does (0.79); a crescent leaves more out."""
    if disc is None:
        return "none"
    return "sun" if disc.area / (disc.width * disc.height) > 0.68 else "moon"


def _disc_colour(disc: _Blob | None, names: NDArray[np.intp], sky: int) -> str:
    """The commonest name inside the disc, away from its rim and not the halo's."""
    if disc is None:
        return "none"
    core = ndimage.binary_erosion(disc.mask, iterations=3)
    inside = names[core if core.sum() >= 20 else disc.mask]
    other = inside[inside != sky]
    return _NAMES[_mode(other if len(other) else inside)]


def _clear_of(blob: _Blob, disc: _Blob) -> bool:
    """Whether a blob is neither the disc nor a broken piece of its halo."""
    if blob is disc:
        return False
    middle = [(s.start + s.stop) / 2 for s in disc.box]
    here = [(s.start + s.stop) / 2 for s in blob.box]
    reach = max(disc.width, disc.height) / 2
    return bool(np.hypot(middle[0] - here[0], middle[1] - here[1]) > reach)


def _terrain(line: NDArray[np.float64]) -> str:
    """No height is a sea, sudden steps are roofs, sharp bends are peaks; the rest rolls."""
    low, high = np.percentile(line, (4, 96))
    if high - low <= 3.5:
        return "sea"
    level = float(np.mean(np.abs(line[4:] - line[:-4]) <= 1))
    if level > 0.5 and float(np.abs(line[2:] - line[:-2]).max()) >= 5:
        return "city"
    bend = np.abs(line[:-12] - 2 * line[6:-6] + line[12:])
    return "mountains" if float(np.percentile(bend, 92)) > 4 else "hills"


def _extra(blobs: list[_Blob]) -> str:
    """Stars are many, small and as wide as tall; birds wider; clouds big and wide."""
    clouds = [b for b in blobs if b.area >= 150 and b.aspect > 1.35]
    birds = [b for b in blobs if 28 <= b.area < 130 and b.aspect > 1.35]
    stars = [b for b in blobs if b.area < 60 and b.aspect <= 1.35]
    if clouds and len(clouds) * 3 >= len(stars):
        return "clouds"
    if len(stars) >= 3 and len(stars) > len(birds):
        return "stars"
    return "birds" if len(birds) >= 2 else "none"
