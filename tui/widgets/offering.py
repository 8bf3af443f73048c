"""A line that offers what can follow, and says what is wrong with it."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Input, OptionList, Static

from tui.text import clean
from tui.widgets.editors import Options


class Offering(Vertical):
    """One :class:`Input`; below it a sentence, and a list that lies over what is there."""

    DEFAULT_CSS = """
    Offering {
        height: auto;
        & Input { background: transparent; padding: 0; }
        & > .problem { color: $error; height: auto; display: none; }
        & > OptionList {
            overlay: screen;
            height: auto;
            max-height: 10;
            border: round $border-blurred;
            border-title-color: $text-muted;
            background: $surface;
            padding: 0 1;
            display: none;
            scrollbar-size-vertical: 1;
            text-wrap: nowrap;
            text-overflow: ellipsis;
        }
    }
    """

    def below(self) -> ComposeResult:
        """What stands below the line."""
        yield Static("", classes="problem")
        listed = Options(markup=False)
        listed.can_focus = False
        yield listed

    @property
    def line(self) -> Input:
        return self.query_one(Input)

    @property
    def options(self) -> OptionList:
        """What is offered."""
        return self.query_one(OptionList)

    @property
    def text(self) -> str:
        return self.line.value

    def complain(self, why: str) -> None:
        """Say what is wrong with the line; nothing for nothing."""
        problem = self.query_one(".problem", Static)
        problem.update(Content(clean(why)))
        problem.display = bool(why)
