"""How long a sweep still takes: what was foretold, put right by the cells that are done."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from engine.forecast import warm_seconds

if TYPE_CHECKING:
    from engine.record import RunRecord
    from engine.spec import RunSpec
    from engine.sweep.outlook import Outlook


def seconds_to_go(
    told: Outlook | None, left: Iterable[tuple[int, RunSpec, float]], done: Iterable[RunRecord]
) -> float:
    """Seconds until the last cell is done; 0 while they are unknown.

    A cell of which nothing was foretold takes what those that are done took for each step and
    pixel; the others what was foretold, times how much longer the done ones took than that.

    Args:
        told: what was foretold when the cells were queued.
        left: of each cell that waits or is on its number, its spec, and the part that is to come.
        done: finished runs of cells.
    """
    ahead: Mapping[int, float] = told.ahead if told is not None else {}
    besides: Mapping[int, float] = told.besides if told is not None else {}
    side = 1, 1  # of the pictures where the spec leaves that to the checkpoint
    took = worked = took_of_told = foretold = 0.0
    for record in done:
        seconds = warm_seconds(record)
        side = record.spec.width or 1, record.spec.height or 1
        took, worked = took + seconds, worked + _work(record.spec, side)
        if record.cell in ahead:
            took_of_told += seconds
            foretold += ahead[record.cell] - besides.get(record.cell, 0.0)
    rate = took / worked if worked else 0.0
    slower = took_of_told / foretold if foretold > 0 and took_of_told > 0 else 1.0
    total = 0.0
    for cell, spec, part in left:
        paid = besides.get(cell, 0.0)
        alone = slower * (ahead[cell] - paid) if cell in ahead else rate * _work(spec, side)
        total += alone * part + (paid if part == 1 else 0.0)
    return total


def _work(spec: RunSpec, side: tuple[int, int]) -> float:
    calls = spec.num_inference_steps * (2 if spec.guidance_scale > 1 else 1)
    return float(calls * len(spec.pictures) * (spec.width or side[0]) * (spec.height or side[1]))
