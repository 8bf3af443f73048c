"""The screens that open over the studio: values, switches, checkpoints, history, jump letters."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, cast

from textual import on, work
from textual.screen import Screen
from textual.widget import Widget
from textual.widgets import Input

from engine.spec import BUNDLED
from tui import form as forms
from tui.keys.shown import key_of
from tui.widgets.choice import Choice
from tui.widgets.prompt import PromptEditor
from tui.widgets.switches_field import SwitchesField

if TYPE_CHECKING:
    from engine.compare import Comparison
    from engine.record import RunRecord
    from tui.screens.history.screen import HistoryScreen
    from tui.screens.studio.screen import StudioScreen


class Overlays(Screen[None], inherit_bindings=False):
    """What of the studio opens other screens. Each is imported when it is first wanted."""

    _pasted = ""  # Settings of another program, that went into a prompt.
    _history: HistoryScreen | None = None

    @property
    def _studio(self) -> StudioScreen:
        return cast("StudioScreen", self)

    @on(Choice.Opened)
    def _choice_opened(self, event: Choice.Opened) -> None:
        from tui.screens.choose import ChooseScreen

        choice = event.choice

        def chosen(value: str | None) -> None:
            if value is not None:
                choice.value = value

        self.app.push_screen(ChooseScreen(choice.title, choice.options, choice.value), chosen)

    @on(SwitchesField.Opened)
    def action_switches(self) -> None:
        """Show everything that can be turned."""
        from engine.errors import InvalidSpec
        from engine.switches import NOWHERE
        from tui.screens.switches import SwitchesScreen

        form = self._studio.spec_form
        texts = form.values
        try:
            values = forms.read_switches(texts["switches"])
        except InvalidSpec as error:
            self.notify(f"{error} They were left out.", severity="warning")
            values = {}
        own = texts["scheduler"] == forms.OWN_SCHEDULER
        records = [row.record for row in self._studio.runs.rows if row.record is not None]

        def done(left: tuple[dict[str, str], bool] | None) -> None:
            if left is not None:
                form.set_switches(left[0])
                if left[1]:
                    self._studio.action_run()

        self.app.push_screen(
            SwitchesScreen(
                values, form.place or NOWHERE, None if own else texts["scheduler"], records
            ),
            done,
        )

    @work
    async def action_checkpoints(self) -> None:
        from tui.screens.asking import choose_checkpoint

        await choose_checkpoint(self._studio)

    @on(PromptEditor.SettingsPasted)
    def _settings_pasted(self, event: PromptEditor.SettingsPasted) -> None:
        event.stop()
        self._pasted = event.text
        key = key_of("open-picture")
        said = f"Looks like settings of another program. {key} puts them on the form."
        self.notify(said, timeout=8)

    def action_open_picture(self) -> None:
        """Ask for a picture or a text, and put its settings on the form."""
        from tui.restoring import restore
        from tui.screens.restore import Found, RestoreScreen, put_on_form

        studio = self._studio
        ask = partial(
            restore,
            checkpoint=studio.spec_form.values["checkpoint"].strip() or BUNDLED,
            checkpoints=studio.host.stock.checkpoints,
        )
        text, self._pasted = self._pasted, ""

        def done(found: Found | None) -> None:
            if found is not None:
                put_on_form(studio, found)

        self.app.push_screen(RestoreScreen(text, ask), done)

    @work(exclusive=True, group="history")
    async def action_history(self) -> None:
        """Show every run. The screen is kept: it opens again where it was left."""
        from engine.errors import SafelightError
        from tui.screens.history.screen import HistoryScreen
        from tui.stock import off_loop

        studio = self._studio
        if self._history is None:
            try:
                history = await off_loop(lambda: studio.host.history)
            except SafelightError as error:
                self.notify(str(error), severity="error", timeout=10)
                return
            self._history = HistoryScreen(history, studio.picture.terminal, studio.host)
            self.app.install_screen(self._history, "history")

        self.app.push_screen(self._history, self._open_run)

    def action_compare(self) -> None:
        """This run and the one before, or the chosen one; in the picture, the batch."""
        from tui.screens.compare.opening import of_runs, open_comparison, shown, this_and_another

        studio = self._studio
        records = shown([row.record for row in studio.runs.rows])
        current = studio.runs.current
        chosen = current.id if current is not None else None
        looked_at = next((record for record in records if record.id == chosen), None)

        def make() -> Comparison:
            if studio.picture.has_focus and looked_at is not None and len(looked_at.images) > 1:
                return of_runs([looked_at])
            return this_and_another(records, chosen)

        terminal = studio.picture.terminal
        open_comparison(studio, make, records, studio.host, terminal, self._open_run)

    def _open_run(self, record: RunRecord | None) -> None:
        """Bring a run back that may not be in the list of runs."""
        if record is None:
            return
        from tui.widgets.run_table import Row

        runs = self._studio.runs
        place = next((i for i, row in enumerate(runs.rows) if row.id == record.id), None)
        if place is not None:
            runs.cursor = place
        self._studio.bring_back(Row.of(record))

    def action_view(self) -> None:
        """Show the picture as large as the terminal."""
        from tui.screens.viewer.opening import view_studio

        view_studio(self._studio, self._open_run, self._look_at_run)

    def action_fetch(self) -> None:
        """Say how to fetch the pictures of the run that is looked at."""
        from tui.screens.fetch import fetch

        studio = self._studio
        shown = studio.painter.shown
        run = shown[1] if shown is not None and not studio.runs.has_focus else None
        if run is None and studio.runs.current is not None:
            run = studio.runs.current.id
        picture = studio.picture
        index = picture.picked if picture.alone and not studio.runs.has_focus else -1
        fetch(studio, [row.record for row in studio.runs.rows if row.id == run], index)

    def _look_at_run(self, record: RunRecord) -> None:
        """Show a run's pictures, as if the cursor had been moved there."""
        from tui.widgets.run_table import Row, RunTable

        runs = self._studio.runs
        place = next((i for i, row in enumerate(runs.rows) if row.id == record.id), None)
        if place is not None:
            runs.cursor = place
            self._studio.post_message(RunTable.Looked(Row.of(record)))

    def run_is_over(self) -> None:
        """Let the history show a run that has just come to its end."""
        if self._history is not None and self._history.is_current:
            self._history.look_again()

    @work(exclusive=True, group="history")
    async def action_prompts(self) -> None:
        """Choose among the prompts of the history."""
        from engine.errors import SafelightError
        from tui.screens.prompts import PromptsScreen
        from tui.stock import off_loop

        studio = self._studio
        try:
            history = await off_loop(lambda: studio.host.history)
        except SafelightError as error:
            self.notify(str(error), severity="error", timeout=10)
            return
        chosen = await self.app.push_screen_wait(PromptsScreen(history))
        if chosen is not None:
            studio.spec_form.prompt.show_text(chosen.prompt)
            if chosen.negative is not None:
                studio.spec_form.negative.show_text(chosen.negative)
            studio.spec_form.prompt.focus()

    def action_jump(self) -> None:
        from tui.screens.jump import JumpScreen

        def go(target: Widget | None) -> None:
            if target is not None:
                target.focus()
                if isinstance(target, Input):
                    target.select_all()  # what is typed next replaces it, as after Tab

        # At once, not from a worker: the next key may be here already, and is meant for it.
        self.app.push_screen(JumpScreen(self), go)
