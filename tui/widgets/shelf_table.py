"""The list of checkpoints: one row each, in columns that line up."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from rich.cells import cell_len
from textual.content import Content
from textual.message import Message

from tui.keys.command import bindings
from tui.keys.machine import SHELF
from tui.stock import dtype_label, family_label
from tui.text import ago, clean, one_line, size
from tui.widgets.editors import Options

if TYPE_CHECKING:
    from engine.shelf import Shelved

_MARK = 2
_LEAST_NAME = 24
_KIND_FROM = 96  # cells of width from which there is room for the kind too
_COLUMNS = (("Family", 10), ("Dtype", 5), ("Size", 8), ("Last use", 14))
_KIND = ("Kind", 7)
_GAP = "  "


class ShelfTable(Options):
    """What is on this machine. The one on the form has a mark."""

    DEFAULT_CSS = """
    ShelfTable {
        &, &:focus {
            height: 1fr;
            background: transparent;
            border: none;
            padding: 0;
            scrollbar-size-vertical: 1;
        }
        & > .option-list--option { padding: 0; }
    }
    """
    BINDINGS = bindings(SHELF)

    @dataclass
    class Laid(Message):
        """The columns were laid out for a width; ``heads`` is the line above them."""

        heads: Content

    @dataclass
    class VaeWanted(Message):
        """Only the VAE of a checkpoint is wanted."""

        entry: Shelved

    @dataclass
    class DeleteWanted(Message):
        """A checkpoint is to be deleted."""

        entry: Shelved

    class LookWanted(Message):
        """The list may be out of date."""

    def __init__(self, current: str) -> None:
        super().__init__(markup=False)
        self._current = current
        self._bright: int | None = None
        self._room = _LEAST_NAME
        self.entries: Sequence[Shelved] = ()

    @property
    def current(self) -> Shelved | None:
        """The checkpoint at the cursor."""
        index = self.highlighted
        return self.entries[index] if index is not None and index < len(self.entries) else None

    def show(self, entries: Sequence[Shelved], cursor: int | None = None) -> None:
        """Show a list, with the cursor in row ``cursor``, or on the one that is on the form."""
        self.entries = tuple(entries)
        if cursor is None:
            names = [entry.name for entry in entries]
            cursor = names.index(self._current) if self._current in names else 0
        self._lay(cursor)

    def on_resize(self) -> None:
        self._lay(self.highlighted)

    def _lay(self, cursor: int | None) -> None:
        width = self.scrollable_content_region.width
        if width <= 0 or not self.entries:
            return
        longest = max(cell_len(short_name(entry.name, width)) for entry in self.entries)
        self._room = min(_room(width), max(longest, _LEAST_NAME))  # close to what is told of it
        self.clear_options()
        self.add_options([self._line(entry, width) for entry in self.entries])
        self.highlighted = min(cursor or 0, len(self.entries) - 1)
        self.post_message(self.Laid(heads(width, self._room)))

    def watch_highlighted(self, highlighted: int | None) -> None:
        """Dim words would be hard to read on the cursor, so its row has none."""
        super().watch_highlighted(highlighted)
        before, self._bright = self._bright, highlighted
        width = self.scrollable_content_region.width
        for index in {before, highlighted}:
            if index is not None and index < min(self.option_count, len(self.entries)):
                line = self._line(self.entries[index], width)
                bright = Content(line.plain) if index == highlighted else line
                self.replace_option_prompt_at_index(index, bright)

    def _line(self, entry: Shelved, width: int) -> Content:
        room = self._room
        name = short_name(entry.name, room)
        mark = ("● ", "$accent") if entry.name == self._current else "  "
        parts: list[str | tuple[str, str]] = [mark, name + " " * (room - cell_len(name))]
        if width >= _KIND_FROM:
            parts.append((_GAP + f"{entry.kind:<{_KIND[1]}}", "$text-muted"))
        last = ("incomplete", "$warning") if not entry.complete else (ago(entry.last_use), "")
        cells = (family_label(entry), dtype_label(entry), size(entry.size_bytes))
        for (head, wide), cell in zip(_COLUMNS, cells, strict=False):
            text = one_line(cell, wide)
            side = ">" if head == "Size" else "<"
            parts.append((_GAP + f"{text:{side}{wide}}", "" if head == "Size" else "$text-muted"))
        parts.append((_GAP + f"{last[0]:<{_COLUMNS[-1][1]}}", last[1] or "$text-muted"))
        return Content.assemble(*parts)

    def action_vae(self) -> None:
        if self.current is not None:
            self.post_message(self.VaeWanted(self.current))

    def action_delete(self) -> None:
        if self.current is not None:
            self.post_message(self.DeleteWanted(self.current))

    def action_look(self) -> None:
        self.post_message(self.LookWanted())


def _room(width: int) -> int:
    """Cells for the name."""
    columns = (*_COLUMNS, *((_KIND,) if width >= _KIND_FROM else ()))
    taken: int = sum(wide + len(_GAP) for _, wide in columns)
    return max(8, width - _MARK - taken)


def heads(width: int, room: int) -> Content:
    """The names of the columns, above them."""
    texts = [" " * _MARK + f"{'Name':<{room}}"]
    if width >= _KIND_FROM:
        texts.append(f"{_KIND[0]:<{_KIND[1]}}")
    texts += [f"{head:{'>' if head == 'Size' else '<'}{wide}}" for head, wide in _COLUMNS]
    return Content(_GAP.join(texts))


def short_name(name: str, width: int) -> str:
    """A name in at most ``width`` cells. Of a path the end says more than the beginning."""
    home = str(Path.home())
    if name.startswith(home + "/"):
        name = "~" + name.removeprefix(home)
    text = " ".join(clean(name).split())
    if cell_len(text) <= width or not text.startswith(("/", "~")):
        return one_line(text, width)
    while text and cell_len(text) > width - 1:
        text = text[1:]
    return "…" + text
