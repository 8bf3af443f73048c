"""The app: themes, keys, and the engine behind the studio."""

from __future__ import annotations

import asyncio
import gc
import json
import logging
import signal
import sys
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from textual import work
from textual.app import App, SystemCommand
from textual.dom import DOMNode
from textual.driver import Driver
from textual.notifications import SeverityLevel
from textual.screen import Screen
from textual.theme import Theme

from engine.errors import SafelightError
from tui import form as forms
from tui.commands import APP, PANEL_HELP, STUDIO, bindings
from tui.files import write_atomically
from tui.graphics.terminal import Terminal
from tui.log import start as start_log
from tui.paths import Paths
from tui.screens.studio import StudioScreen
from tui.settings import Settings
from tui.text import clean
from tui.themes import builtin_themes, user_themes

if TYPE_CHECKING:
    # What the first frame does not need is imported when it is used.
    from engine.api import EngineAPI, QueueAPI
    from engine.history import History
    from engine.record import RunRecord
    from engine.spec import RunSpec
    from tui.bridge import Mailbox
    from tui.graphics.driver import TerminalAnswered
    from tui.lab import Lab
    from tui.stock import Stock

REDRAWS_PER_SECOND = 10
STOP_SECONDS = 3.0
TERMINAL_SECONDS = 2.0
"""Between two looks whether the terminal is still there."""
RUNS_AT_START = 500

log = logging.getLogger("safelight.tui")


def _driver() -> type[Driver] | None:
    """Our driver, where there are POSIX terminals."""
    if sys.platform == "win32":
        return None
    from tui.graphics.driver import Driver as Ours

    return Ours


