"""What the terminal is asked about pictures, what it answers, and what follows."""

from __future__ import annotations

import os

from tui.graphics.answers import ANSWER
from tui.graphics.depth import depth
from tui.graphics.probe import Probe
from tui.graphics.terminal import cell_of_window, understood
from tui.text import clean
from tui.tmux import HINT, could_do_more, terminal_around

PATIENCE = 1.0
"""Seconds: nobody waits for a frame here."""


def graphics(setting: str) -> dict[str, str]:
    """Findings by name, without escape codes.

    Args:
        setting: ``auto``, or the protocol that the user wants.
    """
    with Probe() as probe:
        found = probe.answer(PATIENCE, begun=False)
    if not probe.asked:
        return {"asked": "nothing: there is no terminal", "setting": setting}
    outer, hint = ("", ""), ""
    if found.tmux:
        outer = terminal_around()
        found = understood(probe.heard, cell_of_window(), os.environ, outer[0])
        if found.protocol == "half" and could_do_more(*outer):
            hint = HINT
    chosen, colours = found.limited_to(setting), depth(probe.heard, os.environ)
    told = {
        "asked": _shown(probe.asked),
        "answered": " ".join(_shown(a[0]) for a in ANSWER.finditer(probe.heard)) or "nothing",
        "terminal": clean(found.name) or "does not say",
        "around_tmux": clean(" ".join(part for part in outer if part)),
        "cell": f"{found.cell_width}x{found.cell_height} pixels"
        if found.cell_width
        else "not told",
        "setting": setting,
        "chosen": f"{chosen.protocol}: {chosen.why}",
        "quality": "as good as the link carries in 0.15 s, measured while the app runs"
        if chosen.has_pixels
        else "",
        "colours": f"{'24-bit' if colours.is_full else 'as TERM has them'}: {clean(colours.why)}",
        "hint": hint,
    }
    return {name: words for name, words in told.items() if words}


def _shown(sequence: str) -> str:
    """A sequence with its escape codes in letters."""
    return clean(sequence.replace("\x1b", "ESC ").replace("\x9c", "ST").replace("\r", "CR "))
