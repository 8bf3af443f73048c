"""Keys for moving around, which many widgets have: in lists, among fields, in what is offered."""

from __future__ import annotations

from tui.keys.command import Command, of


def rows(group: str, *each: tuple[str, str, str, str]) -> tuple[Command, ...]:
    """Commands of one group whose action the widget says: name, keys, label and help of each."""
    return tuple(Command(*row, "", group) for row in each)


LIST = of(
    "list",
    rows(
        "Lists",
        ("up", "up", "Up", "One up; in a number, more."),
        ("down", "down", "Down", "One down; in a number, less."),
        ("left", "left", "Left", "One to the left, or the value before."),
        ("right", "right", "Right", "One to the right, or the next value."),
        ("page-up", "pageup", "Page up", "A page up."),
        ("page-down", "pagedown", "Page down", "A page down."),
        ("first", "home", "First", "To the first."),
        ("last", "end", "Last", "To the last."),
        ("choose", "enter", "Choose", "Take, or open, what is under the cursor."),
    ),
)

CHOICE = of(
    "choice",
    rows(
        "Values",
        ("open", "enter", "All", "Show all values there are."),
        ("turn", "space", "Turn", "The next value, or all of them."),
        ("clear", "backspace,delete", "Default", "Back to the default."),
    ),
)

OFFER = of(
    "offer",
    rows(
        "While typing",
        ("take", "tab", "Complete", "Take what is offered."),
        ("take-at-end", "right", "Complete", "At the end of the line: take what is offered."),
        ("next", "down", "Next", "The next that is offered, or of the list below."),
        ("previous", "up", "Before", "The one before."),
        ("page-down", "pagedown", "Page down", "A page on in the list below."),
        ("page-up", "pageup", "Page up", "A page back in the list below."),
    ),
)

FOCUS = of(
    "focus",
    (
        Command("next", "tab", "Next", "To the next field or panel.", "app.focus_next", "Moving"),
        Command(
            "previous", "shift+tab", "Before", "To the one before.", "app.focus_previous", "Moving"
        ),
        Command(
            "copy",
            "ctrl+c,super+c",
            "Copy",
            "Copy the text that was marked with the mouse.",
            "screen.copy_text",
            "Moving",
        ),
    ),
)

DIALOG = of(
    "dialog",
    (
        Command("close", "escape,q", "Close", "Close this, and change nothing.", "", "Questions"),
        Command("leave", "escape", "Close", "Close this, and change nothing.", "", "Questions"),
        Command("accept", "enter", "Yes", "Yes, or done.", "", "Questions"),
        Command("yes", "y", "Yes", "Yes.", "", "Questions"),
        Command("no", "n", "No", "No.", "", "Questions"),
    ),
)
"""``close`` is for what has no line to type into, ``leave`` for what has one."""
