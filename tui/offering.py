"""An app that offers what it can do: the help, the palette of commands, and that of themes."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from textual.app import App, SystemCommand
from textual.screen import Screen

from tui.keys.panels import PANEL_HELP

if TYPE_CHECKING:
    from textual.command import Provider


class OfferingApp(App[int]):
    """Of each there is one at a time."""

    def action_help(self) -> None:
        from tui.keys.here import allowed
        from tui.screens.help import HelpScreen

        if isinstance(self.screen, HelpScreen):
            self.screen.dismiss()
            return
        focused = self.focused
        names = [node.id or "" for node in focused.ancestors_with_self] if focused else []
        panel = next((name for name in names if name in PANEL_HELP), "")
        self.push_screen(HelpScreen(panel, [each.command for each in allowed(self.screen)]))

    def action_command_palette(self) -> None:
        self._open_palette(None, "Search for commands…")

    def search_themes(self) -> None:
        from textual.theme import ThemeProvider

        self._open_palette([ThemeProvider], "Search for themes…")

    def _open_palette(self, providers: list[type[Provider]] | None, words: str) -> None:
        from tui.screens.palette import Palette

        if not isinstance(self.screen, Palette):
            self.push_screen(Palette(providers, placeholder=words, id="--command-palette"))

    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:
        """Every command that works here, by name; the choice of themes is among them."""
        from tui.screens.palette import offered

        return offered(screen)
