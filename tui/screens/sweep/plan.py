"""Before a sweep: its axes as they are typed, and what they would be; and the sweeps there were."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING

from textual import on, work
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.screen import Screen
from textual.timer import Timer
from textual.widgets import OptionList, Static

from engine.errors import InvalidAxis, SafelightError
from engine.group import Kind
from engine.sweep import MAX_CELLS, State, Sweep, parse_sweep
from tui.keys.command import bindings
from tui.keys.contexts import with_keys
from tui.keys.moving import FOCUS
from tui.keys.studies import PLAN
from tui.screens.sweep.desk import grid_of
from tui.stock import off_loop
from tui.studies.axis_completion import Sources, complete_axis
from tui.text import clean, one_line
from tui.widgets.axis_line import AxisLine
from tui.widgets.group_list import GroupList, Told
from tui.widgets.key_bar import Hint, KeyBar

if TYPE_CHECKING:
    from engine.history import History
    from engine.history.completion import Completion
    from engine.spec import RunSpec

QUIET_SECONDS = 0.12
_SHOWN = 20
_PLACES = (
    ("Columns", "steps=10,20,30"),
    ("Rows", "guidance=2..8:2   (or nothing)"),
    ("Pages", "scheduler=DDIM,Euler   (or nothing)"),
)
_EXAMPLES = (
    ("steps=10,20,30", "values, one after another"),
    ("guidance=2..8:1.5", "a range, and its step"),
    ("seed=1..4", "the same prompt in variants"),
    ("precision=fp32,fp16", "any switch; {studio.switches} in the studio tells of all"),
    ("prompt:red=red,green", "one word of the prompt, replaced"),
    ("wildcards", "each {a|b} in the prompt, written out"),
)
_TYPING: tuple[Hint, ...] = (
    *(("plan.start", "Start"), ("offer.take", "Complete, next")),
    *(("offer.previous offer.next", "Lines"), ("plan.back", "Back"), ("app.help", "Help")),
)
_LISTED: tuple[Hint, ...] = (
    *(("list.choose", "Open"), ("list.up list.down", "Look"), ("plan.back", "Back")),
    ("app.help", "Help"),
)
Foretell = Callable[[Sweep], Sequence[str]]


class SweepPlanScreen(Screen["Sweep | str | None"], inherit_bindings=False):
    """Gives the sweep that is to be begun, or the id of one to be opened."""

    CSS_PATH = "sweep.tcss"
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (100, "-normal"), (160, "-wide")]
    AUTO_FOCUS = "AxisLine Input"
    BINDINGS = bindings(PLAN, FOCUS)

    def __init__(
        self,
        base: RunSpec,
        look: Callable[[], Sources],
        texts: list[str],
        history: Callable[[], History],
        foretell: Foretell,
    ) -> None:
        """
        Args:
            base: the spec of the form.
            look: finds out what can be on an axis; is called in a thread.
            texts: of the axes when it was left last; changed as they are typed.
            history: may raise ``SafelightError``.
            foretell: tells in sentences what a sweep will take; is called in a thread.
        """
        super().__init__()
        self._sources, self._find, self._texts = Sources(base), look, texts
        self._history, self._foretell = history, foretell
        self._timer: Timer | None = None
        self.sweep: Sweep | None = None
        self._looked: Sweep | None = None  # also while another line is being typed
        self._told: Sequence[str] = ()

    def compose(self) -> ComposeResult:
        with Horizontal(classes="top"):
            title = Content.assemble(("safelight", "bold $accent"), ("  sweep", "$text-muted"))
            yield Static(title, classes="title")
            yield Static("", classes="sum")
        with Vertical(id="axes", classes="panel") as box:
            box.border_title = "Axes"
            for place, (label, hint) in enumerate(_PLACES):
                text = self._texts[place] if place < len(self._texts) else ""
                yield AxisLine(place, label, text, hint, self._complete, self._go_on)
        with Vertical(id="outlook", classes="panel") as box:
            box.border_title = "What it will be"
            yield Static("", classes="told")
        with Vertical(id="past", classes="panel") as box:
            box.border_title = "Sweeps there were"
            yield GroupList()
        bar = KeyBar()
        bar.here = _TYPING
        yield bar

    def on_mount(self) -> None:
        base = self._sources.base
        room = max(self.size.width - 24, 10)
        text = one_line(f"{base.checkpoint} · seed {base.seed} · {base.prompt}", room)
        self.query_one(".sum", Static).update(Content(text))
        self.query_one("#past").display = False
        self._read()
        self._find_sources()
        self._list()

    def on_descendant_focus(self) -> None:
        at_list = isinstance(self.focused, GroupList)
        self.query_one(KeyBar).here = _LISTED if at_list else _TYPING

    def _complete(self, text: str, cursor: int) -> Completion:
        return complete_axis(text, cursor, self._sources)

    @work(exclusive=True, group="sources")
    async def _find_sources(self) -> None:
        self._sources = await off_loop(self._find)

    @property
    def lines(self) -> list[AxisLine]:
        return list(self.query(AxisLine))

    # What is typed

    def flush(self) -> bool:
        """Wait no longer for the typing to come to rest. Returns whether it did."""
        if self._timer is None:
            return False
        self._read()
        return True

    @on(AxisLine.Changed)
    def _changed(self) -> None:
        for line in self.lines:
            line.complain("")
        self._soon()

    def _soon(self) -> None:
        """Read the lines when the typing has come to rest."""
        if self._timer is not None:
            self._timer.stop()
        self._timer = self.set_timer(QUIET_SECONDS, self._read)

    def _read(self) -> None:
        """See what the lines mean."""
        if self._timer is not None:
            self._timer.stop()
            self._timer = None
        self._texts[:] = [line.text for line in self.lines]
        typed = [line for line in self.lines if line.text.strip()]
        self.sweep = self._looked = None
        over = [line for line in typed if not _is_being_typed(line)]
        wrong = next(filter(None, [self._check(line) for line in over]), "")
        if wrong or not typed:
            self._say([wrong] if typed else None, is_wrong=True)
            return
        try:
            self.sweep = parse_sweep([line.text for line in typed], self._sources.base)
        except InvalidAxis as error:
            if len(over) == len(typed):
                typed[-1].complain(str(error))
                self._say([str(error)], is_wrong=True)
            else:
                self._look_at(over)
            return
        self._looked = self.sweep
        self._look(self.sweep)

    def _look_at(self, over: Sequence[AxisLine]) -> None:
        """Say what it will be without the line that is being typed."""
        try:
            self._looked = parse_sweep([line.text for line in over], self._sources.base)
        except InvalidAxis:  # as when there is none
            self._say(None)
        else:
            self._look(self._looked)

    def _check(self, line: AxisLine) -> str:
        """Say what is wrong with one line, if it is wrong by itself; that, else nothing."""
        base = self._sources.base
        try:
            parse_sweep([line.text], base)
        except InvalidAxis as error:
            try:  # what it replaces may stand in a prompt of another axis
                parse_sweep([each.text for each in self.lines if each.text.strip()], base)
            except InvalidAxis:
                line.complain(str(error))
                return str(error)
        line.complain("")
        return ""

    @work(exclusive=True, group="forecast")
    async def _look(self, sweep: Sweep) -> None:
        told = await off_loop(partial(self._foretell, sweep))
        if sweep is self._looked and self.query(".told"):  # else it was left meanwhile
            self._say(told)

    def _say(self, told: Sequence[str] | None, *, is_wrong: bool = False) -> None:
        """Say what it would be, or what is wrong; ``None`` where nothing is typed yet."""
        panel = self.query_one(".told", Static)
        self._told = () if is_wrong else told or ()
        self._say_short()
        if told is None:
            wide = max(len(example) for example, _ in _EXAMPLES)
            lines = [
                Content.assemble((f"{example:<{wide}}   ", ""), (with_keys(about), "$text-muted"))
                for example, about in _EXAMPLES
            ]
            lines.append(Content.styled(f"At most {MAX_CELLS:,} runs.", "$text-muted"))
        else:
            first = "$error" if is_wrong else "$foreground"
            lines = [
                Content.styled(clean(line), "$text-muted" if number else first)
                for number, line in enumerate(told)
            ]
        panel.update(Content("\n").join(lines))

    def _say_short(self) -> None:
        """Where what is offered lies over what it will be, say that in the border above."""
        covered = any(line.offers for line in self.lines) and self._told
        room = max(self.size.width - 8, 10)
        title = one_line(f"Axes · {self._told[0]}", room) if covered else "Axes"
        self.query_one("#axes").border_title = Content(title)

    # The sweeps there were

    @work(exclusive=True, group="listing")
    async def _list(self) -> None:
        try:
            told = await off_loop(lambda: _past(self._history()))
        except SafelightError:
            return  # to begin one says so
        if not self.query("#past"):
            return  # it was left meanwhile
        self.query_one("#past").display = bool(told)
        self.query_one(GroupList).show(told)

    @on(OptionList.OptionSelected, "#groups")
    def _opened(self, event: OptionList.OptionSelected) -> None:
        event.stop()
        group = self.query_one(GroupList).current
        if group is not None:
            self.dismiss(group.id)

    # Moving

    def _go_on(self, place: int, by: int) -> None:
        """To the line so many places further, or to the list below the last."""
        to = place + by
        if 0 <= to < len(self.lines):
            self.set_focus(self.lines[to].line)
        elif to == len(self.lines) and self.query_one(GroupList).told:
            self.set_focus(self.query_one(GroupList))
        self._soon()

    @on(AxisLine.Entered)
    def _entered(self, event: AxisLine.Entered) -> None:
        event.stop()
        self.action_start()

    def action_start(self) -> None:
        """Begin what is typed, or go to the first line that is wrong."""
        self.set_focus(None)  # what is typed is what is meant
        self._read()
        if self.sweep is not None:
            self.dismiss(self.sweep)
            return
        if not any(line.text.strip() for line in self.lines):
            self.lines[0].complain("Type an axis, such as steps=20,30,50.")
        wrong = next((line for line in self.lines if line.is_wrong), self.lines[0])
        wrong.line.focus()

    def action_back(self) -> None:
        """Close what is offered, else leave."""
        offering = [line for line in self.lines if line.offers]
        for line in offering:
            line.close()
        self._say_short()
        if not offering:
            self.dismiss(None)


def _is_being_typed(line: AxisLine) -> bool:
    """Whether more is to come: nothing is wrong yet with what is begun."""
    begun = "=" not in line.text or line.text.rstrip()[-1:] in "=,.:"
    return line.line.has_focus and (begun or line.offers)


def _past(history: History) -> list[Told]:
    """The latest sweeps, and how far each is. In a thread."""
    told = []
    for group in history.groups.latest(Kind.SWEEP, _SHOWN):
        try:
            grid = grid_of(history, group.id, Sweep.from_json(group.plan))
        except InvalidAxis:
            continue  # of another version
        done, all_of_it = grid.count(State.DONE), len(grid.cells) - grid.count(State.IMPOSSIBLE)
        how_far = f"{done} of {all_of_it}" if done < all_of_it else f"all {done}"
        told.append(Told(group, how_far, is_open=bool(grid.left())))
    return told
