"""The mailbox between the engine's thread and the screen."""

from __future__ import annotations

from engine.events import EngineIdle, Event, MemorySampled, StepCompleted
from tui.bridge import Mailbox


def step(number: int) -> StepCompleted:
    return StepCompleted(1, number, 20, number, 10.0, 1.0, 0.1)


def sample(used: int) -> MemorySampled:
    return MemorySampled("rss", used, used, used, 100)


def test_only_the_latest_step_and_sample_are_kept() -> None:
    hurried: list[bool] = []
    box = Mailbox(lambda: hurried.append(True))
    events: list[Event] = [step(1), sample(1), step(2), sample(2), step(3)]
    for event in events:
        box.put(event)
    assert box.take() == [step(3), sample(2)]
    assert box.take() == []
    assert hurried == []


def test_nothing_is_reordered_around_what_matters() -> None:
    hurried: list[bool] = []
    box = Mailbox(lambda: hurried.append(True))
    for event in (step(1), step(2), EngineIdle(), step(3), step(4)):
        box.put(event)
    assert box.take() == [step(2), EngineIdle(), step(4)]
    assert hurried == [True]
