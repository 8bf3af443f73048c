"""Every key of the compare screen, as :mod:`tui.keys.studio` has those of the studio."""

from __future__ import annotations

from tui.keys.command import Command, of

_COMPARE = (
    Command(
        "blink",
        "space",
        "Blink",
        "Show the two in one place: each press is a blink.",
        "blink",
        "Looking",
        footer=True,
    ),
    Command(
        "wipe",
        "w",
        "Wipe",
        "Lay one over the other, with an edge between them that moves.",
        "wipe",
        "Looking",
        footer=True,
    ),
    Command(
        "difference",
        "d",
        "Difference",
        "Show where they differ; black is no difference.",
        "difference",
        "Looking",
        footer=True,
    ),
    Command(
        "nearer",
        "plus,equals_sign",
        "Nearer",
        "Zoom in on all pictures, as far as their own pixels.",
        "zoom(1)",
        "Looking",
    ),
    Command("further", "minus", "Further", "Zoom out: make them smaller.", "zoom(-1)", "Looking"),
    Command("whole", "0", "Whole", "Show the whole pictures again.", "whole", "Looking"),
    Command(
        "left",
        "left",
        "Move",
        "Move all pictures to the left; in a wipe, its edge.",
        "go(-1,0)",
        "Looking",
    ),
    Command(
        "up",
        "up",
        "Up",
        "Move all pictures up; else scroll the facts.",
        "go(0,-1)",
        "Looking",
    ),
    *(
        Command(name, key, label, words, action, "Looking")
        for name, key, label, words, action in (
            ("right", "right", "Right", "Move all pictures to the right.", "go(1,0)"),
            ("down", "down", "Down", "Move all pictures down; else scroll the facts.", "go(0,1)"),
            ("pan-left", "h", "Pan left", "Move all pictures, also in a wipe.", "pan(-1,0)"),
            ("pan-right", "l", "Pan right", "Move all pictures, also in a wipe.", "pan(1,0)"),
            ("pan-up", "k", "Pan up", "Move all pictures up.", "pan(0,-1)"),
            ("pan-down", "j", "Pan down", "Move all pictures down.", "pan(0,1)"),
            ("page-up", "pageup", "Page up", "The facts, a page up.", "page(-1)"),
            ("page-down", "pagedown", "Page down", "The facts, a page down.", "page(1)"),
        )
    ),
    Command(
        "alone", "v", "Pictures", "The pictures alone; again for the facts.", "alone", "Looking"
    ),
    Command("look", "o,f2", "View", "The picture as large as the terminal.", "look", "Looking"),
    Command(
        "fetch",
        "y",
        "Fetch",
        "How to fetch the picture: scp line, path, clipboard.",
        "fetch",
        "Looking",
    ),
    Command("all", "a", "All settings", "All settings, or those that differ.", "all", "Looking"),
    Command(
        "focus",
        "tab",
        "Next side",
        "Go to the next side.",
        "next_side(1)",
        "Sides",
    ),
    Command(
        "reference",
        "f",
        "Reference",
        "Compare all others with this side.",
        "reference",
        "Sides",
    ),
    Command("swap", "x", "Swap", "Swap this side and the reference.", "swap", "Sides"),
    Command(
        "newer",
        "n",
        "Next run",
        "Take the next newer run in its place.",
        "other_run(1)",
        "Sides",
    ),
    Command(
        "next-picture",
        "full_stop",
        "Next picture",
        "Take the batch's next picture.",
        "other_picture(1)",
        "Sides",
    ),
    *(
        Command(name, key, label, words, action, "Sides")
        for name, key, label, words, action in (
            ("focus-before", "shift+tab", "Side before", "Go to the side before.", "next_side(-1)"),
            ("older", "p", "Run before", "Take the next older run in its place.", "other_run(-1)"),
            (
                "picture-before",
                "comma",
                "Picture before",
                "Take the batch's picture before.",
                "other_picture(-1)",
            ),
            *(
                (f"side-{n + 1}", str(n + 1), f"Side {n + 1}", "Go to this side.", f"side({n})")
                for n in range(4)
            ),
        )
    ),
    Command("batch", "b", "Batch", "Compare the pictures of this run's batch.", "batch", "Sides"),
    Command(
        "winner",
        "m",
        "Winner",
        "Mark this run as a winner ◆; again to take the mark away.",
        "winner",
        "Decide",
        footer=True,
    ),
    Command(
        "restore",
        "r,enter",
        "Restore",
        "Put the settings of this side on the form, and go there.",
        "restore",
        "Decide",
        footer=True,
    ),
    Command(
        "measure",
        "M",
        "Measure",
        "Run all again, warm and in turns: is one faster? Again stops.",
        "measure",
        "Decide",
        footer=True,
    ),
    Command(
        "write",
        "s,ctrl+s",
        "Write",
        "Write all this to a file: a page, a picture, or Markdown.",
        "write",
        "Decide",
        footer=True,
    ),
    Command("back", "escape", "Back", "Back: to side by side, then out.", "back", "Decide"),
    Command(
        "out",
        "ctrl+t",
        "Back",
        "Back: to side by side, then out.",
        "back",
        "Decide",
        follows="studio.compare",
    ),
    Command(
        "go-on",
        "f5",
        "Go on",
        "Go on with the queue.",
        "go_on",
        "Decide",
        follows="studio.pause",
    ),
)

COMPARE = of("compare", _COMPARE, first="typing")
