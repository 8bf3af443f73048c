"""Opens the viewer: on what the studio shows, or on runs of a list."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from tui.keys.contexts import key_of
from tui.screens.viewer.hearing import Left
from tui.screens.viewer.roll import Made, Roll
from tui.screens.viewer.screen import ViewerScreen

if TYPE_CHECKING:
    from textual.screen import Screen

    from engine.record import RunRecord
    from tui.graphics.terminal import Terminal
    from tui.screens.studio.screen import StudioScreen


def view_studio(
    studio: StudioScreen,
    restore: Callable[[RunRecord], object],
    look_at: Callable[[RunRecord], object],
) -> None:
    """Open it on the picture that the studio shows, or on the one that is on its way.

    Args:
        restore: gets the run whose settings are wanted on the form.
        look_at: gets another run that was looked at last.
    """
    picture, shown = studio.picture, studio.painter.shown
    to_come = [row for row in studio.runs.rows if row.status in ("running", "queued")]
    made = None
    if picture.images and shown is not None:
        spec, run_id = shown
        made = Made(run_id, spec, picture.images, live=-1 if picture.is_live else 0)
    elif studio.following and to_come:
        run_id = to_come[-1].id
    else:
        why = f"There is no picture to look at yet. {key_of('studio.run')} makes one."
        if studio.runs.current is not None and studio.runs.current.record is not None:
            why = f"Run #{studio.runs.current.id} has no picture to look at."
        studio.notify(why, timeout=3)
        return
    records = [row.record for row in reversed(studio.runs.rows) if row.record is not None]

    def done(left: Left | None) -> None:
        if left is None or left.record is None:
            return
        if left.restore:
            restore(left.record)
        elif studio.painter.shown is not None and studio.painter.shown[1] == left.record.id:
            picture.picked = min(left.picture, max(len(picture.images) - 1, 0))
        else:
            look_at(left.record)

    screen = ViewerScreen(
        Roll(records, run_id, picture.picked, made), studio.picture.terminal, studio
    )
    studio.app.push_screen(screen, done)


def view_runs(
    screen: Screen[Any],
    runs: Sequence[RunRecord | None],
    record: RunRecord | None,
    terminal: Terminal,
    done: Callable[[Left], None],
    index: int = 0,
) -> None:
    """Open it on a picture of ``record``, or say that there is none.

    Args:
        runs: those that are leafed through, in their order.
        done: gets what was looked at last.
    """
    if record is None or not record.images:
        number = f"Run #{record.id} has" if record is not None else "There is"
        screen.notify(f"{number} no picture to look at.", timeout=3)
        return

    def left(told: Left | None) -> None:
        if told is not None:
            done(told)

    roll = Roll([each for each in runs if each is not None], record.id, index)
    screen.app.push_screen(ViewerScreen(roll, terminal), left)
