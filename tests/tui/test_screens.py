"""Pictures of the screens, compared with those that were looked at and found good.

After a change that was meant: ``SAFELIGHT_NEW_SCREENS=1 pytest tests/tui/test_screens.py``, then
open the SVG files in ``tests/tui/screens`` and look at them.
"""

from __future__ import annotations

import os
import re
import time
from collections.abc import Awaitable, Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from textual.events import Paste
from textual.widgets import Input, TextArea

from engine.events import CheckpointDownloading
from engine.history import History
from engine.record import Status
from engine.spec import RunSpec
from engine.switches import Place
from tests.tui import ladders
from tests.tui.conftest import Open, Session
from tests.tui.kept import draw, history_of, run
from tests.tui.scripted import ScriptedLab, record_of
from tests.tui.test_checkpoints import EVERYTHING
from tui.settings import Settings
from tui.widgets.choice import Choice

SCREENS = Path(__file__).with_name("screens")
PROMPT = "a red sun over blue mountains, orange sky, birds"


class Noon(datetime):
    """A clock that stands still."""

    @classmethod
    def now(cls, tz: Any = None) -> Noon:
        return cls(2026, 1, 1, 12, 0, 0, tzinfo=tz)


def past() -> list[RunSpec]:
    schedulers = ["DPM++ 2M", "PNDM", "Euler a", None, "UniPC", "DPM++ 2M SDE"]
    return [
        RunSpec(PROMPT, seed=s * 37 % 1000, scheduler=schedulers[s % 6], batch_size=1 + s % 4)
        for s in range(40)
    ]


def lab() -> ScriptedLab:
    records = [
        record_of(n, spec, Status.FAILED if n % 9 == 5 else Status.FINISHED, "Not enough memory.")
        for n, spec in enumerate(past(), 1)
    ]
    return ScriptedLab(records[::-1], shelf=EVERYTHING[:])


def lived_in(folder: Path) -> History:
    """What the history screen shows: runs of all kinds, the newest with their pictures."""
    history = history_of(folder, 30)
    draw(history, *(n for n in range(14, 31) if n not in (19, 23, 29)))
    changes: dict[str, Any] = {"batch_size": 4, "switches": {"precision": "fp16"}}
    history.add(run(history, history.new_id(), **changes))
    history.add(run(history, history.new_id(), status=Status.INTERRUPTED))
    draw(history, 31)
    history.marks.rate([31, 22, 16], 5)
    history.marks.rate([30, 25, 21], 3)
    history.marks.win([31])
    history.marks.tag([31, 30], ["keep", "blue"])
    history.marks.note([31], "The light is right in the second one.")
    return history


async def empty(s: Session) -> None:
    s.engine.loaded()


async def running(s: Session) -> None:
    s.engine.loaded()
    s.studio.spec_form.parameters.set_value("batch_size", "4")
    await s.press("ctrl+r", "ctrl+s", "ctrl+r")
    s.engine.begin()
    s.engine.step(13)
    s.engine.sample_memory(3 * 1024**3)


async def finished(s: Session) -> None:
    await running(s)
    s.engine.finish()


async def wrong(s: Session) -> None:
    s.engine.loaded()
    s.studio.spec_form.parameters.set_value("size", "100x100")
    s.studio.spec_form.parameters.set_value("num_inference_steps", "0")
    await s.press("ctrl+r")


async def helping(s: Session) -> None:
    await s.press("f1")


async def jumping(s: Session) -> None:
    await s.press("ctrl+o")


async def switching(s: Session) -> None:
    features = {
        "vae",
        "vae_slicing",
        "vae_tiling",
        "vae_swap",
        "fused_qkv",
        "attention_slicing",
        "bf16",
    }
    place = Place("sd", "unet", "cpu", "float32", frozenset(features), True, ("better-vae",))
    s.engine.loaded(place=place)
    s.studio.spec_form.set_switches({"precision": "bf16", "vae": "better-vae"})
    await s.press("f3")
    await s.app.workers.wait_for_complete([w for w in s.app.workers if w.group == "effects"])


async def choosing_a_value(s: Session) -> None:
    s.engine.loaded()
    s.studio.query_one(Choice).focus()
    await s.press("enter")


