"""The studio: where one prompt becomes many pictures."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property, partial
from shutil import get_terminal_size
from typing import TYPE_CHECKING

from textual import on, work
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.events import ScreenResume

from tui import form as forms
from tui.graphics.terminal import Terminal
from tui.keys.command import bindings
from tui.keys.moving import FOCUS
from tui.keys.panels import PANEL_KEYS
from tui.keys.shown import with_keys
from tui.keys.studio import APP, STUDIO
from tui.screens.studio.reasons import NO_SEED, NOTHING_RUNS, why_not
from tui.screens.studio.runs import PastRuns
from tui.widgets.key_bar import KeyBar
from tui.widgets.messages import Messages
from tui.widgets.picture import Picture
from tui.widgets.progress import Progress, ProgressLines
from tui.widgets.run_table import Row, RunTable
from tui.widgets.spec_form import SpecForm
from tui.widgets.title_bar import TitleBar

if TYPE_CHECKING:
    from engine.hub import Need
    from engine.spec import RunSpec
    from tui.engine_room import EngineRoom
    from tui.screens.studio.events import EventPainter
    from tui.screens.studio.forecast import Foresight
    from tui.screens.studio.queue import QueueDesk
    from tui.screens.studio.relief import Relief
    from tui.screens.studio.studies import Studies


WIDTHS = [(0, "-narrow"), (100, "-normal"), (160, "-wide")]
HEIGHTS = [(0, "-tiny"), (23, "-short"), (32, "-tall"), (50, "-grand")]
"""Style classes, from which width and height on."""


def _class(breakpoints: list[tuple[int, str]], size: int) -> str:
    return next(name for least, name in reversed(breakpoints) if size >= least)


class StudioScreen(PastRuns):
    """Form, picture, progress and runs on one screen.

    Attributes:
        host: what the studio asks the engine for.
        deleted: what was deleted here and may be taken back, the newest last: the row of a run, or
            the specs of some that waited.
    """

    HORIZONTAL_BREAKPOINTS = WIDTHS
    VERTICAL_BREAKPOINTS = HEIGHTS
    BINDINGS = bindings(STUDIO, FOCUS)
    AUTO_FOCUS = "#prompt"

    def __init__(self, form: forms.Form, room: EngineRoom, terminal: Terminal) -> None:
        # With the classes of its size from the start, the first frame is styled once.
        columns, rows = get_terminal_size()
        super().__init__(classes=f"{_class(WIDTHS, columns)} {_class(HEIGHTS, rows)}")
        self._first_form = form
        self.host = room
        self._terminal = terminal
        self.deleted: list[Row | list[RunSpec]] = []
        self._shown_before = False

    def compose(self) -> ComposeResult:
        yield TitleBar()
        with Horizontal(id="body"):
            with Vertical(id="desk"):
                yield SpecForm(self._first_form)
                yield RunTable()
            with Vertical(id="stage"):
                yield Picture(self._terminal)
                yield ProgressLines(id="progress", classes="panel")
                yield Messages()
        yield KeyBar([command for command in (*STUDIO, *APP) if command.footer])

    def on_screen_resume(self, event: ScreenResume) -> None:
        # At the very first all styles have just been worked out.
        event.refresh_styles, self._shown_before = self._shown_before, True
        if self.knows_history:
            self.sync()  # marks may have been made on the screen that has gone

    def on_descendant_focus(self) -> None:
        self.show_keys()

    def show_keys(self) -> None:
        """Show the keys of the panel that has the focus."""
        focused = self.focused
        panels = [node.id or "" for node in focused.ancestors_with_self] if focused else []
        panel = next((name for name in panels if name in PANEL_KEYS), "")
        row = self.runs.current
        if panel == "runs" and row is not None and row.status == "queued":
            panel = "waiting"
        self.query_one(KeyBar).here = PANEL_KEYS.get(panel, ())

    @cached_property
    def painter(self) -> EventPainter:
        """Shows what the engine tells. Not needed for the first frame, nor are its imports."""
        from tui.screens.studio.events import EventPainter

        return EventPainter(self)

    @cached_property
    def foresight(self) -> Foresight:
        """Says below the settings what the run will take. Not needed for the first frame."""
        from tui.screens.studio.forecast import Foresight

        return Foresight(self)

    @cached_property
    def relief(self) -> Relief:
        """What to do when memory is short. Not needed for the first frame."""
        from tui.screens.studio.relief import Relief

        return Relief(self)

    @cached_property
    def studies(self) -> Studies:
        """What is measured. Not needed for the first frame."""
        from tui.screens.studio.studies import Studies

        return Studies(self)

    @cached_property
    def waiting(self) -> QueueDesk:
        """What waits. Not needed for the first frame."""
        from tui.screens.studio.queue import QueueDesk

        return QueueDesk(self)

    def draw_for(self, terminal: Terminal) -> None:
        """Draw pictures for this terminal. May be called before anything is on the screen."""
        self._terminal = terminal
        for picture in self.query(Picture):
            picture.use(terminal)

    # The parts, by name

    @property
    def spec_form(self) -> SpecForm:
        return self.query_one(SpecForm)

    @property
    def picture(self) -> Picture:
        return self.query_one(Picture)

    @property
    def runs(self) -> RunTable:
        return self.query_one(RunTable)

    def say(self, text: str, tone: str = "") -> None:
        """Add a line to the messages."""
        self.query_one(Messages).say(text, tone)

    @on(SpecForm.Adjusted)
    def _adjusted(self, event: SpecForm.Adjusted) -> None:
        self.say(event.why, "warning")

    @on(SpecForm.Changed)
    def _form_changed(self) -> None:
        if self.knows_history:
            self.foresight.soon()

    # What the user does

    def action_run(self) -> None:
        self.spec_form.fit_to_checkpoint()
        spec, problems = forms.parse(self.spec_form.values)
        self.spec_form.show_problems(problems)
        if spec is not None:
            self.when_here(spec, self.run)

    def when_here(self, spec: RunSpec, go: Callable[[RunSpec], None]) -> None:
        """Go on with a spec, when its checkpoint is here or may be downloaded."""
        from tui.screens.asking import is_to_come

        if need := is_to_come(self, spec.checkpoint):
            self._ask_first(need, spec, go)
        else:
            go(spec)

    def run(self, spec: RunSpec) -> None:
        """Ask for a run, and follow it; or put back what was edited of one that waits."""
        if self.waiting.put_back(spec):
            return
        self.following = True
        self.runs.look_at_newest()
        self.host.submit(spec)

    @work(exclusive=True, group="asking")
    async def _ask_first(self, need: Need, spec: RunSpec, go: Callable[[RunSpec], None]) -> None:
        from tui.screens.asking import may_download

        if await may_download(self, need):
            go(spec)

    def action_take_advice(self) -> None:
        self.relief.take_advice()

    @work(exclusive=True, group="keeping")
    async def keep_again(self, runs: tuple[int, ...]) -> None:
        """Write pictures that could not be written before."""
        from engine.errors import SafelightError
        from tui.stock import off_loop

        for run_id in runs:
            try:
                await off_loop(partial(self.host.keep, run_id))
            except SafelightError as error:
                self.say(f"#{run_id} is still not kept: {error}", "bad")
                self.notify(str(error), severity="error", timeout=8)
                return

    def action_fill(self) -> None:
        self.relief.fill_up()

    def action_pause(self) -> None:
        self.waiting.toggle()

    def action_stop(self) -> None:
        if self.host.cancel():
            self.painter.stopping()
        else:
            self.notify(with_keys(NOTHING_RUNS), timeout=2)

    def action_stop_all(self) -> None:
        if self.waiting.stop_all():
            self.painter.stopping()
        else:
            self.notify(with_keys(NOTHING_RUNS), timeout=2)

    def action_new_seed(self) -> None:
        self.spec_form.parameters.set_value("seed", str(forms.new_seed()))

    def action_keep_seed(self) -> None:
        if self.picture.seed is None:
            self.notify(with_keys(NO_SEED), timeout=3)
            return
        self.spec_form.parameters.set_value("seed", str(self.picture.seed))

    def action_next_seed(self) -> None:
        self.spec_form.parameters.next_seed()

    def action_to_prompt(self) -> None:
        self.spec_form.prompt.focus()

    def why_not(self, command_id: str) -> str:
        """Why a command would do nothing now; see :mod:`tui.screens.studio.reasons`."""
        return why_not(self, command_id)

    def cannot_work(self, why: str) -> None:
        """Say for good why nothing can be run."""
        self.say(why, "bad")
        self.picture.say("Safelight cannot work like this.", "", why)
        progress = self.query_one(ProgressLines)
        progress.state = Progress("Nothing can be run", detail=why, tone="bad")

    def mark_against(self, spec: RunSpec) -> None:
        """Mark on the form what differs from ``spec``, the last run."""
        self.spec_form.last = forms.form_of(spec)
        self.spec_form.mark_differences()
