"""Verdicts: nothing is called no difference and a tenth is found, through all kinds of noise."""

from __future__ import annotations

import random
from collections.abc import Callable
from math import exp, log

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.measure.contest import LOOKS
from engine.measure.verdict import FLOOR, Spread, Verdict

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


def found(rng: random.Random, noise: Noise, slower: float, repeats: int = 9) -> bool:
    """Whether two things are called different, of which the other takes so much longer."""
    a: list[float] = []
    b: list[float] = []
    verdict = None
    for look in LOOKS:
        while len(a) < look * repeats:
            a.append(noise(rng))
            b.append(slower * noise(rng))
        verdict = Verdict.of(a, b)
        assert verdict is not None
        if verdict.is_settled:
            break
    assert verdict is not None
    return verdict.differs


@pytest.mark.parametrize("noise", [even, with_outliers, in_bursts])
@pytest.mark.parametrize("size", [0.005, 0.05])
def test_nothing_is_no_difference_and_a_tenth_is_one(
    noise: Callable[[float], Noise], size: float
) -> None:
    rng, trials = random.Random(1), 100
    assert sum(found(rng, noise(size), 1.0) for _ in range(trials)) <= 3
    assert sum(found(rng, noise(size), 1.1) for _ in range(trials)) >= 95


def test_few_turns_tell_only_what_is_plain() -> None:
    rng, trials = random.Random(2), 200
    assert sum(found(rng, even(0.05), 1.0, repeats=3) for _ in range(trials)) <= 10
    assert sum(found(rng, even(0.05), 2.0, repeats=3) for _ in range(trials)) == trials


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
