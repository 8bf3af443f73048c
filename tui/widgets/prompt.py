"""The prompt editors."""

from __future__ import annotations

from textual.events import Paste
from textual.geometry import Offset
from textual.message import Message

from tui.text import clean
from tui.widgets.editors import Text


class PromptEditor(Text):
    """A text area for prose: wraps, Tab leaves it, pasted control characters are made visible."""

    DEFAULT_CSS = """
    PromptEditor {
        &, &:focus {
            background: transparent;
            border: none;
            padding: 0;
        }
        & .text-area--cursor-line { background: transparent; }
    }
    """

    _untouched: tuple[int, int] | None = None
    """Where the cursor stands at the start, as long as it does."""

    class SettingsPasted(Message):
        """What was pasted is no prompt alone: it ends in settings as other programs write them."""

        def __init__(self, text: str) -> None:
            super().__init__()
            self.text = text

    def __init__(self, text: str, *, title: str, placeholder: str, widget_id: str) -> None:
        super().__init__(
            clean(text, lines=True),
            id=widget_id,
            classes="panel",
            compact=True,
            soft_wrap=True,
            tab_behavior="focus",
            show_line_numbers=False,
            highlight_cursor_line=False,
            placeholder=placeholder,
        )
        self.border_title = title
        self._untouched = self.document.end
        self.move_cursor(self.document.end)

    def scroll_cursor_visible(self, center: bool = False, animate: bool = False) -> Offset:
        # A long text is seen from its beginning, until somebody goes on with it.
        if self.cursor_location == self._untouched:
            return Offset()
        self._untouched = None
        return super().scroll_cursor_visible(center, animate)

    def on_paste(self, event: Paste) -> None:
        from engine.infotext import looks_like_infotext  # not in the first frame

        if looks_like_infotext(event.text):
            self.post_message(self.SettingsPasted(event.text))
        # The base class's own handler comes after this one and takes the text from the event.
        event.text = clean(event.text, lines=True)

    def show_text(self, text: str) -> None:
        """Replace the text, with the cursor at its end. Undo brings the old text back."""
        safe = clean(text, lines=True)
        self._untouched = None
        if safe != self.text:
            self.replace(safe, (0, 0), self.document.end)
        self.move_cursor(self.document.end)
