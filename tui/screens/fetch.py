"""How to get pictures onto the user's own machine: the scp line, the paths, the clipboard."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from rich.cells import cell_len
from textual import work
from textual.app import ComposeResult
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.geometry import Region
from textual.screen import ModalScreen
from textual.strip import Strip
from textual.widgets import Static

from tui.clipboard import copying
from tui.fetching import Server, as_line, as_lines, scp_words, server
from tui.hyperlinks import link_to, name_links
from tui.keys.command import Command, acting, bindings
from tui.keys.fetching import FETCH
from tui.keys.moving import DIALOG, FOCUS
from tui.stock import off_loop
from tui.text import clean
from tui.widgets.key_bar import KeyBar

if TYPE_CHECKING:
    from textual.screen import Screen

    from engine.record import RunRecord


class _Lines(Static):
    """Text from edge to edge, so that a selection with the mouse has nothing else in it."""

    def render_lines(self, crop: Region) -> list[Strip]:
        return name_links(super().render_lines(crop))


class FetchScreen(ModalScreen[None], inherit_bindings=False):
    """Shows the line and the paths, and copies the paths at once."""

    DEFAULT_CSS = """
    FetchScreen {
        align-vertical: bottom;
        & > .sheet {
            height: auto;
            max-height: 80%;
            background: $background;
            border-top: solid $border-blurred;
            border-title-color: $accent;
        }
        & VerticalScroll { height: auto; scrollbar-size-vertical: 1; }
        & _Lines { height: auto; margin-bottom: 1; }
        & .head { height: 1; color: $text-muted; }
        & .said { height: auto; color: $text-muted; }
    }
    """
    AUTO_FOCUS = ""
    BINDINGS = bindings(FETCH, acting(DIALOG, close="dismiss"), FOCUS)

    def __init__(self, name: str, paths: Sequence[str]) -> None:
        """
        Args:
            name: of what the pictures are of, such as ``#41``.
        """
        super().__init__()
        self._of, self._paths = name, tuple(paths)
        self._server: Server | None = None
        self._words: list[str] = []

    def compose(self) -> ComposeResult:
        many = f", {len(self._paths)} pictures" if len(self._paths) > 1 else ""
        with Vertical(classes="sheet") as sheet:
            sheet.border_title = Content(f"Fetch {self._of}{many}")
            with VerticalScroll():
                yield Static("On your own machine:", classes="head -away")
                yield _Lines("", classes="line -away")
                yield Static("Here:", classes="head")
                yield _Lines("", classes="paths")
            yield Static("", classes="said")
            yield KeyBar(acting(DIALOG, close="dismiss"))

    def on_mount(self) -> None:
        for away in self.query(".-away"):
            away.display = False
        self._show_keys(FETCH[:1])
        self._show()
        self._look()
        self.action_path()

    def on_resize(self) -> None:
        self._show()

    @work(exclusive=True, group="connection")
    async def _look(self) -> None:
        """See how the user came here: that may take asking tmux, and reading the folder."""
        self._server = where = await off_loop(server)
        if where is None:
            return
        try:
            self._words = await off_loop(partial(scp_words, where, self._paths))
        except ValueError as error:
            self._say(str(error))
            return
        for away in self.query(".-away"):
            away.display = True
        self._show_keys(FETCH)
        self._show()

    def _show(self) -> None:
        width = max(self.size.width - 1, 20)  # a column is left for a scrollbar
        if self._words:
            lines = as_lines(self._words, width)
            self.query_one(".line", _Lines).update(Content("\n".join(lines)))
        links = [link_to(Content(_cut(path, width)), path) for path in self._paths]
        self.query_one(".paths", _Lines).update(Content("\n").join(links))

    def _show_keys(self, commands: Sequence[Command]) -> None:
        self.query_one(KeyBar).here = tuple((each.id, each.label) for each in commands)

    def _say(self, *sentences: str) -> None:
        self.query_one(".said", Static).update(Content(" ".join(filter(None, sentences))))

    def action_path(self) -> None:
        """Copy the path; of several, a line each."""
        self._copy("\n".join(self._paths), "path" if len(self._paths) == 1 else "paths")

    def action_line(self) -> None:
        if self._words:
            self._copy(as_line(self._words), "scp line")
        else:
            self._say("You are not here by SSH: there is nothing to be fetched over it.")

    @work(exclusive=True, group="copying")
    async def _copy(self, text: str, what: str) -> None:
        done = await off_loop(partial(copying, text))
        if done.sequence and self.app._driver is not None:
            self.app._driver.write(done.sequence)
        self._say(f"The {what}: {done.said[0].lower()}{done.said[1:]}", done.hint)


def _cut(path: str, width: int) -> str:
    """The path in lines of so many cells: broken anywhere, as it has no blanks that may go."""
    lines, line = [], ""
    for char in clean(path):
        if cell_len(line + char) > width:
            lines.append(line)
            line = ""
        line += char
    return "\n".join([*lines, line])


def fetch(screen: Screen[Any], records: Sequence[RunRecord | None], index: int = -1) -> None:
    """Open the panel for the pictures of some runs, or for one picture of a run.

    Args:
        index: of that picture; negative for all.
    """
    found = [record for record in records if record is not None and record.images]
    if not found:
        screen.notify("There is no picture to fetch.", timeout=3)
        return
    paths = [image.path for record in found for image in record.images]
    name = f"#{found[0].id}" if len(found) == 1 else f"{len(found)} runs"
    if index >= 0 and len(found) == 1:
        several = len(found[0].images) > 1
        paths, name = [paths[index]], f"{name}.{index + 1}" if several else name
    screen.app.push_screen(FetchScreen(name, paths))
