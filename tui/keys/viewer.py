"""Every key of the viewer, as :mod:`tui.keys.studio` has those of the studio."""

from __future__ import annotations

from tui.keys.command import Command


def _in(group: str, *rows: tuple[str, str, str, str, str], footer: bool = False) -> list[Command]:
    """Commands of one group: id, keys, label, help and action of each."""
    return [Command(*row, group, footer=footer) for row in rows]


VIEWER: tuple[Command, ...] = (
    *_in(
        "Looking",
        ("nearer", "plus,equals_sign", "Nearer", "Enlarge the picture.", "zoom(1)"),
        ("further", "minus", "Further", "Make it smaller.", "zoom(-1)"),
        ("pixel", "1", "1:1", "A pixel of the picture on each pixel of the screen.", "pixel"),
        ("whole", "0", "Fit", "The whole picture, as large as it fits.", "whole"),
        footer=True,
    ),
    *_in(
        "Looking",
        (
            "left",
            "left",
            "Move",
            "Move over the picture, as h and l do; of one that is whole, leaf.",
            "go(-1,0)",
        ),
        ("up", "up", "Up", "Move over the picture, as k and j do.", "go(0,-1)"),
        ("page-down", "pagedown", "Page", "Down by half of what is seen; ⇞ up.", "pan(0,2)"),
    ),
    *_in(
        "Pictures",
        (
            "next-picture",
            "n,space",
            "Next",
            "The batch's next picture, then the next run; p goes back.",
            "leaf(1)",
        ),
        ("details", "i", "Details", "All that is known of this run.", "details"),
        ("alone", "v", "Picture alone", "No line but the picture; again for the rest.", "alone"),
        ("restore", "r,enter", "Restore", "Put the settings on the form, and go there.", "restore"),
        ("back", "escape,q,f2", "Back", "Fit again, then out.", "back"),
        footer=True,
    ),
)

STUDIO_KEYS: tuple[Command, ...] = tuple(
    _in(
        "Studio",
        ("run", "ctrl+r", "Run", "Make the picture that is on the form.", "studio('run')"),
        ("stop", "ctrl+g", "Stop", "Stop the run that is on.", "studio('stop')"),
        ("new-seed", "ctrl+n", "New seed", "A new seed on the form.", "studio('new_seed')"),
        ("keep-seed", "ctrl+l", "Keep seed", "This picture's seed on the form.", "keep_seed"),
        ("next-seed", "ctrl+s", "Seed +1", "Add one to the seed.", "studio('next_seed')"),
    )
)
"""What works here too, where the viewer was opened from the studio."""
