"""What is compared with what."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.compare.figures import Figure, figures_of
from engine.compare.limits import limits_of
from engine.compare.settings import Setting, compared
from engine.compare.words import Kind, Word, words_between
from engine.errors import HistoryError
from engine.record import RunRecord

if TYPE_CHECKING:
    from PIL.Image import Image

LEAST, MOST = 2, 4
"""How many sides a comparison has."""


@dataclass(frozen=True, slots=True)
class Side:
    """A picture of a run.

    Attributes:
        index: of the picture in its run, from 0.

    Raises:
        ValueError: the run has no such picture.
    """

    record: RunRecord
    index: int = 0

    def __post_init__(self) -> None:
        count = len(self.record.images)
        if not 0 <= self.index < max(count, 1):  # a run without any can still be compared
            are = "no pictures" if not count else f"{count} picture{'' if count == 1 else 's'}"
            raise ValueError(f"Run #{self.record.id} has {are}, and no picture {self.index + 1}.")

    @property
    def name(self) -> str:
        """``"#41"``, or for the second picture of several ``"#41.2"``."""
        several = len(self.record.images) > 1
        return f"#{self.record.id}.{self.index + 1}" if several else f"#{self.record.id}"

    @property
    def seed(self) -> int:
        """Of the picture."""
        if self.record.images:
            return self.record.images[self.index].seed
        return self.record.spec.seed

    @property
    def prompt(self) -> str:
        """Of the picture; a run may have several."""
        own = self.record.images[self.index].prompt if self.record.images else ""
        return own or self.record.spec.prompts[0]

    @property
    def size(self) -> tuple[int, int] | None:
        """Width and height in pixels; ``None`` when there is no picture."""
        if not self.record.images:
            return None
        image = self.record.images[self.index]
        return image.width, image.height

    @property
    def path(self) -> Path | None:
        """Of the picture's file; ``None`` when the run made none."""
        return Path(self.record.images[self.index].path) if self.record.images else None

    def open(self) -> Image:
        """The picture, as RGB. Raises :class:`HistoryError` when there is none to be read."""
        from engine.pictures.load import load_image

        if self.path is None:
            raise HistoryError(f"Run #{self.record.id} has no picture.")
        return load_image(self.path)


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two to four pictures, compared with one of them.

    Attributes:
        reference: the index of that one.

    Raises:
        ValueError: these cannot be compared; its text is a sentence for the user.
    """

    sides: tuple[Side, ...]
    reference: int = 0

    def __post_init__(self) -> None:
        count = len(self.sides)
        if not LEAST <= count <= MOST:
            what = "one picture" if count == 1 else f"{count} pictures"
            raise ValueError(f"Compare {LEAST} to {MOST} pictures, not {what}.")
        if len({(side.record.id, side.index) for side in self.sides}) < count:
            raise ValueError("A picture cannot be compared with itself.")
        if not 0 <= self.reference < count:
            raise ValueError("The reference is none of the pictures.")

    @property
    def names(self) -> tuple[str, ...]:
        """Of the sides."""
        return tuple(side.name for side in self.sides)

    def against(self, reference: int) -> Comparison:
        """The same sides, compared with another one of them."""
        return replace(self, reference=reference)

    def swapped(self, one: int, two: int) -> Comparison:
        """With two sides in each other's place; the reference stays the picture that it was."""
        sides = list(self.sides)
        sides[one], sides[two] = sides[two], sides[one]
        return Comparison(tuple(sides), {one: two, two: one}.get(self.reference, self.reference))

    def same_seed(self, index: int) -> bool:
        """Whether a side began with the same noise as the reference: by seed and size."""
        side, reference = self.sides[index], self.sides[self.reference]
        return (side.seed, side.size) == (reference.seed, reference.size)

    def settings(self, *, all: bool = False) -> tuple[Setting, ...]:  # noqa: A002
        """The settings that are not the same in all, or every one; prompts are apart."""
        records = [side.record for side in self.sides]
        found = compared(records, [side.seed for side in self.sides], self.reference)
        return found if all else tuple(setting for setting in found if any(setting.differs))

    def prompts(self, *, negative: bool = False) -> tuple[tuple[Word, ...], ...]:
        """For each side its prompt, and what of the reference's is not in it.

        All words of the reference are the same.
        """
        texts = [s.record.spec.negative_prompt if negative else s.prompt for s in self.sides]
        against = texts[self.reference]
        return tuple(
            ((Word(text, Kind.SAME),) if text else ())
            if at == self.reference
            else words_between(against, text)
            for at, text in enumerate(texts)
        )

    def figures(self) -> tuple[Figure, ...]:
        """Times, rate and memory, as far as they are known."""
        return figures_of([side.record for side in self.sides], self.reference)

    def limits(self) -> tuple[str, ...]:
        """What cannot be compared, or only so far: a sentence each."""
        return tuple(dict.fromkeys(limits_of(self)))

    def to_json(self) -> dict[str, Any]:
        """A plain dictionary of JSON values; likeness, which takes the pictures, is not in it."""
        sides = [
            {
                "name": side.name,
                "run": side.record.id,
                "picture": side.index + 1,
                "path": str(side.path) if side.path else None,
                "seed": side.seed,
            }
            for side in self.sides
        ]
        texts = {
            name: [[word.to_json() for word in words] for words in self.prompts(negative=negative)]
            for name, negative in (("prompt", False), ("negative_prompt", True))
        }
        return {
            "sides": sides,
            "reference": self.sides[self.reference].name,
            "settings": [setting.to_json() for setting in self.settings(all=True)],
            **texts,
            "figures": [figure.to_json() for figure in self.figures()],
            "limits": list(self.limits()),
        }


def of_batch(record: RunRecord) -> Comparison:
    """The pictures of one run, compared with the first of them.

    Raises:
        ValueError: they are fewer than two, or more than four.
    """
    count = len(record.images)
    if count < LEAST:
        what = "no pictures" if not count else "one picture"
        raise ValueError(f"Run #{record.id} has {what}. Name another run to compare it with.")
    if count > MOST:
        raise ValueError(
            f"Run #{record.id} has {count} pictures. Choose {LEAST} to {MOST} of them."
        )
    return Comparison(tuple(Side(record, index) for index in range(count)))
