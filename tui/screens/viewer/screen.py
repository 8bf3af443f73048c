"""The viewer: one picture as large as the terminal, or nearer."""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn

from rich.cells import cell_len
from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.content import Content
from textual.widgets import Static

from tui import form as forms
from tui.graphics.quality import LOOKED_AT
from tui.keys.command import bindings
from tui.keys.moving import FOCUS
from tui.keys.studio import APP
from tui.keys.viewer import VIEWER
from tui.screens.viewer.details import Details
from tui.screens.viewer.hearing import COMING, Hearing, Left
from tui.screens.viewer.looking import Looking, part
from tui.screens.viewer.roll import Roll
from tui.text import one_line
from tui.widgets.compare.print import Print
from tui.widgets.compare.stage import Stage
from tui.widgets.key_bar import KeyBar

if TYPE_CHECKING:
    from tui.graphics.terminal import Terminal
    from tui.screens.studio.screen import StudioScreen


class ViewerScreen(Hearing, inherit_bindings=False):
    """Shows a picture, and those before and after it."""

    CSS_PATH = "viewer.tcss"
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (100, "-normal")]
    AUTO_FOCUS = ""
    BINDINGS = bindings(VIEWER, FOCUS)

    def __init__(self, roll: Roll, terminal: Terminal, studio: StudioScreen | None = None) -> None:
        """
        Args:
            studio: where it was opened, when it was there: its runs are shown as they go on.
        """
        super().__init__(roll, studio)
        self._terminal = terminal
        self._looking = Looking()
        self._measures = (1, 1)
        self._shown = _instead(COMING, (1, 1))

    def compose(self) -> ComposeResult:
        with Horizontal(classes="room"):
            yield Stage(self._terminal, labels=False, worth=LOOKED_AT)
            yield Details()
        with Horizontal(classes="foot"):
            yield Static("", classes="facts")
            yield Static("", classes="state")
        # The way out first: on a narrow terminal the last ones are left out.
        keys = sorted((*VIEWER, *APP), key=lambda command: command.id != "viewer.back")
        yield KeyBar([command for command in keys if command.footer])

    def on_mount(self) -> None:
        self.show()

    @property
    def stage(self) -> Stage:
        return self.query_one(Stage)

    @property
    def is_drawing(self) -> bool:
        return not self._shown.words and not self.stage.is_ready

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
            self.following, self._words = True, COMING
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
