"""The ladder: the tutorial's path on the settings of the form, climbed and measured."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from textual import on, work
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.widgets import Static

from engine.errors import SafelightError
from engine.ladder.table import end_of, lowest
from tui.keys.contexts import key_of
from tui.screens.ladder.actions import LadderActions
from tui.screens.ladder.desk import LadderDesk, State
from tui.screens.ladder.plan import Foreseen, foreseen, plan_text
from tui.stock import off_loop
from tui.studies import ladder_words as words
from tui.text import WINNER, clean, one_line, seconds
from tui.widgets.editors import Scroll
from tui.widgets.key_bar import Hint, KeyBar
from tui.widgets.line_list import LineList
from tui.widgets.progress import Progress, ProgressLines
from tui.widgets.run_preview import RunPreview
from tui.widgets.rung_table import HEADS_HELP, RungTable

if TYPE_CHECKING:
    from engine.history import Entry
    from engine.spec import RunSpec
    from engine.switches.base import Place
    from tui.graphics.terminal import Terminal

_READY: tuple[Hint, ...] = (
    *(("ladder.go", "Start"), ("ladder.past", "Past ones"), ("ladder.back", "Back")),
    ("app.help", "Help"),
)
_GOING: tuple[Hint, ...] = (
    *(("list.up list.down", "Look"), ("ladder.compare", "Compare"), ("ladder.view", "Pictures")),
    *(("ladder.stop", "Stop"), ("ladder.back", "Back, it goes on"), ("app.help", "Help")),
)
_OVER: tuple[Hint, ...] = (
    *(("ladder.take", "Take the best"), ("ladder.go", "Take this"), ("ladder.compare", "Compare")),
    *(("ladder.write", "Write"), ("ladder.view", "Pictures"), ("ladder.again", "New one")),
    *(("ladder.past", "Past ones"), ("ladder.back", "Back"), ("app.help", "Help")),
)


class LadderScreen(LadderActions):
    """Climbs the ladder and shows its rungs. Gives the settings that are to go onto the form."""

    CSS_PATH = "ladder.tcss"
    VERTICAL_BREAKPOINTS = [(0, "-short"), (18, "-tall")]
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (100, "-normal"), (160, "-wide")]
    AUTO_FOCUS = ""

    def __init__(
        self,
        desk: LadderDesk,
        spec: RunSpec,
        terminal: Terminal,
        *,
        place: Place,
        run_seconds: float | None = None,
    ) -> None:
        """
        Args:
            desk: keeps the ladder.
            spec: of the form.
            place: what switches can work on, as far as is known.
            run_seconds: what a run of ``spec`` takes, as far as is known.
        """
        super().__init__(desk, spec, terminal)
        self._place = place
        self._foreseen: tuple[Foreseen, ...] = ()
        self._run_seconds = run_seconds

    def compose(self) -> ComposeResult:
        with Horizontal(classes="top"):
            title = Content.assemble(("safelight", "bold $accent"), ("  ladder", "$text-muted"))
            yield Static(title, classes="title")
            yield Static("", classes="sum")
        with Horizontal(classes="body"):
            with Vertical(id="ladder", classes="panel") as box:
                box.border_title = "Rungs, times as beside the first"
                yield (heads := Static("", classes="heads"))
                heads.tooltip = HEADS_HELP
                yield RungTable()
                with Scroll(classes="plan"):
                    yield Static("")
            with Vertical(id="beside"):
                for _ in range(2):
                    with Vertical():
                        preview = RunPreview(self.terminal)
                        preview.can_focus = False  # the arrows go over the rungs
                        yield preview
        yield Static("", classes="about")
        yield Static("", classes="verdict")
        yield ProgressLines(id="progress")
        bar = KeyBar()
        bar.here = _READY
        yield bar

    def on_mount(self) -> None:
        desk = self.desk
        if not desk.is_going and (desk.study is None or desk.study.spec != self.spec):
            desk.forget()
        self.show()
        if desk.state is State.DONE and desk.result.best >= 0:
            self.table.go(desk.result.best)

    # The parts

    @property
    def table(self) -> RungTable:
        return self.query_one(RungTable)

    @property
    def _previews(self) -> tuple[RunPreview, RunPreview]:
        here, first = self.query(RunPreview)
        return here, first

    def flush(self) -> bool:
        """Wait no longer for the cursor to come to rest; whether it was moving."""
        moving = [preview.flush() for preview in self._previews]
        return any(moving)

    # What is shown

    def show(self) -> None:
        """Show how far the ladder is."""
        if not self.query(KeyBar):
            return  # it was left meanwhile
        desk, table = self.desk, self.table
        begun = bool(desk.result.rungs) or desk.state in (State.STOPPED, State.FAILED)
        over = self.was_going and not desk.is_going
        self.was_going = desk.is_going
        if desk.study is not None:
            table.show(desk.result, is_on=desk.is_going)
        self.set_class(not begun, "-plan")
        self.set_focus(self.table if begun else self.query_one(".plan"))
        if not begun:
            self._say_plan()
        self._say_whose()
        self._say_progress()
        self._say_keys()
        if over and desk.result.best >= 0:
            table.go(desk.result.best)
        self.tell()
        self._look_up()

    def _say_plan(self) -> None:
        if not self._foreseen:
            self._foresee()
            return
        width = max(self.size.width - 6, 20)
        text = plan_text(self.spec, self._foreseen, self._run_seconds, width)
        self.query_one(".plan > Static", Static).update(text)

    @work(exclusive=True, group="forecast")
    async def _foresee(self) -> None:
        """See which rungs there will be."""
        self._foreseen = await off_loop(partial(foreseen, self.spec, self._place))
        if self.query(".plan"):
            self._say_plan()

    def on_resize(self) -> None:
        if self.desk.state is State.NONE:
            self._say_plan()
        self._say_whose()
        self.tell()

    def _say_whose(self) -> None:
        study = self.desk.study
        spec = study.spec if study is not None else self.spec
        parts = [spec.checkpoint, f"seed {spec.seed}"]
        parts += [f"{spec.width}x{spec.height}"] if spec.width and spec.height else []
        room = max(self.size.width - 24, 10)
        text = one_line(" · ".join([*parts, spec.prompt]), room)
        self.query_one(".sum", Static).update(Content(text), layout=False)
        result = self.desk.result
        count, skipped = len(result.rungs), sum(bool(rung.skipped) for rung in result.rungs)
        told = words.how_many(count, skipped, done=words.measured(result))
        self.query_one("#ladder").border_subtitle = told if count else ""

    def _say_progress(self) -> None:
        desk, lines = self.desk, self.query_one(ProgressLines)
        verdict = self.query_one(".verdict", Static)
        lines.display, verdict.display = desk.is_going, False
        match desk.state:
            case State.WAITS if desk.room.standing.paused:
                paused = "The queue is paused, and the ladder waits in it"
                on = f"{key_of('pause')} goes on with it"
                lines.state = Progress(paused, detail=on, tone="warning")
            case State.WAITS:
                why = desk.room.standing.why
                lines.state = Progress(
                    f"The ladder {why}", detail=f"{key_of('ladder.stop')} takes it out"
                )
            case State.ON:
                lines.state = self._climbing()
            case State.DONE:
                sign = f"{WINNER} " if desk.result.best >= 0 else ""
                self._say(f"{sign}{end_of(desk.result)}", "$success" if sign else "$warning")
            case State.FAILED:
                self._say(desk.error, "$error")
            case State.STOPPED:
                self._say(end_of(desk.result), "$warning")
            case State.NONE:
                pass

    def _say(self, sentence: str, style: str) -> None:
        verdict = self.query_one(".verdict", Static)
        verdict.update(Content.styled(clean(sentence), style))
        verdict.display = True

    def _climbing(self) -> Progress:
        desk = self.desk
        told = desk.progress
        if told is None:
            return Progress("The ladder begins", detail=desk.doing)
        detail = [desk.doing or told.what]
        if told.eta_seconds:
            detail.append(f"{seconds(told.eta_seconds)} to go")
        return Progress("turn", told.done, told.of, detail=" · ".join(detail))

    def _say_keys(self) -> None:
        state = self.desk.state
        keys = _READY if state is State.NONE else _GOING if self.desk.is_going else _OVER
        if keys is _OVER and self.desk.result.best < 0:
            keys = keys[1:]  # there is no best
        self.query_one(KeyBar).here = keys

    def tell(self) -> None:
        """Tell of the rung under the cursor."""
        result, at = self.desk.result, self.table.cursor
        if at >= len(result.rungs):
            return
        room = max(self.size.width - 4, 10)
        rooms = (room, room, 2 * room - 8)  # the last may take two lines
        texts = words.about(result, at)
        lines = [one_line(text, most) for text, most in zip(texts, rooms, strict=True)]
        text = Content.assemble((lines[0], "$foreground"), f"\n{lines[1]}\n", lines[2])
        self.query_one(".about", Static).update(text, layout=False)
        here, first = self._previews
        self._show_picture(here, at, "No picture of this rung yet.")
        assert isinstance(first.parent, Vertical)
        bottom = max(lowest(result), 0)
        first.parent.display = at > bottom
        self._show_picture(first, bottom, "")

    def _show_picture(self, preview: RunPreview, at: int, nothing: str) -> None:
        rung = self.desk.result.rungs[at]
        run_id = rung.side.run_id if rung.side is not None else 0
        value = rung.likeness_first
        like = f" · SSIM {value:.3f}" if value is not None else ""
        preview.title = f"{at + 1} {clean(rung.title)}{like}"
        preview.border_title = Content(preview.title)
        entry = self.entries.get(run_id)
        preview.show_entry(entry)
        if entry is None and not preview.images:
            preview.say(nothing)

    @work(exclusive=True, group="pictures")
    async def _look_up(self) -> None:
        """Fetch the runs whose pictures are to be shown."""
        sides = [rung.side for rung in self.desk.result.rungs if rung.side is not None]
        wanted = [side.run_id for side in sides if side.run_id not in (0, *self.entries)]
        if not wanted:
            return

        def look() -> dict[int, Entry | None]:
            history = self.desk.room.history
            return {run: history.entry(run) for run in wanted}

        try:
            self.entries |= await off_loop(look)
        except SafelightError:
            return  # the figures are there without
        if self.query(".about"):
            self.tell()

    @on(RungTable.Moved)
    def _moved(self, event: LineList.Moved) -> None:
        event.stop()
        self.tell()

    @on(RungTable.Laid)
    def _laid(self, event: RungTable.Laid) -> None:
        self.query_one(".heads", Static).update(event.heads)
