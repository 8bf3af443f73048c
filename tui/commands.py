"""Every key of the app: one table, from which bindings, footer, palette and help are made.

Keys work from inside the prompt, so they leave the text editor's own alone
(ctrl + a c d e f k u v w x y z) and Textual's (ctrl+q, ctrl+p).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from textual.binding import Binding, BindingType


@dataclass(frozen=True, slots=True)
class Command:
    """One thing the user can do.

    Attributes:
        id: stable name, for keymaps.
        keys: Textual key names, separated by commas; the first is the one that is shown.
        label: one or two words for the footer.
        help: one sentence for the palette, the help screen and the tooltip.
        action: Textual action.
        group: heading in the help screen.
        footer: whether it is one of the few keys that matter at any moment.
    """

    id: str
    keys: str
    label: str
    help: str
    action: str
    group: str
    footer: bool = False

    @property
    def target(self) -> str:
        """The action with where it is found, for the palette and the mouse."""
        return f"{'app' if self in APP else 'screen'}.{self.action}"

    @property
    def shown_key(self) -> str:
        """The first key as people write it: ``^R``, ``F1``, ``Esc``."""
        return show_key(self.keys.split(",")[0])

    def binding(self) -> Binding:
        return Binding(
            self.keys,
            self.action,
            self.label,
            show=self.footer,
            key_display=self.shown_key,
            tooltip=self.help,
            id=self.id,
            priority=self.keys.startswith(("ctrl+", "f", "shift+f")),
        )


def show_key(key: str) -> str:
    """A Textual key name as people write it."""
    if key.startswith("shift+"):
        return "⇧" + show_key(key.removeprefix("shift+"))
    if key.startswith("ctrl+"):
        return "^" + key.removeprefix("ctrl+").upper()
    is_function = key[0] == "f" and key[1:].isdigit()
    return _SIGNS.get(key, key.upper() if is_function else key)


_SIGNS = {
    **{"escape": "Esc", "enter": "Enter", "space": "Space", "tab": "Tab"},
    **{"question_mark": "?", "plus": "+", "minus": "-", "comma": ",", "full_stop": "."},
    **{"left": "← →", "up": "↑ ↓"},
}


STUDIO: tuple[Command, ...] = (
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
        "Show the picture alone, as large as it gets; again to go back.",
        "view",
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

APP: tuple[Command, ...] = (
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
    Command("quit", "ctrl+q", "Quit", "Leave. Asks first when a run is on.", "request_quit", "App"),
)


def key_of(command_id: str) -> str:
    """The key of a command as people write it."""
    return next(c.shown_key for c in (*STUDIO, *APP) if c.id == command_id)


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


def commands_of(screen: object) -> tuple[Command, ...]:
    """The commands of a screen, as its ``KEYS`` say."""
    keys: tuple[Command, ...] = getattr(screen, "KEYS", ())
    return keys


def bindings(commands: Iterable[Command]) -> list[BindingType]:
    """Textual's bindings for some commands."""
    return [command.binding() for command in commands]
