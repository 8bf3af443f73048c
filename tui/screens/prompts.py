"""Every prompt there was: a few letters find one, Enter puts it into the editor."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from rich.segment import Segment
from textual import on, work
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.events import Paste
from textual.screen import Screen
from textual.strip import Strip
from textual.widgets import Input, Static

from engine.errors import HistoryError
from tui.ink import ink
from tui.keys.command import acting, bindings
from tui.keys.contexts import key_of, with_keys
from tui.keys.moving import FOCUS, OFFER
from tui.keys.runs import PROMPTS
from tui.prompt_search import Prompts, rank
from tui.stock import off_loop
from tui.text import clean, one_line
from tui.widgets.editors import Line
from tui.widgets.key_bar import Hint, KeyBar
from tui.widgets.line_list import LineList

if TYPE_CHECKING:
    from engine.history import History

_NEWEST_RUNS = 100_000
"""Their prompts are offered."""
_LONGEST = 4000
_KEYS: tuple[Hint, ...] = (
    *(("typing.submit", "With its negative prompt"), ("prompts.only-prompt", "Only the prompt")),
    *(("offer.previous offer.next", "Choose"), ("prompts.back", "Back"), ("app.help", "Help")),
)


@dataclass(frozen=True, slots=True)
class Prompted:
    """What was chosen; ``negative`` is ``None`` when that of the form is to stay."""

    prompt: str
    negative: str | None


class PromptInput(Line):
    """What is looked for. Keys that move in the list go on to it."""

    BINDINGS = bindings(
        acting(
            OFFER,
            next="screen.in_list('move', 1)",
            previous="screen.in_list('move', -1)",
            page_down="screen.in_list('page', 1)",
            page_up="screen.in_list('page', -1)",
        )
    )

    def on_paste(self, event: Paste) -> None:
        # The base class's own handler comes after this one and takes the text from the event.
        event.text = clean(event.text).strip()


class PromptList(LineList):
    """The prompts that fit, a row each."""

    can_focus = False

    def __init__(self) -> None:
        super().__init__("prompts")
        self.prompts = Prompts((), ())
        self.places: Sequence[int] = ()
        self.words = ""

    @property
    def count(self) -> int:
        return len(self.places)

    @property
    def current(self) -> tuple[str, str] | None:
        """The prompt under the cursor, and its negative prompt."""
        return self.prompts.pairs[self.places[self.cursor]] if self.places else None

    def show(self, prompts: Prompts, places: Sequence[int], words: str) -> None:
        """Show some of the prompts; ``words`` are for when there are none."""
        self.prompts, self.places, self.words = prompts, places, words
        self.set_reactive(LineList.cursor, 0)
        self.lay()
        self.follow()
        self.post_message(self.Moved(self))

    def render_line(self, y: int) -> Strip:
        width, base = self.scrollable_content_region.width, self.rich_style
        at = y + self.scroll_offset.y
        if at >= self.count:
            words = one_line(self.words, width) if y == 0 and not self.count else ""
            cells = Strip([Segment(words, base + ink(self, "text-muted"))])
            return cells.adjust_cell_length(width, base)
        if at == self.cursor:
            base += ink(self, "block-cursor-foreground", "block-cursor-background", bold=True)
        prompt = self.prompts.pairs[self.places[at]][0]
        text = one_line(prompt[:_LONGEST], width) or "(an empty prompt)"
        return Strip([Segment(text, base)]).adjust_cell_length(width, base)


class PromptsScreen(Screen[Prompted | None], inherit_bindings=False):
    """Gives the prompt that was chosen, or nothing."""

    DEFAULT_CSS = """
    PromptsScreen {
        layout: vertical;
        & .top { height: 1; padding: 0 1; }
        & .top > .sum { width: 1fr; text-align: right; color: $text-muted; }
        & .top > .title { width: auto; }
        & .panel {
            border: round $border-blurred;
            border-title-color: $text-muted;
            border-subtitle-color: $text-muted;
            padding: 0 1;
            &:focus-within { border: round $border; border-title-color: $accent; }
        }
        & #prompt-search { height: auto; }
        & #prompt-search > Input { background: transparent; padding: 0; }
        & #prompts-found { height: 1fr; }
        & #whole {
            height: auto;
            max-height: 35%;
            & > VerticalScroll { height: auto; max-height: 100%; scrollbar-size-vertical: 1; }
        }
    }
    """
    AUTO_FOCUS = "PromptInput"
    BINDINGS = bindings(PROMPTS, FOCUS)

    def __init__(self, history: History) -> None:
        super().__init__()
        self._history = history
        self._prompts: Prompts | None = None

    def compose(self) -> ComposeResult:
        with Horizontal(classes="top"):
            title = Content.assemble(("safelight", "bold $accent"), ("  prompts", "$text-muted"))
            yield Static(title, classes="title")
            yield Static("", classes="sum")
        with Vertical(id="prompt-search", classes="panel") as box:
            box.border_title = "Search"
            yield PromptInput(placeholder="a few letters of some words", compact=True)
        with Vertical(id="prompts-found", classes="panel") as box:
            box.border_title = "Prompts, newest first"
            yield PromptList()
        with Vertical(id="whole", classes="panel") as box:
            box.border_title = "The whole prompt"
            with VerticalScroll(can_focus=False):
                yield Static("", id="prompt-text")
        bar = KeyBar()
        bar.here = _KEYS
        yield bar

    @property
    def listed(self) -> PromptList:
        return self.query_one(PromptList)

    def on_mount(self) -> None:
        self._load()

    @work(group="prompts-of-the-history")
    async def _load(self) -> None:
        try:
            pairs = await off_loop(partial(self._history.search.prompts, _NEWEST_RUNS))
        except HistoryError as error:
            self.notify(str(error), severity="error", timeout=8)
            return
        self._prompts = await off_loop(partial(Prompts.of, pairs))
        self._search(self.query_one(Input).value)

    @on(Input.Changed)
    def _typed(self, event: Input.Changed) -> None:
        event.stop()
        self._search(event.value)

    @work(exclusive=True, group="prompts")
    async def _search(self, typed: str) -> None:
        """In a thread; what comes late is dropped."""
        prompts = self._prompts
        if prompts is None:
            return  # it is on its way, and then asks again
        places = await off_loop(partial(rank, prompts, typed))
        words = (
            f"No prompt has “{one_line(typed, 40)}”. {key_of('prompts.back')} clears the search."
        )
        if not prompts.pairs:
            words = with_keys("No prompts yet. {studio.run} in the studio makes the first run.")
        self.listed.show(prompts, places, words)
        first = "best first" if typed.strip() else "newest first"
        self.query_one("#prompts-found").border_title = f"Prompts, {first}"
        many, all_of_them = len(places), len(prompts.pairs)
        said = f"{many:,} of {all_of_them:,}" if typed.strip() else f"{many:,}"
        self.query_one(".sum", Static).update(Content(f"{said} prompts"), layout=False)

    @on(LineList.Moved)
    def _moved(self, event: LineList.Moved) -> None:
        event.stop()
        current = self.listed.current
        panel = self.query_one("#prompts-found")
        panel.border_subtitle = f"{self.listed.cursor + 1:,} of {self.listed.count:,}"
        if current is None:
            panel.border_subtitle = ""
        prompt, negative = current or ("", "")
        parts = [Content(clean(prompt[:_LONGEST], lines=True))]
        if negative.strip():
            text = f"\nwithout {clean(negative[:_LONGEST], lines=True)}"
            parts.append(Content.styled(text, "$text-muted"))
        self.query_one("#prompt-text", Static).update(Content("").join(parts))

    def action_in_list(self, action: str, by: int) -> None:
        """Move in the list while the line has the focus."""
        (self.listed.action_move if action == "move" else self.listed.action_page)(by)

    @on(Input.Submitted)
    @on(LineList.Chosen)
    def _chosen(self) -> None:
        self.action_take(True)

    def action_take(self, with_negative: bool) -> None:
        """Give the prompt under the cursor."""
        if self.listed.current is not None:
            prompt, negative = self.listed.current
            self.dismiss(Prompted(prompt, negative if with_negative else None))

    def action_back(self) -> None:
        """Clear what was typed, else leave."""
        line = self.query_one(Input)
        if line.value:
            line.value = ""
        else:
            self.dismiss(None)
