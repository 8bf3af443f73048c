"""What is shown where the terminal is too small for anything else."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.screen import Screen
from textual.widgets import Static

from tui.covering import LEAST_COLUMNS, LEAST_ROWS
from tui.keys.contexts import key_of


class TooSmall(Screen[None], inherit_bindings=False):
    """Says how large the terminal must be, and how large it is."""

    DEFAULT_CSS = """
    TooSmall {
        align: center middle;
        & > Static { width: 100%; height: auto; text-align: center; }
        & Toast { display: none; }
    }
    """

    def compose(self) -> ComposeResult:
        yield Static(markup=False)

    def on_mount(self) -> None:
        self._say()

    def on_resize(self) -> None:
        self._say()

    def _say(self) -> None:
        now = self.app.size
        self.query_one(Static).update(
            f"Safelight needs {LEAST_COLUMNS}x{LEAST_ROWS} cells.\n"
            f"This terminal has {now.width}x{now.height}.\n"
            f"Make it larger to go on. Runs go on by themselves.\n{key_of('quit')} quits."
        )
