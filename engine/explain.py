"""One sentence for an error that is not one of ours: what the user should do about it."""

from __future__ import annotations

import logging
import re
import sys
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.spec import RunSpec

if TYPE_CHECKING:
    from engine.loaded import Loaded

log = logging.getLogger("safelight.engine")


def explain(error: BaseException, run_id: int, spec: RunSpec, loaded: Loaded | None) -> str:
    """The sentence. Called while the error is handled; keeps no reference to it.

    Memory that ran out is told with its figures; anything else is a bug or a broken device, whose
    traceback goes to the log.

    Args:
        loaded: the checkpoint of the run, or ``None`` when it failed while loading.
    """
    text = str(error).strip()
    if is_out_of_memory(error):
        if loaded is None:
            return f"Not enough memory to load {spec.checkpoint}{_memory_figures(text)}."
        batch = f"a batch of {spec.batch_size}" if spec.batch_size > 1 else "a picture"
        advice = "batch or size" if spec.batch_size > 1 else "size"
        return (
            f"Not enough memory on {loaded.device} for {batch} at "
            f"{spec.width}x{spec.height}{_memory_figures(text)}. Try a smaller {advice}."
        )
    log.error("Run %d failed:\n%s", run_id, traceback.format_exc())
    brief = f"{type(error).__name__}: {text.splitlines()[0]}" if text else type(error).__name__
    if "CUDA error" in text:
        return f"The GPU stopped working ({brief[:200]}). Restart Safelight."
    return f"Something unexpected went wrong ({brief[:200]}). Details are in {_log_place()}."


def is_out_of_memory(error: BaseException) -> bool:
    """Whether an error says that memory ran out, on whichever device."""
    if isinstance(error, MemoryError):
        return True
    torch: Any = sys.modules.get("torch")
    if torch is not None and isinstance(error, torch.OutOfMemoryError):
        return True
    return isinstance(error, RuntimeError) and bool(
        re.search(r"out of memory|not enough memory|can't allocate memory", str(error))
    )


def _memory_figures(text: str) -> str:
    """The sizes in torch's message on CUDA, as a clause of our sentence."""
    wanted = re.search(r"Tried to allocate ([\d.]+ \w+)", text)
    free = re.search(r"of which ([\d.]+ \w+) is free", text)
    if not (wanted and free):
        return ""
    return f" ({wanted[1]} more were wanted, {free[1]} were free)"


def _log_place() -> str:
    """The log file, where the program has set one up."""
    logger: logging.Logger | None = log
    while logger is not None:
        for handler in logger.handlers:
            if isinstance(handler, logging.FileHandler):
                return Path(handler.baseFilename).as_posix()
        logger = logger.parent
    return "the log"
