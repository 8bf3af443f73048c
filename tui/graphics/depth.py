"""How many colours the terminal has, and what is written where it has fewer than we use.

Over SSH ``COLORTERM`` does not travel, and ``TERM=xterm-256color`` says what almost every terminal
says, those with 24-bit colours too. So its name is looked up, and it is asked: to set a colour and
to tell what it has set (DECRQSS; xterm's "Control Sequences").

Everything is drawn in 24-bit colours. Where the terminal is not known to have them, they are
replaced on the way out: so no cache holds others, and an answer that comes late needs one repaint.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.color import ColorSystem

_SET = re.compile(r"\x1bP([01])\$r([\d;:]*)m?(?:\x1b\\|\x9c)")
_OURS = re.compile(r"(?:^|[;:])48[;:]2[;:]{1,2}1[;:]2[;:]3(?:$|[;:])")
_NAME = re.compile(r"\x1bP>\|([^\x00-\x1f\x7f\x9c]*)(?:\x1b\\|\x9c)")
_TERMS = re.compile(
    r"^(?:xterm-)?(?:kitty|ghostty|alacritty|foot|wezterm|contour|rio|iterm2|mintty)\b"
    r"|^(?:st|konsole|vte|mlterm)-256color$|-direct(?:\d+)?$"
)
"""Names of terminals whose every version of the last years has 24-bit colours."""
_NAMES = {
    **dict.fromkeys(("kitty", "iterm2", "wezterm", "foot", "ghostty", "konsole", "mintty"), 0),
    **dict.fromkeys(("windows terminal", "contour", "alacritty", "rio", "warp", "mlterm"), 0),
    **dict.fromkeys(("xterm.js", "libvterm", "zellij"), 0),
    # tmux hands on to each terminal around it what that terminal has.
    **{"vte": 3600, "xterm": 331, "tmux": 2},
}
"""By what they answer to XTVERSION: the first version with 24-bit colours."""


@dataclass(frozen=True, slots=True)
class Depth:
    """Whether the terminal has 24-bit colours, and how that is known."""

    is_full: bool
    why: str


def depth(heard: str, environment: Mapping[str, str]) -> Depth:
    """What the environment, and the answers by now, say."""
    forced = environment.get("TEXTUAL_COLOR_SYSTEM", "auto")
    if forced not in ("", "auto"):
        return Depth(forced == "truecolor", f"TEXTUAL_COLOR_SYSTEM is {forced}")
    if told := environment.get("COLORTERM", "").strip().lower():
        return Depth(told in ("truecolor", "24bit"), f"COLORTERM is {told}")
    term = environment.get("TERM", "")
    if term in ("", "dumb", "linux"):
        return Depth(False, f"TERM is {term or 'not set'}")
    for valid, settings in _SET.findall(heard):
        if _OURS.search(settings):
            return Depth(True, "it keeps the one that it was asked to set")
        if valid == "1":
            return Depth(False, "it does not keep the one that it was asked to set")
    if _TERMS.search(term):
        return Depth(True, f"TERM is {term}")
    names = [found[1] for found in _NAME.finditer(heard)]
    # The first answer is of the terminal, or multiplexer, that takes what we write.
    if names and _named(names[0]):
        return Depth(True, f"it is {names[0]}")
    if environment.get("TERM_PROGRAM") == "tmux":
        return Depth(True, "it is tmux")
    return Depth(False, "it does not say that it has more")


def _named(name: str) -> bool:
    lowered = name.lower()
    for known, least in _NAMES.items():
        if lowered.startswith(known):
            version = re.search(r"\d+", lowered[len(known) :])
            return not least or (version is not None and int(version[0]) >= least)
    return False


# Where it has fewer

_STYLE = re.compile(r"\x1b\[[\d;]*[34]8;2;[\d;]*m")
_COLOUR = re.compile(r"(?<![\d])([34])8;2;(\d{1,3});(\d{1,3});(\d{1,3})(?![\d])")


class Fewer:
    """Replaces 24-bit colours by the nearest that there are."""

    def __init__(self, system: ColorSystem) -> None:
        self._system = system
        self._replaced = lru_cache(maxsize=16384)(self._style)

    def __call__(self, data: str) -> str:
        """What is written instead of ``data``, whose styles are as Rich writes them."""
        return _STYLE.sub(lambda found: self._replaced(found[0]), data)

    def _style(self, style: str) -> str:
        return _COLOUR.sub(self._nearest, style)

    def _nearest(self, found: re.Match[str]) -> str:
        from rich.color import Color

        colour = Color.from_rgb(*(min(int(level), 255) for level in found.groups()[1:]))
        codes = colour.downgrade(self._system).get_ansi_codes(foreground=found[1] == "3")
        return ";".join(codes)


def fewer(console: Any) -> Fewer | None:
    """Let a console write 24-bit colours; what its terminal has instead, as the environment says.

    ``None`` where it has them, or has none at all.
    """
    from rich.color import ColorSystem

    system = console._color_system
    if system not in (ColorSystem.STANDARD, ColorSystem.EIGHT_BIT):
        return None
    console._color_system = ColorSystem.TRUECOLOR
    return Fewer(system)
