"""What was added to a text and what was taken out of it, word by word."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher
from enum import StrEnum

_TOKEN = re.compile(r"\s+|(?:\d+(?:\.\d+)?|\w+(?:['’-]\w+)*|[^\w\s])\s*")
"""A word, a number such as a weight, or a sign, with the blanks after it."""
_MANY = 800


class Kind(StrEnum):
    """What became of a word."""

    SAME = "same"
    ADDED = "added"
    REMOVED = "removed"


@dataclass(frozen=True, slots=True)
class Word:
    """A stretch of text, of one word or several."""

    text: str
    kind: Kind

    def to_json(self) -> dict[str, str]:
        return {"text": self.text, "kind": self.kind.value}


def words_between(old: str, new: str) -> tuple[Word, ...]:
    """``new`` in stretches, and between them what of ``old`` is not in it.

    All that is the same or added is ``new``, to the letter. Other blanks alone are no difference.
    What was removed has a blank before and behind it, where something is, so that no two words run
    together.
    """
    before, after = _TOKEN.findall(old), _TOKEN.findall(new)
    keys = [token.strip() for token in before], [token.strip() for token in after]
    # The guess of what is junk makes worse differences, but long texts need it to be done soon.
    matcher = SequenceMatcher(None, *keys, max(map(len, keys)) > _MANY)
    found = []
    for tag, low, high, start, end in matcher.get_opcodes():
        if tag == "equal":
            found.append(Word("".join(after[start:end]), Kind.SAME))
            continue
        if high > low:
            gone = "".join(before[low:high])
            if low and before[low - 1][-1].isspace() and not found[-1].text[-1].isspace():
                gone = f" {gone}"
            found.append(Word(gone, Kind.REMOVED))
        if end > start:
            found.append(Word("".join(after[start:end]), Kind.ADDED))
    return tuple(_spaced(found))


def _spaced(words: list[Word]) -> Iterator[Word]:
    for at, word in enumerate(words):
        is_last = at == len(words) - 1
        if word.kind is Kind.REMOVED and not is_last and not word.text[-1].isspace():
            word = Word(f"{word.text} ", word.kind)
        yield word
