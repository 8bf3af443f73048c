"""Why a command of the studio would do nothing now, for the palette."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui.keys.shown import with_keys

if TYPE_CHECKING:
    from tui.screens.studio.screen import StudioScreen

NOTHING_RUNS = "Nothing is running. {studio.run} starts a run."
NO_SEED = "There is no picture yet whose seed could be kept. {studio.run} makes one."
NO_ADVICE = "No failed run has advice to take."


def why_not(studio: StudioScreen, command_id: str) -> str:
    """A sentence, or nothing where it would do something or that is not known."""
    return with_keys(_reason(studio, command_id))


def _reason(studio: StudioScreen, command_id: str) -> str:
    match command_id:
        case "studio.stop" | "studio.stop-all":
            return "" if studio.host.busy else NOTHING_RUNS
        case "studio.keep-seed":
            return NO_SEED if studio.picture.seed is None else ""
        case "studio.take-advice":
            return "" if studio.host.unkept or studio.relief.advised else NO_ADVICE
        case _:
            return ""
