"""``safelight sweep``: begun, stopped, gone on with, written. Real but for the model."""

from __future__ import annotations

import json
import os
import re
import signal
from collections import Counter
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from engine.attempt import Attempt
from engine.errors import BrokenOutput, HistoryError
from engine.group import Kind
from engine.history import History
from engine.maker import Maker
from engine.record import Status
from engine.spec import RunSpec
from tests.engine import lightweight
from tests.engine.histories import add
from tui.cli import main

PROMPT = "a red sun over blue mountains, orange sky"
Said = Callable[..., tuple[int, Any, str]]
OnMake = Callable[[Attempt], None]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SAFELIGHT_HOME", str(tmp_path))
    return tmp_path


@pytest.fixture
def making(monkeypatch: pytest.MonkeyPatch) -> list[OnMake]:
    """What happens when a run is made, before its noise is there."""
    first: list[OnMake] = []

    def make(self: Maker, attempt: Attempt) -> None:
        for each in first:
            each(attempt)
        lightweight._make(self, attempt)

    monkeypatch.setattr(Maker, "make", make)
    monkeypatch.setattr(Maker, "load", lightweight._load)
    return first


@pytest.fixture
def said(home: Path, making: list[OnMake], capsys: pytest.CaptureFixture[str]) -> Said:
    del home, making

    def run(*words: str) -> tuple[int, Any, str]:
        code = main(["sweep", *words])
        told = capsys.readouterr()
        out = json.loads(told.out) if "--json" in words and told.out else told.out
        return code, out, told.err

    return run


def sweep(*more: str) -> tuple[str, ...]:
    return (PROMPT, "--seed", "7", "--axis", "steps=1,2,0", "--axis", "prompt:red=red,green", *more)


def runs_of(home: Path, group: str) -> Counter[tuple[int, Status]]:
    history = History(home / "data", read_only=True)
    records = history.latest(10**6)
    return Counter((record.cell, record.status) for record in records if record.group == group)


