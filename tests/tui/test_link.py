"""What leaves for the terminal, in which order, and how much of it at once."""

from __future__ import annotations

import os
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from select import select
from threading import Event

import pytest
from textual.events import Key, Paste

from tui.graphics.driver import Driver
from tui.graphics.lanes import Lanes
from tui.graphics.listening import Parser
from tui.graphics.pace import ANSWER, QUESTION, Pace
from tui.graphics.writer import Writer

# Lanes


def taken(lanes: Lanes) -> list[str]:
    found = []
    while lanes.has_text or lanes.has_parts:
        found.append(lanes.take_text() if lanes.has_text else lanes.take_part())
    return found


def test_text_goes_before_pictures_and_pictures_in_turn() -> None:
    lanes = Lanes()
    lanes.draw("a", ["a1", "a2"])
    lanes.draw("b", ["b1"])
    lanes.put_text("text")
    assert taken(lanes) == ["text", "a1", "a2", "b1"]


def test_a_newer_drawing_takes_the_place_of_what_is_left() -> None:
    lanes = Lanes()
    lanes.draw("a", ["a1", "a2"])
    lanes.draw("b", ["b1"])
    assert lanes.take_part() == "a1"
    lanes.draw("a", ["A1"])
    lanes.withdraw("b")
    assert taken(lanes) == ["A1"]


def test_nothing_but_text_comes_between_the_parts_of_a_whole_drawing() -> None:
    lanes = Lanes()
    lanes.draw("a", ["a1", "a2", "a3"], whole=True)
    lanes.draw("b", ["b1"])
    assert lanes.take_part() == "a1"
    lanes.withdraw("a")
    lanes.draw("a", ["A1"], whole=True)
    lanes.put_text("text")
    assert taken(lanes) == ["text", "a2", "a3", "b1", "A1"]


def test_at_the_end_frames_go_and_what_is_begun_is_ended() -> None:
    lanes = Lanes()
    lanes.draw("a", ["a1", "a2", "a3"], whole=True)
    lanes.take_part()
    lanes.put_text("frame", is_frame=True)
    lanes.put_text("mode")
    lanes.draw("b", ["b1"])
    lanes.drop_frames()
    lanes.drop_pictures()
    assert taken(lanes) == ["a3", "mode"]


# Pace


@dataclass
class Link:
    """A link with a deep buffer, played in steps of a millisecond.

    Attributes:
        rate: bytes a second.
        trip: seconds there and back.
    """

    rate: float
    trip: float
    pace: Pace = field(default_factory=Pace)
    now: float = 0.0
    queue: deque[tuple[int, bool]] = field(default_factory=deque)
    answers: deque[float] = field(default_factory=deque)
    carried: int = 0
    longest_wait: float = 0.0
    _free_at: float = 0.0

    def send(self, size: int) -> None:
        self.pace.sent(size)
        self._free_at = max(self._free_at, self.now) + size / self.rate
        self.longest_wait = max(self.longest_wait, self._free_at - self.now)
        self.carried += size
        if self.pace.wants_to_ask:
            self.ask()

    def ask(self) -> None:
        self.pace.asked(self.now)
        self.answers.append(max(self._free_at, self.now) + self.trip)

    def play(self, seconds: float, part: int = 1000) -> float:
        """Send parts of a picture as they may go. Returns bytes a second that came through."""
        before, until = self.carried, self.now + seconds
        while self.now < until:
            while self.answers and self.answers[0] <= self.now:
                self.pace.answered(self.answers.popleft())
            while self.pace.may_draw(part):
                self.send(part)
            self.now += 0.001
        return (self.carried - before) / seconds


@pytest.mark.parametrize("trip", [0.002, 0.04, 0.12, 0.25])
@pytest.mark.parametrize("rate", [125_000, 1_250_000, 12_500_000])
def test_a_link_is_filled_and_little_waits_on_it(rate: float, trip: float) -> None:
    link = Link(rate, trip)
    link.ask()
    link.play(4)
    assert link.play(2) > 0.7 * rate
    assert link.longest_wait < 0.12
    link.longest_wait = 0
    link.play(5)
    assert link.longest_wait < 0.12


def test_a_link_that_becomes_slower_is_not_drowned() -> None:
    link = Link(1_250_000, 0.1)
    link.ask()
    link.play(3)
    link.rate = 125_000
    link.play(3)
    link.longest_wait = 0
    link.play(3)
    assert link.longest_wait < 0.15


def test_a_terminal_that_never_answers_gets_everything() -> None:
    pace = Pace()
    pace.asked(0.0)
    pace.sent(100_000)
    assert not pace.may_draw(1)
    assert pace.may_write()
    assert pace.give_up(0.5) == pytest.approx(1.5)
    assert pace.give_up(2.0) is None
    assert pace.hears is False
    assert pace.may_draw(1_000_000)
    assert pace.has_room(2.0)
    assert not pace.wants_to_ask


@pytest.mark.parametrize(("rate", "far"), [(125_000, 0.01), (125_000, 0.24)])
def test_no_preview_goes_before_keys_on_a_slow_link(rate: int, far: float) -> None:
    pace = loaded(rate, far)
    pace.typed(10.0)
    assert not pace.has_room(10.5)
    assert pace.has_room(12.0)  # nobody types


@pytest.mark.parametrize(("rate", "far"), [(1_250_000, 0.01), (1_250_000, 0.24)])
def test_a_link_that_is_far_but_wide_has_room_for_previews(rate: int, far: float) -> None:
    pace = loaded(rate, far)
    pace.typed(10.0)
    assert pace.has_room(10.1)


