"""How the app goes by its settings and themes, also when they change while it is open."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.message import Message

from tui.paths import Paths
from tui.settings.live import LiveSettings
from tui.settings.sources import CHOSEN, DEFAULT, Sources
from tui.theme_shelf import USUAL, ThemeShelf, no_theme

if TYPE_CHECKING:
    from tui.app import SafelightApp
    from tui.watcher import Watcher


class FilesChanged(Message):
    """The settings, or themes, have changed on disk."""


class Preferences:
    """The settings and themes of an open app.

    Attributes:
        live: the settings.
        themes: those of the app.
        complaints: what cannot be used, from the start.
    """

    def __init__(self, app: SafelightApp, sources: Sources, paths: Paths) -> None:
        self.live = LiveSettings(sources, self._changed)
        self.complaints = list(sources.problems)
        self._app = app
        self.themes = ThemeShelf(app, paths.themes)
        self._places = (paths.settings_file, paths.themes)
        self._watcher: Watcher | None = None
        self.complaints += self.themes.fill()
        if complaint := self.themes.use(sources.settings.theme):
            self.complaints.append(complaint)

    def watch(self) -> None:
        """From now on follow what changes on disk, and what is chosen in the app."""
        from tui.watcher import Watcher

        self._watcher = Watcher(self._places, lambda: self._app.post_message(FilesChanged()))
        self._watcher.start()
        self.look()  # what has changed since the start
        self._app.watch(self._app, "theme", self._theme_chosen, init=False)

    def stop(self) -> None:
        if self._watcher is not None:
            self._watcher.stop()

    def look(self) -> None:
        """Go by what has changed on disk, and say what cannot be used."""
        said = self.live.look()
        for sentence in (*self.themes.look(), *(said or ())):
            self._app.notify(sentence, severity="warning", timeout=10)
        if said is not None:
            self._show_again()  # what is wrong has changed, if nothing else

    @property
    def problems(self) -> list[str]:
        """What cannot be used now of the settings, keys and themes, a sentence each."""
        from tui.keys.taking import wrong_keys

        said = [*self.live.problems, *wrong_keys(self.live.sources), *self.themes.wrong.values()]
        if self.themes.wanted not in self._app.available_themes:
            said.append(no_theme(self.themes.wanted))
        return said

    def show(self) -> None:
        """Open the screen with all settings, unless it is open."""
        from tui.screens.settings import SettingsScreen

        if not any(isinstance(screen, SettingsScreen) for screen in self._app.screen_stack):
            self._app.push_screen(SettingsScreen(self))

    @property
    def chosen_theme(self) -> str:
        """The theme that was chosen in the app; empty when none was."""
        return str(self.live.sources.asked.chosen.get("theme", ""))

    def _theme_chosen(self, name: str) -> None:
        """A theme was chosen, by F11 or the palette, unless it is the one that is wanted anyway."""
        if name == self.themes.wanted or self._app.theme != name:
            return
        if name == USUAL and self.themes.wanted not in self._app.available_themes:
            return  # ours, in place of one that is gone
        self.themes.wanted = name
        self.live.choose("theme", name)
        if self.live.sources.origins["theme"] not in (CHOSEN, DEFAULT):
            self._app.notify(
                f"For now. The next start goes by {self.live.sources.origin('theme')} again.",
                timeout=6,
            )

    def _changed(self, names: frozenset[str]) -> None:
        settings = self.live.settings
        if "theme" in names and (complaint := self.themes.use(settings.theme)):
            self._app.notify(complaint, severity="warning", timeout=8)
        if "graphics" in names:
            self._app.draw_anew()
        if "keys" in names:
            self._app.notify("The keys count from the next start.", timeout=6)
        self._app.room.go_by(settings)
        self._show_again()

    def _show_again(self) -> None:
        for screen in self._app.screen_stack:
            if show_settings := getattr(screen, "show_settings", None):
                show_settings()
