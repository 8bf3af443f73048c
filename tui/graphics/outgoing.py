"""What leaves for the terminal: text at once, pictures in parts when there is room for them.

A picture of a hundred kilobytes takes a second on a slow link. If it were written in one go, the
echo of a key would wait behind it. So widgets write no picture data into their strips: they give
it to :meth:`Outgoing.draw`, in parts between which text may go.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from textual.app import App


class Outgoing(Protocol):
    """The way to the terminal. From any thread; nothing here ever waits."""

    def draw(self, name: str, parts: Sequence[str], *, whole: bool = False) -> None:
        """Write ``parts``, in order, each when no text waits and the link has room.

        They come after all text that was written before this call. What is left to be drawn under
        the same name is dropped first.

        Args:
            name: names what is drawn: a place on the screen, or an image.
            parts: each whole in itself: text may come between two of them.
            whole: once begun it is written to its end, also when it is withdrawn, and no other
                drawing comes between its parts (kitty's chunks of one image).
        """
        ...

    def withdraw(self, name: str) -> None:
        """Drop what is left to be drawn under a name."""
        ...

    @property
    def has_room(self) -> bool:
        """Whether something that is soon replaced, as a preview is, may go now."""
        ...

    @property
    def room(self) -> float:
        """Bytes of pictures in half blocks that may go now, with no echo waiting behind them."""
        ...

    @property
    def rate(self) -> float | None:
        """Bytes a second that the link has carried at best of late; ``None``: not known yet."""
        ...


class Nowhere:
    """Where there is no terminal, as in tests of screens: keeps what was drawn last, by name."""

    def __init__(self) -> None:
        self.drawn: dict[str, tuple[str, ...]] = {}
        self.has_room = True
        self.room = float("inf")
        self.rate: float | None = None

    def draw(self, name: str, parts: Sequence[str], *, whole: bool = False) -> None:
        del whole
        self.drawn[name] = tuple(parts)

    def withdraw(self, name: str) -> None:
        self.drawn.pop(name, None)


_NOWHERE = "_safelight_nowhere"


def outgoing(app: App[Any]) -> Outgoing:
    """The way to the terminal of an app."""
    found: Outgoing | None = getattr(app._driver, "outgoing", None)
    if found is None:
        found = vars(app).setdefault(_NOWHERE, Nowhere())
    return found
