"""The ladder in words: what a rung changes, and what is recommended in the end. Pure."""

from __future__ import annotations

from engine.ladder.request import Rung
from engine.measure.verdict import Verdict
from engine.measure.words import speed
from engine.spec import RunSpec
from engine.switches import BY_NAME, normalised
from engine.switches.precision import DTYPES

_SHORT = {dtype: name for name, dtype in DTYPES.items()}
_SAME_MEMORY = 0.02


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


def settings_of(spec: RunSpec, dtype: str) -> str:
    """What a spec is run with, in a few words: ``"fp32, PNDM, 50 steps"``."""
    words = [_SHORT.get(dtype, dtype), spec.scheduler or "", f"{spec.num_inference_steps} steps"]
    plain = spec.with_(batch_size=1, switches={})
    switches = {name: value for name, value in spec.switches.items() if name != "precision"}
    other = changes(plain, spec.with_(switches=switches), dtype)
    return ", ".join(filter(None, (*words, other)))


def recommendation(first: Rung, best: Rung, *, is_ground: bool = True) -> str:
    """What to do, and what that brings, in one sentence.

    Args:
        first: the lowest rung that was measured.
        is_ground: it is the first of all; else that one could not be measured.
    """
    assert first.side is not None
    assert best.side is not None
    settings = changes(first.side.spec, best.side.spec, best.side.dtype)
    start = settings_of(first.side.spec, first.side.dtype)
    if not settings:
        if is_ground:
            return f"Nothing was found that pays: stay with {start}"
        return f"Full precision could not be measured: start from {start}"
    told = []
    if best.first is not None:
        told.append(_speed(best.first))
    before, now = first.side.memory_peak_bytes, best.side.memory_peak_bytes
    if before and now:
        told.append(memory(now / before))
    if best.likeness_first is not None:
        digits = 2 if best.likeness_first < 0.995 else 3  # 1.00 would say that it is the same
        told.append(f"SSIM {best.likeness_first:.{digits}f}")
    if is_ground:
        return f"{settings}: {', '.join(told)}"
    settings = settings_of(best.side.spec, best.side.dtype)
    return f"{settings}: {', '.join(told)}, against {start}, as full precision failed"


def _speed(verdict: Verdict) -> str:
    if verdict.is_undecided:
        return f"{verdict.low:.2f}x to {verdict.high:.2f}x the time"
    return speed(verdict.ratio if verdict.differs else 1.0)


def memory(ratio: float) -> str:
    """A ratio of memory in words: ``"54% less memory"``."""
    if abs(ratio - 1) <= _SAME_MEMORY:
        return "the same memory"
    return f"{abs(1 - ratio):.0%} {'less' if ratio < 1 else 'more'} memory"
