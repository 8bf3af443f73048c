"""What was asked for together before, to choose one of."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from textual import on, work
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import OptionList, Static

from engine.errors import SafelightError
from engine.group import Group
from tui.keys.command import acting, bindings
from tui.keys.contexts import with_keys
from tui.keys.moving import DIALOG, FOCUS
from tui.keys.studies import PAST
from tui.stock import off_loop
from tui.text import clean
from tui.widgets.group_list import GroupList, Told


class PastGroupsScreen(ModalScreen[Group | None], inherit_bindings=False):
    """Gives the one that was chosen, or ``None``."""

    DEFAULT_CSS = """
    PastGroupsScreen {
        align: center middle;
        background: $background 60%;
        & > Vertical {
            width: 96;
            max-width: 96%;
            height: auto;
            max-height: 80%;
            border: round $border;
            border-title-color: $accent;
            border-subtitle-color: $text-muted;
            background: $surface;
            padding: 0 2;
        }
        & .state { color: $text-muted; height: auto; }
    }
    """
    BINDINGS = bindings(acting(DIALOG, close="dismiss"), PAST, FOCUS)

    def __init__(self, title: str, nothing: str, look: Callable[[], Sequence[Told]]) -> None:
        """
        Args:
            nothing: is said when there is none.
            look: finds them, in a thread; may raise ``SafelightError``.
        """
        super().__init__()
        self._title, self._nothing, self._look = title, nothing, look

    def compose(self) -> ComposeResult:
        with Vertical() as box:
            box.border_title = self._title
            box.border_subtitle = with_keys("{list.choose} opens · {dialog.close} goes back")
            yield Static("Looking …", classes="state")
            yield GroupList()

    def on_mount(self) -> None:
        self.query_one(GroupList).focus()  # at once: the next key is meant for it
        self._fetch()

    @work(exclusive=True, group="listing")
    async def _fetch(self) -> None:
        told: Sequence[Told] = ()
        try:
            told = await off_loop(self._look)
            words = "" if told else self._nothing
        except SafelightError as error:
            words = str(error)
        if not self.query(GroupList):
            return  # it was left meanwhile
        state = self.query_one(".state", Static)
        state.update(Content(clean(words)))
        state.display = bool(words)
        self.query_one(GroupList).show(told)

    @on(OptionList.OptionSelected)
    def _selected(self, event: OptionList.OptionSelected) -> None:
        event.stop()
        self.dismiss(self.query_one(GroupList).current)
