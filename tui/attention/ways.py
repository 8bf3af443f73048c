"""How a terminal is made to show a notification.

There is no common way. OSC 9 (iTerm2, "Proprietary Escape Codes"), OSC 777 (urxvt's notify
extension, also foot's), OSC 99 (kitty, "Desktop notifications"), and the bell, which most
terminals turn into a mark on their window or tab, tmux into one on the window in its status line.
"""

from __future__ import annotations

from collections.abc import Mapping

from tui.text import clean, one_line

TITLE = "Safelight"
_WIDEST = 120
_BELL = "\a"
_ST = "\x1b\\"

_BY_NAME = (
    ("kitty", "99"),
    *((name, "9") for name in ("iterm", "wezterm", "ghostty", "warp", "conemu")),
    *((name, "777") for name in ("foot", "rxvt", "contour")),
    ("vte", "777+bell"),  # only as some distributions build it
)


def way_of(name: str, variables: Mapping[str, str]) -> str:
    """How to notify: ``"9"``, ``"99"``, ``"777"`` (the OSC), ``"777+bell"`` or ``"bell"``.

    Args:
        name: of the terminal, as it answered XTVERSION; empty when it did not.
        variables: of the environment.
    """
    if name:
        return _named(name)
    if variables.get("TMUX") or variables.get("STY"):
        return "bell"  # what is known of the outer terminal may be of an earlier one
    if "KITTY_WINDOW_ID" in variables:
        return "99"
    if "ConEmuPID" in variables:
        return "9"
    told = (variables.get(key, "") for key in ("TERM_PROGRAM", "LC_TERMINAL", "TERM"))
    way = next((way for name in told if (way := _named(name)) != "bell"), "bell")
    return "777+bell" if way == "bell" and "VTE_VERSION" in variables else way


def _named(name: str) -> str:
    return next((way for known, way in _BY_NAME if known in name.lower()), "bell")


def notice(text: str, way: str) -> str:
    """The bytes that make the terminal show ``text``. Nothing of it is obeyed.

    Args:
        text: one sentence; it is cleaned and cut.
        way: as :func:`way_of` gives it.
    """
    words = one_line(clean(text), _WIDEST)
    if way == "9":
        # With the title in front: a number there would be another command in some terminals.
        code = f"\x1b]9;{TITLE}: {words}{_BELL}"
    elif way == "99":
        code = f"\x1b]99;i=safelight:d=0;{TITLE}{_ST}\x1b]99;i=safelight:d=1:p=body;{words}{_ST}"
    elif way in ("777", "777+bell"):
        code = f"\x1b]777;notify;{TITLE};{words.replace(';', ',')}{_BELL}"
        code += _BELL if way == "777+bell" else ""
    else:
        return _BELL
    return code
