"""One sentence for whatever ended a run: what the user should do about it."""

from __future__ import annotations

import errno
import logging
import re
import sys
import traceback
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from engine.errors import SafelightError
from engine.main_memory import available_bytes
from engine.relief import next_rung, words
from engine.secrets import without_secrets
from engine.spec import RunSpec
from engine.switches.base import Place

log = logging.getLogger("safelight.engine")

_NO_MEMORY = re.compile(
    r"out of memory|not enough memory|can't allocate memory|Cannot allocate memory"
    r"|CU(BLAS|DNN)_STATUS_ALLOC_FAILED"
)
_CHAIN = 8
"""So many errors back a library may have hidden that memory ran out."""


@dataclass(frozen=True, slots=True)
class Failure:
    """How a run failed. Plain text: it holds nothing of the error, whose frames hold tensors.

    Attributes:
        reason: what went wrong, in a sentence.
        hint: what to do about it, in another; may be empty.
        out_of_memory: whether memory ran out.
        advice: switches to add that may let the run work; empty when there are none.
    """

    reason: str
    hint: str = ""
    out_of_memory: bool = False
    advice: Mapping[str, str] = field(default_factory=dict)

    @property
    def sentence(self) -> str:
        return without_secrets(f"{self.reason} {self.hint}".rstrip())


def explain(
    error: BaseException, run_id: int, spec: RunSpec, place: Place, *, device: str, phase: str
) -> Failure:
    """The failure in words. Called while the error is handled; keeps no reference to it.

    Memory that ran out is told with its figures, also when a sentence of ours hides it; what is
    neither is a bug or a broken device, whose traceback goes to the log.

    Args:
        spec: the run, with its size filled in, if it came so far.
        place: where it ran, as far as that is known.
        device: as torch names it.
        phase: in which it failed, as :func:`engine.relief.next_rung` names it.
    """
    shortage = out_of_memory(error)
    if shortage is not None:
        return _no_memory(str(shortage), spec, place, device, phase)
    text = str(error).strip()
    if isinstance(error, SafelightError):
        return Failure(text)
    log.error("Run %d failed:\n%s", run_id, traceback.format_exc())
    brief = f"{type(error).__name__}: {_first(text)}" if text else type(error).__name__
    if "CUDA error" in text:
        return Failure(f"The GPU stopped working ({brief[:200]}).", "Restart Safelight.")
    if type(error).__module__.startswith(("torch._dynamo", "torch._inductor")):
        wrong = f"It could not be compiled here ({_first(text)[:200]})."
        return Failure(wrong, f"Turn off compile. Details are in {_log_place()}.")
    wrong = f"Something unexpected went wrong ({brief[:200]})."
    return Failure(wrong, f"Details are in {_log_place()}.")


def _first(text: str) -> str:
    """The first line that says something, and not only who says it: ``backend=… raised:``."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return next((line for line in lines if not line.endswith(":")), lines[0] if lines else "")


def out_of_memory(error: BaseException) -> BaseException | None:
    """The error that says that memory ran out, on whichever device; ``None`` when none does.

    Libraries wrap it: diffusers says only that a file of weights could not be loaded.
    """
    link: BaseException | None = error
    for _ in range(_CHAIN):
        if link is None:
            return None
        if _says_no_memory(link):
            return link
        link = link.__cause__ or link.__context__
    return None


def _says_no_memory(error: BaseException) -> bool:
    if isinstance(error, MemoryError):
        return True
    torch: Any = sys.modules.get("torch")
    if torch is not None and isinstance(error, torch.OutOfMemoryError):
        return True
    if isinstance(error, OSError):
        return error.errno == errno.ENOMEM
    return isinstance(error, RuntimeError) and bool(_NO_MEMORY.search(str(error)))


def _no_memory(text: str, spec: RunSpec, place: Place, device: str, phase: str) -> Failure:
    advice = next_rung(spec, place, phase) or {}
    figures = _figures(text)
    if phase == "load":
        reason, hint = f"Not enough memory to load {spec.checkpoint}{figures}.", ""
    else:
        count = len(spec.pictures)
        batch = f"a batch of {count}" if count > 1 else "a picture"
        size = f"{spec.width}x{spec.height}"
        reason = f"Not enough memory on {device} for {batch} at {size}{figures}."
        hint = f"Try a smaller {'batch or size' if count > 1 else 'size'}."
    if advice:
        hint = f"It may work with {words(advice)}."
    return Failure(reason, hint, out_of_memory=True, advice=advice)


def _figures(text: str) -> str:
    """How much was wanted and how much there was, as a clause of our sentence; may be empty."""
    free = re.search(r"of which ([\d.]+ \w+) is free", text)
    wanted = re.search(r"[Tt]ried to allocate ([\d.]+ [KMGT]i?B)", text)
    if wanted and free:  # torch on CUDA
        return f" ({wanted[1]} more were wanted, {free[1]} were free)"
    if wanted:  # torch on MPS, which says nothing of what is free
        return f" ({wanted[1]} more were wanted)"
    if plain := re.search(r"tried to allocate (\d+) bytes", text):  # torch on the CPU
        wanted_size, free_size = _size(int(plain[1])), _size(available_bytes())
        return f" ({wanted_size} more were wanted, {free_size} were free)"
    return ""


def _size(count: int) -> str:
    """Bytes as torch writes them: ``2.00 GiB``."""
    power = min(4, max(0, count.bit_length() - 1) // 10)
    unit = ("bytes", "KiB", "MiB", "GiB", "TiB")[power]
    return f"{count / 1024**power:.2f} {unit}" if power else f"{count} bytes"


def _log_place() -> str:
    """The log file, where the program has set one up."""
    logger: logging.Logger | None = log
    while logger is not None:
        for handler in logger.handlers:
            if isinstance(handler, logging.FileHandler):
                return Path(handler.baseFilename).as_posix()
        logger = logger.parent
    return "the log"
