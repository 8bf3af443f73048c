"""The line of one axis: what is typed, what can follow, and what is wrong with it."""

from __future__ import annotations

from collections.abc import Callable

from rich.cells import cell_len
from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.content import Content
from textual.events import Key, Paste
from textual.message import Message
from textual.widgets import Input, OptionList, Static

from engine.history.completion import Completion
from tui.keys.command import acting, bindings
from tui.keys.moving import OFFER
from tui.text import clean, one_line, padded
from tui.widgets.editors import Line
from tui.widgets.offering import Offering

_HELP_AT = 18
_MOST = 40


class AxisInput(Line):
    """The line itself. What is typed right after a key that moves on is meant for the next line,
    so such keys are obeyed at once, not by a message.
    """

    BINDINGS = bindings(acting(OFFER, take="take", next="choose(1)", previous="choose(-1)"))

    def __init__(self, axis: AxisLine, text: str, hint: str) -> None:
        super().__init__(text, placeholder=hint, compact=True, select_on_focus=False)
        self._axis = axis

    async def _on_key(self, event: Key) -> None:
        target = self.screen.focused
        if target is None or target is self:
            await super()._on_key(event)
        else:  # it came together with the key that moved on
            event.stop()
            event.prevent_default()
            target.post_message(Key(event.key, event.character))

    def on_paste(self, event: Paste) -> None:
        # The base class's own handler comes after this one and takes the text from the event.
        event.text = clean(event.text).strip()

    def action_take(self) -> None:
        self._axis.take()

    def action_choose(self, by: int) -> None:
        self._axis.choose(by)


class AxisLine(Offering):
    """Takes an axis such as ``steps=20,30,50``.

    Attributes:
        place: of the axis, from 0.
        is_wrong: whether something is said to be wrong with it.
    """

    DEFAULT_CSS = """
    AxisLine {
        & > Horizontal { height: 1; }
        & .name { width: 10; color: $text-muted; }
        & Input { width: 1fr; }
        & > .problem { padding: 0 0 0 10; }
        & > OptionList {
            offset-x: 9;
            width: 62;
            max-width: 84%;
        }
    }
    """

    is_wrong = False

    class Changed(Message):
        """Something was typed."""

    class Entered(Message):
        """Enter was pressed where nothing was offered."""

    def __init__(
        self,
        place: int,
        label: str,
        text: str,
        hint: str,
        ask: Callable[[str, int], Completion],
        go_on: Callable[[int, int], object],
    ) -> None:
        """
        Args:
            ask: gives what can follow in a text at a cursor.
            go_on: is told to go on from this place to the line so many further.
        """
        super().__init__()
        self._go_on = go_on
        self._asked = ("", 0)
        self.place = place
        self._label, self._first, self._hint, self._ask = label, text, hint, ask
        self._completion = Completion(0, 0, ())

    def compose(self) -> ComposeResult:
        with Horizontal():
            yield Static(Content(self._label), classes="name")
            yield AxisInput(self, self._first, self._hint)
        yield from self.below()

    def complain(self, why: str) -> None:
        self.is_wrong = bool(why)
        super().complain(why)

    @property
    def offers(self) -> bool:
        """Whether something can be taken."""
        return bool(self.options.display)

    def close(self) -> None:
        """Offer nothing more for now."""
        self.options.display = False

    @on(Input.Changed)
    def _changed(self, event: Input.Changed) -> None:
        event.stop()
        self._catch_up()
        self.post_message(self.Changed())

    @on(Input.Submitted)
    def _submitted(self, event: Input.Submitted) -> None:
        event.stop()
        if self.offers and self.options.highlighted is not None:
            self._take(self.options.highlighted)
        else:
            self.close()
            self.post_message(self.Entered())

    def on_descendant_blur(self) -> None:
        self.close()

    def offer(self) -> None:
        """Show what can follow at the cursor."""
        self._asked = self.text, self.line.cursor_position
        found = self._completion = self._ask(*self._asked)
        listed = self.options
        listed.clear_options()
        for option in found.options[:_MOST]:
            text = one_line(option.text, 40)
            name = padded(text, max(_HELP_AT, cell_len(text)))
            listed.add_option(Content.assemble(name, (f" {option.help}", "$text-muted")))
        listed.display = self.line.has_focus and bool(found.options) and bool(self.text)

    def choose(self, by: int) -> None:
        """Another of what is offered; else on to another line."""
        self._catch_up()
        listed = self.options
        if self.offers:
            to = (-1 if listed.highlighted is None else listed.highlighted) + by
            listed.highlighted = None if to < 0 else min(to, listed.option_count - 1)
        else:
            self._leave(by)

    def take(self) -> None:
        """Take what is offered; else show what there is, or go on to the next line."""
        self._catch_up()
        if self.offers:
            self._take(self.options.highlighted or 0)
        elif not self.text:
            self._show_all()
        else:
            self._leave(1)

    def _leave(self, by: int) -> None:
        self.close()
        self._go_on(self.place, by)

    def _catch_up(self) -> None:
        """What was typed last may not have been told yet."""
        if self._asked != (self.text, self.line.cursor_position):
            self.offer()

    def _show_all(self) -> None:
        """What an axis can be, when nothing was typed yet."""
        self.offer()
        self.options.display = bool(self._completion.options)

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
