"""The viewer: one picture as large as the terminal, or nearer."""

from __future__ import annotations

from itertools import count
from typing import TYPE_CHECKING, NamedTuple, NoReturn

from rich.cells import cell_len
from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.content import Content
from textual.screen import Screen
from textual.widgets import Static

from engine import events
from tui import form as forms
from tui.graphics.outgoing import outgoing
from tui.graphics.quality import LOOKED_AT
from tui.keys.command import bindings
from tui.keys.moving import FOCUS
from tui.keys.studio import APP
from tui.keys.viewer import VIEWER
from tui.screens.viewer.details import Details
from tui.screens.viewer.looking import Looking, part
from tui.screens.viewer.roll import Made, Roll
from tui.text import one_line
from tui.widgets.compare.print import Print
from tui.widgets.compare.stage import Stage
from tui.widgets.key_bar import KeyBar

if TYPE_CHECKING:
    from PIL import Image

    from engine.record import RunRecord
    from tui.graphics.terminal import Terminal
    from tui.screens.studio.screen import StudioScreen

_COMING = "The picture is on its way."


class Left(NamedTuple):
    """What was looked at last, and whether its settings are wanted on the form."""

    record: RunRecord | None
    picture: int
    restore: bool = False


class ViewerScreen(Screen[Left], inherit_bindings=False):
    """Shows a picture, and those before and after it.

    Attributes:
        following: whether it goes on to what the engine makes.
    """

    CSS_PATH = "viewer.tcss"
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (100, "-normal")]
    AUTO_FOCUS = ""
    BINDINGS = bindings(VIEWER, FOCUS)

    def __init__(self, roll: Roll, terminal: Terminal, studio: StudioScreen | None = None) -> None:
        """
        Args:
            studio: where it was opened, when it was there: its runs are shown as they go on.
        """
        super().__init__()
        self._roll = roll
        self._terminal = terminal
        self._studio = studio
        self._looking = Looking()
        self._measures = (1, 1)
        self._previews = count(1)
        self._coming: Made | None = None
        self._words = _COMING
        self._state = self._remark = ""
        self._shown = _instead(_COMING, (1, 1))
        self.following = studio is not None and studio.following

    def compose(self) -> ComposeResult:
        with Horizontal(classes="room"):
            yield Stage(self._terminal, labels=False, worth=LOOKED_AT)
            yield Details()
        with Horizontal(classes="foot"):
            yield Static("", classes="facts")
            yield Static("", classes="state")
        yield KeyBar([command for command in (*VIEWER, *APP) if command.footer])

    def on_mount(self) -> None:
        if self._studio is not None:
            self._stop_listening = self._studio.host.listen(self._hear)
        self.show()

    def on_unmount(self) -> None:
        if self._studio is not None:
            self._stop_listening()

    @property
    def stage(self) -> Stage:
        return self.query_one(Stage)

    @property
    def roll(self) -> Roll:
        """What is leafed through."""
        return self._roll

    # What is shown

    def show(self) -> None:
        """Show the picture that is looked at."""
        if not self.is_mounted:
            return
        stage = self.stage
        shown, ahead = self._roll.prints()
        columns, rows = stage.content_size
        ratio = stage.terminal.cell_ratio
        if shown is None:
            size = max(columns, 1), max(round(rows * ratio), 1)
            shown = _instead(self._words, size)
        self._measures = shown.size()
        pixels = stage.terminal.protocol not in ("half", "none")
        self.set_class(stage.terminal.protocol == "sixel", "-sixel")
        dots = stage.terminal.cell_width if pixels else 1
        self._looking.fit_to(self._measures, columns, rows, ratio, dots)
        stage.view = self._looking.view
        if self._looking.by_pixels:
            stage.view = self._looking.snapped(stage.alone(shown)[0], self._measures)
        self._shown, self._remark = shown, ""
        stage.show((shown,), ahead)
        self.show_facts()
        self.query_one(Details).tell(self._roll.record)

    def show_facts(self) -> None:
        """Say at the foot what is seen, and how the run goes that is on."""
        width = max(self.size.width - 2, 1)
        state = one_line(self._remark or self._state, width // 2)
        facts = one_line(" · ".join(self._facts()), width - cell_len(state) - 2)
        self.query_one(".facts", Static).update(Content(facts), layout=False)
        self.query_one(".state", Static).update(Content(state))

    def _facts(self) -> list[str]:
        roll, looking = self._roll, self._looking
        facts = [f"#{roll.run_id}"]
        if roll.count > 1:
            facts.append(f"{roll.index + 1} of {roll.count}")
        if roll.seed is not None:
            facts.append(f"seed {roll.seed}")
        if not roll.count:
            return facts
        if roll.is_live:
            return [*facts, "preview"]
        name = "fit " if looking.is_whole else "1:1 " if looking.by_pixels else ""
        facts += [f"{self._measures[0]}x{self._measures[1]}", f"{name}{looking.percent}%"]
        seen = part(self.stage.alone(self._shown)[0])
        return [*facts, seen] if seen else facts

    @on(Stage.Developed)
    def _developed(self, event: Stage.Developed) -> None:
        event.stop()
        if self._coming is not None and self.stage.is_ready:
            made, self._coming = self._coming, None
            self._roll.take(made)
            self.show()
        elif self._shown.size() != self._measures:  # it is known only now
            self.show()

    @on(Stage.Wheeled)
    def _wheeled(self, event: Stage.Wheeled) -> None:
        self.action_zoom(event.by)

    def on_resize(self) -> None:
        self.call_after_refresh(self.show)

    def draw_for(self, terminal: Terminal) -> None:
        """Draw for this terminal from now on."""
        self.stage.use(terminal)
        self.show()

    # What the engine tells

    def _hear(self, event: events.Event) -> None:
        match event:
            case events.RunStarted():
                self._say(f"#{event.run_id} starting")
            case events.StepCompleted():
                rate = f" · {event.rate:.1f} it/s" if event.rate else ""
                self._say(f"step {event.step}/{event.steps}{rate}")
            case events.RunDecoding():
                self._say(f"#{event.run_id} decoding")
            case events.PreviewReady():
                if outgoing(self.app).has_room:
                    self._take(event.run_id, event.images, live=True)
            case events.RunFinished():
                self._say("")
                self._roll.add(event.record)
                self._take(event.run_id, event.images)
            case events.RunCancelled():
                self._roll.add(event.record)
                self._say(f"#{event.run_id} stopped")
                self._came_to_nothing(event.run_id, "This run was stopped.")
            case events.RunFailed():
                self._say(f"#{event.run_id} failed")
                if event.images:  # made, but not kept
                    self._take(event.run_id, event.images)
                else:
                    self._came_to_nothing(event.run_id, f"This run failed. {event.record.error}")

    def _say(self, state: str) -> None:
        self._state = state
        self.show_facts()

    def _remind(self, words: str) -> None:
        """Say something at the foot until the next key: nothing is to cover the picture."""
        self._remark = words
        self.show_facts()

    def _take(self, run_id: int, images: tuple[Image.Image, ...], *, live: bool = False) -> None:
        """Have pictures of a run, and show them if they are what is wanted."""
        assert self._studio is not None
        spec = next((row.spec for row in self._studio.runs.rows if row.id == run_id), None)
        if spec is None:
            return
        here = self._roll.run_id == run_id
        made = Made(run_id, spec, images, next(self._previews) if live else 0)
        self._coming = None
        if live and self._roll.is_live and not self._shown.words and not self.stage.is_ready:
            # If each took the place of one that is still being drawn, none would be seen.
            self._coming = made
            return
        self._roll.take(made)
        if self.following or here:
            self._roll.look_at(run_id)
            self.show()

    def _came_to_nothing(self, run_id: int, words: str) -> None:
        """A run has no picture; a preview that is seen stays."""
        if self.following and not (self._roll.run_id == run_id and self._roll.count):
            self._words = words
            self._roll.look_at(run_id)
            self.show()

    # What the user does

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Only where it was opened from the studio there is something to run."""
        if action in ("studio", "keep_seed"):
            return self._studio is not None
        return super().check_action(action, parameters)

    def action_zoom(self, by: int) -> None:
        self._looking.step(by)
        self.show()

    def action_whole(self) -> None:
        self._looking.whole()
        self.show()

    def action_pixel(self) -> None:
        self._looking.pixels()
        self.show()

    def action_pan(self, x: int, y: int) -> bool:
        """Move over the picture; whether there was more to see there."""
        moved = self.stage.move(x, y)
        if moved:
            self._looking.view = self.stage.view
            self.show()
        return moved

    def action_go(self, x: int, y: int) -> None:
        """The arrows: over a picture that is larger than its room; else to the next one."""
        if self.action_pan(x, y):
            return
        if x and not part(self.stage.alone(self._shown)[0]):
            self.action_leaf(x)
        elif y:
            self.query_one(Details).scroll_relative(y=2 * y, animate=False)

    def action_leaf(self, by: int) -> None:
        if self._roll.leaf(by):
            # At the picture that is being made, or was made last, what comes is of interest again.
            self.following = self._studio is not None and self._roll.is_live
            self.show()
        else:
            self._remind("no picture after this" if by > 0 else "this is the first")

    def action_details(self) -> None:
        self.toggle_class("-details")
        self.call_after_refresh(self.show)

    def action_alone(self) -> None:
        self.toggle_class("-alone")
        self.call_after_refresh(self.show)

    async def action_studio(self, action: str) -> None:
        """Do something of the studio."""
        assert self._studio is not None
        if action == "run":
            self.following, self._words = True, _COMING
        await self._studio.run_action(action)
        if action == "run":
            _, problems = forms.parse(self._studio.spec_form.values)
            for problem in problems.values():
                self.notify(problem, severity="warning", timeout=6)

    def action_keep_seed(self) -> None:
        assert self._studio is not None
        if self._roll.seed is not None:
            self._studio.spec_form.parameters.set_value("seed", str(self._roll.seed))
            self._remind(f"seed {self._roll.seed} is on the form")

    def action_fetch(self) -> None:
        from tui.screens.fetch import fetch

        if self._roll.record is None:
            self._remind("its picture is not kept yet")
        else:
            fetch(self, [self._roll.record], self._roll.index)

    def action_restore(self) -> None:
        if self._roll.record is None:
            self._remind("this run is not over yet")
        else:
            self.dismiss(Left(self._roll.record, self._roll.index, restore=True))

    def action_back(self) -> None:
        """Fit again, the details away, then out."""
        if not self._looking.is_whole:
            self.action_whole()
        elif self.has_class("-details"):
            self.action_details()
        else:
            self.action_leave()

    def action_leave(self) -> None:
        self.dismiss(Left(self._roll.record, self._roll.index))


def _instead(words: str, size: tuple[int, int]) -> Print:
    """Words in place of a picture."""

    def none() -> NoReturn:
        raise AssertionError(words)

    return Print(("words", words), lambda: size, none, words=words)
