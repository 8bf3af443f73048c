"""Did a run give the same pictures again, and if not, what is known to have changed since?

Pure: two records and two pictures go in. Importing this costs nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import floor, inf
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.record import RunRecord
from engine.spec import RunSpec
from engine.switches import BY_NAME

if TYPE_CHECKING:
    from PIL.Image import Image

UNKNOWN = (
    "Nothing that the record knows has changed: the device's kernels need not give the same "
    "twice, or the checkpoint's files are others now."
)
_BAND_ROWS = 256
_NAMES: Mapping[str, str] = {
    "prompt": "prompt",
    "checkpoint": "checkpoint",
    "negative_prompt": "negative prompt",
    "seed": "seed",
    "num_inference_steps": "number of steps",
    "guidance_scale": "guidance",
    "width": "width",
    "height": "height",
    "scheduler": "scheduler",
    "batch_size": "batch",
}
_LIBRARIES = {"driver": "driver", "cuda": "version of CUDA"}
_LONG = 60


@dataclass(frozen=True, slots=True)
class Difference:
    """How one picture differs from another.

    Attributes:
        sizes: both sizes in pixels.
        share: of the pixels, from 0 to 1, that differ in any colour; 1 when the sizes differ.
        largest: the largest difference of a colour, from 0 to 255.
        psnr: in decibels; infinite for identical pictures, ``None`` when the sizes differ.
        ssim: from -1 to 1; ``None`` when the sizes differ, or a side is below 11 pixels.
    """

    sizes: tuple[tuple[int, int], tuple[int, int]]
    share: float
    largest: int
    psnr: float | None
    ssim: float | None

    @property
    def identical(self) -> bool:
        """Whether all pixels are the same."""
        return self.share == 0

    def to_json(self) -> dict[str, Any]:
        """JSON values; an infinite ``psnr`` is ``None`` there."""
        values = {name: getattr(self, name) for name in self.__slots__}
        psnr = None if self.psnr == inf else self.psnr
        return {**values, "sizes": list(map(list, self.sizes)), "psnr": psnr} | {
            "identical": self.identical
        }

    def __str__(self) -> str:
        if self.identical:
            return "identical"
        if self.sizes[0] != self.sizes[1]:
            old, new = (f"{width}x{height}" for width, height in self.sizes)
            return f"of another size: {old}, now {new}"
        parts = [f"{_percent(self.share)} of the pixels differ, by at most {self.largest} of 255"]
        parts += [f"PSNR {self.psnr:.1f} dB"] if self.psnr is not None else []
        parts += [f"SSIM {floor(self.ssim * 1e4) / 1e4:.4f}"] if self.ssim is not None else []
        return ", ".join(parts)


def difference(old: Image, new: Image) -> Difference:
    """Compare two pictures bit by bit, as RGB."""
    import numpy

    from engine.likeness import WINDOW, psnr, ssim

    sizes = (old.size, new.size)
    if old.size != new.size:
        return Difference(sizes, 1.0, 255, None, None)
    x, y = numpy.asarray(old.convert("RGB")), numpy.asarray(new.convert("RGB"))
    count, largest = 0, 0
    for top in range(0, len(x), _BAND_ROWS):
        band = slice(top, top + _BAND_ROWS)
        apart = numpy.abs(x[band].astype(numpy.int16) - y[band])
        count += int(apart.any(axis=2).sum())
        largest = max(largest, int(apart.max()))
    if not count:
        return Difference(sizes, 0.0, 0, inf, 1.0)
    likeness = ssim(old, new) if min(old.size) >= WINDOW else None
    return Difference(sizes, count / (x.shape[0] * x.shape[1]), largest, psnr(old, new), likeness)


def changes(old: RunRecord, new: RunRecord) -> tuple[str, ...]:
    """What is known to have changed between two runs of one spec: a sentence each, or none."""
    return tuple(_changes(old, new))


def _changes(old: RunRecord, new: RunRecord) -> Iterator[str]:
    if old.device != new.device and old.device:
        yield f"The device was {old.device}, and is {new.device} now."
    if old.dtype != new.dtype and old.dtype:
        yield f"The model ran in {old.dtype}, and runs in {new.dtype} now."
    yield from _spec_changes(old.spec, new.spec)
    names = dict.fromkeys((*old.versions, *new.versions)) if old.versions else ()
    for name in names:
        before, after = old.versions.get(name), new.versions.get(name)
        if before == after:
            continue
        label = _LIBRARIES.get(name, f"version of {name}")
        if before is None:
            yield f"The {label} is {after} now, and was not recorded."
        else:
            yield f"The {label} was {before}, and is {after or 'not known'} now."
    suffixes = [Path(r.images[0].path).suffix.lower() if r.images else "" for r in (old, new)]
    if suffixes[0] != suffixes[1] and ".jpg" in suffixes:
        before, after = (suffix.removeprefix(".").upper() or "nothing" for suffix in suffixes)
        yield f"The pictures were kept as {before}, and are as {after} now; JPG loses a little."


def _spec_changes(old: RunSpec, new: RunSpec) -> Iterator[str]:
    for name, label in _NAMES.items():
        before, after = getattr(old, name), getattr(new, name)
        if before != after:
            yield f"The {label} was {_shown(before)}, and is {_shown(after)} now."
    for name in sorted(old.switches.keys() | new.switches.keys()):
        was, now = old.switches.get(name), new.switches.get(name)
        if was != now:
            yield f"{_turned(name)} was {was or 'not turned'}, and is {now or 'not turned'} now."


def _turned(name: str) -> str:
    return f"The switch “{BY_NAME[name].label if name in BY_NAME else name}”"


def _shown(value: object) -> str:
    text = "the checkpoint's own" if value is None else str(value)
    if isinstance(value, str):
        text = f"“{text if len(text) <= _LONG else text[: _LONG - 1] + '…'}”"
    return text


def _percent(share: float) -> str:
    percent = 100 * share
    return f"{percent:.0f}%" if percent >= 9.95 else f"{percent:.2g}%"
