"""The pictures of a comparison, read and combined in threads; the latest are kept."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from threading import Lock
from typing import TYPE_CHECKING

from tui.shrunk import Kept
from tui.widgets.compare.print import Part, Print

if TYPE_CHECKING:
    from PIL import Image

    from engine.compare import Difference, Likeness, Side

_MOST_PIXELS = 40_000_000
"""120 MB: four pictures of 3000x3000."""
_NO_SIZE = (1, 1)

Key = tuple[int, int]
"""Of a side: its run and its picture."""


def key_of(side: Side) -> Key:
    """What names a side's picture."""
    return side.record.id, side.index


@dataclass(frozen=True, slots=True)
class Pair:
    """Two sides that are looked at together; the first is the reference."""

    one: Side
    two: Side

    @property
    def keys(self) -> tuple[Key, Key]:
        return key_of(self.one), key_of(self.two)

    @property
    def has_both(self) -> bool:
        """Whether there are two pictures."""
        return self.one.path is not None and self.two.path is not None


class Darkroom:
    """Gives prints of sides and of pairs. What takes time happens in the threads that ask."""

    def __init__(self) -> None:
        self._images = Kept(_MOST_PIXELS)
        self._sizes: dict[str, tuple[int, int]] = {}
        self._lock = Lock()
        self._differences: dict[tuple[Key, Key], Difference] = {}

    def open(self, side: Side) -> Image.Image:
        """A side's picture, in a thread. Raises ``HistoryError`` when it cannot be read."""
        path = str(side.path)
        with self._lock:
            image = self._images.get(path)
            if image is None or isinstance(image, str):
                image = side.open()
                self._images.put(path, image)
                self._sizes[path] = image.size
            return image

    def _size(self, side: Side) -> tuple[int, int]:
        """Of the picture itself, once it was read: its file may have been replaced."""
        return self._sizes.get(str(side.path)) or side.size or _NO_SIZE

    def print_of(self, side: Side, label: tuple[Part, ...]) -> Print:
        """A side's picture."""
        words = ""
        if side.path is None:
            status = side.record.status.value
            words = f"Run #{side.record.id} has no picture: it was {status}."
        make = partial(self.open, side)
        return Print(key_of(side), partial(self._size, side), make, label, words)

    def wiped(self, pair: Pair, at: float, label: tuple[Part, ...]) -> Print:
        """The reference left of ``at``, the other right of it."""

        def make() -> Image.Image:
            from engine.compare import wipe

            return wipe(self.open(pair.one), self.open(pair.two), at)

        return self._made(("wipe", *pair.keys, round(at, 4)), pair, make, label)

    def difference(self, pair: Pair) -> Difference | None:
        """How far a pair is apart, when that is known already."""
        return self._differences.get(pair.keys)

    def subtracted(self, pair: Pair, label: tuple[Part, ...]) -> Print:
        """The difference of the two."""

        def make() -> Image.Image:
            from engine.compare import difference_picture

            found = difference_picture(self.open(pair.one), self.open(pair.two))
            self._differences[pair.keys] = found
            while len(self._differences) > 4:
                self._differences.pop(next(iter(self._differences)))
            return found.image

        return self._made(("difference", *pair.keys), pair, make, label)

    def _made(
        self,
        key: tuple[object, ...],
        pair: Pair,
        make: Callable[[], Image.Image],
        label: tuple[Part, ...],
    ) -> Print:
        words = "" if pair.has_both else "That takes two pictures."
        return Print(key, partial(self._size, pair.one), make, label, words)

    def likeness(self, pair: Pair, *, same_seed: bool) -> Likeness:
        """How alike they are, in a thread. Raises ``HistoryError``."""
        from engine.compare import likeness

        return likeness(self.open(pair.one), self.open(pair.two), same_seed=same_seed)
