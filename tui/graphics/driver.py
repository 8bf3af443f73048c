"""Textual's driver, with ears for what the terminal answers late, and a writer that waits alone."""

from __future__ import annotations

import errno
import os
import select
import signal
import termios
from codecs import getincrementaldecoder
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any, ClassVar

from textual._parser import ParseError
from textual.drivers import linux_driver
from textual.message import Message

from tui.graphics.listening import Parser
from tui.graphics.slim import slim
from tui.graphics.writer import Writer, write_past

_TICK = 0.05
"""Seconds between two looks at what was typed in part, as an escape is."""

SETTLE_SECONDS = 0.7
"""At the end, for answers that are still on their way."""
FINISH_SECONDS = 0.7
"""At the end, for what is still to be written."""

_GIVE_BACK = (
    "\x1b[?2026l"  # synchronised output
    "\x1b[?2004l\x1b[?2048l\x1b[?1004l"  # bracketed paste, reports of size and of focus
    "\x1b[?1000l\x1b[?1003l\x1b[?1015l\x1b[?1006l\x1b[?1016l"  # the mouse
    "\x1b[?7h"  # line wrap
    "\x1b[<u"  # kitty's keyboard protocol, which belongs to the alternate screen
)
_LEAVE = "\x1b[?1049l\x1b[?25h"
"""The alternate screen off, the cursor on."""


class TerminalGone(Message):
    """The terminal has hung up. Its signal may have gone to whoever started us."""