async def restoring(s: Session) -> None:
    s.engine.loaded()
    await s.press("f10")
    s.app.post_message(Paste(f"{PROMPT}\nSteps: 28, Sampler: Euler a, CFG scale: 7, Size: 512x768"))
    await s.settle()


async def restored(s: Session) -> None:
    await restoring(s)
    await s.press("enter")


async def quitting(s: Session) -> None:
    await running(s)
    await s.press("ctrl+q")


async def choosing(s: Session) -> None:
    await s.press("f4", "down")


async def deleting(s: Session) -> None:
    await s.press("f4", "down", "d")


async def downloading(s: Session) -> None:
    s.engine.loaded()
    await s.press("ctrl+r")
    run_id = s.engine.begin()
    name = "stabilityai/stable-diffusion-xl-base-1.0"
    done, total = 3 * 1024**3, 7 * 1024**3
    s.engine.emit(CheckpointDownloading(run_id, name, done, total, 94 * 1024**2))


async def all_runs(s: Session) -> None:
    await s.press("f9", "down", "down", "space", "space")


async def searching(s: Session) -> None:
    await s.press("f9", "slash")
    await s.type("sun rating:>=3 s")


async def thumbnails(s: Session) -> None:
    await s.press("f9", "v", "right", "down")


async def prompts(s: Session) -> None:
    await s.press("f12")
    await s.type("sun")
    await s.press("down")


async def comparing(s: Session) -> None:
    await s.press("f9", "down", "c")


async def comparing_four(s: Session) -> None:
    await s.press("f9", "down", "c", "b", "m")


async def differing(s: Session) -> None:
    await comparing(s)
    await s.press("d")


async def ladder_plan(s: Session) -> None:
    s.engine.loaded()
    await s.press("shift+f7")


async def ladder_going(s: Session) -> None:
    await ladder_plan(s)
    await s.press("enter")
    s.engine.begin_study()
    s.engine.update_study(ladders.climbed(4))
    s.engine.go_on(17, 32, "Batch, turn 2", 21.0)
    await s.settle()
    await s.press("down", "down")


async def ladder_over(s: Session) -> None:
    await ladder_going(s)
    s.engine.finish_study(ladders.WHOLE)


async def sweep_plan(s: Session) -> None:
    s.engine.loaded()
    await s.press("shift+f9")
    await s.type("steps=10,20,30,40")
    await s.press("down")
    await s.type("guidance=2,4,8")
    await s.press("down")
    await s.type("prec")


async def sweep_going(s: Session) -> None:
    await sweep_plan(s)
    await s.press(*["backspace"] * 4)
    await s.press("enter")
    for number in range(5):
        s.engine.begin()
        await s.settle()
        s.engine.step(3)
        if number == 2:
            s.engine.fail("Not enough memory for a batch of 8.")
        elif number < 4:
            s.engine.finish()
        await s.settle()
    await s.press("space", "right", "right")


async def viewing(s: Session) -> None:
    await s.press("f9", "down", "o")


async def viewing_nearer(s: Session) -> None:
    await viewing(s)
    await s.press("n", "plus", "plus", "right")


