"""The thread that writes to the terminal, so that nothing else ever waits for it."""

from __future__ import annotations

import os
import termios
from collections.abc import Callable, Sequence
from contextlib import suppress
from select import select
from threading import Condition, Thread
from time import monotonic

from tui.graphics.lanes import Lanes
from tui.graphics.pace import QUESTION, Pace

_MOST_AT_ONCE = 16384
_CANNOT_WAIT = 4096
"""Bytes at once where a write may block: less of it is lost when it does."""
_ENDED = "\x18\x1b\\"
"""Ends whatever sequence was cut off."""
_LOOK_SECONDS = 0.1
"""Between two looks whether to stop, while the terminal takes nothing."""


class Writer(Thread):
    """Stands in for Textual's writer, whose queue blocks when it is full.

    Attributes:
        is_gone: whether the terminal has hung up. What is written then is dropped.
        is_stuck: whether it took nothing any more at the end.
    """

    def __init__(
        self, fileno: int, drained: Callable[[], object], gone: Callable[[], object]
    ) -> None:
        """
        Args:
            fileno: of the terminal.
            drained: called on the writer's thread when text that had to wait has gone.
            gone: called on the writer's thread when the terminal has hung up.
        """
        super().__init__(daemon=True, name="safelight-writer")
        self._fileno = fileno
        self._drained, self._on_gone = drained, gone
        self._own = _opened_anew(fileno)
        self._changed = Condition()
        self._lanes = Lanes()
        self._pace = Pace()
        self._ends_at: float | None = None
        self._asks = True
        self._writing = False
        self._told_to_wait = False
        self.is_gone = False
        self.is_stuck = False

    # Textual's interface

    def write(self, text: str) -> None:
        """Text that goes before pictures, in order."""
        self._put(text, is_frame=False)

    def flush(self) -> None:
        """Everything is written as soon as it can be."""

    def isatty(self) -> bool:
        return True

    def fileno(self) -> int:
        return self._fileno

    def stop(self) -> None:
        """See :meth:`finish`."""
        self.finish(1.0)

    # Ours

    def write_frame(self, text: str) -> bool:
        """A frame of the screen, in one write.

        Returns whether frames come faster than the terminal takes them: then paint nothing more
        until ``drained`` is called.
        """
        return self._put(text, is_frame=True)

    def _put(self, text: str, *, is_frame: bool) -> bool:
        with self._changed:
            if self._ends_at is not None or self.is_gone:
                return False
            waits = self._lanes.has_text or self._writing or not self._pace.may_write()
            self._lanes.put_text(text, is_frame=is_frame)
            self._changed.notify()
            if is_frame and waits:
                self._told_to_wait = True
            return is_frame and waits

    def draw(self, name: str, parts: Sequence[str], *, whole: bool = False) -> None:
        with self._changed:
            if self._asks and not self.is_gone:
                self._lanes.draw(name, parts, whole=whole)
                self._changed.notify()

    def withdraw(self, name: str) -> None:
        with self._changed:
            self._lanes.withdraw(name)

    @property
    def has_room(self) -> bool:
        """Whether something that is soon replaced may go now without making anything wait."""
        with self._changed:
            waits = self._lanes.has_parts or self._lanes.has_text or self._writing
            return not waits and self._pace.has_room(monotonic())

    @property
    def room(self) -> float:
        """See :class:`tui.graphics.outgoing.Outgoing`."""
        with self._changed:
            if not self._asks:
                return float("inf")  # nobody knows what is on its way
            return 0.0 if self._lanes.has_text else self._pace.room

    @property
    def rate(self) -> float | None:
        """Bytes a second; see :class:`tui.graphics.outgoing.Outgoing`."""
        with self._changed:
            return self._pace.rate

    def typed(self) -> None:
        """The user has typed something. Called on the thread that reads."""
        with self._changed:
            self._pace.typed(monotonic())

    def answered(self) -> None:
        """The terminal has answered a question. Called on the thread that reads."""
        with self._changed:
            self._pace.answered(monotonic())
            self._changed.notify()

    def ask(self) -> None:
        """Ask now: the first question, before there is anything to wait behind."""
        with self._changed:
            self._lanes.put_text(QUESTION)
            self._pace.asked(monotonic())
            self._changed.notify()

    def leave(self) -> None:
        """Drop frames and pictures: what is written from now on gives the terminal back."""
        with self._changed:
            self._asks = False
            self._lanes.drop_frames()
            self._lanes.drop_pictures()

    def settle(self, seconds: float) -> None:
        """Wait until the terminal has answered everything, but not for ever.

        Answers that come later would be typed into the user's shell.
        """
        until = monotonic() + seconds
        with self._changed:
            if self._pace.hears:
                self._lanes.put_text(QUESTION)
                self._pace.asked(monotonic())
                self._changed.notify()
            while self._pace.is_asking and self._pace.hears and not self.is_gone:
                if not self._changed.wait(until - monotonic()) and monotonic() >= until:
                    return

    def finish(self, seconds: float) -> None:
        """Write what is left, for so many seconds, and end. What is written later is dropped."""
        with self._changed:
            if self._ends_at is None:
                self._ends_at = monotonic() + seconds
            self._changed.notify()
        if self.is_alive():
            self.join(seconds + 5 * _LOOK_SECONDS)

    # The thread

    def run(self) -> None:
        try:
            while (data := self._next()) is not None:
                self._write_out(data)
        except OSError:
            with self._changed:
                self.is_gone = True
                self._changed.notify_all()
            self._on_gone()
        finally:
            own, self._own = self._own, None
            if own is not None:
                os.close(own)

    def _next(self) -> bytes | None:
        """What to write next, waiting for it; ``None`` at the end."""
        with self._changed:
            self._writing = False
            while True:
                pause = self._pace.give_up(monotonic())
                ends = self._ends_at is not None
                if self._told_to_wait and not self._lanes.has_text and self._pace.may_write():
                    self._told_to_wait = False
                    self._drained()
                if self.is_stuck:
                    return None
                if self._lanes.has_text and (ends or not self._asks or self._pace.may_write()):
                    data = self._lanes.take_text()
                    break
                if ends:
                    return None
                if (
                    not self._lanes.has_text
                    and self._lanes.has_parts
                    and self._pace.may_draw(self._lanes.next_size)
                ):
                    data = self._lanes.take_part()
                    break
                self._changed.wait(pause)
            self._writing = True
            written = data.encode("utf-8", "replace")
            self._pace.sent(len(written))
            if self._asks and self._pace.wants_to_ask:
                written += QUESTION.encode()
                self._pace.asked(monotonic())
            return written

    def _write_out(self, data: bytes) -> None:
        """Write all of it, waiting for the terminal. Raises ``OSError`` when it is gone."""
        at = 0
        file = self._fileno if self._own is None else self._own
        most = _CANNOT_WAIT if self._own is None else _MOST_AT_ONCE
        while at < len(data):
            _, ready, _ = select([], [file], [], _LOOK_SECONDS)
            if not ready:
                if self._ends_at is not None and monotonic() > self._ends_at:
                    self.is_stuck = True
                    return
                continue
            try:
                at += os.write(file, data[at : at + most])
            except BlockingIOError:
                continue


def write_past(fileno: int, text: str) -> None:
    """Write ``text`` in place of all that a terminal has not taken yet, without waiting."""
    own = _opened_anew(fileno)
    if own is None:
        return
    with suppress(OSError, termios.error):
        termios.tcflush(own, termios.TCOFLUSH)
        os.write(own, (_ENDED + text).encode())
    os.close(own)


def _opened_anew(fileno: int) -> int | None:
    """The same terminal, for writing without blocking; ``None`` where it cannot be opened.

    The file that we were given is shared with the shell, which must not find it changed.
    """
    try:
        return os.open(os.ttyname(fileno), os.O_WRONLY | os.O_NOCTTY | os.O_NONBLOCK)
    except OSError:
        return None
