"""Keys of the editors: the prompts and every line that is typed into.

The names are ours and the same for both; the actions are Textual's, of its ``TextArea`` and its
``Input``.
"""

from __future__ import annotations

from tui.keys.command import Command, of

_ROWS: tuple[tuple[str, str, str, str, str], ...] = (
    ("left", "left", "A character to the left.", "cursor_left", "cursor_left"),
    ("right", "right", "A character to the right.", "cursor_right", "cursor_right"),
    ("up", "up", "A line up.", "cursor_up", ""),
    ("down", "down", "A line down.", "cursor_down", ""),
    ("word-left", "ctrl+left", "A word to the left.", "cursor_word_left", "cursor_left_word"),
    ("word-right", "ctrl+right", "A word to the right.", "cursor_word_right", "cursor_right_word"),
    ("line-start", "home,ctrl+a", "To the start of the line.", "cursor_line_start", "home"),
    ("line-end", "end,ctrl+e", "To the end of the line.", "cursor_line_end", "end"),
    ("page-up", "pageup", "A page up.", "cursor_page_up", ""),
    ("page-down", "pagedown", "A page down.", "cursor_page_down", ""),
    ("mark-left", "shift+left", "Mark to the left.", "cursor_left(True)", "cursor_left(True)"),
    ("mark-right", "shift+right", "Mark to the right.", "cursor_right(True)", "cursor_right(True)"),
    ("mark-up", "shift+up", "Mark a line up.", "cursor_up(True)", ""),
    ("mark-down", "shift+down", "Mark a line down.", "cursor_down(True)", ""),
    (
        "mark-word-left",
        "ctrl+shift+left",
        "Mark a word to the left.",
        "cursor_word_left(True)",
        "cursor_left_word(True)",
    ),
    (
        "mark-word-right",
        "ctrl+shift+right",
        "Mark a word to the right.",
        "cursor_word_right(True)",
        "cursor_right_word(True)",
    ),
    (
        "mark-to-start",
        "shift+home",
        "Mark to the start of the line.",
        "cursor_line_start(True)",
        "home(True)",
    ),
    (
        "mark-to-end",
        "shift+end",
        "Mark to the end of the line.",
        "cursor_line_end(True)",
        "end(True)",
    ),
    ("mark-all", "ctrl+shift+a", "Mark everything.", "select_all", "select_all"),
    ("delete-left", "backspace", "Delete to the left.", "delete_left", "delete_left"),
    ("delete-right", "delete,ctrl+d", "Delete to the right.", "delete_right", "delete_right"),
    (
        "delete-word-left",
        "ctrl+w,ctrl+backspace,alt+backspace",
        "Delete a word to the left.",
        "delete_word_left",
        "delete_left_word",
    ),
    (
        "delete-word-right",
        "alt+delete",
        "Delete a word to the right.",
        "delete_word_right",
        "delete_right_word",
    ),
    (
        "delete-to-start",
        "ctrl+u,super+backspace",
        "Delete to the start of the line.",
        "delete_to_start_of_line",
        "delete_left_all",
    ),
    (
        "delete-to-end",
        "ctrl+k",
        "Delete to the end of the line.",
        "delete_to_end_of_line_or_delete_line",
        "delete_right_all",
    ),
    ("delete-line", "ctrl+shift+k", "Delete the line.", "delete_line", ""),
    ("cut", "ctrl+x,super+x", "Cut what is marked.", "cut", "cut"),
    ("copy", "ctrl+c,super+c", "Copy what is marked.", "copy", "copy"),
    ("paste", "ctrl+v", "Paste.", "paste", "paste"),
    ("yank", "alt+y", "Put back what was deleted in one go, or copied.", "yank", "yank"),
    ("undo", "ctrl+z,super+z", "Undo.", "undo", ""),
    ("redo", "ctrl+y,super+y", "Redo.", "redo", ""),
    ("submit", "enter", "Done with this line.", "", "submit"),
)


def _made(column: int) -> tuple[Command, ...]:
    return of(
        "typing",
        (
            Command(
                row[0], row[1], row[0].replace("-", " ").capitalize(), row[2], row[column], "Typing"
            )
            for row in _ROWS
            if row[column]
        ),
    )


TEXT = _made(3)
"""Of a text of many lines."""
LINE = _made(4)
"""Of one line."""
TYPING = tuple({command.id: command for command in (*TEXT, *LINE)}.values())
