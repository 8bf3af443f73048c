"""Every switch: what it does, whether it works here, what turning it costs, what it did before."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING

from textual import on, work
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Static

from engine.errors import InvalidSpec
from engine.switches import BY_NAME, Place, Switch
from tui.effect_table import brief
from tui.keys.command import bindings
from tui.keys.contexts import with_keys
from tui.keys.machine import SWITCHES
from tui.keys.moving import FOCUS
from tui.screens.ask import AskScreen
from tui.screens.choose import ChooseScreen
from tui.stock import off_loop
from tui.switchboard import COSTS, Known, known
from tui.text import clean
from tui.widgets.choice import Option
from tui.widgets.switch_table import SwitchTable

if TYPE_CHECKING:
    from engine.record import RunRecord

_OTHER = "other …"


class SwitchesScreen(ModalScreen[tuple[dict[str, str], bool]], inherit_bindings=False):
    """Gives the switches as they were left, and whether to run with them at once."""

    DEFAULT_CSS = """
    SwitchesScreen {
        align: center middle;
        background: $background 60%;
        & > Vertical {
            width: 100;
            max-width: 98%;
            height: auto;
            max-height: 96%;
        }
        & SwitchTable {
            height: auto;
            max-height: 100%;
            border: round $border;
            border-title-color: $accent;
            border-subtitle-color: $text-muted;
            background: $surface;
            padding: 0 1;
            scrollbar-size-vertical: 1;
        }
        & #about {
            dock: bottom;
            height: 6;
            border: round $border-blurred;
            border-title-color: $text-muted;
            background: $surface;
            padding: 0 1;
        }
    }
    """
    BINDINGS = bindings(SWITCHES, FOCUS)

    def __init__(
        self,
        values: Mapping[str, str],
        place: Place,
        scheduler: str | None,
        records: Sequence[RunRecord],
    ) -> None:
        """
        Args:
            values: what is turned now.
            place: of the checkpoint and the device, as far as they are known.
            scheduler: the one on the form; ``None`` is the checkpoint's own.
            records: past runs, for what each switch did.
        """
        super().__init__()
        self._place, self._scheduler, self._records = place, scheduler, records
        self._table = SwitchTable(values, self._know, "switch-table")

    def compose(self) -> ComposeResult:
        with Vertical():
            self._table.border_title = "Switches"
            self._table.border_subtitle = with_keys(
                "{list.left}{list.right} turn · {choice.open} all · {choice.clear} default · "
                "{switches.run} run · {switches.done} done"
            )
            yield self._table
            yield Static(id="about")

    def on_mount(self) -> None:
        self._table.focus()
        self._about()
        self._look_back()

    def _know(self, switch: Switch, value: str) -> Known:
        return known(switch, value, self._place, self._table.values, self._scheduler)

    # What is known

    def _about(self) -> None:
        switch = self._table.current
        value = self._table.value_of(switch)
        choice = next((c for c in switch.offered(self._place) if c.value == value), None)
        reason = self._table.reason(switch, value)
        lines = [
            Content(switch.help),
            Content.assemble(
                (clean(value), "bold"),
                (f"  {choice.help}" if choice and choice.help else "", "$text-muted"),
            ),
        ]
        if reason:
            what = "Cannot be used" if value != switch.default else "Nothing else works here"
            lines.append(Content.styled(f"{what}: {clean(reason)}.", "$warning"))
        elif value != switch.default and (hidden := switch.hidden_by(self._table.values)):
            lines.append(Content.styled(f"No effect now: {hidden}.", "$warning"))
        else:
            lines.append(Content.styled(COSTS[switch.cost], "$text-muted"))
        if effect := self._table.effects.get((switch.name, value)):
            lines.append(Content.assemble(("Here: ", "$text-muted"), effect))
        about = self.query_one("#about", Static)
        about.border_title = f"{switch.label} · --set {switch.name}=…"
        about.update(Content("\n").join(lines))

    @work(group="effects", exit_on_error=False)
    async def _look_back(self) -> None:
        """What each switch did here, from past runs; pictures are compared off the event loop."""
        self._know_effects(await off_loop(partial(_effects, self._records)))

    def _know_effects(self, found: dict[tuple[str, str], str]) -> None:
        if self.is_mounted:
            self._table.effects = found
            self._changed()

    def _changed(self) -> None:
        self._table.show()
        self._about()

    # What the user does

    @on(SwitchTable.Moved)
    def _moved(self, event: SwitchTable.Moved) -> None:
        event.stop()
        self._about()

    def _turn(self, switch: Switch, value: str) -> None:
        if value == switch.default:
            self._table.values.pop(switch.name, None)
        else:
            self._table.values[switch.name] = value
        self._changed()

    @on(SwitchTable.Stepped)
    def _stepped(self, event: SwitchTable.Stepped) -> None:
        """The next value that works here; round and round for one that is on or off."""
        event.stop()
        switch = self._table.current
        values = [c.value for c in switch.offered(self._place)]
        usable = [v for v in values if not self._know(switch, v).reason]
        now = self._table.value_of(switch)
        if now not in usable:
            self._turn(switch, switch.default)
            return
        at = usable.index(now) + event.by
        if len(usable) == 2:
            at %= 2
        if 0 <= at < len(usable):
            self._turn(switch, usable[at])

    @on(SwitchTable.Reset)
    def _reset(self, event: SwitchTable.Reset) -> None:
        event.stop()
        self._turn(self._table.current, self._table.current.default)

    @on(SwitchTable.Opened)
    def _opened(self, event: SwitchTable.Opened) -> None:
        event.stop()
        switch = self._table.current
        options = [
            Option(c.value, c.help, self._know(switch, c.value).reason)
            for c in switch.offered(self._place)
        ]
        if switch.open_hint:
            options.append(Option(_OTHER, f"{switch.open_hint.capitalize()}."))
        value = self._table.value_of(switch)

        def chosen(value: str | None) -> None:
            if value == _OTHER:
                self._ask(switch)
            elif value is not None:
                self._turn(switch, value)

        self.app.push_screen(ChooseScreen(switch.label, tuple(options), value), chosen)

    def _ask(self, switch: Switch) -> None:
        def check(text: str) -> str:
            try:
                value = switch.parse(text)
                if value in [choice.value for choice in switch.offered(self._place)]:
                    return self._know(switch, value).reason
                return self._know(switch, value).reason or switch.missing(value)
            except InvalidSpec as error:
                return str(error)

        def typed(text: str | None) -> None:
            if text is not None:
                self._turn(switch, switch.parse(text))

        now = self._table.values.get(switch.name, "")
        hint = f"{switch.open_hint.capitalize()}."
        self.app.push_screen(AskScreen(switch.label, hint, now, check), typed)

    def action_reset_all(self) -> None:
        self._table.values.clear()
        self._changed()

    def action_done(self) -> None:
        self.dismiss((self._table.values, False))

    def action_run(self) -> None:
        self.dismiss((self._table.values, True))


def _effects(records: Sequence[RunRecord]) -> dict[tuple[str, str], str]:
    from engine.effects import effects, likeness_of

    found = (effect for effect in effects(records) if effect.switch in BY_NAME)
    return {(each.switch, each.value): brief(each, likeness_of(each)) for each in found}
