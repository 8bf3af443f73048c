"""Every screen in every size from 60x20 to 300x80, and quick changes between them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from textual.screen import ModalScreen

from engine.spec import RunSpec
from tests.tui import test_screens as shots
from tests.tui.conftest import Open, Session
from tests.tui.scripted import ScriptedLab
from tui.widgets.key_bar import KeyBar

SIZES = ((60, 20), (80, 24), (100, 30), (120, 40), (200, 60), (300, 80))
PROMPT = "a red sun over blue mountains, orange sky, birds"


SCREENS: dict[str, Callable[[Session], Awaitable[None]]] = {
    each.__name__: each
    for each in (
        *(shots.running, shots.wrong, shots.helping, shots.switching, shots.choosing_a_value),
        *(shots.restoring, shots.quitting, shots.choosing, shots.downloading, shots.all_runs),
        *(shots.searching, shots.thumbnails, shots.prompts, shots.comparing_four),
        *(shots.ladder_plan, shots.ladder_going, shots.sweep_plan, shots.sweep_going),
    )
}


def sound(s: Session) -> None:
    """What holds for every screen."""
    seen = [strip.text for strip in s.app.screen._compositor.render_strips()]
    screen = s.app.screen
    for bar in screen.query(KeyBar):
        assert seen[bar.region.y].rstrip().endswith("F1 Help"), s.seen()
    for top in screen.query(".top"):
        # Title and sum: whole, or with the sign that something was cut.
        words = [str(part.render()).strip() for part in top.children]
        line = seen[top.region.y].strip()
        assert all(word in line for word in words) or line.endswith("…"), s.seen()
    focused = s.app.focused
    if focused is not None:
        region = focused.region
        assert region, (focused, s.seen())
        where = screen.find_widget(focused).visible_region
        assert where, f"{focused} has the focus and cannot be seen"
    boxes = [*screen.query("Offering > OptionList")]
    boxes += [box for box in screen.children if isinstance(screen, ModalScreen)]
    for box in boxes:
        if box.display and "textual" not in (box.id or ""):
            assert screen.region.contains_region(box.region), (box, box.region, s.seen())


@pytest.mark.parametrize("name", SCREENS)
async def test_every_screen_in_every_size(
    open_app: Open, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str
) -> None:
    monkeypatch.setattr("engine.group.new_group_id", lambda: "abc234")
    lab = shots.lab()
    lab.kept = shots.lived_in(tmp_path)
    async with open_app(lab, size=(120, 40)) as s:
        await SCREENS[name](s)
        await s.settle()
        s.app.clear_notifications()
        await s.settle()
        before = s.seen()
        for size in SIZES:
            await s.pilot.resize_terminal(*size)
            await s.settle()
            sound(s)
        # Fast, and back.
        for size in ((80, 24), (300, 80), (61, 21), (120, 40)):
            await s.pilot.resize_terminal(*size)
        await s.settle()
        if name != "thumbnails":  # they are scrolled as little as the cursor allows
            assert s.seen() == before
    lab.kept.close()


async def test_a_prompt_is_wrapped_anew(open_app: Open) -> None:
    async with open_app(ScriptedLab(), size=(120, 40)) as s:
        s.studio.spec_form.prompt.load_text(RunSpec(PROMPT).prompt)
        await s.settle()
        await s.pilot.resize_terminal(80, 24)
        await s.settle()
        rows = [row[2:33].strip() for row in s.seen().split("\n")[2:4]]
        assert " ".join(rows) == PROMPT
