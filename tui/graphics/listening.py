"""Takes what the terminal answers, and what is pasted, out of what is typed.

Over a slow link the answers to :class:`tui.graphics.probe.Probe` come when the app already runs.
Textual does not know them and would type them into the prompt. In a paste it looks for escape
codes, and may take what comes after one for keys. Here all of it is text: whoever wrote it does not
sit at the keyboard.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Generator, Iterator
from time import monotonic

from textual import constants
from textual._ansi_sequences import ANSI_SEQUENCES_KEYS
from textual._xterm_parser import BRACKETED_PASTE_END as PASTE_END
from textual._xterm_parser import BRACKETED_PASTE_START as PASTE
from textual._xterm_parser import XTermParser
from textual.events import Key, Paste
from textual.keys import Keys
from textual.message import Message

from tui.graphics.answers import may_be_key, parted
from tui.graphics.pace import ANSWER
from tui.graphics.terminal import Terminal, cell_of_window, understood

_PATIENCE = 0.5
"""Seconds for the rest of an answer to come."""
_MOST_CHARACTERS = 4096
_ENDED = re.compile(r"\x1b\[\?[\d;]*c")
_REST = ("_G", "P>", "[?", "[6;", "[200~")
"""Of an answer, or where a paste begins, whose ``ESC`` came so long before that it was taken for
the key."""


class TerminalAnswered(Message):
    """The terminal said what it can draw, after the app had started.

    Attributes:
        heard: all answers by now.
    """

    def __init__(self, terminal: Terminal, heard: str) -> None:
        super().__init__()
        self.terminal, self.heard = terminal, heard


class Parser(XTermParser):
    """Textual's parser of keys, which hears no answers to us, and nothing of what is pasted.

    Attributes:
        held: typed already, but not told yet: what was typed before the app listened, or the
            beginning of what may be an answer.
        heard: the answers that came before the app listened.
    """

    held = ""
    heard = ""
    _held_since = 0.0
    _escaped_at = -1.0

    def __init__(self, answered: Callable[[], object] = lambda: None, debug: bool = False) -> None:
        """``answered`` is called for each :data:`tui.graphics.pace.ANSWER`."""
        super().__init__(debug)
        self._answered = answered
        self._pasted: list[str] | None = None  # the pieces of a paste that is not at its end

    @property
    def waits(self) -> bool:
        """Whether something is to be decided when no more comes: then :meth:`tick` is needed."""
        return bool(self.held) or self._timeout_time is not None

    def tick(self) -> Iterator[Message]:
        """A look at the clock.

        What was held too long was a key, or the beginning of an answer that never ends.
        """
        if self.held and not self._held_since:
            yield from self._read("")  # typed ahead, and looked at now
        waited = monotonic() - self._held_since
        if self.held == "\x1b" and waited >= constants.ESCAPE_DELAY:
            self._escaped_at = monotonic()
            yield from self._let_go()
        elif self.held and waited > _PATIENCE:
            yield from self._let_go()
        yield from super().tick()

    def _let_go(self) -> Iterator[Message]:
        """Nothing more comes to what is held."""
        text, self.held = self.held, ""
        if text and may_be_key(text):
            yield from super().feed(text)
            self._timeout_time = 0.0  # it has waited here already
            yield from super().tick()

    def feed(self, data: str) -> Iterator[Message]:
        if not data:  # the end
            self.held = ""
            yield from super().feed(data)
            return
        is_rest = data.startswith(_REST) and monotonic() - self._escaped_at < _PATIENCE
        if is_rest and self._pasted is None:
            data = f"\x1b{data}"
        yield from self._read(data)

    def _read(self, data: str) -> Iterator[Message]:
        while True:
            if self._pasted is not None:
                data = yield from self._take(self._pasted, data)
            elif PASTE in (text := self.held + data):
                typed, _, data = text.partition(PASTE)
                self.held = ""
                yield from self._hear(typed)
                yield from self._let_go()
                self._pasted = []
            else:
                yield from self._hear(data)
                return
            if not data:
                return

    def _take(self, pasted: list[str], data: str) -> Generator[Message, None, str]:
        """Take what is pasted, and return what comes after."""
        data = (pasted.pop() if pasted else "") + data
        text, ends, after = data.partition(PASTE_END)
        # The end may come in pieces: the last characters are looked at again.
        pasted += [text] if ends else [text[: -len(PASTE_END)], text[-len(PASTE_END) :]]
        if ends:
            self._pasted = None
            yield Paste("".join(pasted).replace("\0", ""))  # as Textual does
        return after

    def _hear(self, data: str) -> Iterator[Message]:
        before, since = self.held, self._held_since
        typed, answers, self.held = parted(before + data)
        if not (since and before and self.held.startswith(before)):
            # Else it goes on, and how long it may is counted from where it began.
            self._held_since = monotonic()
        if answers:
            self.heard = (self.heard + "".join(answers))[-_MOST_CHARACTERS:]
            # Later ones come too: from a terminal around tmux.
            if _ENDED.search(self.heard):
                yield TerminalAnswered(understood(self.heard, cell_of_window()), self.heard)
        if typed:
            yield from super().feed(typed)

    def _sequence_to_key_events(self, sequence: str, alt: bool = False) -> Iterator[Key]:
        # Here a sequence is whole, in however many pieces it came, and no part of a paste.
        if sequence == ANSWER:
            self._answered()
            yield Key(Keys.Ignore, sequence)
            return
        if sequence[:1] == "\x1b" and isinstance(ANSI_SEQUENCES_KEYS.get(sequence), str):
            # Textual takes M-5 for what an Apple keyboard types with that key.
            sequence, alt = sequence[1:], True
        for key in super()._sequence_to_key_events(sequence, alt):
            if alt and key.is_printable:
                # A chord types nothing, whether or not something is bound to it.
                yield Key(f"alt+{key.key.removeprefix('alt+')}", None)
            else:
                yield key
