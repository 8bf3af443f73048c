"""Verdicts: nothing is called no difference and a tenth is found, through all kinds of noise."""

from __future__ import annotations

import random
from collections.abc import Callable
from itertools import count
from math import exp, log
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from engine.measure import contest as contests
from engine.measure.contest import Contest, Racer
from engine.measure.request import Sample
from engine.measure.turns import Turn
from engine.measure.verdict import FLOOR, Spread, Verdict
from engine.spec import RunSpec

Noise = Callable[[random.Random], float]
seconds = st.floats(0.01, 100)


def even(size: float) -> Noise:
    return lambda rng: exp(rng.gauss(0, size))


def with_outliers(size: float) -> Noise:
    """One turn in seven is disturbed, and takes up to twice as long."""
    return lambda rng: (
        exp(abs(rng.gauss(0, size))) * (1 + rng.random() if rng.random() < 1 / 7 else 1)
    )


def in_bursts(size: float) -> Noise:
    """Somebody else comes, stays for some turns, and goes."""
    burden = [0.0]

    def noise(rng: random.Random) -> float:
        if rng.random() < 0.15:
            burden[0] = rng.choice([0.0, 0.0, 0.3])
        return exp(rng.gauss(burden[0], size))

    return noise


def alternating(size: float) -> Noise:
    """Every other turn takes 2% longer."""
    turns = count()
    return lambda rng: exp(rng.gauss(0, size)) * (1.02 if next(turns) % 2 else 1)


def by_fours(size: float) -> Noise:
    """Of four turns two take 2% longer."""
    turns = count()
    return lambda rng: exp(rng.gauss(0, size)) * (1.02 if next(turns) % 4 in (0, 3) else 1)


def rebounding(size: float) -> Noise:
    """What one turn takes longer, the next makes up for in part."""
    before = [0.0]

    def noise(rng: random.Random) -> float:
        before[0] = rng.gauss(-0.5 * before[0], size)
        return exp(before[0])

    return noise


class Clockwork:
    """Takes turns in no time, by a clock that only they move: the other side is so much slower."""

    def __init__(self, rng: random.Random, noise: Noise, slower: float, seconds: float) -> None:
        self._rng, self._noise = rng, noise
        self._slower, self._seconds = slower, seconds
        self.now, self.turns = 0.0, ""

    def perf_counter(self) -> float:
        return self.now

    monotonic = perf_counter

    def take(self, spec: RunSpec, *, cell: int | None = None) -> Turn:
        del cell
        seconds = self._seconds * self._noise(self._rng) * (self._slower if spec.seed else 1)
        self.now += seconds
        self.turns += "AB"[spec.seed]
        return Turn(spec, Sample(0, seconds, 0, 1), Image.new("L", (1, 1)), 0, 0, "rss", "cpu", "")

    def is_ready_for(self, _: RunSpec) -> bool:
        return True


@pytest.fixture
def contest(monkeypatch: pytest.MonkeyPatch) -> Callable[..., tuple[Verdict, Clockwork]]:
    """Has two sides take their turns; what came of it."""

    def run(
        rng: random.Random,
        noise: Noise,
        slower: float = 1.0,
        *,
        repeats: int = 9,
        seconds: float = 0.1,
        extra: float = 90.0,
        **switches: str,
    ) -> tuple[Verdict, Clockwork]:
        clock: Any = Clockwork(rng, noise, slower, seconds)
        monkeypatch.setattr(contests, "time", clock)
        specs = (RunSpec("a", seed=0), RunSpec("a", seed=1, switches=switches))
        racers = [Racer(str(spec.seed), spec, None) for spec in specs]
        nothing: Any = lambda *_: None  # noqa: E731
        taken = Contest(clock, racers, repeats, nothing, nothing, extra_seconds=extra)
        taken.run()
        verdict = taken.verdicts[1]
        assert verdict is not None
        return verdict, clock

    return run


Run = Callable[..., tuple[Verdict, Clockwork]]


@pytest.mark.parametrize(
    "noise", [even, with_outliers, in_bursts, alternating, by_fours, rebounding]
)
@pytest.mark.parametrize("size", [0.005, 0.05])
def test_nothing_is_no_difference_and_a_tenth_is_one(
    contest: Run, noise: Callable[[float], Noise], size: float
) -> None:
    rng, trials = random.Random(1), 60
    same = [contest(rng, noise(size))[0] for _ in range(trials)]
    assert sum(verdict.differs for verdict in same) <= 2
    assert sum(verdict.is_same for verdict in same) >= 0.95 * trials
    assert sum(contest(rng, noise(size), 1.1)[0].differs for _ in range(trials)) >= 0.95 * trials


