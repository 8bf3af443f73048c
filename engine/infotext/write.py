"""Writes infotext."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from engine import __version__
from engine.checkpoints import base_name
from engine.infotext.grammar import head, join
from engine.infotext.mapping import written_sampler, written_schedule
from engine.infotext.parse import OWN, Parsed, parse
from engine.spec import RunSpec


def write(spec: RunSpec, index: int = 0) -> str:
    """The infotext of one picture of a spec.

    Args:
        spec: of the run.
        index: of the picture, from 0; the text has its own prompt and seed.
    """
    one = spec.only(index)
    above = head(one.prompt, one.negative_prompt)
    pairs = list(_pairs(one))
    own = _unsaid(one, parse(f"{above}\n{join(pairs)}"))
    return f"{above}\n{join([*pairs, (OWN, json.dumps(own))])}".strip()


def _unsaid(spec: RunSpec, read: Parsed | None) -> dict[str, Any]:
    """What of a spec a reader of the plain words gets wrong, and the whole name of the checkpoint.

    Args:
        read: what a reader makes of them.
    """
    values = spec.to_json()
    plain = read.spec.to_json() if read is not None else {}
    own = {n: v for n, v in values.items() if n == "checkpoint" or plain.get(n) != v}
    if "switches" in own:
        known = plain.get("switches", {})
        own["switches"] = {n: v for n, v in values["switches"].items() if known.get(n) != v}
    return own


def _pairs(spec: RunSpec) -> Iterator[tuple[str, str]]:
    """The pairs in A1111's words and order."""
    yield "Steps", str(spec.num_inference_steps)
    if spec.scheduler is not None:
        yield "Sampler", written_sampler(spec.scheduler)
        yield "Schedule type", written_schedule(spec.scheduler, spec.switches)
    yield "CFG scale", repr(spec.guidance_scale).removesuffix(".0")
    yield "Seed", str(spec.seed)
    if spec.width and spec.height:
        yield "Size", f"{spec.width}x{spec.height}"
    yield "Model", base_name(spec.checkpoint)
    yield "Version", f"Safelight {__version__}"
