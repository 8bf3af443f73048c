"""Every key of the studio, and those of the whole app.

Keys work from inside the prompt, so they leave the text editor's own alone
(ctrl + a c d e f k u v w x y z) and Textual's (ctrl+q, ctrl+p).
"""

from __future__ import annotations

from tui.keys.command import Command, of

_STUDIO = (
    Command(
        "run",
        "ctrl+r",
        "Run",
        "Make the picture. While a run is on, it waits its turn.",
        "run",
        "Runs",
        footer=True,
    ),
    Command(
        "stop",
        "ctrl+g",
        "Stop",
        "Stop the run that is on; the next in the queue starts.",
        "stop",
        "Runs",
        footer=True,
    ),
    Command(
        "pause",
        "f5",
        "Pause",
        "Begin nothing more that waits; again to go on with the queue.",
        "pause",
        "Runs",
    ),
    Command(
        "stop-all",
        "f8",
        "Stop all",
        "Stop the run that is on and empty the queue.",
        "stop_all",
        "Runs",
    ),
    Command(
        "switches",
        "f3",
        "Switches",
        "Everything that can be turned: precision, attention, memory, speed, VAE.",
        "switches",
        "Runs",
        footer=True,
    ),
    Command(
        "take-advice",
        "f6",
        "Advice",
        "Run what failed again, with what it says may help.",
        "take_advice",
        "Runs",
    ),
    Command(
        "fill",
        "f7",
        "Fill",
        "Find the largest batch that fits, and put it on the form.",
        "fill",
        "Runs",
    ),
    Command(
        "ladder",
        "shift+f7,f19",  # terminals without the newer keyboard protocol call it F19
        "Ladder",
        "Climb the tutorial's path with these settings, and see what pays here.",
        "ladder",
        "Runs",
    ),
    Command(
        "sweep",
        "shift+f9,f21",
        "Sweep",
        "Change one to three settings of the form along axes, and see all of it as a grid.",
        "sweep",
        "Runs",
    ),
    Command(
        "open-picture",
        "f10",
        "Open picture",
        "Put the settings of any picture, or of a text, on the form.",
        "open_picture",
        "Runs",
    ),
    Command(
        "new-seed",
        "ctrl+n",
        "New seed",
        "Put a new random seed on the form.",
        "new_seed",
        "Seed",
        footer=True,
    ),
    Command(
        "keep-seed",
        "ctrl+l",
        "Keep seed",
        "Put the seed of the picture on screen on the form.",
        "keep_seed",
        "Seed",
        footer=True,
    ),
    Command(
        "next-seed",
        "ctrl+s",
        "Seed +1",
        "Add one to the seed.",
        "next_seed",
        "Seed",
        footer=True,
    ),
    Command(
        "jump",
        "ctrl+o",
        "Jump",
        "Show a letter on every panel and field; press it to be there.",
        "jump",
        "Moving",
        footer=True,
    ),
    Command("to-prompt", "escape", "Prompt", "Back to the prompt.", "to_prompt", "Moving"),
    Command(
        "view",
        "f2",
        "View",
        "The picture as large as the terminal: zoom, move, leaf; again to go back.",
        "view",
        "Picture",
    ),
    Command(
        "fetch",
        "shift+f2,f14",
        "Fetch",
        "How to fetch the picture: the scp line; its path goes to your clipboard.",
        "fetch",
        "Picture",
    ),
    Command(
        "checkpoints",
        "f4",
        "Checkpoints",
        "Choose among the checkpoints of this machine, or delete one.",
        "checkpoints",
        "Checkpoints",
    ),
    Command(
        "history",
        "f9",
        "History",
        "Every run there is: search, rate, tag, delete, and bring one back.",
        "history",
        "History",
    ),
    Command(
        "compare",
        "ctrl+t",
        "Compare",
        "This run next to the one before, or the one chosen in Runs; in Picture, the batch.",
        "compare",
        "History",
        footer=True,
    ),
    Command(
        "prompts",
        "f12",
        "Prompts",
        "Every prompt there was; put one into the editor.",
        "prompts",
        "History",
    ),
)

_APP = (
    Command(
        "help",
        "f1,question_mark",
        "Help",
        "Keys and what they do.",
        "help",
        "App",
        footer=True,
    ),
    Command("theme", "f11", "Theme", "Choose the colours.", "change_theme", "App"),
    Command(
        "settings",
        "shift+f11,f23",
        "Settings",
        "Every setting: its value, where that comes from, and changing it.",
        "settings",
        "App",
    ),
    Command(
        "palette",
        "ctrl+p",
        "Commands",
        "Everything that works here, by name.",
        "command_palette",
        "App",
    ),
    Command(
        "redraw",
        "alt+l",
        "Redraw",
        "Paint the whole screen again, when something else has written over it.",
        "redraw",
        "App",
    ),
    Command("quit", "ctrl+q", "Quit", "Leave. Asks first when a run is on.", "request_quit", "App"),
)
_LATE = (
    Command("interrupt", "ctrl+c", "How to leave", "Say how to leave.", "help_quit", "App"),
    Command(
        "suspend",
        "ctrl+z",
        "Suspend",
        "Back to the shell for a while; fg brings Safelight back. Not in a text, where it is undo.",
        "stand_still",
        "App",
    ),
)
"""For when nothing else takes the key."""

STUDIO = of("studio", _STUDIO, first="typing")
APP = (*of("app", _APP, first="typing"), *of("app", _LATE))