SHOTS: dict[str, tuple[Callable[[Session], Awaitable[None]], tuple[int, int], str]] = {
    "empty-120x40": (empty, (120, 40), "safelight"),
    "running-80x24": (running, (80, 24), "safelight"),
    "running-120x40": (running, (120, 40), "safelight"),
    "finished-120x40-light": (finished, (120, 40), "safelight-light"),
    "finished-200x60": (finished, (200, 60), "safelight"),
    "wrong-80x24": (wrong, (80, 24), "safelight"),
    "help-80x24": (helping, (80, 24), "safelight"),
    "jump-120x40": (jumping, (120, 40), "safelight"),
    "restore-80x24": (restoring, (80, 24), "safelight"),
    "restored-120x40": (restored, (120, 40), "safelight"),
    "quit-80x24": (quitting, (80, 24), "safelight"),
    "switches-80x24": (switching, (80, 24), "safelight"),
    "switches-120x40-light": (switching, (120, 40), "safelight-light"),
    "choose-80x24": (choosing_a_value, (80, 24), "safelight"),
    "checkpoints-80x24": (choosing, (80, 24), "safelight"),
    "checkpoints-120x40-light": (choosing, (120, 40), "safelight-light"),
    "delete-200x60": (deleting, (200, 60), "safelight"),
    "history-80x24": (all_runs, (80, 24), "safelight"),
    "history-120x40": (all_runs, (120, 40), "safelight"),
    "history-200x60-light": (all_runs, (200, 60), "safelight-light"),
    "search-80x24": (searching, (80, 24), "safelight"),
    "thumbnails-80x24": (thumbnails, (80, 24), "safelight"),
    "thumbnails-120x40": (thumbnails, (120, 40), "safelight"),
    "viewer-80x24": (viewing_nearer, (80, 24), "safelight"),
    "viewer-120x40": (viewing, (120, 40), "safelight"),
    "compare-80x24": (comparing, (80, 24), "safelight"),
    "compare-120x40": (comparing, (120, 40), "safelight"),
    "compare-200x60-light": (comparing, (200, 60), "safelight-light"),
    "compare-four-120x40": (comparing_four, (120, 40), "safelight"),
    "compare-difference-80x24": (differing, (80, 24), "safelight"),
    "prompts-80x24": (prompts, (80, 24), "safelight"),
    "prompts-120x40": (prompts, (120, 40), "safelight"),
    "ladder-going-120x40": (ladder_going, (120, 40), "safelight"),
    "ladder-over-80x24": (ladder_over, (80, 24), "safelight"),
    "ladder-over-200x60-light": (ladder_over, (200, 60), "safelight-light"),
    "sweep-plan-80x24": (sweep_plan, (80, 24), "safelight"),
    "sweep-going-80x24": (sweep_going, (80, 24), "safelight"),
    "sweep-going-120x40": (sweep_going, (120, 40), "safelight"),
    "sweep-going-200x60-light": (sweep_going, (200, 60), "safelight-light"),
    "downloading-80x24": (downloading, (80, 24), "safelight"),
}


@pytest.fixture
def greenwich(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The user's clock is in UTC."""
    with monkeypatch.context() as patched:
        patched.setenv("TZ", "UTC")
        time.tzset()
        yield
    time.tzset()


@pytest.mark.usefixtures("greenwich")
@pytest.mark.parametrize("name", SHOTS)
async def test_screen(
    open_app: Open, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str
) -> None:
    steps, size, theme = SHOTS[name]
    monkeypatch.setattr("tui.widgets.messages.datetime", Noon)
    monkeypatch.setattr("tui.text.datetime", Noon)
    monkeypatch.setattr("engine.group.new_group_id", lambda: "abc234")
    runs = ScriptedLab() if name.startswith("empty") else lab()
    # A long name: what is cut off in front of it is not the same everywhere.
    runs.kept = lived_in(tmp_path / ("kept-" * 16))
    async with open_app(runs, size=size, settings=Settings(theme=theme)) as s:
        for editor in (*s.studio.query(Input), *s.studio.query(TextArea)):
            editor.cursor_blink = False
            if isinstance(editor, TextArea):
                # A line that was drawn while the cursor was off would be taken for the one with it.
                editor._line_cache.clear()
                editor.refresh()
        await steps(s)
        for field in s.app.screen.query(Input):
            field.cursor_blink = False
        await s.settle()
        svg = s.app.export_screenshot(simplify=True)
    runs.kept.close()
    # The ids hold a hash of everything, which would hide where a difference is.
    svg = re.sub(r"terminal-\d+", "terminal", svg)
    kept = SCREENS / f"{name}.svg"
    if os.environ.get("SAFELIGHT_NEW_SCREENS"):
        SCREENS.mkdir(exist_ok=True)
        kept.write_text(svg, encoding="utf-8")
    now = kept.with_suffix(".now.svg")
    same = kept.read_text(encoding="utf-8") == svg
    if same:
        now.unlink(missing_ok=True)
    else:
        now.write_text(svg, encoding="utf-8")
    assert same, f"{name} looks different: compare {kept} with {now.name}"
