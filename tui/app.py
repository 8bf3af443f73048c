"""The app: themes, keys, and the engine behind the studio."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from textual import work
from textual.dom import DOMNode
from textual.driver import Driver
from textual.events import DescendantFocus, Event, Key
from textual.screen import Screen

from engine.errors import SafelightError
from tui import form as forms
from tui import garbage
from tui.attention.eyes import Eyes
from tui.copying import CopyingApp
from tui.covering import CoveringApp
from tui.engine_room import EngineRoom
from tui.graphics.terminal import Terminal
from tui.guarded_app import GuardedApp
from tui.keys.command import bindings
from tui.keys.shown import key_of, with_keys
from tui.keys.studio import APP
from tui.keys.taking import take_keys
from tui.leaving import at_the_latest, has_shell, hear, stop_for_the_shell
from tui.offering import OfferingApp
from tui.paths import Paths
from tui.preferences import Preferences
from tui.remembered import Remembered
from tui.screens.studio.runs import RUNS_SHOWN
from tui.screens.studio.screen import StudioScreen
from tui.settings.sources import ENVIRONMENT, FLAG, Sources

if TYPE_CHECKING:
    from textual.timer import Timer

    # What the first frame does not need is imported when it is used.
    from engine.record import RunRecord
    from tui.graphics.listening import TerminalAnswered
    from tui.lab import Lab
    from tui.settings import Settings

REDRAWS_PER_SECOND = 10
HURRY_SECONDS = 1.5
"""For the engine to end when the system wants us gone."""
BREATH_SECONDS = 0.02
"""For keys, after a look for garbage."""
OTHERS_SECONDS = 2.0
"""Between two looks whether another Safelight has written into the history."""
PATIENCE_SECONDS = 1.0
AROUND_SECONDS = 2.0
"""After the start, when all answers that come have come, tmux is asked what it hides."""
CHECK_SECONDS = 5.0
"""After the start, when nothing else is to be done, a large history is checked for damage."""

log = logging.getLogger("safelight.tui")


def _driver() -> type[Driver] | None:
    """Our driver, where there are POSIX terminals."""
    if sys.platform == "win32":
        return None
    from tui.graphics.driver import Driver as Ours

    return Ours


def _learn_to_draw() -> None:
    """Import what the first preview needs, which would else stand still for it."""
    from tui.graphics import halfblock, plates, quality  # noqa: F401


class SafelightApp(GuardedApp, CoveringApp, OfferingApp, CopyingApp, inherit_bindings=False):
    """Safelight. Returns an exit code."""

    TITLE = "safelight"
    BINDINGS = bindings(APP)
    ENABLE_COMMAND_PALETTE = True
    CSS_PATH = Path(__file__).with_name("screens") / "studio" / "studio.tcss"

    def __init__(self, lab: Lab, paths: Paths, sources: Sources, terminal: Terminal) -> None:
        wrong_keys = take_keys(sources)
        super().__init__(paths, driver_class=_driver())
        if "NO_COLOR" in os.environ:
            from tui.colourless import take_colours

            take_colours(self)
        self._lab = lab
        self._terminal = terminal
        self._remembered = Remembered(paths.form_file)
        self.room = EngineRoom(lab, self._complain, self.keep_form)
        self.preferences = Preferences(self, sources, paths)
        self.preferences.complaints += wrong_keys
        form = self._remembered.form(self._settings.checkpoint)
        if sources.origins["checkpoint"] in (FLAG, ENVIRONMENT):
            form["checkpoint"] = self._settings.checkpoint
        self.studio = StudioScreen(form, self.room, terminal.limited_to(self._settings.graphics))
        self._redraws: Timer | None = None
        self._typed_ahead: list[Key] | None = []
        self._eyes = Eyes()
        if self._settings.reduced_motion:
            self.animation_level = "none"

    def get_default_screen(self) -> Screen[None]:
        return self.studio

    @property
    def _settings(self) -> Settings:
        return self.preferences.live.settings

    @property
    def _background_screens(self) -> list[Screen[Any]]:
        # Textual counts the screen below also when nothing of it shines through, and paints the
        # upper one anew, pictures and all, whenever something changes down there.
        return [] if self.screen.styles.background.a == 1 else super()._background_screens

    def update_styles(self, node: DOMNode, animate: bool = True) -> None:
        """Not of widgets that are still being made: they are styled when they are mounted."""
        if node.is_attached:
            super().update_styles(node, animate=animate)

    def refresh_css(self, animate: bool = True) -> None:
        """Before anything is on the screen, take the theme's colours without reading CSS twice."""
        if self.studio.is_attached:
            draw = super().refresh_css
            self.preferences.themes.refresh(lambda: draw(animate=animate))
        else:
            self.stylesheet.set_variables(self.get_css_variables())

    # Start

    def on_load(self) -> None:
        hear(self._leave_at_once)

    def on_mount(self) -> None:
        # The first frame does not wait for the history or the engine.
        self.call_after_refresh(self._open_lab)

    def on_terminal_gone(self) -> None:
        self._leave_at_once(129)

    def _leave_at_once(self, code: int) -> None:
        """Go because we were told to, by the system or a line that dropped."""
        if give_back := getattr(self._driver, "give_back_at_once", None):
            at_the_latest(code, give_back)
        self.room.begin_to_stop(HURRY_SECONDS)
        self._leave(code)

    def _leave(self, code: int) -> None:
        self.keep_form()
        self.exit(code)

    def _complain(self, sentence: str) -> None:
        self.notify(sentence, severity="error", timeout=10)

    @work(exit_on_error=True)
    async def _open_lab(self) -> None:
        """Open the history and the engine, in a thread: an old or damaged one takes a while."""
        from tui.log import start as start_log

        garbage.begin()
        start_log(self._paths)
        self.preferences.watch()
        for complaint in self.preferences.complaints:
            self.notify(complaint, severity="warning", timeout=8)
        from tui.attention.caller import Caller
        from tui.bridge import EngineStirs, EngineTold
        from tui.stock import off_loop

        self.room.listen(Caller(self, self._eyes, lambda: self._settings, lambda: self._terminal))
        patience = self.set_timer(PATIENCE_SECONDS, self._say_that_it_takes_a_while)
        try:
            # Posting from the engine's thread does not wait for the screen.
            cut_off, entries = await off_loop(
                lambda: (
                    self.room.open(
                        lambda: self.post_message(EngineTold()),
                        lambda: self.post_message(EngineStirs()),
                    ),
                    self._lab.past_runs(RUNS_SHOWN),
                )
            )
        except SafelightError as error:
            self.notify(str(error), severity="error", timeout=20)
            self.studio.cannot_work(str(error))
            return
        finally:
            patience.stop()
        self.studio.show_history(entries)
        self._deliver()
        if self._lab.repaired:
            self.studio.say(self._lab.repaired, "warning")
            self.notify(self._lab.repaired, severity="warning", timeout=15)
        self._tell_of_the_past(cut_off)
        self._redraws = self.set_interval(1 / REDRAWS_PER_SECOND, self._deliver_or_rest)
        self.set_interval(OTHERS_SECONDS, self.look_for_others)
        self.set_timer(CHECK_SECONDS, self._check_history)
        self.set_timer(AROUND_SECONDS, self._look_around_tmux)
        self.studio.spec_form.offer_what_fits()
        spec, _ = forms.parse(self.studio.spec_form.values)
        self.room.start(spec.checkpoint if spec is not None else "")
        await off_loop(_learn_to_draw)

    def _say_that_it_takes_a_while(self) -> None:
        self.studio.say(
            "Opening the history. One that is large, and old or damaged, takes a while.", "warning"
        )

    def _tell_of_the_past(self, cut_off: Sequence[RunRecord]) -> None:
        """Say what a Safelight that is gone has left."""
        for record in cut_off:
            self.studio.say(
                f"#{record.id} was cut off when Safelight ended. To try it again: "
                + with_keys("{list.choose} on it in Runs, then {studio.run}."),
                "warning",
            )
        waiting = len(self.studio.waiting)
        if waiting or cut_off:
            parts = [f"{len(cut_off)} cut off when Safelight ended"] if cut_off else []
            parts += [f"{waiting} waiting, paused: {key_of('pause')} goes on"] if waiting else []
            self.notify(". ".join(parts) + ".", severity="warning", timeout=12)

    @work(exclusive=True, group="left-behind")
    async def look_for_others(self) -> None:
        """See what other Safelights have written, and what one that has just ended has left."""
        from tui.stock import off_loop

        garbage.tidy()
        self.studio.look_for_others()
        try:
            cut_off = await off_loop(self.room.recover)
        except SafelightError:
            return  # the next time, perhaps
        waited = len(self.studio.waiting)
        self._deliver()
        if cut_off or len(self.studio.waiting) > waited:
            self.studio.sync()
            self._tell_of_the_past(cut_off)

    @work
    async def _look_around_tmux(self) -> None:
        from tui.tmux import look_around

        await look_around(self, self._terminal)

    @work
    async def _check_history(self) -> None:
        """Read the whole history once, in a thread: damage is better known before it is met."""
        from tui.stock import off_loop

        try:
            wrong = await off_loop(self._lab.history.check)
        except SafelightError:
            return  # there is none
        if wrong:
            self.studio.say(wrong, "bad")
            self._complain(wrong)

    # Events

    def on_engine_told(self) -> None:
        self._deliver()

    def on_engine_stirs(self) -> None:
        if self._redraws is not None:
            self._redraws.resume()

    def _deliver_or_rest(self) -> None:
        if garbage.tidy():
            self.set_timer(BREATH_SECONDS, self._deliver)  # keys that came meanwhile go first
        elif not self._deliver() and self._redraws is not None:
            self._redraws.pause()  # until the engine stirs: nobody is woken for nothing

    def _deliver(self) -> bool:
        """Show what the engine has told since the last time; whether it has told anything."""
        if not self.studio.is_mounted:
            return True
        told = self.room.told()
        if told:
            with self.batch_update():
                for event in told:
                    self.studio.painter.show(event)
                    self.room.pass_on(event)
        return bool(told)

    def on_terminal_answered(self, event: TerminalAnswered) -> None:
        """Draw better from now on, if the terminal can."""
        event.stop()
        self.heard = event.heard
        self.found_out(event.terminal)

    def found_out(self, terminal: Terminal) -> None:
        """Draw for this terminal from now on."""
        self._terminal = terminal
        self.draw_anew()

    def draw_anew(self) -> None:
        """Draw pictures as the terminal can and the settings say."""
        for screen in self.screen_stack:
            if draw_for := getattr(screen, "draw_for", None):
                draw_for(self._terminal.limited_to(self._settings.graphics))

    def on_files_changed(self) -> None:
        self.preferences.look()

    def action_settings(self) -> None:
        self.preferences.show()

    def keep_form(self) -> None:
        """Write down what is typed, for the next time."""
        self._remembered.keep(self.studio.spec_form.values, self.preferences.chosen_theme)

    # Keys

    async def on_event(self, event: Event) -> None:
        """Keys that come before anything has the focus wait for it: else they would be lost."""
        self._eyes.see(event)
        if self._typed_ahead is not None and isinstance(event, Key):
            self._typed_ahead.append(event)
        else:
            await super().on_event(event)

    async def on_descendant_focus(self, event: DescendantFocus) -> None:
        field: Any = event.widget
        if self.animation_level == "none" and hasattr(field, "cursor_blink"):
            field.cursor_blink = False
        keys, self._typed_ahead = self._typed_ahead or (), None
        for key in keys:
            await super().on_event(key)

    @work
    async def action_request_quit(self) -> None:
        from tui.screens.confirm import QuitQuestion

        if isinstance(self.screen, QuitQuestion):
            self.screen.dismiss(True)
            return
        if self.room.unkept:
            question = with_keys(
                "Pictures could not be written yet, and quitting loses them. {studio.take-advice} "
                "tries again."
            )
            if not await self.push_screen_wait(
                QuitQuestion("Quit?", question, "lose them and quit", "stay")
            ):
                return
        elif self.room.busy:
            waiting = sum(row.status == "queued" for row in self.studio.runs.rows)
            question = self.room.standing.quitting(waiting)
            if not await self.push_screen_wait(
                QuitQuestion("Quit?", question, "stop and quit", "stay")
            ):
                return
        self._leave(0)

    def action_help_quit(self) -> None:
        self.notify(
            with_keys("{app.quit} quits, {studio.stop} stops the run that is on."), timeout=3
        )

    def action_stand_still(self) -> None:
        if has_shell():
            stop_for_the_shell()
        else:
            self.notify("Safelight was not started from a shell, so there is none to go back to.")

    async def action_quit(self) -> None:
        self.action_request_quit()

    # End

    def on_unmount(self) -> None:
        self.preferences.stop()

    def shut_down(self) -> None:
        """Stop the engine. Called after the screen is gone, so the terminal is clean already."""
        self.room.stop()
