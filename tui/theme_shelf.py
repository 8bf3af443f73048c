"""The themes of the app: Textual's, ours and the user's, read again when a file has changed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from textual.app import App
from textual.theme import Theme

from tui.stamp import Stamp, stamp
from tui.themes import BadTheme, builtin_themes, read_theme, theme_files

USUAL = "safelight"


def no_theme(name: str) -> str:
    """Says that there is none of a name."""
    return f"No theme is called “{name}”."


class ThemeShelf:
    """Keeps an app's themes as the files say.

    Attributes:
        wanted: the name of the theme to use; another is used as long as there is none of it.
        wrong: a sentence for each file that is no theme.
    """

    def __init__(self, app: App[int], folder: Path) -> None:
        """``folder``: the user's; there may be none."""
        self.wanted = USUAL
        self.wrong: dict[Path, str] = {}
        self._app = app
        self._folder = folder
        self._files: dict[Path, Theme] = {}  # the last good one of each
        self._stamps: dict[Path, Stamp] = {}
        self._good: Theme | None = None  # the last one that the screen was drawn with
        self._hidden: dict[str, Theme] = {}  # those whose name one of the user's has taken

    def fill(self) -> list[str]:
        """Register all there is. Returns a sentence for each file that is no theme."""
        for theme in builtin_themes():
            self._app.register_theme(theme)
        return list(self._read())

    def use(self, name: str) -> str:
        """Use a theme, or for now the usual one. Returns a sentence when there is none of it."""
        self.wanted = name or USUAL
        there = self.wanted in self._app.available_themes
        self._app.theme = self.wanted if there else USUAL
        return "" if there else no_theme(self.wanted)

    def look(self) -> list[str]:
        """Read the user's files again, and use what has changed. Returns sentences for the user."""
        before, used = self._app.current_theme, self._app.theme
        self._good = self._good or before  # the first look comes when something is on the screen
        said = list(self._read())
        themes = self._app.available_themes
        if self.wanted in themes and used != self.wanted:
            self._app.theme = self.wanted
        elif used not in themes:
            self._app.theme = USUAL
            said.append(f"The theme “{used}” is gone; this is {USUAL}.")
        elif themes[used] != before:
            self._app.mutate_reactive(App.theme)  # the same name, with other colours
        return said

    def refresh(self, draw: Callable[[], None]) -> None:
        """Let ``draw`` take the theme's colours; where it cannot, the last good one stays."""
        theme, good = self._app.current_theme, self._good
        try:
            draw()
        except Exception:
            if good is None or good == theme:
                raise
            self._app.notify(f"The theme “{theme.name}” cannot be used.", severity="warning")
            self._app.register_theme(good)
            self.wanted = self._app.theme = good.name
            draw()
        else:
            self._good = theme

    def _read(self) -> Iterator[str]:
        """Take what the folder holds now. Gives what is to be said."""
        found: dict[Path, Theme] = {}
        stamps = {path: stamp(path) for path in theme_files(self._folder)}
        before, self._stamps = self._stamps, stamps
        if stamps == before:
            return
        self.wrong = {path: why for path, why in self.wrong.items() if path in stamps}
        for path, version in stamps.items():
            if version == before.get(path):
                if path in self._files:
                    found[path] = self._files[path]
                continue  # what is wrong with it was said
            self.wrong.pop(path, None)
            try:
                found[path] = read_theme(path)
            except BadTheme as error:
                self.wrong[path] = f"The theme {path.name} was left out: {error}."
                yield self.wrong[path]
                if path in self._files:
                    found[path] = self._files[path]
        for name in {theme.name for theme in self._files.values()}:
            self._app.unregister_theme(name)
        for theme in self._hidden.values():
            self._app.register_theme(theme)
        self._files = found
        known = self._app.available_themes
        self._hidden = {t.name: known[t.name] for t in found.values() if t.name in known}
        for theme in found.values():
            self._app.register_theme(theme)
