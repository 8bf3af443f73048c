"""The search line: what to look for, what can follow, and what is wrong with it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rich.cells import cell_len
from textual import on
from textual.app import ComposeResult
from textual.content import Content
from textual.events import Paste
from textual.message import Message
from textual.timer import Timer
from textual.widgets import Input, OptionList

from engine.history.completion import Completion, complete
from tui.keys.command import acting, bindings
from tui.keys.moving import OFFER
from tui.text import clean, padded
from tui.widgets.editors import Line
from tui.widgets.offering import Offering

QUIET_SECONDS = 0.12
"""So long nothing must have been typed before the search begins."""
_HELP_AT = 13


class SearchInput(Line):
    """The line itself. Keys that are about the completion go to :class:`SearchLine`."""

    BINDINGS = bindings(
        acting(
            OFFER,
            take="take",
            take_at_end="right_or_take",
            next="choose(1)",
            previous="choose(-1)",
        )
    )

    class Pressed(Message):
        """A key about the completion: ``"take"``, or ``by`` so many options."""

        def __init__(self, what: str, by: int = 0) -> None:
            super().__init__()
            self.what, self.by = what, by

    def on_paste(self, event: Paste) -> None:
        # The base class's own handler comes after this one and takes the text from the event.
        event.text = clean(event.text).strip()

    def action_take(self) -> None:
        self.post_message(self.Pressed("take"))

    def action_right_or_take(self) -> None:
        if self.cursor_position < len(self.value):
            self.action_cursor_right()
        else:
            self.post_message(self.Pressed("right"))

    def action_choose(self, by: int) -> None:
        self.post_message(self.Pressed("choose", by))


class SearchLine(Offering):
    """Asks for a search when the typing has come to rest.

    Attributes:
        values: what the history has, by the name of a filter.
    """

    DEFAULT_CSS = """
    SearchLine {
        & > OptionList { width: 60; max-width: 100%; }
    }
    """

    class Wanted(Message):
        """Search for ``text`` now."""

        def __init__(self, text: str) -> None:
            super().__init__()
            self.text = text

    class Left(Message):
        """On to the list."""

    def __init__(self) -> None:
        super().__init__(id="search", classes="panel")
        self.values: Mapping[str, Sequence[str]] = {}
        self._completion = Completion(0, 0, ())
        self._timer: Timer | None = None
        self._asked = ""

    def compose(self) -> ComposeResult:
        self.border_title = "Search"
        yield SearchInput(placeholder="words, or a filter such as rating:>=3", compact=True)
        yield from self.below()

    @property
    def text(self) -> str:
        return super().text

    @text.setter
    def text(self, text: str) -> None:
        """Put a text there, and search for it at once."""
        self.line.value = text
        self.line.cursor_position = len(text)
        self.flush()

    def flush(self) -> bool:
        """Do not wait any longer with what was typed. Returns whether it did."""
        was_waiting = self._timer is not None
        if self._timer is not None:
            self._timer.stop()
            self._timer = None
        if self.text != self._asked:
            self._asked = self.text
            self.post_message(self.Wanted(self.text))
        return was_waiting

    @on(Input.Changed)
    def _changed(self, event: Input.Changed) -> None:
        event.stop()
        if self._timer is not None:
            self._timer.stop()
        self._timer = self.set_timer(QUIET_SECONDS, self.flush)
        self.offer()

    @on(Input.Submitted)
    def _submitted(self, event: Input.Submitted) -> None:
        event.stop()
        if self.options.display and self.options.highlighted is not None:
            self._take(self.options.highlighted)
        else:
            self._leave()

    def _leave(self) -> None:
        self.flush()
        self.post_message(self.Left())

    def on_descendant_focus(self) -> None:
        self.offer()

    def on_descendant_blur(self) -> None:
        self.options.display = False

    # Completion

    def offer(self) -> None:
        """Show what can follow at the cursor."""
        found = complete(
            self.text, self.line.cursor_position, lambda name: self.values.get(name, ())
        )
        self._completion = found
        listed = self.options
        listed.border_title = found.about
        listed.clear_options()
        listed.add_options(
            [
                Content.assemble((_in_column(o.text), ""), (o.help, "$text-muted"))
                for o in found.options
            ]
        )
        listed.display = self.line.has_focus and bool(found.options) and self._is_asked_for

    @property
    def _is_asked_for(self) -> bool:
        """Whether something is being typed, or nothing was yet: between words it is in the way."""
        before = self.text[: self.line.cursor_position]
        return not self.text or not before[-1:].isspace()

    @on(SearchInput.Pressed)
    def _pressed(self, event: SearchInput.Pressed) -> None:
        event.stop()
        listed = self.options
        shown = listed.display
        if event.what == "choose":
            at = -1 if listed.highlighted is None else listed.highlighted
            if shown and 0 <= at + event.by < listed.option_count:
                listed.highlighted = at + event.by
            elif shown and at + event.by < 0:
                listed.highlighted = None
            elif event.by > 0:
                self._leave()
        elif shown and (self.text or listed.highlighted is not None):
            self._take(listed.highlighted or 0)
        elif event.what == "take":
            self._leave()

    @on(OptionList.OptionSelected)
    def _clicked(self, event: OptionList.OptionSelected) -> None:
        event.stop()
        self._take(event.option_index)

    def _take(self, which: int) -> None:
        found, option = self._completion, self._completion.options[which]
        before, after = self.text[: found.start], self.text[found.end :]
        done = option.text if option.text.endswith(":") or after else f"{option.text} "
        self.line.value = before + done + after
        self.line.cursor_position = len(before + done)
        self.screen.set_focus(self.line)
        self.offer()


def _in_column(text: str) -> str:
    text = clean(text)
    return padded(text, max(_HELP_AT, cell_len(text)))
