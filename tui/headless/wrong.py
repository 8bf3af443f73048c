"""What is wrong with the settings, keys and themes, for the commands that tell of them."""

from __future__ import annotations

from collections.abc import Iterator

from tui.keys.taking import wrong_keys
from tui.paths import Paths
from tui.settings import Sources


def wrong_settings(sources: Sources, paths: Paths) -> list[str]:
    """What of the settings cannot be used, a sentence each; also that no theme has the name."""
    problems = list(sources.problems)
    if wanted := sources.settings.theme:
        problems += _no_theme(wanted, paths)
    return problems


def wrong(sources: Sources, paths: Paths) -> list[str]:
    """All that cannot be used, a sentence each."""
    return [*wrong_settings(sources, paths), *wrong_keys(sources), *_bad_themes(paths)]


def _no_theme(wanted: str, paths: Paths) -> Iterator[str]:
    from textual.theme import BUILTIN_THEMES

    from tui.theme_shelf import no_theme
    from tui.themes import BadTheme, builtin_themes, read_theme, theme_files

    if wanted in BUILTIN_THEMES or any(theme.name == wanted for theme in builtin_themes()):
        return
    for file in theme_files(paths.themes):
        try:
            if read_theme(file).name == wanted:
                return
        except BadTheme:
            continue
    yield no_theme(wanted)


def _bad_themes(paths: Paths) -> Iterator[str]:
    from tui.themes import BadTheme, read_theme, theme_files

    for file in theme_files(paths.themes):
        try:
            read_theme(file)
        except BadTheme as error:
            yield f"The theme {file.name} was left out: {error}."