def loaded(rate: int, far: float) -> Pace:
    """After the first frames of an app, each taken before the next is sent."""
    pace = Pace()
    pace.asked(0.0)
    pace.answered(far)
    for second in range(1, 5):
        pace.sent(6_000)
        pace.asked(second)
        pace.answered(second + far + 6_000 / rate)
    return pace


def test_lost_answers_hold_nothing_up_for_ever() -> None:
    pace = Pace()
    pace.asked(0.0)
    pace.answered(0.1)
    pace.sent(100_000)
    pace.asked(1.0)
    assert not pace.may_write()
    assert pace.give_up(6.5) is None
    assert pace.may_write()
    assert pace.hears is True


def test_keys_alone_are_seldom_asked_about() -> None:
    pace = Pace()
    asked = 0
    for _ in range(20):
        pace.sent(200)
        if pace.wants_to_ask:
            pace.asked(0.0)
            pace.answered(0.001)
            asked += 1
    assert 0 < asked <= 4


# What comes back


@pytest.mark.parametrize("pieces", [[ANSWER], list(ANSWER), ["\x1b", "[0n"], ["a" + ANSWER, "b"]])
def test_an_answer_in_pieces_is_no_key(pieces: list[str]) -> None:
    answers = []
    parser = Parser(lambda: answers.append(1))
    messages = [message for data in pieces for message in parser.feed(data)]
    assert answers == [1]
    typed = "".join(message.key for message in messages if isinstance(message, Key))
    assert typed == ("ab" if "b" in pieces else "")


def test_an_answer_in_a_paste_is_none() -> None:
    answers = []
    parser = Parser(lambda: answers.append(1))
    messages = list(parser.feed(f"\x1b[200~x{ANSWER}y\x1b[201~"))
    assert any(isinstance(message, Paste) for message in messages)
    assert not answers


# The writer, on a real pseudo-terminal


class Line:
    """A writer on a pseudo-terminal that is read only when the test says so."""

    def __init__(self) -> None:
        import tty

        self.far, self.near = os.openpty()
        tty.setraw(self.near)
        self.drained, self.gone = Event(), Event()
        self.writer = Writer(self.near, self.drained.set, self.gone.set)
        self.writer.start()
        self.seen = ""

    def read(self, until: Callable[[str], bool]) -> str:
        """Take what comes, and answer, until it is enough."""
        deadline = time.monotonic() + 10
        while not until(self.seen):
            assert time.monotonic() < deadline, self.seen[-300:]
            ready, _, _ = select([self.far], [], [], 1)
            if ready:
                asked = self.seen.count(QUESTION)
                self.seen += os.read(self.far, 65536).decode()
                for _ in range(self.seen.count(QUESTION) - asked):
                    self.writer.answered()
        return self.seen

    def close(self) -> None:
        self.writer.finish(0.1)
        for end in (self.far, self.near):
            with suppress(OSError):
                os.close(end)


@pytest.fixture
def line() -> Iterator[Line]:
    made = Line()
    yield made
    made.close()


def test_a_frame_of_nothing_is_not_waited_for() -> None:
    """Nobody would say that it has gone: nothing would be painted any more."""

    class Behind:
        def write_frame(self, text: str) -> bool:
            return bool(text)

    driver = object.__new__(Driver)
    vars(driver).update(_writer=Behind(), _frame=None, fewer=None, is_behind=False)
    with driver.frame():
        driver.write("x")
    assert driver.is_behind
    with driver.frame():
        pass
    assert not driver.is_behind


def test_nothing_waits_for_a_terminal_that_takes_nothing(line: Line) -> None:
    started = time.monotonic()
    for _ in range(10):
        line.writer.write("x" * 100_000)
    assert time.monotonic() - started < 1
    assert not line.writer.has_room
    line.writer.write("end")
    assert line.read(lambda seen: "end" in seen).count("x") == 1_000_000


def test_a_key_overtakes_a_picture(line: Line) -> None:
    line.writer.ask()
    line.read(lambda seen: QUESTION in seen)
    line.writer.draw("a", ["p" * 1000] * 500)
    line.read(lambda seen: "pp" in seen)
    line.writer.write("KEY")
    seen = line.read(lambda seen: "KEY" in seen)
    assert seen.count("p") < 200_000
    assert line.read(lambda seen: seen.count("p") == 500_000)


def test_frames_that_come_too_fast_are_told_to_wait(line: Line) -> None:
    assert not line.writer.write_frame("first")
    behind = [line.writer.write_frame("f" * 500_000) for _ in range(2)]
    assert behind[-1]
    assert not line.drained.is_set()
    line.read(lambda seen: seen.count("f") >= 1_000_000)
    assert line.drained.wait(5)


def test_after_the_end_nothing_is_written(line: Line) -> None:
    line.writer.write("all of it")
    line.writer.finish(2.0)
    line.writer.write("too late")
    line.writer.draw("a", ["too late"])
    os.close(line.near)
    assert os.read(line.far, 100) == b"all of it"
    with pytest.raises(OSError, match="Input/output"):
        os.read(line.far, 100)


def test_a_writer_ends_in_time_when_the_terminal_takes_nothing(line: Line) -> None:
    line.writer.write("x" * 1_000_000)
    started = time.monotonic()
    line.writer.finish(0.2)
    assert time.monotonic() - started < 1
    assert not line.writer.is_alive()


def test_a_terminal_that_hangs_up_is_told_once(line: Line) -> None:
    os.close(line.far)
    line.writer.write("x")
    assert line.gone.wait(5)
    line.writer.write("x")
    line.writer.finish(0.2)
    assert line.writer.is_gone