class SafelightApp(App[int]):
    """Safelight. Returns an exit code."""

    TITLE = "safelight"
    BINDINGS = bindings(APP)
    ENABLE_COMMAND_PALETTE = True
    CSS_PATH = Path(__file__).with_name("screens") / "studio.tcss"

    def __init__(
        self, lab: Lab, paths: Paths, settings: Settings, terminal: Terminal, complaint: str = ""
    ) -> None:
        super().__init__(driver_class=_driver())
        self._lab = lab
        self._paths = paths
        self._settings = settings
        self._complaints = [complaint] if complaint else []
        self._remembered = self._read_remembered()
        self._mailbox: Mailbox | None = None
        self._engine: EngineAPI | None = None
        self._why_not = ""
        self._early: list[Callable[[EngineAPI], object]] = []
        self.engine_ended = True
        self.studio = StudioScreen(self._last_form(), terminal.limited_to(settings.graphics))
        self._use_themes()

    def get_default_screen(self) -> Screen[None]:
        return self.studio

    @property
    def stock(self) -> Stock:
        """The checkpoints of this machine."""
        return self._lab

    @property
    def history(self) -> History:
        """The user's history. Raises ``SafelightError`` when it cannot be opened."""
        return self._lab.history

    def _use_themes(self) -> None:
        """Register our themes and the user's, and take the one of the settings."""
        for theme in (*builtin_themes(), *user_themes(self._paths.themes)):
            if isinstance(theme, Theme):
                self.register_theme(theme)
            else:
                self._complaints.append(theme)
        wanted = self._settings.theme or self._remembered.get("theme") or "safelight"
        if wanted not in self.available_themes:
            self._complaints.append(f"No theme is called “{wanted}”.")
            wanted = "safelight"
        self.theme = wanted

    def update_styles(self, node: DOMNode, animate: bool = True) -> None:
        """Not of widgets that are still being made: they are styled when they are mounted."""
        if node.is_attached:
            super().update_styles(node, animate=animate)

    def refresh_css(self, animate: bool = True) -> None:
        """Before anything is on the screen, take the theme's colours without reading CSS twice."""
        if self.studio.is_attached:
            super().refresh_css(animate=animate)
        else:
            self.stylesheet.set_variables(self.get_css_variables())

    def notify(
        self,
        message: str,
        *,
        title: str = "",
        severity: SeverityLevel = "information",
        timeout: float | None = None,
        markup: bool = False,
    ) -> None:
        """A notification. Its text is cleaned here, whoever sends it; no markup is read from it."""
        del markup
        super().notify(
            clean(message), title=clean(title), severity=severity, timeout=timeout, markup=False
        )

    def _handle_exception(self, error: Exception) -> None:
        # A bug of ours. Textual shows it and leaves; the log keeps it.
        log.error("The app failed", exc_info=error)
        super()._handle_exception(error)

    # Start

    def on_mount(self) -> None:
        loop = asyncio.get_running_loop()
        for number, code in ((signal.SIGTERM, 143), (signal.SIGHUP, 129)):
            try:
                loop.add_signal_handler(number, self._leave, code)
            except (NotImplementedError, RuntimeError, ValueError):
                break  # Not the main thread, or not POSIX: the default stays.
        self.set_interval(TERMINAL_SECONDS, self._leave_with_the_terminal)
        # The first frame does not wait for the history or the engine.
        self.call_after_refresh(self._open_lab)

    def _leave_with_the_terminal(self) -> None:
        if getattr(self._driver, "is_gone", False):
            self._leave(129)

    def _leave(self, code: int) -> None:
        """Go because we were told to, by the system or a line that dropped."""
        self._save_form()
        self.exit(code)

    def _open_lab(self) -> None:
        gc.enable()
        start_log(self._paths)
        for complaint in self._complaints:
            self.notify(complaint, severity="warning", timeout=8)
        from tui.bridge import EngineTold, Mailbox

        # Posting from the engine's thread does not wait for the screen.
        self._mailbox = Mailbox(urgent=lambda: self.post_message(EngineTold()))
        try:
            self._engine = self._lab.open(self._mailbox.put)
            cut_off = self._engine.queue.recover()
            self.studio.show_history(self._lab.past_runs(RUNS_AT_START))
            self._tell_of_the_past(cut_off)
        except SafelightError as error:
            self._why_not = str(error)
            self.notify(str(error), severity="error", timeout=20)
            self.studio.cannot_work(str(error))
        if self._engine is None:
            return
        self._engine.start()
        self.engine_ended = False
        self.set_interval(1 / REDRAWS_PER_SECOND, self._deliver)
        self.studio.spec_form.offer_what_fits()
        early, self._early = self._early, []
        for what in early:
            self._ask(what)
        spec, _ = forms.parse(self.studio.spec_form.values)
        if spec is not None:
            self._engine.warm_up(spec.checkpoint)

    def _tell_of_the_past(self, cut_off: Sequence[RunRecord]) -> None:
        """Say what a Safelight that is gone has left, and what it took to open the history."""
        if self._lab.repaired:
            self.studio.say(self._lab.repaired, "warning")
            self.notify(self._lab.repaired, severity="warning", timeout=15)
        for record in cut_off:
            self.studio.say(
                f"#{record.id} was cut off when Safelight ended. Enter on it in Runs brings its "
                "settings back.",
                "warning",
            )

    # Events

    def on_engine_told(self) -> None:
        self._deliver()

    def _deliver(self) -> None:
        """Show what the engine has told since the last time."""
        if self._mailbox is None or not self.studio.is_mounted:
            return
        with self.batch_update():
            for event in self._mailbox.take():
                self.studio.painter.show(event)

    def on_terminal_answered(self, event: TerminalAnswered) -> None:
        """Draw better from now on, if the terminal can."""
        event.stop()
        self.studio.draw_for(event.terminal.limited_to(self._settings.graphics))

    # What the studio asks for

    def submit(self, spec: RunSpec) -> None:
        """Queue a run, and remember the form."""
        self._ask(lambda engine: engine.submit(spec))

    def fill(self, spec: RunSpec) -> None:
        """Queue a search for the largest batch, and remember the form."""
        self._ask(lambda engine: engine.fill(spec))

    def _ask(self, what: Callable[[EngineAPI], object]) -> None:
        if self._engine is None:
            if self._why_not:
                self.notify(self._why_not, severity="error")
            else:
                self._early.append(what)  # a key that came right after the first frame
            return
        try:
            what(self._engine)
        except SafelightError as error:
            self.notify(str(error), severity="error", timeout=10)
        self._save_form()

    @property
    def unkept(self) -> tuple[int, ...]:
        """Runs whose pictures could not be written yet."""
        return self._engine.unkept if self._engine is not None else ()

    def keep(self, run_id: int) -> None:
        """Write one of those; waits for the disk. Raises ``SafelightError``."""
        if self._engine is not None:
            self._engine.keep(run_id)

    @property
    def queue(self) -> QueueAPI | None:
        """What waits; ``None`` while there is no engine."""
        return self._engine.queue if self._engine is not None else None

    def cancel(self, run_id: int) -> bool:
        """Stop a run, or take it out of the queue. Returns whether there was such a run."""
        return self._engine is not None and self._engine.cancel(run_id)

    def stop_run(self) -> bool:
        """Stop the run that is on. Returns whether there was one."""
        return self._engine is not None and self._engine.cancel()

    def stop_all(self) -> bool:
        """Stop the run that is on and empty the queue. Returns whether there was anything."""
        if self._engine is None:
            return False
        waiting = [row.id for row in self.studio.runs.rows if row.status == "queued"]
        waiting += [fill] if (fill := self.studio.ladder.fill) is not None else []
        stopped = [self._engine.cancel(run_id) for run_id in waiting]
        return self._engine.cancel() or any(stopped)

    # The last form

    def _last_form(self) -> forms.Form:
        first = forms.default_form(self._settings.checkpoint)
        return {**first, **forms.known_form(self._remembered)}

    def _read_remembered(self) -> dict[str, Any]:
        try:
            values = json.loads(self._paths.form_file.read_text(encoding="utf-8"))
        except (OSError, ValueError, RecursionError):
            return {}
        return values if isinstance(values, dict) else {}

    def _save_form(self) -> None:
        try:
            values = {**self.studio.spec_form.values, "theme": self.theme}
            write_atomically(self._paths.form_file, json.dumps(values, indent=1))
        except OSError as error:
            log.warning("The form could not be kept: %s", error)

    # Keys

    def action_help(self) -> None:
        from tui.screens.help import HelpScreen

        if isinstance(self.screen, HelpScreen):
            self.screen.dismiss()
            return
        focused = self.focused
        names = [node.id or "" for node in focused.ancestors_with_self] if focused else []
        panel = next((name for name in names if name in PANEL_HELP), "")
        self.push_screen(HelpScreen(panel))

    @work
    async def action_request_quit(self) -> None:
        from tui.screens.confirm import QuitQuestion

        if isinstance(self.screen, QuitQuestion):
            self.screen.dismiss(True)
            return
        if self.unkept:
            question = "Pictures could not be written yet, and quitting loses them. F6 tries again."
            if not await self.push_screen_wait(
                QuitQuestion("Quit?", question, "lose them and quit", "stay")
            ):
                return
        elif self._engine is not None and self._engine.busy:
            waiting = sum(row.status == "queued" for row in self.studio.runs.rows)
            question = "A run is on. Quitting stops it; finished pictures are kept."
            if waiting:
                question += f" What waits ({waiting}) is kept and comes back, paused, next time."
            if not await self.push_screen_wait(
                QuitQuestion("Quit?", question, "stop and quit", "stay")
            ):
                return
        self._leave(0)

    def action_help_quit(self) -> None:
        self.notify("Ctrl+Q quits, Ctrl+G stops the run that is on.", timeout=3)

    async def action_quit(self) -> None:
        self.action_request_quit()

    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:
        """Every command that works here, by name; the choice of themes is among them."""
        for command in (*(STUDIO if screen is self.studio else ()), *APP):
            title = f"{command.label}  {command.shown_key}"
            yield SystemCommand(title, command.help, partial(self.run_action, command.target))

    # End

    def shut_down(self) -> None:
        """Stop the engine. Called after the screen is gone, so the terminal is clean already."""
        if self._engine is not None:
            self.engine_ended = self._engine.stop(STOP_SECONDS, keep_queue=True)
