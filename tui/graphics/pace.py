"""How much may be on its way to the terminal. Pure: bytes and times in, a window out.

An SSH connection takes megabytes at once and passes them on for seconds, and a key's echo waits
behind them. So now and then the terminal is asked something that every terminal answers, and what
it has not answered for is counted as being on its way. The window is what the link carries in its
shortest round trip, and a little more: it grows while answers come early and shrinks when they come
late, as LEDBAT (RFC 6817) does, and is bounded by the measured rate, as in BBR (Cardwell et al.,
"BBR: Congestion-Based Congestion Control", 2016).
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

QUESTION = "\x1b[5n"
"""Device status report. Every terminal answers :data:`ANSWER` when it has come so far."""
ANSWER = "\x1b[0n"

TARGET = 0.06
"""Seconds that our own bytes may wait on the link."""
FIRST_WINDOW = 8_000
LEAST_WINDOW = 6_000
LEAST_FOR_TEXT = 12_000
"""Text waits only behind so much: it is what keys are echoed by."""
MOST_WINDOW = 4_000_000
MUTE_SECONDS = 2.0
"""A terminal that has not answered its first question by then never does."""
STALL_SECONDS = 5.0
"""Answers that take longer are lost."""
ROUGH = 12_000
"""Bytes of a preview in half blocks, about."""
HANDS_OFF_SECONDS = 1.0
"""Who has not typed for so long does not wait for an echo."""
_TELLING = 3_000
"""Bytes between two questions from which on their delay says something of the link: these were
given to it in one go, or nearly. Of what was given bit by bit much has come through, though not
been answered for, when the last bit is given."""
_MEMORY_SECONDS = 30.0
"""For so long the shortest round trip counts; routes change."""
_RATES = 12
_GAIN = 0.25
"""Of itself, by which the window grows in a round trip once the link has been full; before, all."""
_QUANTUM = 8
"""So many questions in a window."""
_LEAST_QUANTUM = 1_000


@dataclass(frozen=True, slots=True)
class _Mark:
    """A question on its way.

    Attributes:
        sent, taken: bytes sent, and known to be taken, when it was asked.
        at_once: of those sent, bytes since the question before.
        filled: whether the window was nearly used up: only then may it grow.
    """

    at: float
    sent: int
    taken: int
    at_once: int
    filled: bool


class Pace:
    """Counts what is on its way. Times are in seconds, of one steady clock.

    Attributes:
        window: bytes that may be on their way.
        hears: whether the terminal answers; ``None`` until that is known.
    """

    def __init__(self) -> None:
        self.window = float(FIRST_WINDOW)
        self.hears: bool | None = None
        self._sent = self._taken = self._asked_at = 0
        self._marks: deque[_Mark] = deque()
        self._trips: deque[tuple[float, float]] = deque()  # when, the shortest since
        self._rates: deque[float] = deque(maxlen=_RATES)
        self._shrunk = float("-inf")
        self._starting = True
        self._typed_at = float("-inf")
        self._delays: deque[tuple[float, int]] = deque(maxlen=_RATES)

    @property
    def on_its_way(self) -> int:
        """Bytes sent that are not known to be taken."""
        return self._sent - self._taken

    @property
    def shortest(self) -> float:
        """The shortest round trip of late, in seconds; 0 when none is known."""
        return self._trips[0][1] if self._trips else 0.0

    @property
    def rate(self) -> float | None:
        """Bytes a second that came through at best of late; ``None`` while none are known."""
        return max(self._rates) if self.hears and self._rates else None

    @property
    def is_asking(self) -> bool:
        """Whether an answer is to come."""
        return bool(self._marks)

    def may_write(self) -> bool:
        """Whether text may go. A whole frame may, so the window is passed by at most one."""
        return not self.hears or self.on_its_way < max(self.window, LEAST_FOR_TEXT)

    def may_draw(self, size: int) -> bool:
        """Whether ``size`` bytes of a picture may go."""
        if self.hears is False:
            return True
        return self.on_its_way + size <= self.window or self.on_its_way < _LEAST_QUANTUM

    @property
    def room(self) -> float:
        """Bytes that may go before something waits behind them."""
        if self.hears is False:
            return float("inf")
        return max(self.window - self.on_its_way, 0.0)

    def has_room(self, now: float) -> bool:
        """Whether a preview may go: about :data:`ROUGH` bytes, in one piece.

        Where that takes the link so long that the echo of a key would be late behind it, only while
        nobody types and nothing else is on its way.
        """
        if self.hears is False:
            return True
        if ROUGH * self._seconds_a_byte > TARGET:
            return self.on_its_way < _LEAST_QUANTUM and now - self._typed_at > HANDS_OFF_SECONDS
        return self.on_its_way < self.window / 2

    @property
    def _seconds_a_byte(self) -> float:
        """By how much more bytes on their way make an answer later; 0 while that is not known.

        Not by the rate: little that goes far looks as slow as much that goes through little.
        """
        # By the shortest trip as known by now: those of an app that starts are long. Above the
        # median: of what was given in a few goes a part has come through, which looks fast.
        delays = sorted((trip - self.shortest) / size for trip, size in self._delays)
        return delays[len(delays) * 2 // 3] if delays else 0.0

    def typed(self, now: float) -> None:
        """Something came from the user."""
        self._typed_at = now

    def sent(self, size: int) -> None:
        """So many bytes were given to the terminal's line."""
        self._sent += size

    @property
    def wants_to_ask(self) -> bool:
        """Whether a question should follow what was sent last."""
        if self.hears is False:
            return False
        unasked = self._sent - self._asked_at
        nearly_full = self.on_its_way > self.window * 0.75 and unasked > 0
        return nearly_full or unasked >= max(_LEAST_QUANTUM, self.window / _QUANTUM)

    def asked(self, now: float) -> None:
        """A question was sent; what was sent before it counts as taken once it is answered."""
        filled = self.on_its_way > self.window / 2
        at_once = self._sent - self._asked_at
        self._marks.append(_Mark(now, self._sent, self._taken, at_once, filled))
        self._asked_at = self._sent

    def answered(self, now: float) -> None:
        """The terminal has answered the oldest question."""
        self.hears = True
        if not self._marks:
            return  # one that was given up
        mark = self._marks.popleft()
        got = mark.sent - self._taken
        self._taken = mark.sent
        trip = max(now - mark.at, 1e-6)
        self._remember(trip, now)
        rate = (mark.sent - mark.taken) / trip
        if mark.filled or rate > max(self._rates, default=0.0):
            self._rates.append(rate)
        waited = trip - self.shortest
        if mark.at_once >= _TELLING:
            self._delays.append((trip, mark.sent - mark.taken))
        if not mark.filled:
            return  # with so little on its way it was not we who made it late, if it was
        self._starting = self._starting and waited <= TARGET / 2
        if waited <= TARGET:
            gain = 1.0 if self._starting else _GAIN * (1 - waited / TARGET)
            self.window = min(self.window + got * gain, MOST_WINDOW)
            return
        self.window = min(self.window, max(self._rates) * (self.shortest + TARGET))
        if waited > 2 * TARGET and now - self._shrunk > trip:
            self.window *= 0.7
            self._shrunk = now
        self.window = max(self.window, LEAST_WINDOW)

    def give_up(self, now: float) -> float | None:
        """Forget questions that nobody will answer.

        Returns seconds until this is to be called again; ``None`` when nothing is awaited.
        """
        if not self._marks:
            return None
        patience = STALL_SECONDS if self.hears else MUTE_SECONDS
        left = self._marks[0].at + patience - now
        if left > 0:
            return left
        self.hears = self.hears or False
        self._marks.clear()
        self._taken = self._sent
        return None

    def _remember(self, trip: float, now: float) -> None:
        # A queue that only rises: its head is the shortest of the last seconds.
        while self._trips and self._trips[-1][1] >= trip:
            self._trips.pop()
        self._trips.append((now, trip))
        while self._trips[0][0] < now - _MEMORY_SECONDS:
            self._trips.popleft()
