"""Keys about past runs: those of the studio's list, and of the history and prompts screens."""

from __future__ import annotations

from tui.keys.command import Command, of


def _in(group: str, *rows: tuple[str, str, str, str, str]) -> tuple[Command, ...]:
    """Commands of one group: name, keys, label, help and action of each."""
    return tuple(Command(*row, group) for row in rows)


def _stars(action: str) -> tuple[tuple[str, str, str, str, str], ...]:
    return tuple(
        (
            f"rate-{stars}",
            str(stars),
            f"Rate {stars}" if stars else "No stars",
            f"Give it {stars} of five stars." if stars else "Take its stars away.",
            action.format(stars),
        )
        for stars in range(6)
    )


RUNS = of(
    "runs",
    _in(
        "Runs",
        *_stars("ask('rate', {})"),
        ("win", "m", "Winner", "Mark it as a winner ◆; again to take the mark away.", "ask('win')"),
        (
            "drop",
            "d,delete",
            "Delete",
            "Put it into the trash; of one that waits: take it out.",
            "ask('drop')",
        ),
        ("undo", "u", "Undo", "Take the last deletion back.", "ask('undo')"),
        ("fetch", "y", "Fetch", "How to fetch its pictures: scp line, path.", "screen.fetch"),
        ("edit", "e", "Edit", "Put what waits on the form, to be changed.", "ask('edit')"),
        ("clear", "c", "Clear", "Take out all that wait.", "ask('clear')"),
        (
            "earlier",
            "shift+up,K",
            "Earlier",
            "What waits: earlier in the queue.",
            "ask('move', -1)",
        ),
        ("later", "shift+down,J", "Later", "What waits: later in the queue.", "ask('move', 1)"),
    ),
)
"""Of the list of runs in the studio."""

PICTURE = of(
    "picture",
    _in(
        "Picture",
        ("one-or-all", "enter,space", "One / all", "This one alone, or all.", "one_or_all"),
        ("fetch", "y", "Fetch", "How to fetch the pictures: scp line, path.", "screen.fetch"),
    ),
)

MARKS = of(
    "history",
    _in(
        "Marks",
        *_stars("rate({})"),
        ("win", "m", "Winner", "Mark as a winner ◆; again to take the mark away.", "win"),
        ("tags", "t", "Tags", "Edit the tags.", "tags"),
        ("note", "n", "Note", "Edit the note.", "note"),
        ("trash", "d,delete", "Delete", "Put into the trash.", "delete"),
        ("undo", "u", "Undo", "Take the last deletion back, and the one before.", "undo"),
        ("empty", "x", "Empty", "In the trash: delete all of it for good.", "empty"),
    ),
)
HISTORY = of(
    "history",
    (
        # Before the list has it: what is typed right after it is meant for the search.
        Command("search", "slash", "Search", "Look for runs.", "search", "History", first="always"),
        *_in(
            "History",
            ("compare", "c,ctrl+t", "Compare", "Compare what is selected, up to four.", "compare"),
            ("view", "v", "Pictures", "Pictures, or a table.", "view"),
            ("look", "o,f2", "View", "The picture as large as the terminal.", "look"),
            (
                "fetch",
                "y",
                "Fetch",
                "How to fetch the picture: scp line, path, clipboard.",
                "fetch",
            ),
            ("order", "s", "Order", "The next order.", "order"),
            ("back", "escape", "Back", "Clear the selection or the search, else back.", "back"),
        ),
        Command(
            "out",
            "f9",
            "Back",
            "Back to the studio.",
            "dismiss(None)",
            "History",
            follows="studio.history",
        ),
    ),
    first="typing",
)
SELECT = of(
    "history",
    _in("Marks", ("select", "space", "Select", "Select this run, or not any more.", "select")),
)

PROMPTS = of(
    "prompts",
    (
        Command(
            "only-prompt",
            "ctrl+o",
            "Only the prompt",
            "Put the prompt into the editor without its negative prompt.",
            "take(False)",
            "Prompts",
        ),
        Command("back", "escape", "Back", "Clear what is typed, else back.", "back", "Prompts"),
        Command(
            "out",
            "f12",
            "Back",
            "Back to the studio.",
            "dismiss(None)",
            "Prompts",
            follows="studio.prompts",
        ),
    ),
    first="typing",
)
