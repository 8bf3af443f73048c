"""Two lanes to the terminal: text goes first, parts of pictures when no text waits. Pure."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(slots=True)
class _Drawing:
    parts: deque[str]
    whole: bool
    begun: bool = False


@dataclass(frozen=True, slots=True)
class _Text:
    data: str
    is_frame: bool


class Lanes:
    """What waits to be written. See :class:`tui.graphics.outgoing.Outgoing` for the rules."""

    def __init__(self) -> None:
        self._texts: deque[_Text] = deque()
        self._drawings: dict[str, _Drawing] = {}
        self._unended: _Drawing | None = None

    def put_text(self, data: str, *, is_frame: bool = False) -> None:
        """Text to be written in this order; a frame of the screen may be dropped at the end."""
        self._texts.append(_Text(data, is_frame))

    def draw(self, name: str, parts: Sequence[str], *, whole: bool = False) -> None:
        """Parts of a picture, in place of what is left under the same name."""
        self.withdraw(name)
        if parts:
            self._drawings[name] = _Drawing(deque(parts), whole)

    def withdraw(self, name: str) -> None:
        """Drop what is left under a name. What is whole and begun goes on to its end."""
        self._drawings.pop(name, None)

    @property
    def has_text(self) -> bool:
        return bool(self._texts)

    @property
    def has_parts(self) -> bool:
        return self._unended is not None or bool(self._drawings)

    def take_text(self) -> str:
        """The next text. There must be one."""
        return self._texts.popleft().data

    @property
    def next_size(self) -> int:
        """Characters of the next part, which are bytes too. There must be one."""
        return len(self._next_drawing().parts[0])

    def take_part(self) -> str:
        """The next part. There must be one."""
        drawing = self._next_drawing()
        part = drawing.parts.popleft()
        drawing.begun = True
        self._unended = drawing if drawing.whole and drawing.parts else None
        if not drawing.parts:
            for name in [n for n, d in self._drawings.items() if d is drawing]:
                del self._drawings[name]
        return part

    def drop_pictures(self) -> None:
        """Drop what is left to be drawn.

        Of a whole one that is begun the last part stays: it ends what the terminal waits for.
        """
        self._drawings.clear()
        if self._unended is not None:
            self._texts.appendleft(_Text(self._unended.parts[-1], is_frame=False))
            self._unended = None

    def drop_frames(self) -> None:
        """Drop frames that nobody will see any more."""
        self._texts = deque(text for text in self._texts if not text.is_frame)

    def _next_drawing(self) -> _Drawing:
        return self._unended or next(iter(self._drawings.values()))
