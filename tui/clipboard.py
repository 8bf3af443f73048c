"""Text for the clipboard of the user's own machine, by way of the terminal (OSC 52).

``ESC ] 52 ; c ; base64 BEL`` (xterm's control sequences, "Manipulate Selection Data"). A terminal
may ignore it, and does not say so. tmux and GNU screen stand between and have ways of their own.
"""

from __future__ import annotations

import os
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass

from tui import tmux

MOST_BYTES = 74_994
"""Of text: 100,000 bytes with base64 and what is around it, the least that is known of a limit."""
_SCREEN_BYTES = 76
"""What GNU screen passes on at a time, well below its limit."""


@dataclass(frozen=True, slots=True)
class Copying:
    """How a text goes to the clipboard.

    Attributes:
        sequence: to be written to the terminal; empty when nothing is.
        said: what has been done, for the user.
        hint: what may be missing, for the user; empty when nothing is known of.
        reaches: whether it is on its way at all.
    """

    sequence: str
    said: str
    hint: str = ""
    reaches: bool = True


def osc52(text: str) -> str:
    """The sequence, for the clipboard."""
    return f"\x1b]52;c;{b64encode(os.fsencode(text)).decode()}\a"


def copying(text: str, environ: Mapping[str, str] = os.environ) -> Copying:
    """Find out how ``text`` goes to the clipboard. May ask tmux: in a thread."""
    data = os.fsencode(text)
    if len(data) > MOST_BYTES:
        said = "Not copied: it is too long for a terminal's clipboard."
        return Copying("", said, reaches=False)
    if environ.get("TMUX"):
        return _in_tmux(text, data)
    if environ.get("STY"):
        parts = osc52(text)
        cut = range(0, len(parts), _SCREEN_BYTES)
        wrapped = "".join(f"\x1bP{parts[at : at + _SCREEN_BYTES]}\x1b\\" for at in cut)
        return Copying(wrapped, "Sent through screen to the terminal.")
    return Copying(osc52(text), "Sent to the terminal.")


def _in_tmux(text: str, data: bytes) -> Copying:
    # It keeps a buffer of its own, and hands it to its terminal also where programs may not.
    if tmux.ask("load-buffer", "-w", "-", text=data) is not None:
        return Copying("", "Sent to the terminal by tmux, whose own paste key has it too.")
    if tmux.lets_through():
        return Copying(tmux.passed_on(osc52(text)), "Sent past tmux to the terminal.")
    hint = ""
    if (tmux.ask("show-options", "-sqv", "set-clipboard") or "").strip() != "on":
        hint = "tmux passes it on after: tmux set -g set-clipboard on"
    return Copying(osc52(text), "Sent to tmux.", hint)
