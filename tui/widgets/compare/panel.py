"""The facts of a comparison on the screen: one panel, or two where there is room."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.widgets import Static

from tui.widgets.compare.facts import Told, figure_lines, head, settings_lines

_SETTING, _FIGURE = 14, 24
"""Cells of each side that settings and figures need to stand next to each other."""
_NAME, _FRAME = 13, 4
_LIKENESS_ROWS = 3


class _Panel(Vertical):
    """A table with its heads in place."""

    DEFAULT_CSS = """
    _Panel {
        & > .heads { height: 1; }
        & > VerticalScroll { height: 1fr; scrollbar-size-vertical: 1; background: transparent; }
        & > VerticalScroll > Static { height: auto; }
    }
    """

    def compose(self) -> ComposeResult:
        yield Static("", classes="heads")
        with VerticalScroll(can_focus=False):
            yield Static("", classes="lines")

    @property
    def rows(self) -> VerticalScroll:
        return self.query_one(VerticalScroll)

    def show(self, heads: Content, lines: list[Content]) -> None:
        self.query_one(".heads", Static).update(heads, layout=False)
        self.query_one(".lines", Static).update(Content("\n").join(lines))


class Facts(Horizontal):
    """Settings that differ, figures, likeness."""

    def __init__(self) -> None:
        super().__init__()
        self._told: Told | None = None

    def compose(self) -> ComposeResult:
        yield _Panel(id="settings", classes="panel")
        yield _Panel(id="figures", classes="panel")

    def tell(self, told: Told) -> None:
        """Show this."""
        self._told = told
        width = self.size.width
        if not width or not self.is_mounted:
            return
        count = len(told.comparison.sides)
        least = [_NAME + count * each + _FRAME for each in (_SETTING, _FIGURE)]
        double = width > sum(least)
        self.set_class(double, "-double")
        settings, figures = self.query_one("#settings", _Panel), self.query_one("#figures", _Panel)
        settings.styles.width = width * 2 // 5 if double else "1fr"
        rooms = (width * 2 // 5, width - width * 2 // 5 - 1) if double else (width, width)
        # A blank column on each side, one for the scroll bar, and the frame where there is one.
        frame = 3 if settings.styles.border_top[0] in ("", "none") else 5
        left_room, right_room = (max(room - frame, 20) for room in rooms)
        what = "All settings" if told.all_settings else "Settings that differ"
        settings.border_title = what if double else f"{what}, figures"
        figures.border_title = "Figures"
        left, right = settings_lines(told, left_room), figure_lines(told, right_room)
        settings.show(head(told, left_room), left if double else left + right)
        figures.show(head(told, right_room), right)
        rows = max(len(left), len(right)) if double else len(left) + len(right)
        to_come = _LIKENESS_ROWS - 1 if told.looking and not any(told.likeness) else 0
        # No taller than it need be: what is left belongs to the pictures.
        self.styles.height = rows + to_come + (1 if frame == 3 else 3)

    def on_resize(self) -> None:
        if self._told is not None:
            self.tell(self._told)

    def scroll_by(self, rows: int) -> None:
        """Scroll all of it."""
        for panel in self.query(_Panel):
            panel.rows.scroll_relative(y=rows, animate=False)

    def page_by(self, pages: int) -> None:
        """Scroll by what is seen."""
        self.scroll_by(pages * max(self.query(_Panel).first().rows.size.height - 1, 1))

    def to_top(self) -> None:
        """Show the first lines."""
        for panel in self.query(_Panel):
            panel.rows.scroll_home(animate=False)
