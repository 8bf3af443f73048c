"""What the help screen and the last line say of a panel, by its id.

Keys of commands are written as ``{studio.run}``; see :func:`tui.keys.contexts.with_keys`.
"""

from __future__ import annotations

PANEL_HELP: dict[str, tuple[str, ...]] = {
    "prompt": (
        "What to draw. The bundled checkpoint knows scenes such as “a red sun over blue mountains, "
        "orange sky, birds”. {focus.next} moves on, Enter makes a new line.",
    ),
    "negative": (
        "What to keep away from, for example “stars”. It works only while Guidance is above 1.",
    ),
    "parameters": (
        "{list.up} and {list.down} change a number, {typing.submit} goes to the next field. • "
        "marks what differs from the last run.",
        "An empty Seed takes a new random one at each run; an empty Size takes the checkpoint's "
        "own.",
        "{choice.open} on Scheduler and Switches shows all there are; {choice.clear} on Switches "
        "turns all of them back.",
    ),
    "picture": (
        "{list.left}{list.right}{list.up}{list.down} pick a picture of the batch, "
        "{picture.one-or-all} shows it alone, and again all of them.",
    ),
    "runs": (
        "{list.up} and {list.down} look at older runs. {list.choose} puts a run's settings back on "
        "the form. Runs that wait stand above, and can be moved, edited and taken out.",
    ),
    "search": (
        "Words, “a phrase”, -without, and filters: tag:keep rating:>=3 after:7d sort:time "
        "in:trash. {offer.take} takes what is offered below, {offer.next} chooses. "
        "{typing.submit} goes to the list, {history.back} clears the line.",
    ),
    "runs-found": (
        "{list.choose} opens a run in the studio: its settings and pictures. Marks go for the run "
        "under the cursor, or for all that {history.select} has selected.",
        "Compared is what is selected, up to four; else this run and the one before.",
        "in:trash searches the trash; there {history.empty} deletes for good.",
        "✓ done   – stopped   ✗ failed   ! cut off: Safelight ended",
    ),
    "rungs": (
        "Each rung changes one thing and keeps what paid before it.",
        "✓ pays   – no gain   ? unclear   · skipped; below it says why   ◆ best",
        "The bar is its time an image as a share of the first's; 2.1x is so many times as fast, "
        "“same” no difference that would matter, and “?” undecided. SSIM tells how like the first "
        "its picture is: 1 is equal.",
    ),
    "axes": (
        "An axis is a name and its values: steps=10,20,30 guidance=2..8:2 seed=1..4 "
        "scheduler=DDIM,Euler precision=fp32,fp16 and any switch.",
        "prompt:red=red,green puts each value in the place of “red” in the prompt; prompt=@file "
        "takes a prompt a line; wildcards writes out each {a|b}. Values with a comma stand in "
        "double quotes.",
        "The first axis goes across, the second down, the third are pages.",
    ),
    "groups": (
        "Sweeps there were. {list.choose} opens one; what was left undone, also by a crash, goes "
        "on from there with {sweep.resume}.",
    ),
    "grid": ("○ open, or waits   ● is on   ✓ done   ✗ failed   · cannot be",),
    "prompt-search": (
        "Type a few letters of some words. {typing.submit} puts the prompt and its negative prompt "
        "into the editors, {prompts.only-prompt} only the prompt. {typing.undo} in the editor "
        "brings the text back that was there.",
    ),
    "shelf": (
        "{list.choose} puts a checkpoint on the form. {focus.next} goes to the line above, which "
        "takes any hub id or path.",
    ),
}


PANEL_KEYS: dict[str, tuple[tuple[str, str], ...]] = {
    "picture": (
        *(("list.left list.right", "Pick"), ("picture.one-or-all", "One / all")),
        ("studio.view", "View"),
    ),
    "runs": (
        *(("list.up list.down", "Look"), ("list.choose", "Bring back")),
        ("studio.history", "All runs"),
    ),
    "waiting": (
        *(("runs.earlier runs.later", "Move"), ("runs.edit", "Edit"), ("runs.drop", "Take out")),
        ("studio.pause", "Pause"),
    ),
    "parameters": (("list.up list.down", "Change"),),
}
"""Commands that only work in one panel, by their ids, for the last line."""
