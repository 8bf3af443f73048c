"""What the terminal can draw, and how we draw for it."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass, replace

PROTOCOLS = ("kitty", "iterm", "sixel", "half", "none")
IMAGE = 31
"""The number of the image in the question for kitty graphics; nothing is kept under it."""

_CELL = re.compile(r"\x1b\[6;(\d{1,5});(\d{1,5})t")
_ATTRIBUTES = re.compile(r"\x1b\[\?([\d;]*)c")
_REGISTERS = re.compile(r"\x1b\[\?1;0;(\d{1,9})S")
_KITTY = re.compile(rf"\x1b_Gi={IMAGE};OK(?:\x1b\\|\x9c)")
_NAME = re.compile(r"\x1bP>\|([^\x00-\x1f\x7f\x9c]*)(?:\x1b\\|\x9c)")
_VERSION = re.compile(r"^kitty\((\d+)\.(\d+)")
_MULTIPLEXERS = ("tmux", "screen")
_SIXEL = "4"


@dataclass(frozen=True, slots=True)
class Terminal:
    """What was learnt, and what follows.

    Attributes:
        protocol: how pictures are drawn: one of :data:`PROTOCOLS`.
        cell_width, cell_height: in pixels; 0 when not told.
        answered: whether the terminal answered in time.
        name: what it calls itself, with its version; empty when it does not say.
        registers: colours that a sixel picture may have; 0 when not told.
        cells: whether kitty's pictures may stand in cells of text (Unicode placeholders).
        tmux: whether tmux stands between.
        why: the reason for the protocol, in a few words.
    """

    protocol: str = "half"
    cell_width: int = 0
    cell_height: int = 0
    answered: bool = False
    name: str = ""
    registers: int = 0
    cells: bool = False
    tmux: bool = False
    why: str = "it has not answered"

    @property
    def cell_ratio(self) -> float:
        """Height of a cell divided by its width."""
        if self.cell_width and self.cell_height:
            return self.cell_height / self.cell_width
        return 2.0

    @property
    def cell(self) -> tuple[int, int]:
        """Width and height of a cell in pixels; a usual one when it was not told."""
        known = self.cell_width and self.cell_height
        return (self.cell_width, self.cell_height) if known else (10, 20)

    @property
    def has_pixels(self) -> bool:
        """Whether it draws more than letters."""
        return self.protocol in ("kitty", "iterm", "sixel")

    def limited_to(self, graphics: str) -> Terminal:
        """The same terminal, drawing as the user wants: ``auto`` is as it can."""
        if graphics == "auto":
            return self
        width, height = self.cell
        # Inside tmux only placeholders stay where they belong.
        cells = self.cells or self.tmux
        why = "it was asked for"
        return replace(
            self, protocol=graphics, cell_width=width, cell_height=height, cells=cells, why=why
        )

    def resized(self) -> Terminal:
        """The same with the cells that the window has by now: its letters may have grown."""
        width, height = cell_of_window()
        if not self.has_pixels or not (width and height):
            return self
        return replace(self, cell_width=width, cell_height=height)


def inside_tmux(environment: Mapping[str, str]) -> bool:
    """Whether tmux stands between us and the terminal, also at the other end of SSH."""
    return bool(environment.get("TMUX")) or environment.get("TERM", "").startswith("tmux")


def inside_screen(environment: Mapping[str, str]) -> bool:
    """Whether GNU screen does, or something unknown that calls itself so."""
    return not inside_tmux(environment) and (
        bool(environment.get("STY")) or environment.get("TERM", "").startswith("screen")
    )


def cell_of_window() -> tuple[int, int]:
    """Width and height of a cell as the terminal's driver tells them; zeros when it does not."""
    import array
    import fcntl
    import termios

    sizes = array.array("H", [0, 0, 0, 0])
    try:
        fcntl.ioctl(sys.__stdout__.fileno() if sys.__stdout__ else 1, termios.TIOCGWINSZ, sizes)
    except (OSError, ValueError):
        return 0, 0
    rows, columns, width, height = sizes
    return (width // columns, height // rows) if rows and columns else (0, 0)


def understood(
    heard: str,
    window_cell: tuple[int, int] = (0, 0),
    environment: Mapping[str, str] | None = None,
    outer: str = "",
) -> Terminal:
    """What the answers mean.

    Args:
        heard: all answers, as they came.
        window_cell: the window's own word about its cells, which goes before the answer's.
        environment: ours when left out.
        outer: the name of the terminal around tmux, as tmux knows it.
    """
    environment = os.environ if environment is None else environment
    attributes = _ATTRIBUTES.search(heard)
    cell, registers = _CELL.search(heard), _REGISTERS.search(heard)
    width, height = window_cell
    if not (width and height) and cell:
        height, width = int(cell[1]), int(cell[2])
    name, names = _names(heard, outer)
    tmux = inside_tmux(environment) or names[:1] == ["tmux"]
    found = Terminal(
        "half",
        width,
        height,
        attributes is not None,
        name,
        int(registers[1]) if registers else 0,
        _has_placeholders(name),
        tmux,
    )
    # Without the size of a cell a sixel picture would cover the wrong cells.
    sixel = bool(attributes and _SIXEL in attributes[1].split(";") and width and height)
    protocol, why = _choice(found, heard, environment, sixel=sixel)
    return replace(found, protocol=protocol, why=why)


def _names(heard: str, outer: str) -> tuple[str, list[str]]:
    """The name of the terminal that draws, and the first words of all names that were told."""
    told = [found[1] for found in _NAME.finditer(heard)]
    words = [name.split()[0].split("(")[0].lower() if name.split() else "" for name in told]
    drawing = [n for n, word in zip(told, words, strict=True) if word not in _MULTIPLEXERS]
    return (drawing[-1] if drawing else outer or (told[-1] if told else "")), words


def _has_placeholders(name: str) -> bool:
    version = _VERSION.match(name)
    if version:
        return (int(version[1]), int(version[2])) >= (0, 28)
    return name.lower().startswith("ghostty")


def _choice(
    found: Terminal, heard: str, environment: Mapping[str, str], *, sixel: bool
) -> tuple[str, str]:
    """The protocol, and why."""
    kitty = _KITTY.search(heard) is not None
    if inside_screen(environment):
        return "half", "GNU screen lets no pictures through"
    if found.tmux:
        if kitty and found.cells:
            return "kitty", "tmux lets them through"
        if sixel:
            return "sixel", "tmux has them"
        return "half", "tmux lets no pictures through"
    if kitty:
        return "kitty", "it said yes"
    if not found.answered:
        return "half", "it has not answered"
    if _is_iterm(found.name, environment):
        return "iterm", "it is iTerm2"
    if sixel:
        return "sixel", "its attributes have 4"
    if found.name.lower().startswith(("wezterm", "mintty")):
        return "iterm", f"{found.name.split()[0]} has it"
    return "half", "it has nothing else"


def _is_iterm(name: str, environment: Mapping[str, str]) -> bool:
    if name:
        return name.startswith("iTerm2")
    # The second travels over SSH.
    told = environment.get("TERM_PROGRAM", ""), environment.get("LC_TERMINAL", "")
    return "iTerm.app" in told or "iTerm2" in told
