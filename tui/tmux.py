"""tmux: what it is asked, and what it lets through to the terminal around it."""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tui.app import SafelightApp
    from tui.graphics.terminal import Terminal

_ESCAPE = "\x1b"
_PATIENCE = 2.0
HINT = (
    "Pictures are in half blocks: tmux lets nothing better through. To see real pixels: "
    "tmux set -g allow-passthrough on, then start Safelight again."
)
_CAN = ("kitty", "ghostty")


def passed_on(sequence: str) -> str:
    """``sequence`` for the terminal around tmux. Dropped where ``allow-passthrough`` is off."""
    return f"\x1bPtmux;{sequence.replace(_ESCAPE, _ESCAPE * 2)}\x1b\\"


def ask(*words: str, text: bytes = b"") -> str | None:
    """What a tmux command says; ``None`` where it fails, or there is no tmux.

    Takes a moment: in a thread.
    """
    try:
        done = subprocess.run(
            ["tmux", *words], input=text, capture_output=True, timeout=_PATIENCE, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.decode(errors="replace")


def _of_our_pane(name: str, *words: str) -> str:
    """What a command about our pane says; nothing where that cannot be known."""
    pane = os.environ.get("TMUX_PANE")
    return ask(name, *(("-t", pane) if pane else ()), *words) or ""


def terminal_around() -> tuple[str, str]:
    """Name with version, and ``TERM``, of the terminal that shows this tmux; empty when unknown.

    Asks tmux, as :func:`ask`.
    """
    told = _of_our_pane("display-message", "-p", "#{client_termtype}\n#{client_termname}")
    name, _, term = told.partition("\n")
    return name.strip(), term.strip()


def lets_through() -> bool:
    """Whether it hands sequences on to the terminal around it. Asks tmux, as :func:`ask`."""
    return _of_our_pane("show-options", "-pAqv", "allow-passthrough").strip() in ("on", "all")


def could_do_more(name: str, term: str) -> bool:
    """Whether the terminal around would show pictures if tmux let them through."""
    return any(known in told.lower() for known in _CAN for told in (name, term))


async def look_around(app: SafelightApp, terminal: Terminal) -> None:
    """Inside tmux: learn what stands around it, and say once what would show more."""
    if not os.environ.get("TMUX") or terminal.protocol == "kitty":
        return
    from tui.graphics.terminal import cell_of_window, understood
    from tui.stock import off_loop

    name, term = await off_loop(terminal_around)
    heard = app.heard or str(getattr(app._driver, "heard", ""))
    better = understood(heard, cell_of_window(), outer=name)
    if better.protocol == "kitty":
        app.found_out(better)
    elif terminal.protocol == "half" and could_do_more(name, term):
        app.studio.say(HINT, "warning")
