"""The checkpoints of this machine: choose one, take only its VAE, delete it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from textual import on, work
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.events import Paste
from textual.screen import Screen
from textual.widgets import Input, Static

from engine.errors import SafelightError
from tui.keys.command import acting, bindings
from tui.keys.contexts import key_of
from tui.keys.machine import CHECKPOINTS
from tui.keys.moving import FOCUS, OFFER
from tui.screens.confirm import ConfirmScreen
from tui.stock import Stock, off_loop
from tui.text import clean, one_line, size
from tui.widgets.editors import Line
from tui.widgets.key_bar import Hint, KeyBar
from tui.widgets.shelf_table import ShelfTable, short_name

if TYPE_CHECKING:
    from engine.shelf import Shelved

_KEYS: tuple[Hint, ...] = (
    *(("list.choose", "Use"), ("checkpoints.vae", "VAE only"), ("checkpoints.delete", "Delete")),
    *(("checkpoints.look", "Look again"), ("focus.next", "Type a name")),
    *(("checkpoints.back", "Back"), ("app.help", "Help")),
)
_ALONE = (
    "Only the bundled checkpoint is here. Type a hub id or a path above, or name your folders in "
    'config.toml: checkpoint_folders = ["~/models"]'
)


@dataclass(frozen=True, slots=True)
class Choice:
    """What was chosen: a checkpoint, or only the VAE of one."""

    name: str
    only_vae: bool = False


class NameInput(Line):
    """Takes the name of a checkpoint. ↓ goes to the list."""

    BINDINGS = bindings(acting(OFFER, next="app.focus_next"))

    def on_paste(self, event: Paste) -> None:
        # The base class's own handler comes after this one and takes the text from the event.
        event.text = clean(event.text).strip()


class CheckpointsScreen(Screen[Choice | None], inherit_bindings=False):
    """What is on this machine. Gives what was chosen, or nothing."""

    DEFAULT_CSS = """
    CheckpointsScreen {
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
        & #name { height: auto; }
        & #name > Input { background: transparent; padding: 0; }
        & #name > .problem { color: $error; height: auto; display: none; }
        & #shelf { height: 1fr; }
        & #shelf > .heads { height: 1; color: $text-muted; }
        & #shelf > .state { height: auto; color: $text-muted; }
        & .about { height: 2; padding: 0 2; color: $text-muted; }
    }
    """
    AUTO_FOCUS = "ShelfTable"
    BINDINGS = bindings(CHECKPOINTS, FOCUS)

    def __init__(self, stock: Stock, current: str, in_use: Callable[[str], bool]) -> None:
        """
        Args:
            stock: is asked for what is here, and to delete.
            current: the checkpoint on the form, which is marked.
            in_use: whether a run that is on or waits needs a checkpoint.
        """
        super().__init__()
        self._stock, self._current, self._in_use = stock, current, in_use

    def compose(self) -> ComposeResult:
        with Horizontal(classes="top"):
            title = Content.assemble(
                ("safelight", "bold $accent"), ("  checkpoints", "$text-muted")
            )
            yield Static(title, classes="title")
            yield Static("", classes="sum")
        with Vertical(id="name", classes="panel") as box:
            box.border_title = "Another one"
            yield NameInput(placeholder="hub id, folder or .safetensors file", compact=True)
            yield Static("", classes="problem")
        with Vertical(id="shelf", classes="panel") as box:
            box.border_title = "On this machine"
            yield Static("", classes="heads")
            yield Static("Looking at this machine …", classes="state")
            yield ShelfTable(self._current)
        yield Static("", classes="about")
        bar = KeyBar()
        bar.here = _KEYS
        yield bar

    @property
    def table(self) -> ShelfTable:
        return self.query_one(ShelfTable)

    def on_mount(self) -> None:
        self.action_look()

    # The list

    @work(exclusive=True, group="listing")
    async def action_look(self, keep: int | None = None) -> None:
        """List what is here; ``keep`` is the row where the cursor goes."""
        try:
            found = await off_loop(self._stock.checkpoints)
        except SafelightError as error:
            self._say_state(f"{error} Press {key_of('checkpoints.look')} to look again.")
            return
        self._say_state("")
        self.table.show(found, keep)
        many = f"{len(found)} here, {size(sum(entry.size_bytes for entry in found))}"
        self.query_one(".sum", Static).update(Content(many))
        self._about(self.table.current)

    def _say_state(self, text: str) -> None:
        state = self.query_one(".state", Static)
        state.update(Content(clean(text)))
        state.display = bool(text)

    @on(ShelfTable.Laid)
    def _laid(self, event: ShelfTable.Laid) -> None:
        self.query_one(".heads", Static).update(event.heads)

    @on(ShelfTable.OptionHighlighted)
    def _highlighted(self, event: ShelfTable.OptionHighlighted) -> None:
        event.stop()
        self._about(self.table.current)

    def _about(self, entry: Shelved | None) -> None:
        """Say below the list what the row has no room for."""
        if entry is None:
            return
        lines = [str(entry.path)]
        if not entry.complete:
            lines.append("Not all of it is here. A run downloads the rest, and asks first.")
        elif len(self.table.entries) == 1:
            lines = [_ALONE]
        elif entry.kind == "vae":
            lines.append(
                f"A VAE of its own: {key_of('checkpoints.vae')} takes it for the checkpoint's."
            )
        room = max(self.size.width - 4, 10)
        texts = [one_line(line, room if len(lines) > 1 else 2 * room) for line in lines]
        self.query_one(".about", Static).update(Content("\n".join(texts)))
        count = len(self.table.entries)
        self.query_one("#shelf").border_subtitle = f"{(self.table.highlighted or 0) + 1} of {count}"

    # Choosing

    @on(ShelfTable.OptionSelected)
    def _selected(self, event: ShelfTable.OptionSelected) -> None:
        event.stop()
        entry = self.table.current
        if entry is not None:
            self.dismiss(Choice(entry.name, only_vae=entry.kind == "vae"))

    @on(ShelfTable.VaeWanted)
    def _vae_wanted(self, event: ShelfTable.VaeWanted) -> None:
        self.dismiss(Choice(event.entry.name, only_vae=True))

    @on(Input.Changed)
    def _typing(self) -> None:
        self._complain("")

    @on(Input.Submitted)
    def _typed(self, event: Input.Submitted) -> None:
        from engine.checkpoints import resolve

        name = event.value.strip()
        if not name:
            self.table.focus()
            return
        try:
            where = resolve(name)
        except SafelightError as error:
            self._complain(str(error))
            return
        self.dismiss(Choice(where.name))

    def _complain(self, why: str) -> None:
        problem = self.query_one(".problem", Static)
        problem.update(Content(clean(why)))
        problem.display = bool(why)

    # Deleting

    @on(ShelfTable.LookWanted)
    def _look_wanted(self) -> None:
        self.action_look(self.table.highlighted)

    @on(ShelfTable.DeleteWanted)
    def _delete_wanted(self, event: ShelfTable.DeleteWanted) -> None:
        entry = event.entry
        if entry.kind == "bundled":
            self.notify("The bundled checkpoint stays: it comes with Safelight.", timeout=4)
        elif not entry.deletable:
            self.notify("It is a link: delete it where it was made.", timeout=4)
        elif self._in_use(entry.name):
            self.notify("A run needs it; stop that first.", severity="warning", timeout=4)
        else:
            self._delete(entry)

    @work(exclusive=True, group="deleting")
    async def _delete(self, entry: Shelved) -> None:
        name = short_name(entry.name, 90)
        question = f"{name}\nThis frees {size(entry.size_bytes)} and cannot be taken back."
        if not await self.app.push_screen_wait(
            ConfirmScreen("Delete from this machine?", question, "delete", "keep")
        ):
            return
        listed: Sequence[Shelved] = self.table.entries
        try:
            freed = await off_loop(partial(self._stock.delete_checkpoint, entry, listed))
        except SafelightError as error:
            self.notify(str(error), severity="error", timeout=8)
        else:
            self.notify(f"Deleted {name}: {size(freed)} freed.", timeout=4)
        self.action_look(self.table.highlighted)
