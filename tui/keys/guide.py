"""What the help screen says: the table of commands in the order of where somebody is."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from textual.content import Content

from tui.keys.command import Command
from tui.keys.contexts import CONTEXTS, keys_of, with_keys
from tui.keys.panels import PANEL_HELP

_LAST = ("list", "offer", "typing", "focus")
"""Contexts for moving around, which come after all that does something."""
_MOST_KEY = 14
"""Columns of the keys, and a blank; where they take more, the words begin a line below."""
_LEAST = 12


@dataclass(frozen=True, slots=True)
class Section:
    """One heading and what is below it.

    Attributes:
        words: paragraphs.
    """

    title: str
    commands: tuple[Command, ...] = ()
    words: tuple[str, ...] = ()


def sections(panel: str, here: Sequence[Command]) -> list[Section]:
    """All there is to say.

    Args:
        panel: id of the one that has the focus.
        here: the commands that work now, those of the focused widget first.
    """
    groups: dict[str, list[Command]] = {}
    titles = {context.name: context.title for context in CONTEXTS}
    for command in sorted(here, key=_rank):
        context = command.id.partition(".")[0]
        title = titles[context] if context in _LAST else command.group
        groups.setdefault("Everywhere" if title == "App" else title, []).append(command)
    found = [Section(title, tuple(commands)) for title, commands in groups.items()]
    if panel in PANEL_HELP:
        found.insert(0, Section("Here", words=tuple(map(with_keys, PANEL_HELP[panel]))))
    return found


def elsewhere(here: Iterable[Command]) -> list[Section]:
    """What works at other places."""
    known = {command.id for command in here}
    found = (
        Section(each.title, tuple(c for c in each.commands if c.id not in known))
        for each in CONTEXTS
    )
    return [section for section in found if section.commands]


def _rank(command: Command) -> int:
    context = command.id.partition(".")[0]
    return 2 if context in _LAST else 1 if context == "app" else 0


def matching(found: Iterable[Section], typed: str) -> list[Section]:
    """What has all the words: in an id, a label, a sentence, a key or a heading."""
    words = typed.lower().split()
    kept: list[Section] = []
    for section in found:
        commands = tuple(
            command
            for command in section.commands
            if all(word in _searched(command, section.title) for word in words)
        )
        told = tuple(
            text for text in section.words if words and all(w in text.lower() for w in words)
        )
        if commands or told:
            kept.append(Section(section.title, commands, told))
    return kept


def _searched(command: Command, title: str) -> str:
    parts = (command.id, command.label, command.help, keys_of(command.id), title, *command.now)
    return " ".join(parts).lower()


def drawn(found: Sequence[Section], width: int, *, with_ids: bool = False) -> Content:
    """The sections as text, wrapped to ``width`` columns, what a key does beside the key."""
    lines: list[Content] = []
    keys = [len(_keys(command)) + 2 for section in found for command in section.commands]
    column = max((each for each in keys if each <= _MOST_KEY), default=_MOST_KEY)
    for section in found:
        if lines:
            lines.append(Content(""))
        lines.append(Content.styled(section.title, "bold $accent"))
        for words in section.words:
            lines += [Content(line) for line in textwrap.wrap(words, width)]
        for command in section.commands:
            lines += _rows(command, width, column, with_ids)
    return Content("\n").join(lines)


def _keys(command: Command) -> str:
    return keys_of(command.id) or "–"


def _rows(command: Command, width: int, column: int, with_ids: bool) -> Iterable[Content]:
    keys = _keys(command)
    wrapped = textwrap.wrap(command.help, max(width - column, _LEAST))
    if len(keys) >= column:
        yield Content.styled(keys, "$foreground")
        keys = ""
    for line in wrapped:
        yield Content.assemble((f"{keys:<{column}}", "$foreground"), (line, "$text-muted"))
        keys = ""
    if with_ids:
        yield Content.styled(f"{'':{column}}{command.id}", "$text-disabled")
