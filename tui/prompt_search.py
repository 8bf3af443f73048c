"""Finding a prompt among thousands by a few letters of some of its words. No widgets.

Textual's own matcher looks for the letters anywhere in the text and tries every way to place them:
in a long prompt that finds nearly everything, after seconds. Here each word that is typed must be
found: as a word, the beginning of one, a part of one, or as letters of one in their order.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

_WORD, _BEGINNING, _PART, _LETTERS = 8, 6, 3, 1
_TOGETHER = 4


@dataclass(frozen=True, slots=True)
class Prompts:
    """Prompts, newest first, with what is compared.

    Attributes:
        pairs: each with the negative prompt of its newest run.
        folded: the prompts without capitals.
    """

    pairs: tuple[tuple[str, str], ...]
    folded: tuple[str, ...]

    @classmethod
    def of(cls, pairs: Sequence[tuple[str, str]]) -> Prompts:
        return cls(tuple(pairs), tuple(prompt.casefold() for prompt, _ in pairs))


def rank(prompts: Prompts, typed: str) -> list[int]:
    """The places in ``prompts`` of those that fit, best first, and of equals the newest."""
    terms = typed.casefold().split()
    if not terms:
        return list(range(len(prompts.pairs)))
    together = " ".join(terms)
    searches = [_Term(term) for term in dict.fromkeys(terms)]
    scored = []
    for place, text in enumerate(prompts.folded):
        score = 0
        for search in searches:
            if not (worth := search.worth(text)):
                break
            score += worth
        else:
            if len(terms) > 1 and together in text:
                score += _TOGETHER * len(terms)
            scored.append((-score, place))
    scored.sort()
    return [place for _, place in scored]


class _Term:
    """One word that was typed."""

    def __init__(self, term: str) -> None:
        self._term = term
        self._beginning = re.compile(rf"(?<!\w){re.escape(term)}(\w?)")
        # From one letter to the next is only one way, so that no word takes long.
        letters = "".join(rf"[^\W{re.escape(letter)}]*{re.escape(letter)}" for letter in term[1:])
        fits = len(term) > 2 and term.isalnum()
        self._letters = re.compile(rf"(?<!\w){re.escape(term[0])}{letters}") if fits else None

    def worth(self, text: str) -> int:
        """How well it is found; 0 for not at all."""
        if self._term in text:
            found = self._beginning.search(text)
            if found is None:
                return _PART
            return _BEGINNING if found[1] else _WORD
        return _LETTERS if self._letters is not None and self._letters.search(text) else 0
