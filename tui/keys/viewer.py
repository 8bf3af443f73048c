"""Every key of the viewer, as :mod:`tui.keys.studio` has those of the studio."""

from __future__ import annotations

from tui.keys.command import Command, of


def _in(
    group: str, *rows: tuple[str, str, str, str, str], footer: bool = False, follows: bool = False
) -> list[Command]:
    """Commands of one group: name, keys, label, help and action of each."""
    return [
        Command(*row, group, footer=footer, follows=f"studio.{row[0]}" if follows else "")
        for row in rows
    ]


VIEWER = of(
    "viewer",
    (
        *_in(
            "Looking",
            ("nearer", "plus,equals_sign", "Nearer", "Zoom in: enlarge the picture.", "zoom(1)"),
            ("further", "minus", "Further", "Zoom out: make it smaller.", "zoom(-1)"),
            ("pixel", "1", "1:1", "A pixel of the picture on each pixel of the screen.", "pixel"),
            ("whole", "0", "Fit", "The whole picture, as large as it fits.", "whole"),
            footer=True,
        ),
        *_in(
            "Looking",
            (
                "left",
                "left",
                "Left",
                "Move to the left; a whole picture: to the one before.",
                "go(-1,0)",
            ),
            (
                "right",
                "right",
                "Right",
                "Move to the right; a whole picture: to the next.",
                "go(1,0)",
            ),
            ("up", "up", "Up", "Move up; of a whole picture, scroll the details.", "go(0,-1)"),
            (
                "down",
                "down",
                "Down",
                "Move down; of a whole picture, scroll the details.",
                "go(0,1)",
            ),
            ("pan-left", "h", "Pan left", "Move to the left.", "pan(-1,0)"),
            ("pan-right", "l", "Pan right", "Move to the right.", "pan(1,0)"),
            ("pan-up", "k", "Pan up", "Move up.", "pan(0,-1)"),
            ("pan-down", "j", "Pan down", "Move down.", "pan(0,1)"),
            ("page-up", "pageup,K,shift+up", "Page up", "Half a screen up.", "pan(0,-2)"),
            ("page-down", "pagedown,J,shift+down", "Page down", "Half a screen down.", "pan(0,2)"),
            ("page-left", "H,shift+left", "Page left", "Half a screen to the left.", "pan(-2,0)"),
            (
                "page-right",
                "L,shift+right",
                "Page right",
                "Half a screen to the right.",
                "pan(2,0)",
            ),
        ),
        *_in(
            "Pictures",
            (
                "next-picture",
                "n,space",
                "Next",
                "The batch's next picture, then the next run.",
                "leaf(1)",
            ),
            (
                "picture-before",
                "p,backspace",
                "Before",
                "The picture before, or the run.",
                "leaf(-1)",
            ),
            ("details", "i", "Details", "All that is known of this run.", "details"),
            (
                "alone",
                "v",
                "Picture alone",
                "Nothing but the picture; again for the rest.",
                "alone",
            ),
            (
                "fetch",
                "y",
                "Fetch",
                "How to fetch the picture: scp line, path, clipboard.",
                "fetch",
            ),
            (
                "restore",
                "r,enter",
                "Restore",
                "Put the settings on the form, and go there.",
                "restore",
            ),
            ("back", "escape", "Back", "Fit again, then out.", "back"),
            footer=True,
        ),
        *_in("Pictures", ("leave", "q", "Leave", "Leave the viewer.", "leave")),
        *_in("Pictures", ("view", "f2", "Leave", "Leave the viewer.", "leave"), follows=True),
        *_in(
            "Studio",
            ("run", "ctrl+r", "Run", "Make the picture that is on the form.", "studio('run')"),
            ("stop", "ctrl+g", "Stop", "Stop the run that is on.", "studio('stop')"),
            ("new-seed", "ctrl+n", "New seed", "Put a new seed on the form.", "studio('new_seed')"),
            (
                "keep-seed",
                "ctrl+l",
                "Keep seed",
                "Put this picture's seed on the form.",
                "keep_seed",
            ),
            ("next-seed", "ctrl+s", "Seed +1", "Add one to the seed.", "studio('next_seed')"),
            follows=True,
        ),
    ),
    first="typing",
)
"""Those of the studio work where the viewer was opened from it."""
