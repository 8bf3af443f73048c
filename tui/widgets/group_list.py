"""What was asked for together before: sweeps or ladders, newest first, to be opened again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from textual.content import Content
from textual.widgets.option_list import Option

from engine.group import Group
from tui.text import ago, one_line
from tui.widgets.editors import Options


@dataclass(frozen=True, slots=True)
class Told:
    """A group, and in a few words how far it has come."""

    group: Group
    how_far: str = ""
    is_open: bool = False


class GroupList(Options):
    """A line a group."""

    DEFAULT_CSS = """
    GroupList {
        &, &:focus {
            height: auto;
            max-height: 1fr;
            background: transparent;
            border: none;
            padding: 0;
            scrollbar-size-vertical: 1;
            text-wrap: nowrap;
            text-overflow: ellipsis;
        }
        & > .option-list--option { padding: 0; }
    }
    """

    def __init__(self) -> None:
        super().__init__(id="groups", markup=False)
        self.told: Sequence[Told] = ()

    def show(self, told: Sequence[Told]) -> None:
        """Show these."""
        self.told = told
        self.clear_options()
        self.add_options([Option(_line(each)) for each in told])
        self.highlighted = 0 if told else None

    @property
    def current(self) -> Group | None:
        """The one under the cursor."""
        at = self.highlighted
        return self.told[at].group if at is not None and at < len(self.told) else None


def _line(told: Told) -> Content:
    group = told.group
    return Content.assemble(
        (f"{one_line(group.id, 8):<8} ", "$text-muted"),
        (f"{ago(group.created_at):<15} ", "$text-muted"),
        (f"{told.how_far:<14} ", "$warning" if told.is_open else ""),
        one_line(group.title, 120),
    )
