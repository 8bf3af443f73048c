"""The ladder in words: what a rung changes, and what is recommended in the end. Pure."""

from __future__ import annotations

from math import log

from engine.ladder.request import Rung
from engine.measure.verdict import FLOOR
from engine.spec import RunSpec
from engine.switches import BY_NAME, normalised
from engine.switches.precision import DTYPES

_SHORT = {dtype: name for name, dtype in DTYPES.items()}
_SAME_MEMORY = 0.02
_MUCH = 0.67


def changes(before: RunSpec, after: RunSpec, dtype: str) -> str:
    """What ``after`` has other than ``before``, in a few words.

    Args:
        dtype: that ``after`` is run in, such as ``"float16"``.
    """
    words = []
    old, new = normalised(before.switches), normalised(after.switches)
    if old.get("precision") != new.get("precision"):
        words.append(_SHORT.get(dtype, new.get("precision", dtype)))
    if before.scheduler != after.scheduler and after.scheduler:
        words.append(after.scheduler)
    if before.num_inference_steps != after.num_inference_steps:
        words.append(f"{after.num_inference_steps} steps")
    if before.batch_size != after.batch_size:
        words.append(f"batch of {after.batch_size}")
    for name, switch in BY_NAME.items():
        value = new.get(name, switch.default)
        if name != "precision" and value != old.get(name, switch.default):
            words.append(_switch(name, value))
    return ", ".join(words)


def _switch(name: str, value: str) -> str:
    label = BY_NAME[name].label
    label = label if label[:2].isupper() else label[0].lower() + label[1:]
    if name == "attention_slicing":
        label = "attention slicing"
    if value in ("on", "off"):
        return label if value == "on" else f"no {label}"
    return f"{label} {value}"


def recommendation(first: Rung, best: Rung) -> str:
    """What to do, and what that brings, in one sentence."""
    assert first.side is not None
    assert best.side is not None
    settings = changes(first.side.spec, best.side.spec, best.side.dtype)
    if not settings:
        return "Nothing that was measured pays: stay with what the checkpoint comes with"
    faster = best.first is not None and best.first.differs
    told = [speed(best.first.ratio if best.first is not None and faster else 1.0)]
    before, now = first.side.memory_peak_bytes, best.side.memory_peak_bytes
    if before and now:
        told.append(memory(now / before))
    if best.likeness_first is not None:
        digits = 2 if best.likeness_first < 0.995 else 3  # 1.00 would say that it is the same
        told.append(f"SSIM {best.likeness_first:.{digits}f}")
    return f"{settings}: {', '.join(told)}"


def speed(ratio: float) -> str:
    """A ratio of times in words: ``"7.1x faster"``."""
    if abs(log(ratio)) <= log(1 + FLOOR):
        return "as fast"
    if ratio > 1:
        return f"{ratio - 1:.0%} slower"
    return f"{1 / ratio:.1f}x faster" if ratio < _MUCH else f"{1 / ratio - 1:.0%} faster"


def memory(ratio: float) -> str:
    """A ratio of memory in words: ``"54% less memory"``."""
    if abs(ratio - 1) <= _SAME_MEMORY:
        return "the same memory"
    return f"{abs(1 - ratio):.0%} {'less' if ratio < 1 else 'more'} memory"
