"""How runs are made, besides what their specs say: what the user may change in between."""

from __future__ import annotations

from dataclasses import dataclass

from engine.pictures.output import AS_USUAL, Output


@dataclass(frozen=True, slots=True)
class Manner:
    """How runs are made.

    Attributes:
        previews: whether pictures are shown while they are made.
        climb: whether a run whose memory ran out goes on by itself; see :mod:`engine.relief`.
        output: how pictures are written.
    """

    previews: bool = True
    climb: bool = False
    output: Output = AS_USUAL