class Page(HTMLParser):
    """What a page holds."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.tags: Counter[str] = Counter()
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags[tag] += 1
        self.links += [value for name, value in attrs if name == "href" and value]

    def handle_data(self, data: str) -> None:
        self.text += data


def test_a_sweep_from_its_axes_to_its_grid(home: Path, said: Said) -> None:
    png, html = home / "grid.png", home / "grid.html"
    code, told, err = said(*sweep("--png", str(png), "--html", str(html), "--json"))
    assert code == 0, err
    assert "Steps (3) x Prompt “red” (2): 4 runs, time unknown" in err
    assert "2 cells impossible" in err
    assert told["counts"]["done"] == 4
    assert [cell["state"] for cell in told["cells"]] == ["done", "done", "impossible"] * 2
    assert told["cells"][1]["values"] == ["2", "red"]
    assert "Steps must be" in told["cells"][2]["error"]
    assert told["files"] == [str(png), str(html)]
    assert runs_of(home, told["group"]) == {(c, Status.FINISHED): 1 for c in (0, 1, 3, 4)}
    history = History(home / "data", read_only=True)
    record = history.groups.cells(told["group"])[4]
    assert record.spec.prompt == "a green sun over blue mountains, orange sky"
    assert (record.spec.num_inference_steps, record.spec.seed) == (2, 7)

    with Image.open(png) as grid:
        grid.load()
        first = Image.open(history.groups.cells(told["group"])[0].images[0].path)
        found = grid.tobytes().find(first.tobytes()[: 64 * 3])
        assert found >= 0, "the pictures are in it, pixel by pixel"
    page = Page(html.read_text("utf-8"))
    pictures = [(html.parent / link).resolve() for link in page.links]
    assert len(pictures) == page.tags["img"] == 4
    assert all(picture.is_file() for picture in pictures)
    assert "Impossible Steps must be a whole number" in page.text
    assert page.tags["script"] == 0

    code, again, err = said("--resume", "last", "--json")
    assert (code, again["cells"]) == (0, told["cells"]), "nothing is done twice"
    assert "No run is left" in err
    code, _, err = said("--resume", told["group"], "--png", str(png))
    assert (code, "is an earlier report" in err) == (1, True)
    code, listed, _ = said("--list")
    assert re.match(rf"{told['group']}  just now +4 of 6 done +Steps \(3\)", listed)
    assert said("--list", "--json")[1][0]["counts"]["impossible"] == 2


def test_without_json_a_line_for_each_cell(said: Said) -> None:
    code, told, err = said(*sweep())
    lines = told.splitlines()
    assert code == 0
    assert lines[0].split() == ["Steps", "Prompt", "“red”"]
    assert re.match(r"✓ done       1      red           #1  .* /.*\.png$", lines[1])
    assert lines[3].startswith("× impossible 0      red           Steps must be")
    assert re.search(r"4/4  2  green  #4  ", err)
    assert re.search(r"Sweep \w{6}: 4 of 6 done, 2 impossible\.", err)


def test_a_dry_run_says_what_it_would_take_and_makes_nothing(home: Path, said: Said) -> None:
    code, told, _ = said(*sweep("--dry-run"))
    assert code == 0
    assert told.startswith("Steps (3) x Prompt “red” (2): 4 runs, time unknown")
    assert "Steps 0, Prompt “red” green: Steps must be" in told
    assert not (home / "data").exists()
    history = History(home / "data")
    add(history, RunSpec("a", width=128, height=128, num_inference_steps=1))
    history.close()
    code, told, _ = said(*sweep("--dry-run", "--json"))
    assert told["outlook"]["runs"] == 4
    assert told["outlook"]["seconds"] > 0, "runs like these were made"


def test_a_cell_that_fails_does_not_stop_the_others(
    home: Path, said: Said, making: list[OnMake]
) -> None:
    def break_the_second(attempt: Attempt) -> None:
        if attempt.job.cell == 1:
            raise BrokenOutput("The model gave no picture.")

    making.append(break_the_second)
    code, told, err = said(*sweep("--json"))
    assert code == 1
    assert [cell["state"] for cell in told["cells"]][:2] == ["done", "failed"]
    assert told["cells"][1]["error"] == "The model gave no picture."
    assert told["counts"]["done"] == 3
    assert "--retry-failed" in err
    making.clear()
    code, told, _ = said("--resume", told["group"], "--json")
    assert (code, told["counts"]["failed"]) == (1, 1), "not unless it is asked for"
    code, told, _ = said("--resume", told["group"], "--retry-failed", "--json")
    assert (code, told["counts"]["failed"], told["counts"]["done"]) == (0, 0, 4)
    assert runs_of(home, told["group"])[1, Status.FINISHED] == 1


def test_ctrl_c_stops_it_and_it_can_be_gone_on_with(
    home: Path, said: Said, making: list[OnMake]
) -> None:
    def stop_at_the_second(attempt: Attempt) -> None:
        if attempt.job.cell == 1:
            os.kill(os.getpid(), signal.SIGINT)
            while not attempt.job.is_cancelled():
                pass

    making.append(stop_at_the_second)
    code, told, err = said(*sweep("--json"))
    assert code == 130
    assert [cell["state"] for cell in told["cells"]][:2] == ["done", "cancelled"]
    assert told["counts"]["open"] == 2
    assert f"Go on with: safelight sweep --resume {told['group']}" in err
    making.clear()
    code, told, _ = said("--resume", told["group"], "--json")
    assert (code, told["counts"]["done"]) == (0, 4)
    ended = runs_of(home, told["group"]).items()
    done = {cell: count for (cell, status), count in ended if status is Status.FINISHED}
    assert done == dict.fromkeys((0, 1, 3, 4), 1)


def test_a_disk_that_fills_up_ends_it(
    said: Said, making: list[OnMake], monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise HistoryError("The disk is full. Free some space.")

    def fill_up(attempt: Attempt) -> None:
        if attempt.job.cell == 1:
            monkeypatch.setattr(Attempt, "save", full)

    making.append(fill_up)
    code, told, err = said(*sweep("--json"))
    assert code == 1
    assert told["counts"]["done"] == 1
    assert "failed: The disk is full" in err
    assert told["counts"]["open"] == 2, "what comes next is not tried, and not waited for"


def test_cells_that_files_tell_are_impossible(said: Said) -> None:
    code, told, _ = said(
        *("a", "--axis", "checkpoint=scenes,/nowhere", "--axis", "vae=default,/no/vae", "--json"),
        *("--axis", "scheduler=Euler,Flow Euler"),
    )
    assert code == 0
    assert told["counts"] | {"impossible": 7, "done": 1} == told["counts"]
    errors = [cell["error"] for cell in told["cells"]]
    assert "no folder or file /nowhere" in errors[1]
    assert "no VAE called “/no/vae”" in errors[2]
    assert "cannot use the scheduler Flow Euler" in errors[4]
    code, _, err = said("a", "--axis", "checkpoint=/nowhere")
    assert (code, "None of the cells can be done" in err) == (2, True)


@pytest.mark.parametrize(
    ("words", "code", "sentence"),
    [
        (["a"], 2, "Say what is to change: --axis steps=20,30,50"),
        (["--axis", "steps=1,2"], 2, "Say what to draw"),
        (["a", "--axis", "stpes=1"], 2, "Did you mean “steps”"),
        (["a", "--axis", "steps=1", "--steps", "many"], 2, "Steps must be a whole number"),
        (["a", "--axis", "steps=1", "--retry-failed"], 2, "goes with --resume"),
        (["--resume", "abc234"], 1, "There is no sweep “abc234”"),
        (["--resume", "last"], 1, "No sweep was begun yet"),
        (["--resume", "last", "--axis", "steps=1"], 2, "leave the rest out"),
    ],
)
def test_slips(said: Said, words: list[str], code: int, sentence: str) -> None:
    got, _, err = said(*words)
    assert (got, sentence in err) == (code, True), err


def test_hostile_text_does_nothing(home: Path, said: Said) -> None:
    html = home / "grid.html"
    nasty = "prompt:red=red,\x1b]0;x\x07<script>"
    code, told, err = said(PROMPT, "--axis", nasty, "--html", str(html))
    assert code == 0
    assert "\x1b" not in told + err
    assert Page(html.read_text("utf-8")).tags["script"] == 0
    assert History(home / "data", read_only=True).groups.latest(Kind.SWEEP)
