"""A slow link between a command in a pseudo-terminal and the terminal that shows it.

As under SSH there is a buffer in between, which takes bytes long before the far end has them.
"""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import signal
import struct
import termios
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

_PACKET = 1400
_HARDLY = 1500
"""Bytes."""
_ASKED = re.compile(rb"\x1b\[5n|\x1b\[c|\x1b\[16t|\x1b\[\?2026\$p|\x1b_G[^\x1b]*a=q[^\x1b]*\x1b\\")


@dataclass(frozen=True, slots=True)
class Link:
    """How slow it is.

    Attributes:
        bits: a second.
        delay: seconds each way.
        buffer: bytes that it takes before it makes the sender wait.
    """

    bits: float
    delay: float
    buffer: int = 16_384


@dataclass(frozen=True, slots=True)
class Arrived:
    """What came to the far end at once, and when, by ``time.monotonic``."""

    at: float
    data: bytes


def answer(asked: bytes, *, sixel: bool = True, kitty: bool = False) -> bytes:
    """What a good terminal answers."""
    if asked == b"\x1b[5n":
        return b"\x1b[0n"
    if asked == b"\x1b[c":
        return b"\x1b[?62;4;22c" if sixel else b"\x1b[?62;22c"
    if asked == b"\x1b[16t":
        return b"\x1b[6;20;10t"
    if asked == b"\x1b[?2026$p":
        return b"\x1b[?2026;2$y"
    if asked.startswith(b"\x1b_G") and kitty:
        number = re.search(rb"i=(\d+)", asked)
        return b"\x1b_Gi=" + (number[1] if number else b"1") + b";OK\x1b\\"
    return b""


class Relay:
    """A command at the near end of a link, and at the far end what has come through.

    Attributes:
        arrived: all that has come to the far end.
        pid: of the command.
    """

    def __init__(
        self,
        command: Sequence[str],
        environment: Mapping[str, str],
        link: Link,
        columns: int = 120,
        rows: int = 40,
        answers: Callable[[bytes], bytes] = answer,
    ) -> None:
        self.link = link
        self.arrived: list[Arrived] = []
        self._answers = answers
        self._under_way: deque[tuple[float, bytes]] = deque()  # when it is there
        self._coming: deque[tuple[float, bytes]] = deque()
        self._free_at = 0.0
        self._unread = b""
        self._changed = threading.Condition()
        self._wake = os.pipe()
        self._ended = False
        self.pid, self._line = pty.fork()
        if self.pid == 0:
            os.execvpe(command[0], list(command), dict(environment))
        cell = (columns * 10, rows * 20)
        size = struct.pack("HHHH", rows, columns, *cell)
        fcntl.ioctl(self._line, termios.TIOCSWINSZ, size)
        os.set_blocking(self._line, False)
        threading.Thread(target=self._run, name="relay", daemon=True).start()

    # At the far end

    def type(self, text: str) -> float:
        """Press keys at the far end. Returns when."""
        now = time.monotonic()
        with self._changed:
            self._coming.append((now + self.link.delay, text.encode()))
        os.write(self._wake[1], b"x")
        return now

    def wait_for(self, wanted: bytes, since: float = 0.0, seconds: float = 30) -> float:
        """When ``wanted`` had come to the far end, of what came after ``since``."""
        until = time.monotonic() + seconds
        looked, heard = 0, b""
        with self._changed:
            while True:
                for chunk in self.arrived[looked:]:
                    if chunk.at >= since:
                        heard = heard[-len(wanted) :] + chunk.data
                        if wanted in heard:
                            return chunk.at
                looked = len(self.arrived)
                left = until - time.monotonic()
                if left <= 0 or (self._ended and not self._under_way):
                    raise AssertionError(f"{wanted!r} never came")
                self._changed.wait(min(left, 0.5))

    def wait_for_quiet(self, seconds: float, most: float = 60) -> None:
        """Wait until hardly anything has come for a while; a cursor may blink."""
        until = time.monotonic() + most
        with self._changed:
            while (now := time.monotonic()) < until:
                lately = sum(len(a.data) for a in self.arrived if a.at > now - seconds)
                since = now - self.arrived[0].at if self.arrived else 0.0
                if lately < _HARDLY and since > seconds and len(self._under_way) < 2:
                    return
                self._changed.wait(0.05)

    def end(self, seconds: float = 5) -> int | None:
        """Wait for the command's end, then close the line. Returns its exit code."""
        until = time.monotonic() + seconds
        code: int | None = None
        while code is None and time.monotonic() < until:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                code = os.waitstatus_to_exitcode(status)
            else:
                time.sleep(0.01)
        if code is None:
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
        self._ended = True
        os.write(self._wake[1], b"x")
        return code

    # In between

    def _run(self) -> None:
        while not self._ended:
            now = time.monotonic()
            self._deliver(now)
            pause = min((due for due in self._dues() if due is not None), default=now + 1.0) - now
            room = self._room(now)
            line = [self._line] if room > 0 else []
            ready, _, _ = select.select([*line, self._wake[0]], [], [], max(0.0, pause))
            if self._wake[0] in ready:
                os.read(self._wake[0], 64)
            if self._line in ready and not self._take(min(room, _PACKET)):
                break
        self._ended = True
        while self._under_way:
            time.sleep(0.001)
            self._deliver(time.monotonic())
        os.close(self._line)

    def _dues(self) -> list[float | None]:
        with self._changed:
            coming = self._coming[0][0] if self._coming else None
        there = self._under_way[0][0] if self._under_way else None
        # When the buffer is full: when the first packet has left it.
        full = self._room(time.monotonic()) <= 0
        leaves = self._free_at - self.link.buffer * 8 / self.link.bits if full else None
        return [coming, there, leaves]

    def _room(self, now: float) -> int:
        """Bytes that the buffer still takes."""
        return int(self.link.buffer - max(0.0, self._free_at - now) * self.link.bits / 8)

    def _take(self, size: int) -> bool:
        try:
            data = os.read(self._line, size)
        except BlockingIOError:
            return True
        except OSError:
            return False
        now = time.monotonic()
        self._free_at = max(self._free_at, now) + len(data) * 8 / self.link.bits
        self._under_way.append((self._free_at + self.link.delay, data))
        return bool(data)

    def _deliver(self, now: float) -> None:
        while self._under_way and self._under_way[0][0] <= now:
            at, data = self._under_way.popleft()
            with self._changed:
                self.arrived.append(Arrived(now, data))
                self._answer(data, at)
                self._changed.notify_all()
        with self._changed:
            due = []
            while self._coming and self._coming[0][0] <= now:
                due.append(self._coming.popleft()[1])
        for keys in due:
            os.write(self._line, keys)

    def _answer(self, data: bytes, at: float) -> None:
        text = self._unread + data
        end = 0
        for asked in _ASKED.finditer(text):
            end = asked.end()
            if said := self._answers(asked[0]):
                self._coming.append((at + self.link.delay, said))
        self._unread = text[end:][-64:]
