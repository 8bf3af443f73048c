"""Which commands work at the same place, so that one key there can be only one command's."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from itertools import combinations

from tui.keys.command import keys_in
from tui.keys.contexts import COMMANDS, CONTEXTS
from tui.keys.names import is_typed
from tui.keys.typing import LINE, TEXT


@dataclass(frozen=True, slots=True)
class Place:
    """Where the focus may be.

    Attributes:
        ids: the commands there, those of the focused widget first and those of the app last.
        typed_into: whether a letter is a letter there, and no command.
    """

    ids: tuple[str, ...]
    typed_into: bool = False


_IN = {
    **{context.name: tuple(each.id for each in context.commands) for context in CONTEXTS},
    "text": tuple(command.id for command in TEXT),
    "line": tuple(command.id for command in LINE),
    "number": ("list.up", "list.down"),
    "rows": ("list.up", "list.down", "list.page-up", "list.page-down"),
    "ends": ("list.first", "list.last"),
    "arrows": ("list.up", "list.down", "list.left", "list.right"),
    "question": ("dialog.accept", "dialog.yes", "dialog.leave", "dialog.no"),
    "late": ("dialog.accept", "dialog.leave"),
}


def _place(*parts: str, typed_into: bool = False) -> Place:
    parts = (*parts, "focus", "app")
    ids = (each for part in parts for each in _IN.get(part, (part,)))
    return Place(tuple(dict.fromkeys(ids)), typed_into)


PLACES: tuple[Place, ...] = (
    _place("text", "studio", typed_into=True),
    _place("number", "line", "studio", typed_into=True),
    _place("arrows", "choice", "studio"),
    _place("arrows", "picture", "studio"),
    _place("rows", "ends", "list.choose", "runs", "studio"),
    _place("rows", "ends", "studio"),
    _place("list", "history"),
    _place("arrows", "picture", "history"),
    _place(
        *("offer.take", "offer.take-at-end", "offer.next", "offer.previous", "line", "history"),
        typed_into=True,
    ),
    _place(
        *("offer.next", "offer.previous", "offer.page-down", "offer.page-up", "line", "prompts"),
        typed_into=True,
    ),
    _place("compare"),
    _place("viewer"),
    _place("fetch", "dialog.close"),
    _place("list", *(each for each in _IN["ladder"] if each != "ladder.past-out")),
    _place("list", "dialog.close", "ladder.past-out"),
    _place("offer.take", "offer.next", "offer.previous", "line", "plan", typed_into=True),
    _place("list", "plan"),
    _place("list", "sweep"),
    _place("list", "checkpoints"),
    _place("offer.next", "line", "checkpoints", typed_into=True),
    _place("arrows", "ends", "choice", "switches"),
    _place("arrows", "ends", "choice", "settings"),
    _place("question"),
    _place("late"),
    _place("list", "dialog.close"),
    _place("line", "dialog.leave", typed_into=True),
    _place("typing.submit", "text", "dialog.leave", typed_into=True),
    _place(
        *("offer.next", "offer.previous", "offer.page-down", "offer.page-up", "line"),
        "dialog.leave",
        typed_into=True,
    ),
)


@dataclass(frozen=True, slots=True)
class Clash:
    """Two commands with one key where both work: ``inner`` would hide ``outer``."""

    key: str
    inner: str
    outer: str


def _shared(place: Place, changed: Mapping[str, tuple[str, ...]]) -> Iterable[Clash]:
    having: dict[str, list[str]] = {}
    for command_id in place.ids:
        for key in keys_in(COMMANDS[command_id], changed):
            if not (place.typed_into and is_typed(key)):
                having.setdefault(key, []).append(command_id)
    for key, ids in having.items():
        for inner, outer in combinations(ids, 2):
            yield Clash(key, inner, outer)


@cache
def _meant() -> frozenset[tuple[str, str]]:
    """The pairs of which the inner one hides the outer as the tables are: it takes care of it."""
    return frozenset((each.inner, each.outer) for place in PLACES for each in _shared(place, {}))


def clashes(changed: Mapping[str, tuple[str, ...]]) -> list[Clash]:
    """Where a keymap gives two commands one key."""
    found = (clash for place in PLACES for clash in _shared(place, changed))
    return list(dict.fromkeys(each for each in found if (each.inner, each.outer) not in _meant()))
