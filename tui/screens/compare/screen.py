"""Two to four pictures next to each other: how they look, what differs, what it costs."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.content import Content
from textual.widgets import Static

from engine.compare import Comparison, Side
from engine.record import RunRecord
from tui.graphics.terminal import Terminal
from tui.graphics.viewport import Viewport
from tui.keys.command import bindings
from tui.keys.compare import COMPARE
from tui.keys.moving import FOCUS
from tui.keys.studio import APP
from tui.screens.compare.darkroom import Darkroom, Pair
from tui.screens.compare.sides import CompareSides
from tui.text import WINNER
from tui.widgets.compare.facts import Told
from tui.widgets.compare.panel import Facts
from tui.widgets.compare.print import Part, Print
from tui.widgets.compare.rows import LETTERS
from tui.widgets.compare.stage import Stage
from tui.widgets.key_bar import KeyBar

if TYPE_CHECKING:
    from tui.engine_room import EngineRoom

View = Literal["sides", "blink", "wipe", "difference"]
_EDGE = 0.05
"""Of what is seen, by which the edge of a wipe moves."""
_NAMES = {"sides": "side by side", "blink": "blink", "wipe": "wipe", "difference": "difference"}


class CompareScreen(CompareSides):
    """Compares runs. Gives the run whose settings go to the form, or ``None``."""

    CSS_PATH = Path(__file__).with_name("compare.tcss")
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (100, "-normal"), (160, "-wide")]
    VERTICAL_BREAKPOINTS = [(0, "-tiny"), (23, "-short"), (32, "-tall"), (50, "-grand")]
    AUTO_FOCUS = ""
    BINDINGS = bindings(COMPARE, FOCUS)

    def __init__(
        self,
        comparison: Comparison,
        runs: Sequence[RunRecord],
        room: EngineRoom,
        terminal: Terminal,
    ) -> None:
        """
        Args:
            runs: those that a side can be changed to.
        """
        super().__init__(comparison, runs, room)
        self._terminal = terminal
        self._darkroom = Darkroom()
        self._view: View = "sides"
        self._flipped = False
        self._edge = 0.5

    def compose(self) -> ComposeResult:
        with Horizontal(classes="top"):
            title = Content.assemble(("safelight", "bold $accent"), ("  compare", "$text-muted"))
            yield Static(title, classes="title")
            yield Static("", classes="state")
        yield Stage(self._terminal)
        yield Facts()
        yield KeyBar([command for command in (*COMPARE, *APP) if command.footer])

    def on_mount(self) -> None:
        self.set_comparison(self.comparison)

    @property
    def stage(self) -> Stage:
        return self.query_one(Stage)

    @property
    def facts(self) -> Facts:
        return self.query_one(Facts)

    @property
    def darkroom(self) -> Darkroom:
        return self._darkroom

    # What is shown

    def set_comparison(self, comparison: Comparison) -> None:
        self.comparison = comparison
        self.focus_at = min(self.focus_at, len(comparison.sides) - 1)
        self._flipped = False
        self.show()
        self.look_at_likeness()
        self.look_at_winners()
        self.look_for_measured()

    def show(self) -> None:
        """Show the comparison as it is."""
        if not self.is_mounted:
            return
        self.show_pictures()
        self.show_facts()

    def show_facts(self) -> None:
        """Show what is known of it."""
        self.facts.tell(
            Told(
                self.comparison,
                self.focus_at,
                frozenset(self.winners),
                self.likeness,
                self.looking,
                self.measuring.measured,
                self.all_settings,
                self.notes,
            )
        )
        self.show_state()

    def show_state(self) -> None:
        """Say in the first line what is looked at, or how the measurement goes."""
        zoom = self.stage.view.zoom
        parts = [_NAMES[self._view]] if self._view != "sides" else []
        parts += [f"{zoom:g}x"] if zoom > 1 else []
        limits = len(self.comparison.limits())
        if limits and not self.has_class("-alone"):
            parts.append(f"{limits} {'note' if limits == 1 else 'notes'} below")
        state = self.measuring.progress or Content(" · ".join(parts))
        self.query_one(".state", Static).update(state, layout=False)
        self.query_one(KeyBar).renamed = (
            (("compare.measure", "Stop"),) if self.measuring.is_on else ()
        )

    def show_pictures(self) -> None:
        """Show the pictures as they are looked at."""
        pair = self.pair
        one, two = self._alone(pair.one), self._alone(pair.two)
        if self._view == "sides":
            sides = [self._darkroom.print_of(s, self._label(i)) for i, s in self.numbered]
            self.stage.show(sides, (one, two))
        elif self._view == "blink":
            self.stage.show((two if self._flipped else one,), (one, two))
        elif self._view == "wipe":
            label = self._pair_label(pair, "│")
            (left, _, right, _), columns = self.stage.alone(one, below=True)

            def at(edge: float) -> Print:
                return self._darkroom.wiped(pair, left + edge * (right - left), label)

            edges = [self._edge + _EDGE, self._edge - _EDGE]
            ahead = [at(edge) for edge in edges if 0 <= edge <= 1]
            self.stage.show((at(self._edge),), ahead, _slider(self._edge, columns))
        else:
            found = self._darkroom.difference(pair)
            said = str(found) if found is not None else " "
            shown = self._darkroom.subtracted(pair, self._pair_label(pair, "−"))
            self.stage.show((shown,), (), _scale(found.white_at if found else 0, said))
        self.show_state()

    def _alone(self, side: Side) -> Print:
        at = self.comparison.sides.index(side)
        return self._darkroom.print_of(side, self._label(at))

    def _label(self, at: int) -> tuple[Part, ...]:
        side = self.comparison.sides[at]
        here = at == self.focus_at
        parts: list[Part] = [
            (f"{LETTERS[at]} {side.name}", "bold accent" if here else "bold foreground")
        ]
        if side.record.id in self.winners:
            parts.append((f" {WINNER}", "warning"))
        if at == self.comparison.reference:
            parts.append((" reference", "text-muted"))
        size = side.size
        if size is not None and len({s.size for s in self.comparison.sides}) > 1:
            parts.append((f" {size[0]}x{size[1]}", "text-muted"))
        return tuple(parts)

    def _pair_label(self, pair: Pair, sign: str) -> tuple[Part, ...]:
        sides = self.comparison.sides
        one, two = (f"{LETTERS[sides.index(s)]} {s.name}" for s in (pair.one, pair.two))
        return (*((one, "bold foreground"), (f" {sign} ", "text-muted"), (two, "bold foreground")),)

    @on(Stage.Developed)
    def _developed(self, event: Stage.Developed) -> None:
        event.stop()
        if self._view == "difference":
            self.show_pictures()  # its scale is known by now

    @on(Stage.Clicked)
    def _clicked(self, event: Stage.Clicked) -> None:
        if self._view == "sides":
            self.action_side(event.index)
        elif self._view == "blink":
            self.action_blink()
        elif self._view == "wipe":
            self._edge = round(event.across, 4)
            self.show_pictures()

    @on(Stage.Wheeled)
    def _wheeled(self, event: Stage.Wheeled) -> None:
        self.action_zoom(event.by)

    def on_resize(self) -> None:
        self.call_after_refresh(self.show)

    def draw_for(self, terminal: Terminal) -> None:
        """Draw for this terminal from now on."""
        self.stage.use(terminal)

    # Looking

    def _look(self, view: View) -> None:
        self._view = view if self._view != view else "sides"
        self._flipped = False
        self.show_pictures()

    def action_blink(self) -> None:
        if self._view != "blink":
            self._look("blink")
            return
        self._flipped = not self._flipped
        self.show_pictures()

    def action_wipe(self) -> None:
        self._look("wipe")

    def action_difference(self) -> None:
        self._look("difference")

    def action_zoom(self, by: int) -> None:
        self.stage.look(self.stage.view.enlarged(by))
        self.show_pictures()

    def action_whole(self) -> None:
        self.stage.look(Viewport())
        self.show_pictures()

    def action_go(self, x: int, y: int) -> None:
        """The arrows: the edge of a wipe; else the pictures; else the facts."""
        if x and self._view == "wipe":
            self._edge = min(max(round(self._edge + x * _EDGE, 4), 0.0), 1.0)
            self.show_pictures()
        elif not self.action_pan(x, y) and y:
            self.facts.scroll_by(y)

    def action_pan(self, x: int, y: int) -> bool:
        moved = self.stage.move(x, y)
        if moved:
            self.show_pictures()
        return moved

    def action_page(self, by: int) -> None:
        self.facts.page_by(by)

    def action_alone(self) -> None:
        self.toggle_class("-alone")
        self.call_after_refresh(self.show)

    def action_all(self) -> None:
        self.all_settings = not self.all_settings
        self.facts.to_top()
        self.show_facts()

    def action_back(self) -> None:
        if self._view != "sides":
            self._look("sides")
        elif self.stage.view.zoom > 1:
            self.action_whole()
        else:
            self.leave(None)


def _slider(edge: float, columns: int) -> tuple[Part, ...]:
    """A line as wide as the picture, with a handle where the edge is."""
    width = max(columns, 3)
    at = round(edge * (width - 1))
    return (
        ("━" * at, "text-muted"),
        ("●", "bold accent"),
        ("━" * (width - 1 - at), "text-muted"),
    )


def _scale(white_at: int, said: str) -> tuple[Part, ...]:
    """What the brightness of a difference means."""
    if not white_at:
        return ((said, "text-muted"),)
    return (
        ("0 ", "text-muted"),
        ("░▒▓█", "foreground"),
        (f" {white_at}+   ", "text-muted"),
        (said, "text-muted"),
    )
