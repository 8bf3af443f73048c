"""What the studio asks the user about checkpoints: whether to download one, and which to use."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from engine.errors import SafelightError
from engine.hub import missing
from tui.screens.confirm import LateQuestion
from tui.stock import off_loop
from tui.text import one_line, size

if TYPE_CHECKING:
    from engine.hub import HubSize, Need
    from tui.screens.studio.screen import StudioScreen


def in_use(studio: StudioScreen, checkpoint: str) -> bool:
    """Whether a run that is on or waits needs a checkpoint."""
    return any(
        row.status in ("queued", "running") and row.spec.checkpoint == checkpoint
        for row in studio.runs.rows
    )


def is_to_come(studio: StudioScreen, checkpoint: str) -> Need | None:
    """What of a checkpoint is to be downloaded, when nobody was asked about it yet."""
    return None if in_use(studio, checkpoint) else missing(checkpoint)


async def may_download(studio: StudioScreen, need: Need) -> bool:
    """Ask the hub for the size of a download, and the user whether to begin it.

    When the hub does not tell, the user is told why, and the answer is no.
    """
    studio.notify("Asking the hub how large the download is.", timeout=2)
    try:
        found = await off_loop(partial(studio.host.stock.download_size, need))
    except SafelightError as error:
        studio.say(str(error), "bad")
        studio.notify(str(error), severity="error", timeout=10)
        return False
    if not found.bytes_to_come:  # all is here, but was not put together yet
        return True
    screen = LateQuestion("Download?", question(need, found), "download", "not now")
    answer: bool = await studio.app.push_screen_wait(screen)
    return answer


def question(need: Need, found: HubSize) -> str:
    """The question in a sentence or two."""
    name, rest = one_line(need.hub_id, 96), size(found.bytes_to_come)
    if need.for_file:
        file = one_line(need.for_file, 60)
        return f"{file} needs the configuration and tokenizer of {name}. Download {rest}?"
    if found.bytes_here:
        return f"{size(found.bytes_here)} of {name} are on this machine. Download the other {rest}?"
    return f"{name} is not on this machine. Download {rest}?"


async def choose_checkpoint(studio: StudioScreen) -> None:
    """Show what is on this machine, and put what is chosen on the form."""
    from tui.screens.checkpoints import CheckpointsScreen

    form = studio.spec_form
    now = form.values["checkpoint"].strip()
    chosen = await studio.app.push_screen_wait(
        CheckpointsScreen(studio.host.stock, now, partial(in_use, studio))
    )
    if chosen is None:
        return
    if not chosen.only_vae:
        form.parameters.set_value("checkpoint", chosen.name)
        form.fit_to_checkpoint()
        form.prompt.focus()
        return
    if chosen.name == now:
        studio.notify("That is the checkpoint on the form: it has its own VAE already.", timeout=4)
        return
    form.set_switch("vae", chosen.name)
    studio.notify(f"The next run takes the VAE of {one_line(chosen.name, 60)}.", timeout=3)
