"""Climbs the ladder: each rung in turns with the one it stands on. On the engine's thread only."""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar

from engine.errors import Cancelled
from engine.events import Event, FillEnded, FillFound
from engine.fill import Filling
from engine.fits import Fits
from engine.group import Kind
from engine.ladder import judging, rungs
from engine.ladder.request import Ladder, LadderResult, Rung
from engine.ladder.rungs import Ground, Plan, Skip
from engine.ladder.words import changes, recommendation
from engine.likeness import ssim
from engine.measure.contest import Contest, Racer
from engine.measure.studying import Studying
from engine.measure.verdict import Verdict
from engine.pipelines import import_libraries
from engine.spec import MAX_BATCH, MAX_SEED, RunSpec
from engine.vaes import find_vae

EXTRA_SECONDS = 10.0
"""What the turns of one rung may take beyond those that are asked for."""


class Climbing(Studying[Ladder]):
    """One ladder, climbed from the bottom. A rung that fails is marked, and the climb goes on."""

    kind: ClassVar[Kind] = Kind.LADDER

    @property
    def title(self) -> str:
        return self._study.spec.prompt.split("\n", 1)[0][:200] or "Without a prompt"

    def work(self) -> str:
        self._done = 0
        self._is_over = False
        self._plans: tuple[Plan, ...] = (rungs.first(self._study.spec), *rungs.path())
        self._rungs = [Rung(plan.name, plan.title, plan.why, "") for plan in self._plans]
        self._racers: dict[int, Racer] = {}
        self._top = 0  # the last rung that paid
        self._tell_rungs()
        self.progress(0, self._to_come(0), "starting PyTorch", 0.0)
        import_libraries()
        spec = rungs.ground_level(self._study.spec, self._pipelines.bare_place.device)
        self._climb(0, spec, None)
        first = self._racers[0]
        if first.error:
            self._top = -1  # where full precision does not fit, what does is still worth to know
        at, is_known = 1, False
        while at < len(self._plans):
            is_known = is_known or self._lay_out(at)
            self._attempt(at, spec)
            self._tell_rungs()
            at += 1
        self._compare_with_first()
        self._is_over = True
        self._tell_rungs()
        if all(rung.side is None or rung.side.error for rung in self._rungs):
            return first.error
        return ""

    def _lay_out(self, at: int) -> bool:
        """Where the checkpoint is known by now, so are the rungs, of which ``at`` is the next."""
        known = self._pipelines.present
        if known is None:
            return False
        self._plans = (*self._plans[:at], *rungs.path(known.place)[at - 1 :])
        above = [Rung(plan.name, plan.title, plan.why, "") for plan in self._plans[at:]]
        self._rungs[at:] = above
        return True

    # One rung

    def _attempt(self, at: int, ground_level: RunSpec) -> None:
        """Climb a rung from the highest that paid, or say why not."""
        below = self._racers.get(self._top)
        standing = below.side.spec if below is not None else ground_level
        try:
            spec = self._plans[at].make(standing, self._ground(at))
            if self._plans[at].fills:
                spec = self._filled(at, spec)
        except Skip as skip:
            self._rungs[at] = replace(self._rungs[at], skipped=str(skip), pays=False)
            return
        self._climb(at, spec, below)
        half = spec.batch_size // 2
        if self._plans[at].fills and self._racers[at].out_of_memory and half > 1:
            self._climb(at, spec.with_(batch_size=half), below)  # what fitted once may not again

    def _ground(self, at: int) -> Ground:
        known = self._pipelines.present
        steps = rungs.first_steps(self._study.spec)
        if known is None and at == 1 and self._racers[0].out_of_memory:
            # There was no memory to load it in full precision: in half there may be.
            place = self._pipelines.bare_place
            return Ground(place, (), lambda name: find_vae(name, None), steps)
        if known is None:
            raise Skip("The checkpoint could not be loaded.")
        return Ground(known.place, known.schedulers, lambda name: find_vae(name, known.path), steps)

    def _climb(self, at: int, spec: RunSpec, below: Racer | None) -> None:
        """Measure a rung, against the one it stands on where there is one."""
        plan = self._plans[at]
        racer = self._racers[at] = Racer(plan.title, spec, at)
        racers = [racer]
        if below is not None:
            racers.insert(0, Racer(below.label, below.spec, None, known=True))
        on = self._top if below is not None else -1
        done = self._done

        def progress(over: int, of: int, what: str, eta: float) -> None:
            self._done = done + over
            to_come = self._to_come(at + 1)
            each = racer.wall_seconds or (below.wall_seconds if below is not None else 0.0)
            self.progress(self._done, done + of + to_come, what, eta + to_come * each)

        def updated() -> None:
            self._judge(at, on, contest.verdicts[-1])
            self._tell_rungs()

        contest = Contest(
            *(self._turns, racers, self._study.repeats, progress, updated),
            extra_seconds=EXTRA_SECONDS,
        )
        contest.run()
        self._done += 1
        updated()
        self._decide(at)
        if below is not None and racers[0].error and not racer.error:
            why = f"It is undecided, as what it stands on failed beside it: {racers[0].error}"
            self._rungs[at] = replace(self._rungs[at], pays=None, why_not=why)
            self._top = on

    def _compare_with_first(self) -> None:
        """What is recommended against the first, in turns: so far it was reckoned up rungs."""
        first = self._lowest()
        if self._top < 0 or self._rungs[self._top].on in (-1, first):
            return
        racers = [
            Racer(self._racers[at].label, self._racers[at].side.spec, None, known=True)
            for at in (first, self._top)
        ]
        done = self._done

        def progress(over: int, of: int, what: str, eta: float) -> None:
            self._done = done + over
            self.progress(self._done, done + of, f"the best against the first: {what}", eta)

        contest = Contest(
            *(self._turns, racers, self._study.repeats, progress, lambda: None),
            extra_seconds=EXTRA_SECONDS,
        )
        contest.run()
        verdict = contest.verdicts[-1]
        if verdict is not None and not any(racer.error for racer in racers):
            self._rungs = judging.measured_first(self._rungs, self._top, verdict)

    def _judge(self, at: int, on: int, before: Verdict | None) -> None:
        """What is known of a rung by now."""
        racer = self._racers[at]
        side = racer.side
        stands, below = (self._rungs[on], self._racers[on]) if on >= 0 else (None, None)
        lowest = self._lowest()
        first = before if on == lowest else None
        if before is not None and stands is not None and stands.first is not None:
            first = before.times(stands.first)
        self._rungs[at] = replace(
            self._rungs[at],
            on=on,
            side=side,
            before=before,
            first=first,
            changes=changes(below.side.spec, side.spec, side.dtype) if below else "",
            likeness_before=_likeness(racer, below) if below else None,
            likeness_first=_likeness(racer, self._racers[lowest]) if 0 <= lowest < at else None,
        )

    def _decide(self, at: int) -> None:
        """Whether a rung that was measured pays, and if so, stand on it."""
        rung = self._rungs[at]
        side = rung.side
        if side is None or side.error or not side.samples:
            self._rungs[at] = replace(rung, pays=False)
            return
        pays: bool | None = True
        why_not = ""
        if rung.on >= 0:
            below, first = self._racers[rung.on].side, self._racers[self._lowest()].side
            pays, why_not = judging.pays(rung, below, first, finer=self._plans[at].finer)
        self._rungs[at] = replace(rung, pays=pays, why_not=why_not)
        if pays:
            self._top = at

    def _lowest(self) -> int:
        """The lowest rung that was measured, against which all others are; -1 for none."""
        return next((at for at, rung in enumerate(self._rungs) if rung.pays), -1)

    def _filled(self, at: int, spec: RunSpec) -> RunSpec:
        """The spec with the largest batch that fits. Raises :class:`Skip` and ``Cancelled``."""
        known = self._pipelines.present
        device = known.device.type if known is not None else "cpu"
        most = min(MAX_BATCH, MAX_SEED - spec.seed + 1)
        top = rungs.largest_tried(device, spec, most)
        self.progress(
            *(self._done, self._done + self._to_come(at)),
            *("looking for the largest batch that fits", 0.0),
        )
        ends: list[Event] = []

        def tell(event: Event) -> None:
            if isinstance(event, (FillFound, FillEnded)):
                ends.append(event)

        fits = Fits(self._history.folder if self._history is not None else None)
        job = replace(self._job, spec=spec)
        Filling(job, self._pipelines, self._memory, fits, tell, top=top).run()
        if self._job.is_cancelled():
            raise Cancelled
        end = ends[0]
        if not isinstance(end, FillFound):
            raise Skip(getattr(end, "error", "") or "No batch fits.")
        batch = min(end.batch, top)
        if batch <= 1:
            raise Skip("There is no memory for more than one picture at once.")
        return spec.with_(batch_size=batch)

    # What is told

    def _to_come(self, at: int) -> int:
        """About how many turns the rungs from number ``at`` take, of which nobody knows yet."""
        each = 2 * (self._study.repeats + 1)
        above = sum(each for rung in self._rungs[at:] if not rung.skipped and rung.pays is None)
        return above + each  # what is recommended, against the first

    def _tell_rungs(self) -> None:
        best = self._top if self._is_over else -1
        words = ""
        if best >= 0:
            first, top = self._rungs[self._lowest()], self._rungs[best]
            words = recommendation(first, top, is_ground=self._lowest() == 0)
        self.update(LadderResult(tuple(self._rungs), best, words))


def _likeness(one: Racer, other: Racer) -> float | None:
    """SSIM of their first pictures; ``None`` when it cannot be told."""
    if one.picture is None or other.picture is None:
        return None
    try:
        return round(ssim(one.picture, other.picture), 6)
    except ValueError:  # of another size, or too small
        return None
