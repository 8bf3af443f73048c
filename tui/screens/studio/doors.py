"""The ways from the studio to the ladder and to sweeps, and back with settings."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING

from textual import work

from engine.errors import HistoryError, InvalidAxis, SafelightError
from tui import form as forms
from tui.screens.studio.overlays import Overlays

if TYPE_CHECKING:
    from engine.spec import RunSpec
    from engine.sweep import Cell, Sweep
    from engine.sweep.outlook import Outlook
    from tui.screens.ladder.desk import LadderDesk
    from tui.screens.ladder.screen import LadderScreen
    from tui.screens.sweep.desk import SweepDesk
    from tui.studies.sweep_outlook import Ground


class Doors(Overlays):
    """What of the studio opens what is made of many runs. What is going on is kept here."""

    _ladder: LadderDesk | None = None
    _axes: list[str]  # as they were typed last
    _sweeps: dict[str, SweepDesk]

    def action_ladder(self) -> None:
        """Climb the ladder on the form's settings, or look at the one that is being climbed."""
        from tui.screens.ladder.desk import LadderDesk

        studio, spec = self._studio, self._spec_of_form()
        if spec is None:
            return
        if self._ladder is None:
            self._ladder = LadderDesk(studio.host, self._ladder_changed)
        if self._ladder.is_going:
            self._open_ladder(spec)
        else:
            studio.when_here(spec, self._open_ladder)

    def _open_ladder(self, spec: RunSpec) -> None:
        """At once, not from a worker: the next key may be here already, and is meant for it."""
        from engine.switches.base import NOWHERE
        from tui.screens.ladder.screen import LadderScreen

        studio = self._studio
        assert self._ladder is not None
        screen = LadderScreen(
            self._ladder,
            spec,
            studio.picture.terminal,
            place=studio.spec_form.place or NOWHERE,
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
        from tui.screens.ladder.screen import LadderScreen

        return next((s for s in self.app.screen_stack if isinstance(s, LadderScreen)), None)

    # Sweeps

    def action_sweep(self) -> None:
        """Plan a sweep around the form's settings, or open one that there was."""
        from tui.screens.sweep.plan import SweepPlanScreen
        from tui.studies.axis_completion import Sources
        from tui.studies.sweep_outlook import foretell

        spec = self._spec_of_form()
        if spec is None:
            return
        studio = self._studio
        if not hasattr(self, "_axes"):
            self._axes, self._sweeps = [], {}
        ground = self._ground(spec)

        def look() -> Sources:
            """What can be on an axis. In a thread."""
            from engine.schedulers import names_for
            from tui.screens.ladder.plan import schedulers_of

            names: list[str] = []
            with suppress(SafelightError):
                names = [shelved.name for shelved in studio.host.stock.checkpoints()]
            schedulers = schedulers_of(spec) or names_for(flow=False)
            return Sources(spec, schedulers, ground.place, names)

        plan = SweepPlanScreen(
            spec, look, self._axes, lambda: studio.host.history, partial(foretell, ground=ground)
        )

        def done(chosen: Sweep | str | None) -> None:
            if chosen is not None:
                self._go_to_sweep(chosen, ground)

        self.app.push_screen(plan, done)

    @work(exclusive=True, group="sweep")
    async def _go_to_sweep(self, chosen: Sweep | str, ground: Ground) -> None:
        """Begin a sweep, or open the one of an id, and show its grid."""
        from tui.screens.sweep.screen import SweepScreen
        from tui.stock import off_loop
        from tui.studies.sweep_outlook import expected, prepared

        try:
            if isinstance(chosen, str):
                desk = await self._open_sweep(chosen)
                if desk.foretold is None:
                    desk.foretold = await off_loop(
                        partial(expected, desk.sweep, desk.to_come(), ground)
                    )
            else:
                sweep, todo = await off_loop(partial(prepared, chosen, ground))
                if not todo:
                    raise InvalidAxis(f"No cell can be done. {sweep.cells()[0].error}")
                foretold = await off_loop(partial(expected, sweep, todo, ground))
                if not (await self._may_begin(todo) and await self._may_fit(foretold)):
                    return
                desk = await self._begin_sweep(sweep, todo, foretold)
        except SafelightError as error:
            self.notify(str(error), severity="error", timeout=10)
            return
        screen = SweepScreen(desk, self._studio.picture.terminal)
        self._open_run(await self.app.push_screen_wait(screen))

    def _ground(self, spec: RunSpec) -> Ground:
        """What is known of the machine, for a sweep around ``spec``."""
        from engine.switches.base import NOWHERE
        from tui.studies.sweep_outlook import Ground

        studio = self._studio
        records = [row.record for row in studio.runs.rows if row.record is not None]
        loaded = studio.foresight.loaded_spec(spec, records)
        return Ground(
            studio.spec_form.place or NOWHERE, records, loaded, studio.foresight.free_bytes
        )

    async def _may_begin(self, todo: Sequence[Cell]) -> bool:
        """Whether all checkpoints are here, or may be downloaded."""
        from tui.screens.asking import is_to_come, may_download

        specs = [cell.spec for cell in todo if cell.spec is not None]
        for checkpoint in dict.fromkeys(spec.checkpoint for spec in specs):
            need = is_to_come(self._studio, checkpoint)
            if need and not await may_download(self._studio, need):
                return False
        return True

    async def _may_fit(self, foretold: Outlook) -> bool:
        """Whether all cells are expected to fit, or are to be tried all the same."""
        from tui.screens.confirm import LateQuestion

        if not foretold.too_large:
            return True
        question = f"{foretold.fits} A cell that does not fit fails, and the others go on."
        screen = LateQuestion("May not fit", question, "begin it", "not now")
        answer: bool = await self.app.push_screen_wait(screen)
        return answer

    async def _begin_sweep(
        self, sweep: Sweep, todo: Sequence[Cell], foretold: Outlook
    ) -> SweepDesk:
        """Keep it in the history, and queue its cells. Raises ``SafelightError``."""
        from engine.group import Group, Kind, new_group_id
        from engine.record import now
        from engine.sweep import grid
        from tui.screens.sweep.desk import SweepDesk
        from tui.stock import off_loop

        group = Group(new_group_id(), Kind.SWEEP, now(), sweep.title, sweep.to_json())
        await off_loop(lambda: self._studio.host.history.groups.add(group))
        desk = SweepDesk(self._studio.host, group.id, sweep, grid(sweep, {}))
        desk.foretold = foretold
        self._sweeps[group.id] = desk
        desk.submit(todo)
        return desk

    async def _open_sweep(self, group_id: str) -> SweepDesk:
        """One that there was, as far as it is now. Raises ``SafelightError``."""
        from engine.sweep import Sweep
        from tui.screens.sweep.desk import SweepDesk, grid_of
        from tui.stock import off_loop

        history = self._studio.host.history
        desk = self._sweeps.get(group_id)
        if desk is None:
            group = await off_loop(lambda: history.groups.get(group_id))
            if group is None:
                raise HistoryError(f"There is no sweep {group_id}.")
            sweep = Sweep.from_json(group.plan)
            found = await off_loop(partial(grid_of, history, group_id, sweep))
            desk = self._sweeps[group_id] = SweepDesk(self._studio.host, group_id, sweep, found)
        else:
            desk.load(await off_loop(partial(grid_of, history, group_id, desk.sweep)))
        return desk

    # Both

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
