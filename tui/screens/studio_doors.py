"""The ways from the studio to the ladder and to sweeps, and back with settings."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui import form as forms
from tui.screens.studio_overlays import Overlays

if TYPE_CHECKING:
    from engine.spec import RunSpec
    from tui.screens.ladder import LadderScreen
    from tui.screens.ladder_desk import LadderDesk


class Doors(Overlays):
    """What of the studio opens what is made of many runs. What is going on is kept here."""

    _ladder: LadderDesk | None = None

    def action_ladder(self) -> None:
        """Climb the ladder on the form's settings, or look at the one that is being climbed."""
        spec = self._spec_of_form()
        if spec is None:
            return
        if self._ladder is None:
            from tui.screens.ladder_desk import LadderDesk

            self._ladder = LadderDesk(self._studio.host, self._ladder_changed)
        if self._ladder.is_going:
            self._open_ladder(spec)
        else:
            self._studio.when_here(spec, self._open_ladder)

    def _open_ladder(self, spec: RunSpec) -> None:
        from tui.screens.ladder import LadderScreen

        studio = self._studio
        assert self._ladder is not None
        screen = LadderScreen(
            self._ladder,
            spec,
            lambda: studio.host.history,
            studio.picture.terminal,
            run_seconds=studio.foresight.run_seconds,
        )
        self.app.push_screen(screen, self._take_settings)

    def _ladder_changed(self) -> None:
        screen = self._ladder_screen
        if screen is not None:
            screen.show()

    @property
    def _ladder_screen(self) -> LadderScreen | None:
        """The screen of the ladder, when it is open."""
        from tui.screens.ladder import LadderScreen

        return next((s for s in self.app.screen_stack if isinstance(s, LadderScreen)), None)

    def _spec_of_form(self) -> RunSpec | None:
        """What is on the form; what is wrong with it is said there."""
        form = self._studio.spec_form
        form.fit_to_checkpoint()
        spec, problems = forms.parse(form.values)
        form.show_problems(problems)
        return spec

    def _take_settings(self, spec: RunSpec | None) -> None:
        """Put on the form what was taken on another screen."""
        if spec is None:
            return
        self._studio.spec_form.values = forms.form_of(spec)
        self.notify("The settings are on the form.", timeout=3)
        self._studio.spec_form.prompt.focus()