def test_few_turns_tell_only_what_is_plain(contest: Run) -> None:
    rng, trials = random.Random(2), 100
    few = {"repeats": 3, "extra": 0.0, "seconds": 900.0}
    assert sum(contest(rng, even(0.05), **few)[0].differs for _ in range(trials)) <= 5
    assert all(contest(rng, even(0.05), 2.0, **few)[0].differs for _ in range(trials))


def test_a_rung_of_long_turns_is_told_from_one_that_takes_a_tenth_longer(contest: Run) -> None:
    rng, trials = random.Random(3), 60
    rung = {"repeats": 3, "extra": 10.0, "seconds": 3.0}
    assert sum(contest(rng, even(0.02), 1.1, **rung)[0].differs for _ in range(trials)) >= 57


def test_the_order_within_a_pair_changes_and_it_ends_in_time(contest: Run) -> None:
    rng = random.Random(4)
    _, clock = contest(rng, even(0.0001))
    assert clock.turns == "AB" + "ABBABAAB" + "BAABABBA" + "BA"
    verdict, clock = contest(rng, even(0.5), repeats=3, seconds=3.0, extra=10.0)
    assert verdict.is_undecided
    assert 2 * (3 + 3) < len(clock.turns) < 2 * (3 + 2 * contests.EXTRA_TURNS)
    _, clock = contest(rng, even(0.5), repeats=3, seconds=60.0, extra=10.0)
    assert len(clock.turns) <= 2 * (1 + 3 + 3), "150 s are three turns of each at the most"
    _, clock = contest(rng, even(0.0001), repeats=6, precision="bf16")
    assert clock.turns.startswith("AAABBBBBAAA"), "a block is two turns, after one that warms up"


def test_below_the_floor_nothing_is_a_difference_however_sure() -> None:
    verdict = Verdict.of([1.0] * 12, [1.01] * 12)
    assert verdict is not None
    assert verdict.low > 1
    assert not verdict.differs
    assert verdict.is_settled


def test_one_pair_tells_nothing() -> None:
    assert Verdict.of([1.0], [2.0]) is None
    assert Verdict.of([], []) is None


@given(st.lists(st.tuples(seconds, seconds), min_size=2, max_size=24))
@settings(max_examples=60)
def test_a_verdict_is_the_same_seen_from_the_other_side(pairs: list[tuple[float, float]]) -> None:
    a, b = [one for one, _ in pairs], [other for _, other in pairs]
    there, back = Verdict.of(a, b), Verdict.of(b, a)
    assert there is not None
    assert back is not None
    assert there.low <= there.ratio * (1 + 1e-9)
    assert there.ratio <= there.high * (1 + 1e-9)
    assert there.ratio * back.ratio == pytest.approx(1)
    assert there.low * back.high == pytest.approx(1)
    assert there.differs == back.differs
    assert Verdict.from_json(there.to_json()) == there
    if there.differs:
        assert abs(log(there.ratio)) > log(1 + FLOOR)
        assert not there.low <= 1 <= there.high


def test_steps_of_a_path_multiply() -> None:
    one, two = Verdict(0.5, 0.4, 0.6, True), Verdict(0.9, 0.7, 1.1, False)
    both = two.times(one)
    assert both.ratio == pytest.approx(0.45)
    assert 0.28 < both.low < 0.45 * 0.8, "wider than one, not as wide as both end to end"
    assert 0.45 * 1.2 < both.high < 0.66
    assert both.differs
    nothing = Verdict(1, 1, 1, False)
    assert one.times(nothing).high == pytest.approx(one.high)


@given(st.lists(seconds, min_size=1, max_size=30))
@settings(max_examples=60)
def test_a_spread_lies_around_the_middle(values: list[float]) -> None:
    spread = Spread.of(values)
    assert min(values) <= spread.low <= spread.median <= spread.high <= max(values)
    outside = [value for value in values if not spread.low <= value <= spread.high]
    assert 2 * len(outside) <= len(values) + 1
    assert spread.count == len(values)
