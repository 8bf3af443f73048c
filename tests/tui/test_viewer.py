"""The viewer, by the keyboard."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.history import History
from tests.tui.conftest import Open, Session
from tests.tui.kept import draw, run
from tests.tui.scripted import ScriptedLab
from tui.graphics.terminal import Terminal
from tui.screens.compare.screen import CompareScreen
from tui.screens.history.screen import HistoryScreen
from tui.screens.viewer.screen import ViewerScreen

PROMPT = "a red sun over blue mountains"


@pytest.fixture
def history(tmp_path: Path) -> Iterator[History]:
    """Three runs with pictures of 128x128; the second is a batch of three."""
    kept = History(tmp_path / "kept")
    kept.add(run(kept, kept.new_id(), PROMPT, seed=7))
    kept.add(run(kept, kept.new_id(), PROMPT, seed=20, batch_size=3))
    kept.add(run(kept, kept.new_id(), PROMPT, seed=9))
    draw(kept, 1, 2, 3)
    yield kept
    kept.close()


@pytest.fixture
def lab(history: History) -> ScriptedLab:
    records = [r for n in (3, 2, 1) if (r := history.get(n)) is not None]
    return ScriptedLab(records, kept=history)


def viewer(s: Session) -> ViewerScreen:
    assert isinstance(s.app.screen, ViewerScreen)
    return s.app.screen


def foot(s: Session) -> str:
    """The line below the picture."""
    viewer(s)
    return s.seen().splitlines()[-2].strip()


def cells(s: Session) -> int:
    """How many cells show pixels."""
    paper = viewer(s).stage.background_colors[1].rich_color
    rows = viewer(s)._compositor.render_strips()
    return sum(
        segment.cell_length
        for row in rows
        for segment in row
        if segment.style is not None and segment.style.bgcolor not in (None, paper)
    )


async def test_from_the_studio_and_back(open_app: Open, lab: ScriptedLab) -> None:
    async with open_app(lab) as s:
        await s.press("f2")
        assert foot(s).startswith("#3 · seed 9 · 128x128 · fit ")
        assert cells(s) == 76 * 38  # a square as high as the screen, but for the two lines
        await s.press("f2")
        assert s.at_studio()


async def test_leafs_through_the_batch_and_then_the_runs(open_app: Open, lab: ScriptedLab) -> None:
    async with open_app(lab) as s:
        await s.press("f2", "p")
        assert foot(s).startswith("#2 · 3 of 3 · seed 22")
        await s.press("left", "p", "backspace")
        assert foot(s).startswith("#1 · seed 7")
        await s.press("p")
        assert foot(s).endswith("this is the first")
        await s.press("n", "right", "space")
        assert foot(s).startswith("#2 · 3 of 3 · seed 22")
        await s.press("escape")
        current = s.studio.runs.current
        assert current is not None
        assert current.id == 2
        assert s.studio.picture.border_subtitle == "#2 · seed 20 · 1 of 3 · 128x128"


async def test_zooms_to_equal_pixels_and_moves(open_app: Open, lab: ScriptedLab) -> None:
    async with open_app(lab, size=(80, 24)) as s:
        await s.press("f2", "1")
        # 80 of 128 pixels across, 22 rows of two pixels down.
        assert foot(s) == "#3 · seed 9 · 128x128 · 1:1 100% · ↔ 19–81% ↕ 33–67%"
        await s.press("l", "up")
        assert foot(s).endswith("↔ 34–97% ↕ 24–59%")
        await s.press("pagedown", "H", "down", "right", "right", "right")
        assert foot(s).endswith("↔ 38–100% ↕ 50–84%")
        await s.press("right")
        assert foot(s).startswith("#3 ")  # the edge is no reason to leaf
        await s.press("n")
        assert foot(s).endswith("no picture after this")
        await s.press("p")
        assert foot(s).startswith("#2 · 3 of 3 · seed 22 · 128x128 · 1:1 100% · ↔ 38–100%")
        await s.press("plus")
        assert " 138% " in foot(s)
        await s.press("minus")
        assert "1:1 100%" in foot(s)
        await s.press("escape")
        assert " fit 34%" in foot(s)
        await s.press("escape")
        assert s.at_studio()


async def test_after_a_resize_equal_pixels_stay_equal(open_app: Open, lab: ScriptedLab) -> None:
    async with open_app(lab, size=(80, 24)) as s:
        await s.press("f2", "1")
        await s.pilot.resize_terminal(60, 20)
        await s.settle()
        assert "1:1 100% · ↔ 27–73%" in foot(s)
        await s.pilot.resize_terminal(300, 80)
        await s.settle()
        assert foot(s) == "#3 · seed 9 · 128x128 · 1:1 100%"
        assert cells(s) == 128 * 64


async def test_the_picture_gets_every_cell(open_app: Open, lab: ScriptedLab) -> None:
    async with open_app(lab, size=(60, 20)) as s:
        await s.press("f2", "v")
        assert cells(s) == 40 * 20
        await s.press("v", "i")
        assert "Run          #3 finished" in s.seen()
        assert "precision" not in s.seen()
        await s.press(*["down"] * 2)
        assert "Steps        20" in s.seen()
        assert "Size         " in s.seen()
        await s.press(*["down"] * 12)
        assert "3-9.png" in s.seen()


async def test_a_picture_that_has_gone(open_app: Open, lab: ScriptedLab, history: History) -> None:
    async with open_app(lab) as s:
        record = history.get(1)
        assert record is not None
        Path(record.images[0].path).unlink()
        await s.press("f2", "p", "p", "p", "p")
        assert "is not there any more." in " ".join(s.seen().split())
        await s.press("n")
        assert cells(s)


async def test_nothing_to_see(open_app: Open) -> None:
    async with open_app() as s:
        await s.press("f2")
        assert s.at_studio()
        assert "There is no picture to look at yet." in s.told()


async def test_during_a_run(open_app: Open) -> None:
    """The preview, then the picture; another run is asked for from here."""
    async with open_app(terminal=Terminal()) as s:
        s.engine.loaded()
        await s.press("ctrl+r")
        s.engine.begin()
        await s.settle()
        await s.press("f2")
        assert "The picture is on its way." in s.seen()
        s.engine.step(3)
        await s.settle()
        assert foot(s).startswith("#1 · seed ")
        assert "preview" in foot(s)
        assert foot(s).endswith("step 3/20 · 41.2 it/s")
        s.engine.finish()
        await s.settle()
        assert "128x128 · fit" in foot(s)
        await s.press("ctrl+s", "ctrl+r")
        s.engine.begin()
        s.engine.step(1)
        await s.settle()
        assert foot(s).startswith("#2 · ")
        await s.press("p")
        s.engine.step(2)
        await s.settle()
        assert foot(s).startswith("#1 · ")  # who looks at another picture is left alone
        await s.press("n", "ctrl+g")
        assert foot(s).endswith("#2 stopped")
        await s.press("escape")
        assert s.at_studio()


async def test_opened_on_a_preview(open_app: Open) -> None:
    """It has another size than the picture will have: neither that nor a zoom is told."""
    async with open_app(terminal=Terminal()) as s:
        s.engine.loaded()
        await s.press("ctrl+r")
        s.engine.begin()
        s.engine.step(3)
        await s.settle()
        await s.press("f2")
        assert foot(s).startswith("#1 · seed ")
        assert "preview" in foot(s)
        assert "fit" not in foot(s)
        s.engine.finish()
        await s.settle()
        assert "128x128 · fit" in foot(s)


async def test_back_from_a_run_without_a_picture(open_app: Open, lab: ScriptedLab) -> None:
    async with open_app(lab) as s:
        s.engine.loaded()
        await s.press("f2", "ctrl+r")
        s.engine.begin()
        await s.settle()
        await s.press("ctrl+g")
        assert "This run was stopped." in s.seen()
        await s.press("n")
        assert "no picture after this" in foot(s)
        await s.press("p")
        assert foot(s).startswith("#3 · ")


async def test_previews_are_seen_however_fast_they_come(open_app: Open) -> None:
    async with open_app() as s:
        s.engine.loaded()
        await s.press("ctrl+r", "f2")
        s.engine.begin()
        for step in range(1, 8):  # each before the one before it can have been drawn
            s.engine.step(step)
            s.app._deliver()
        shown = viewer(s)._shown.key
        await s.settle()
        assert shown == ("live", 1, 1, 0)
        assert viewer(s)._shown.key == ("live", 1, 7, 0)
        assert cells(s)


async def test_a_run_that_fails(open_app: Open) -> None:
    async with open_app() as s:
        s.engine.loaded()
        await s.press("ctrl+r")
        s.engine.begin()
        await s.settle()
        await s.press("f2")
        s.engine.fail("Not enough memory.")
        await s.settle()
        assert "This run failed. Not enough memory." in s.seen()


async def test_settings_from_here(open_app: Open, lab: ScriptedLab) -> None:
    async with open_app(lab) as s:
        await s.press("f2", "p", "r")
        assert s.at_studio()
        assert s.studio.spec_form.values["seed"] == "20"


async def test_from_the_history(open_app: Open, lab: ScriptedLab) -> None:
    async with open_app(lab) as s:
        await s.press("f9", "down", "o")
        assert foot(s).startswith("#2 · 1 of 3")
        # There is no studio to run something in.
        assert "Run ^R" not in s.palette()
        assert "Leave q" in s.palette()
        await s.press("f1")
        assert "Leave the viewer." in s.seen()
        assert "Make the picture" not in s.seen()
        await s.press("f1", "p", "q")
        screen = s.app.screen
        assert isinstance(screen, HistoryScreen)
        assert screen.listed.current is not None
        assert screen.listed.current.id == 1
        await s.press("f2", "enter")
        assert s.at_studio()
        assert s.studio.spec_form.values["seed"] == "7"


async def test_from_the_compare_screen(open_app: Open, lab: ScriptedLab) -> None:
    async with open_app(lab) as s:
        await s.press("ctrl+t", "o")
        assert foot(s).startswith("#3 · seed 9")
        await s.press("p")
        assert foot(s).startswith("#2 · 3 of 3")
        await s.press("q")
        assert isinstance(s.app.screen, CompareScreen)


# Fetching


@pytest.fixture
def over_ssh(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TMUX", raising=False)
    monkeypatch.delenv("STY", raising=False)
    monkeypatch.setenv("USER", "ada")
    monkeypatch.setenv("SSH_CONNECTION", "10.0.0.2 50000 10.0.0.7 2222")


@pytest.mark.usefixtures("over_ssh")
async def test_how_to_fetch_it(open_app: Open, lab: ScriptedLab, history: History) -> None:
    async with open_app(lab) as s:
        await s.press("f2", "p", "y")
        seen = s.seen()
        assert "Fetch #2.3" in seen
        joined = "".join(seen.split())
        assert "scp-P2222ada@10.0.0.7:/" in joined
        assert str(history.folder / "images" / "2-22.png") in joined
        assert "The path: sent to the terminal." in seen
        await s.press("y")
        assert "The scp line: sent to the terminal." in s.seen()
        await s.press("escape")
        viewer(s)


@pytest.mark.usefixtures("over_ssh")
@pytest.mark.parametrize("size", [(60, 20), (300, 80)])
async def test_the_line_has_nothing_else_beside_it(
    open_app: Open, lab: ScriptedLab, size: tuple[int, int]
) -> None:
    """What is selected with the mouse and pasted into a shell is the line."""
    async with open_app(lab, size=size) as s:
        await s.press("shift+f2")
        rows = s.seen().splitlines()
        start = next(at for at, row in enumerate(rows) if row.startswith("scp -P"))
        end = next(at for at in range(start, len(rows)) if not rows[at].endswith("\\"))
        line = "\n".join(rows[start : end + 1])
        told = subprocess.run(
            ["bash", "-c", f"scp() {{ printf '%s\\n' \"$@\"; }}\n{line}"],
            capture_output=True,
            check=True,
            text=True,
        ).stdout.splitlines()
        assert told[:2] == ["-P", "2222"]
        assert told[2].startswith("ada@10.0.0.7:/")
        assert told[2].endswith("/images/3-9.png")


async def test_without_ssh_there_is_the_path(
    open_app: Open, lab: ScriptedLab, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SSH_CONNECTION", raising=False)
    monkeypatch.delenv("TMUX", raising=False)
    async with open_app(lab) as s:
        s.studio.runs.focus()
        await s.press("down", "y")
        assert "Fetch #2, 3 pictures" in s.seen()
        assert "scp" not in s.seen()
        assert "The paths: sent to the terminal." in s.seen()
