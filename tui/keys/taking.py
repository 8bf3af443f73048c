"""Take the keys of the settings when the app starts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui.keys.command import use

if TYPE_CHECKING:
    from tui.keys.keymap import Keymap
    from tui.settings.sources import Sources

_MOST_TOLD = 8
"""At the start, of what is wrong."""


def take_keys(sources: Sources) -> list[str]:
    """Take the user's keys. Returns what was refused, a sentence each with where it stands."""
    if not sources.table("keys"):
        use({})  # and nothing of what reads keymaps is imported
        return []
    from tui.keys.keymap import read_keymap

    keymap = read_keymap(sources.table("keys"))
    use(keymap.changed)
    sentences = told(keymap, sources)
    more = len(sentences[_MOST_TOLD:])
    rest = [f"{more} more keys cannot be used: safelight keys tells which."] if more else []
    return sentences[:_MOST_TOLD] + rest


def wrong_keys(sources: Sources) -> list[str]:
    """What is wrong with the user's keys, a sentence each; nothing is taken."""
    if not sources.table("keys"):
        return []
    from tui.keys.keymap import read_keymap

    return told(read_keymap(sources.table("keys")), sources)


def told(keymap: Keymap, sources: Sources) -> list[str]:
    """What is wrong with a keymap, a sentence each that says where."""
    sentences: list[str] = []
    for problem in keymap.problems:
        names = (problem.name,), tuple(problem.name.split("."))
        path = next((each for each in names if sources.file.line("keys", *each)), ())
        sentences.append(f"{sources.file.place('keys', *path)}: {problem.sentence}")
    return sentences
