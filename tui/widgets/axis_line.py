"""The line of one axis: what is typed, what can follow, and what is wrong with it."""

from __future__ import annotations

from collections.abc import Callable

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.message import Message
from textual.widgets import Input, OptionList, Static

from engine.history.completion import Completion
from tui.text import clean, one_line
from tui.widgets.search_line import SearchInput

_HELP_AT = 18
_MOST = 40


class AxisLine(Vertical):
    """Takes an axis such as ``steps=20,30,50``.

    Attributes:
        place: of the axis, from 0.
        is_wrong: whether something is said to be wrong with it.
    """

    DEFAULT_CSS = """
    AxisLine {
        height: auto;
        & > Horizontal { height: 1; }
        & .name { width: 10; color: $text-muted; }
        & Input { background: transparent; padding: 0; width: 1fr; }
        & > .problem { color: $error; height: auto; display: none; padding: 0 0 0 10; }
        & > OptionList {
            overlay: screen;
            offset-x: 9;
            width: 62;
            height: auto;
            max-height: 10;
            border: round $border-blurred;
            background: $surface;
            padding: 0 1;
            display: none;
            scrollbar-size-vertical: 1;
            text-wrap: nowrap;
            text-overflow: ellipsis;
        }
    }
    """

    is_wrong = False

    class Changed(Message):
        """Something was typed."""

    class Entered(Message):
        """Enter was pressed where nothing was offered."""

    class Left(Message):
        """On to the line ``by`` places further."""

        def __init__(self, place: int, by: int) -> None:
            super().__init__()
            self.place, self.by = place, by

    def __init__(
        self, place: int, label: str, text: str, hint: str, ask: Callable[[str, int], Completion]
    ) -> None:
        """``ask`` gives what can follow in a text at a cursor."""
        super().__init__()
        self.place = place
        self._label, self._first, self._hint, self._ask = label, text, hint, ask
        self._completion = Completion(0, 0, ())

    def compose(self) -> ComposeResult:
        with Horizontal():
            yield Static(Content(self._label), classes="name")
            yield SearchInput(self._first, placeholder=self._hint, compact=True)
        yield Static("", classes="problem")
        listed = OptionList(markup=False)
        listed.can_focus = False
        yield listed

    @property
    def line(self) -> Input:
        return self.query_one(Input)

    @property
    def _options(self) -> OptionList:
        return self.query_one(OptionList)

    @property
    def text(self) -> str:
        return self.line.value

    def complain(self, why: str) -> None:
        """Say what is wrong with the line; nothing for nothing."""
        self.is_wrong = bool(why)
        problem = self.query_one(".problem", Static)
        problem.update(Content(clean(why)))
        problem.display = bool(why)

    @property
    def offers(self) -> bool:
        """Whether something can be taken."""
        return bool(self._options.display)

    def close(self) -> None:
        """Offer nothing more for now."""
        self._options.display = False

    @on(Input.Changed)
    def _changed(self, event: Input.Changed) -> None:
        event.stop()
        self.offer()
        self.post_message(self.Changed())

    @on(Input.Submitted)
    def _submitted(self, event: Input.Submitted) -> None:
        event.stop()
        if self.offers and self._options.highlighted is not None:
            self._take(self._options.highlighted)
        else:
            self.close()
            self.post_message(self.Entered())

    def on_descendant_blur(self) -> None:
        self.close()

    def offer(self) -> None:
        """Show what can follow at the cursor."""
        found = self._completion = self._ask(self.text, self.line.cursor_position)
        listed = self._options
        listed.clear_options()
        for option in found.options[:_MOST]:
            name = f"{one_line(option.text, 40):<{_HELP_AT}}"
            listed.add_option(Content.assemble(name, (f" {option.help}", "$text-muted")))
        listed.display = self.line.has_focus and bool(found.options) and bool(self.text)

    @on(SearchInput.Pressed)
    def _pressed(self, event: SearchInput.Pressed) -> None:
        event.stop()
        listed = self._options
        if event.what == "choose" and self.offers:
            at = -1 if listed.highlighted is None else listed.highlighted
            to = at + event.by
            listed.highlighted = None if to < 0 else min(to, listed.option_count - 1)
        elif event.what == "choose":
            self.post_message(self.Left(self.place, event.by))
        elif self.offers:
            self._take(listed.highlighted or 0)
        elif event.what == "take" and not self.text:
            self._completion = self._ask("", 0)
            self._show_all()
        elif event.what == "take":
            self.post_message(self.Left(self.place, 1))

    def _show_all(self) -> None:
        """What an axis can be, when nothing was typed yet."""
        self.offer()
        self._options.display = bool(self._completion.options)

    @on(OptionList.OptionSelected)
    def _clicked(self, event: OptionList.OptionSelected) -> None:
        event.stop()
        self._take(event.option_index)

    def _take(self, which: int) -> None:
        found, option = self._completion, self._completion.options[which]
        before = self.text[: found.start] + option.text
        self.line.value = before + self.text[found.end :]
        self.line.cursor_position = len(before)
        self.screen.set_focus(self.line)
        self.offer()
