"""What the help screen and the last line say of a panel, by its id."""

from __future__ import annotations

PANEL_HELP: dict[str, tuple[str, ...]] = {
    "prompt": (
        "What to draw. The bundled checkpoint knows scenes such as",
        "“a red sun over blue mountains, orange sky, birds”.",
        "Tab moves on, Enter makes a new line.",
    ),
    "negative": (
        "What to keep away from, for example “stars”.",
        "It works only while Guidance is above 1.",
    ),
    "parameters": (
        "↑ and ↓ change a number, Enter goes to the next field.",
        "• marks what differs from the last run.",
        "An empty Seed takes a new random one at each run;",
        "an empty Size takes the checkpoint's own.",
        "Enter on Scheduler and Switches shows all there are; ⌫ on",
        "Switches turns all of them back.",
    ),
    "picture": (
        "← → ↑ ↓ pick a picture of the batch, Enter shows it alone,",
        "Enter again all of them.",
    ),
    "runs": (
        "↑ ↓ look at older runs. Enter puts a run's settings",
        "back on the form.",
        "1 to 5 rate it, 0 takes the stars away, m makes it a winner ◆;",
        "d puts it into the trash, u takes the last deletion back.",
        "Of a run that waits: ⇧↑ ⇧↓ (or K J) move it, e edits it,",
        "d takes it out; c takes out all that wait.",
    ),
    "search": (
        "Words, “a phrase”, -without, and filters: tag:keep rating:>=3",
        "after:7d sort:time in:trash. Tab takes what is offered below,",
        "↓ chooses. Enter goes to the list, Esc clears the line.",
    ),
    "runs-found": (
        "Enter opens a run in the studio: its settings and pictures.",
        "1 to 5 rate it, 0 takes the stars away. m makes it a winner ◆,",
        "t edits its tags, n its note. d puts it into the trash, u takes",
        "the last deletion back, and the one before. Space selects; then",
        "all of this goes for every run that is selected.",
        "c compares what is selected, up to four; else this run and the",
        "one before.",
        "/ searches, s is the next order, v shows pictures, F9 goes back.",
        "in:trash searches the trash; there x deletes for good.",
        "",
        "✓ done   – stopped   ✗ failed   ! cut off: Safelight ended",
    ),
    "rungs": (
        "Each rung changes one thing and keeps what paid before it.",
        "✓ pays   – no gain   ? unclear   · skipped; below it says why   ◆ best",
        "The bar is its time an image as a share of the first's; 2.1x is",
        "so many times as fast, “same” no difference that would matter, and",
        "“?” undecided. SSIM tells how like the first its picture is: 1 is equal.",
        "Enter puts the settings of the rung under the cursor on the form,",
        "a those that are recommended. v shows the pictures, x stops.",
    ),
    "axes": (
        "An axis is a name and its values: steps=10,20,30 guidance=2..8:2",
        "seed=1..4 scheduler=DDIM,Euler precision=fp32,fp16 and any switch.",
        "prompt:red=red,green puts each value in the place of “red” in the",
        "prompt; prompt=@file takes a prompt a line; wildcards writes out",
        "each {a|b}. Values with a comma stand in double quotes.",
        "The first axis goes across, the second down, the third are pages.",
        "Tab takes what is offered, Enter starts the sweep.",
    ),
    "groups": (
        "Sweeps there were. Enter opens one; what was left undone, also by",
        "a crash, goes on from there with r.",
    ),
    "grid": (
        "Enter opens the run of a cell in the studio. Tab is the next page.",
        "p pauses the queue, x stops the sweep; what is done stays. r goes on",
        "with what is left, R also with what failed.",
        "Space marks cells. v shows pictures, or a line a cell.",
        "",
        "○ open, or waits   ● is on   ✓ done   ✗ failed   · cannot be",
    ),
    "prompt-search": (
        "Type a few letters of some words. Enter puts the prompt and its",
        "negative prompt into the editors, ^O only the prompt.",
        "^Z in the editor brings the text back that was there.",
    ),
    "shelf": (
        "Enter puts a checkpoint on the form, v takes only its VAE,",
        "d deletes it, after a question. r looks again at what is here.",
        "Tab goes to the line above, which takes any hub id or path.",
    ),
}


PANEL_KEYS: dict[str, tuple[tuple[str, str], ...]] = {
    "picture": (("←→", "Pick"), ("Enter", "One / all"), ("F2", "View")),
    "runs": (("↑↓", "Look"), ("Enter", "Bring back"), ("F9", "All runs")),
    "waiting": (("⇧↑↓", "Move"), ("e", "Edit"), ("d", "Take out"), ("F5", "Pause")),
    "parameters": (("↑↓", "Change"),),
}
"""Keys that only work in one panel, for the last line."""