class Driver(linux_driver.LinuxDriver):
    """The driver of a terminal on Linux and macOS.

    Attributes:
        typed_ahead: what the user typed before the app was there to hear it.
        heard: what the terminal answered by then.
        is_behind: whether the terminal takes frames more slowly than they come; the app's
            ``paint_again`` is called when it has caught up.
        fewer: what is written instead of 24-bit colours, where there are fewer.
        last_words: called when the terminal is given back; what it returns is written before, as
            what deletes pictures that the terminal keeps.
    """

    typed_ahead: ClassVar[str] = ""
    heard: ClassVar[str] = ""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._writer: Writer | None = None
        self._frame: list[str] | None = None
        self._wake: tuple[int, int] | None = None
        self._stands_still = False
        self.is_behind = False
        self.fewer: Callable[[str], str] | None = None
        self.last_words: Callable[[], str] = str

    # Out

    @property
    def outgoing(self) -> Driver:
        """See :class:`tui.graphics.outgoing.Outgoing`."""
        return self

    def draw(self, name: str, parts: Sequence[str], *, whole: bool = False) -> None:
        if self._writer is not None:
            self._writer.draw(name, parts, whole=whole)

    def withdraw(self, name: str) -> None:
        if self._writer is not None:
            self._writer.withdraw(name)

    @property
    def has_room(self) -> bool:
        if getattr(self._app, "has_parts_left", False):
            return False  # else the lower rows of previews would never come
        return self._writer is not None and self._writer.has_room

    @property
    def room(self) -> float:
        return self._writer.room if self._writer is not None else 0.0

    @property
    def rate(self) -> float | None:
        return self._writer.rate if self._writer is not None else None

    @contextmanager
    def frame(self) -> Iterator[None]:
        """What is written in here, on the event loop, is one frame and is written at once."""
        self._frame = []
        self.is_behind = False  # also when nothing is written: nobody would say that it has gone
        try:
            yield
        finally:
            data, self._frame = "".join(self._frame), None
            if data and self._writer is not None:
                data = self.fewer(data) if self.fewer is not None else data
                self.is_behind = self._writer.write_frame(slim(data))

    def write(self, data: str) -> None:
        if self._frame is not None:
            self._frame.append(data)
        elif self._writer is not None:
            self._writer.write(self.fewer(data) if self.fewer is not None else data)

    def _on_drained(self) -> None:
        # On the writer's thread.
        again = getattr(self._app, "paint_again", None)
        if again is not None:
            with suppress(RuntimeError):  # the loop is closed
                self._loop.call_soon_threadsafe(again)

    def _on_gone(self) -> None:
        # On the writer's or on the input's thread.
        with suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self._app.post_message, TerminalGone())

    # Begin and end

    def start_application_mode(self) -> None:
        vars(linux_driver)["WriterThread"] = self._new_writer  # there is no other way in
        self._close_wake()
        self._wake = os.pipe()
        super().start_application_mode()  # type: ignore[no-untyped-call]
        if self._writer is not None and self.input_tty:
            self._writer.ask()

    def _new_writer(self, file: Any) -> Writer:
        self._writer = Writer(file.fileno(), self._on_drained, self._on_gone)
        return self._writer

    def stop_application_mode(self) -> None:
        """Give the terminal back. Nothing is written to it afterwards."""
        writer = self._writer
        if writer is None:
            return
        writer.leave()
        writer.write(_GIVE_BACK + self.last_words())
        writer.settle(SETTLE_SECONDS)
        self.disable_input()
        if self.attrs_before is not None:
            with suppress(termios.error):
                termios.tcsetattr(self.fileno, termios.TCSANOW, self.attrs_before)
        writer.write(_LEAVE)
        writer.finish(FINISH_SECONDS)
        if writer.is_stuck:
            write_past(writer.fileno(), _GIVE_BACK + _LEAVE)

    def disable_input(self) -> None:
        if self._wake is not None:
            os.write(self._wake[1], b"x")
        super().disable_input()
        self._close_wake()

    def _close_wake(self) -> None:
        if self._wake is not None:
            for end in self._wake:
                os.close(end)
            self._wake = None

    def give_back_at_once(self) -> None:
        """Give the terminal back from any thread, when nothing else moves any more."""
        if self.attrs_before is not None:
            with suppress(termios.error):
                termios.tcsetattr(self.fileno, termios.TCSANOW, self.attrs_before)
        if self._writer is not None:
            write_past(self._writer.fileno(), _GIVE_BACK + _LEAVE)

    # Standing still for the shell

    def _sigtstp_application(self, *_: object) -> None:
        # A signal comes in the midst of anything; a frame that is begun is to be ended first.
        self._loop.call_soon_threadsafe(self._stand_still)

    def _sigcont_application(self, *_: object) -> None:
        if not self._stands_still:
            # Somebody has stopped us in a way that cannot be heard, and the shell has had the
            # terminal meanwhile.
            self._loop.call_soon_threadsafe(self._take_again)

    def _stand_still(self) -> None:
        app: Any = self._app
        app._suspend_signal()
        self._stands_still = True
        self.suspend_application_mode()
        os.kill(os.getpid(), signal.SIGSTOP)
        while not self._in_foreground:
            os.kill(os.getpid(), signal.SIGSTOP)  # woken in the background, by bg
        self._stands_still = False
        self._come_back()

    def _take_again(self) -> None:
        if self._writer is not None and self._in_foreground:
            self.suspend_application_mode()
            self._come_back()

    def _come_back(self) -> None:
        app: Any = self._app
        self.resume_application_mode()
        app.come_back()

    @property
    def _in_foreground(self) -> bool:
        try:
            return os.tcgetpgrp(self.fileno) == os.getpgrp()
        except OSError:
            return True  # it is not our terminal to lose

    # In

    def run_input_thread(self) -> None:
        """Read what is typed, and sleep while nothing is."""
        assert self._writer is not None
        assert self._wake is not None
        parser = Parser(self._writer.answered, self._debug)
        parser.held, Driver.typed_ahead = Driver.typed_ahead, ""
        parser.heard = Driver.heard
        decode = getincrementaldecoder("utf-8")("replace").decode
        wake = self._wake[0]
        while not self.exit_event.is_set():
            patience = _TICK if parser.waits else None
            ready, _, _ = select.select([self.fileno, wake], [], [], patience)
            if self.fileno in ready:
                data = self._read()
                if data is None:
                    self._on_gone()
                    break
                self._writer.typed()
                if text := decode(data):
                    for event in parser.feed(text):
                        self.process_message(event)
            for event in parser.tick():
                self.process_message(event)
        with suppress(EOFError, ParseError):
            list(parser.feed(""))

    def _read(self) -> bytes | None:
        """What was typed; ``None`` when the terminal has hung up."""
        try:
            return os.read(self.fileno, 4096) or None
        except BlockingIOError:
            return b""
        except OSError as error:
            if error.errno == errno.EINTR:
                return b""
            return None
