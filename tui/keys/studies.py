"""Every key of the ladder and of sweeps, as :mod:`tui.keys.studio` has those of the studio."""

from __future__ import annotations

from tui.keys.command import Command, of


def _in(group: str, *rows: tuple[str, str, str, str, str]) -> tuple[Command, ...]:
    """Commands of one group: id, keys, label, help and action of each."""
    return tuple(Command(*row, group) for row in rows)


_LADDER = _in(
    "Ladder",
    ("go", "enter", "Take", "Start; then: put the rung under the cursor on the form.", "go"),
    ("take", "a", "Apply", "Put the rung that is recommended on the form.", "take"),
    ("stop", "x", "Stop", "Stop; what was measured by then stays.", "stop"),
    ("compare", "c,ctrl+t", "Compare", "This rung next to the first.", "compare"),
    ("write", "s,ctrl+s", "Write", "Write it to a file: a page, or Markdown.", "write"),
    ("view", "v", "Pictures", "The pictures, or the table.", "view"),
    ("look", "o,f2", "View", "The picture as large as the terminal.", "look"),
    ("fetch", "y", "Fetch", "How to fetch the picture: scp line, path, clipboard.", "fetch"),
    ("again", "n", "New one", "Put this one aside, to climb anew.", "again"),
    ("past", "p", "Past ones", "Open a ladder that was climbed before.", "past"),
    ("back", "escape", "Back", "Back to the studio; the ladder goes on.", "back"),
)

_PLAN = _in(
    "Sweep",
    ("start", "enter", "Start", "Start the sweep.", "start"),
    ("back", "escape", "Back", "Close what is offered, else back to the studio.", "back"),
)

_SWEEP = (
    *_in(
        "Sweep",
        ("open", "enter", "Open", "Open the run of this cell in the studio.", "open"),
        ("pause", "p", "Pause", "Pause the queue; again to go on.", "pause"),
        ("cancel", "x", "Stop", "Stop the sweep; what is done stays.", "cancel"),
        ("resume", "r", "Go on", "Do the cells that are left.", "resume(False)"),
        ("retry", "R", "Try again", "Do what is left, and what failed.", "resume(True)"),
        ("write", "s,ctrl+s", "Write", "Write the grid: a page, or a picture.", "write"),
        ("back", "escape", "Back", "Back to the studio; the sweep goes on.", "back"),
    ),
    *_in(
        "Looking",
        ("mark", "space", "Mark", "Mark this cell to be compared.", "mark"),
        ("compare", "c,ctrl+t", "Compare", "Compare the cells that are marked.", "compare"),
        ("view", "v", "Pictures", "Pictures, or a line a cell.", "view"),
        ("look", "o,f2", "View", "The picture as large as the terminal.", "look"),
        ("fetch", "y", "Fetch", "How to fetch the picture: scp line, path, clipboard.", "fetch"),
        ("page", "tab,n", "Next page", "The next value of the third axis.", "turn(1)"),
        ("page-before", "shift+tab,b", "Page before", "The value before.", "turn(-1)"),
    ),
)


def _following(name: str, keys: str, action: str, help_: str, group: str, other: str) -> Command:
    return Command(name, keys, "Back", help_, action, group, follows=other)


LADDER = of(
    "ladder",
    (
        *_LADDER,
        Command(
            "go-on",
            "f5",
            "Go on",
            "Go on with the queue.",
            "go_on",
            "Ladder",
            follows="studio.pause",
        ),
        _following("out", "shift+f7,f19", "back", "Back to the studio.", "Ladder", "studio.ladder"),
    ),
    first="typing",
)
PAST = of(
    "ladder",
    (
        Command(
            "past-out", "p", "Close", "Close this list.", "dismiss", "Ladder", follows="ladder.past"
        ),
    ),
)
"""In the list of past ladders."""
PLAN = of(
    "plan",
    (
        *_PLAN,
        _following(
            "out", "shift+f9,f21", "dismiss(None)", "Back to the studio.", "Sweep", "studio.sweep"
        ),
    ),
    first="typing",
)
SWEEP = of(
    "sweep",
    (
        *_SWEEP,
        _following(
            "out", "shift+f9,f21", "dismiss(None)", "Back to the studio.", "Sweep", "studio.sweep"
        ),
    ),
    first="typing",
)
