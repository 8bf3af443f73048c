"""Keys of the screens about this machine: its checkpoints and its switches."""

from __future__ import annotations

from tui.keys.command import Command, of

CHECKPOINTS = of(
    "checkpoints",
    (
        Command("back", "escape", "Back", "Back to the studio.", "dismiss(None)", "Checkpoints"),
        Command(
            "out",
            "f4",
            "Back",
            "Back to the studio.",
            "dismiss(None)",
            "Checkpoints",
            follows="studio.checkpoints",
        ),
    ),
    first="typing",
)
SHELF = of(
    "checkpoints",
    (
        Command("vae", "v", "VAE only", "Take only its VAE.", "vae", "Checkpoints"),
        Command(
            "delete", "d,delete", "Delete", "Delete it, after a question.", "delete", "Checkpoints"
        ),
        Command("look", "r", "Look again", "Look again at what is here.", "look", "Checkpoints"),
    ),
)
SWITCHES = of(
    "switches",
    (
        Command("done", "escape,q", "Done", "Back to the studio with them.", "done", "Switches"),
        Command(
            "out",
            "f3",
            "Done",
            "Back to the studio with them.",
            "done",
            "Switches",
            follows="studio.switches",
        ),
        Command("run", "ctrl+r", "Run", "Run with them.", "run", "Switches", follows="studio.run"),
        Command("none", "ctrl+x", "All off", "All back to the default.", "reset_all", "Switches"),
    ),
    first="typing",
)
SETTINGS_SCREEN = of(
    "settings",
    (
        Command("done", "escape,q", "Done", "Back to where you were.", "done", "Settings"),
        Command(
            *("out", "shift+f11,f23", "Done", "Back to where you were.", "done", "Settings"),
            follows="app.settings",
        ),
        Command(
            *("create", "c", "Create", "Write a config.toml that explains each."),
            *("create", "Settings"),
        ),
    ),
    first="typing",
)
