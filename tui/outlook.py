"""A forecast in words: the line below the settings, its tooltip, and the lines of a dry run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.cells import cell_len

from tui.text import seconds, size

if TYPE_CHECKING:
    from engine.events import MemorySampled
    from engine.forecast import Forecast


def free_bytes(sample: MemorySampled) -> int:
    """What a run can have: what nobody uses, and what this app holds already."""
    return max(0, sample.total - sample.device_used) + sample.reserved


def may_not_fit(told: Forecast, sample: MemorySampled | None) -> bool:
    """Whether the run is expected to take more memory than there is."""
    if sample is None or not sample.total or told.memory_kind != sample.kind:
        return False
    return told.memory_bytes is not None and told.memory_bytes > free_bytes(sample)


def short_line(told: Forecast, sample: MemorySampled | None, width: int) -> str:
    """The forecast in at most ``width`` cells, such as ``≈ 0.52 s · 1.3 GB · measured``.

    Empty when nothing is known, or nothing of it fits.
    """
    lines = _warnings(told, sample) if may_not_fit(told, sample) else _figures(told)
    return next((line for line in lines if cell_len(line) <= width), "")


def _warnings(told: Forecast, sample: MemorySampled | None) -> list[str]:
    assert sample is not None
    need, free = _about(told.memory_bytes or 0), _about(free_bytes(sample))
    if need.split()[-1] == free.split()[-1]:
        free = free.split()[0]
    return [
        f"may not fit: needs about {need}, {free} free",
        f"may not fit: needs {need}, {free} free",
        f"may not fit: {need}, {free} free",
        "may not fit",
    ]


def _figures(told: Forecast) -> list[str]:
    parts = [seconds(told.seconds)] if told.seconds is not None else []
    if parts and told.compile_seconds is not None:
        first = f" {seconds(told.compile_seconds)}" if told.compile_seconds else ""
        parts[0] += f" after{first} compiling"
    parts += [size(told.memory_bytes)] if told.memory_bytes is not None else []
    if not parts:
        return []
    return [
        f"≈ {' · '.join([*parts, told.sure])}",
        f"≈ {' '.join([*parts, told.sure])}",
        f"≈ {parts[0]} {told.sure}",
        f"≈ {parts[0]}",
    ]


def _about(count: int) -> str:
    """Bytes to two figures: ``9.2 GB``, ``11 GB``."""
    return f"{count / 2**30:.0f} GB" if count >= 9.95 * 2**30 else size(count)


def sentences(told: Forecast, sample: MemorySampled | None = None) -> str:
    """Where the forecast comes from, and what to make of it."""
    parts = [source(told)]
    if told.low_seconds is not None and told.high_seconds is not None:
        low, high = seconds(told.low_seconds), seconds(told.high_seconds)
        if low != high:
            parts.append(f"Most likely {low} to {high}.")
    if told.compile_seconds is not None:
        parts.append(f"It will compile first, once: {_compiling(told)}.")
    if sample is not None and may_not_fit(told, sample):
        need, free = _about(told.memory_bytes or 0), _about(free_bytes(sample))
        parts.append(f"It needs about {need}, and {free} are free for it.")
    return " ".join(parts)


def _compiling(told: Forecast) -> str:
    if not told.compile_seconds:
        return "no run has told yet how long that takes"
    return f"about {seconds(told.compile_seconds)} the last times"


def source(told: Forecast) -> str:
    """Where the forecast comes from, in a sentence."""
    runs = f"{told.runs} run{'' if told.runs == 1 else 's'}"
    if told.sure == "measured":
        return f"From {runs} like this on this machine."
    if told.runs:
        much = "a little" if told.sure == "near" else "more than a little"
        differ = "differs" if told.runs == 1 else "differ"
        return f"From {runs} on this machine that {differ} {much}."
    if told.memory_bytes is not None:
        return "No run of this checkpoint yet: the memory is a guess from its weights."
    return "No run of this checkpoint yet, and nothing is known of its weights."


def lines(told: Forecast) -> list[tuple[str, str]]:
    """The forecast as a person reads it, name and value."""
    time = memory = "unknown"
    if told.seconds is not None:
        time = f"{seconds(told.seconds)}, the checkpoint loaded"
    if told.memory_bytes is not None:
        memory = f"{size(told.memory_bytes)} ({told.memory_kind})"
    compiling = [] if told.compile_seconds is None else [("compile", f"{_compiling(told)}, before")]
    return [
        ("time", time),
        *compiling,
        ("memory", memory),
        ("sure", f"{told.sure}. {sentences(told)}"),
    ]
