"""What belongs together: the cells of a sweep, the rungs of a ladder, the sides of a comparison."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

_LETTERS = "23456789abcdefghjkmnpqrstuvwxyz"  # none that is taken for another


class Kind(StrEnum):
    """What a group is of."""

    SWEEP = "sweep"
    LADDER = "ladder"
    COMPARISON = "comparison"


@dataclass(frozen=True, slots=True)
class Group:
    """Runs that were asked for together. Their records name it, each with its place in it.

    Attributes:
        id: six letters and digits, which the user may type.
        title: what it is, in a line.
        plan: what was asked for, as JSON values; what they mean depends on ``kind``.
        result: what came of it so far, likewise; empty where the runs say all.
    """

    id: str
    kind: Kind
    created_at: str
    title: str
    plan: Mapping[str, Any] = field(default_factory=dict)
    result: Mapping[str, Any] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """A plain dictionary of JSON values."""
        return {name: getattr(self, name) for name in self.__slots__}


def new_group_id() -> str:
    """An id that no other group has, as good as surely."""
    return "".join(secrets.choice(_LETTERS) for _ in range(6))
