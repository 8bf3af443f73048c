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
from queue import SimpleQueue
from typing import Any, cast

import pytest
from PIL import Image

from engine import events
from engine.api import EngineAPI
from engine.attempt import Attempt
from engine.checkpoints import bundled_path
from engine.errors import BrokenOutput, HistoryError
from engine.group import Kind
from engine.history import History
from engine.maker import Maker
from engine.record import Status
from engine.spec import RunSpec
from engine.sweep import Bill, parse_sweep
from engine.sweep.outlook import Outlook
from tests.engine import lightweight
from tests.engine.histories import add, record_of
from tui.cli import main
from tui.headless import follow_sweep

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


def stop(attempt: Attempt) -> None:
    """As Ctrl+C does, while a run is on."""
    os.kill(os.getpid(), signal.SIGINT)
    while not attempt.job.is_cancelled():
        pass


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
    making.append(lambda attempt: stop(attempt) if attempt.job.cell == 1 else None)
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
        (["--resume", "last", "--axis", "steps=1", "--seed", "3"], 2, "leave --axis, --seed out"),
        (["--resume", "last", "--set", "vae_slicing=on"], 2, "leave --set out"),
        (["--resume", ""], 1, "There is no sweep “”"),
        (["a", "--axis", "steps=1", "--batch", "max"], 2, "--batch max is for one run"),
        (["a", "--axis", "steps=1", "--png", "x.jpg"], 2, "--png writes a file in .png"),
        (["a", "--axis", "steps=1", "--html", "x.png"], 2, "--html writes a file in .html"),
        (["a", "--axis", "steps=1", "--png", "new/"], 2, "takes the name of a file"),
        (["a", "--axis", "steps=1", "--html", "/"], 2, "takes the name of a file"),
    ],
)
def test_slips(said: Said, words: list[str], code: int, sentence: str) -> None:
    got, _, err = said(*words)
    assert (got, sentence in err) == (code, True), err


def test_places_are_looked_at_before_anything_is_made(home: Path, said: Said) -> None:
    mine = home / "mine.html"
    mine.write_text("my own")
    code, _, err = said(*sweep("--html", str(mine), "--replace"))
    assert (code, "is not an earlier report" in err) == (1, True)
    assert not (home / "data").exists()


def test_one_file_that_cannot_be_written_does_not_lose_the_other(
    home: Path, said: Said, making: list[OnMake]
) -> None:
    png, html = home / "grid.png", home / "grid.html"

    def be_faster(_: Attempt) -> None:
        png.write_text("somebody was faster")

    making.append(be_faster)
    code, told, _ = said(*sweep("--png", str(png), "--html", str(html), "--json"))
    assert (code, told["files"], html.is_file()) == (1, [str(html)], True)
    assert png.read_text() == "somebody was faster"


def test_prompts_may_be_on_an_axis_by_any_of_its_names(said: Said) -> None:
    code, told, _ = said("--axis", "wildcard=a {red|green} sun", "--dry-run", "--json")
    assert (code, told["outlook"]["runs"]) == (0, 2)


def test_cells_of_another_safelight_are_left_to_it(
    home: Path, said: Said, making: list[OnMake]
) -> None:
    making.append(stop)
    _, told, _ = said(*sweep("--json"))
    making.clear()
    other = History(home / "data")
    other.queue.add_many(told["group"], [(3, RunSpec("a")), (4, RunSpec("a"))])
    code, told, err = said("--resume", "last", "--json")
    assert (code, told["counts"]["waiting"], told["counts"]["done"]) == (1, 2, 2)
    assert "2 runs, " in err
    assert "2 cells are another Safelight's." in err
    other.close()
    assert said("--resume", "last")[0] == 0, "it has ended since"


def test_what_ended_the_last_try_comes_last(home: Path, said: Said, making: list[OnMake]) -> None:
    made: list[int] = []
    making.append(stop)
    _, told, _ = said(*sweep("--json"))
    history = History(home / "data")
    with history._file.writing() as db:
        db.execute(
            "INSERT INTO queue (run, position, spec, queued_at, started_at, owner, grp, cell)"
            " VALUES (99, 1, ?, '', '2026-01-31T10:00:00Z', 'ended', ?, 0)",
            (json.dumps(RunSpec("a").to_json()), told["group"]),
        )
    history.close()
    making[:] = [lambda attempt: made.append(attempt.job.cell)]
    assert said("--resume", "last")[0] == 0
    assert made == [1, 3, 4, 0]


def test_what_became_possible_is_kept(home: Path, said: Said) -> None:
    late = home / "late"
    words = (PROMPT, "--axis", f"checkpoint=scenes,{late}", "--axis", "steps=1")
    assert said(*words, "--json")[1]["counts"]["impossible"] == 1
    late.symlink_to(bundled_path())
    code, told, err = said("--resume", "last", "--retry-failed", "--json")
    assert (code, told["counts"]["done"]) == (0, 2), err
    assert said("--resume", "last", "--json")[1]["counts"]["done"] == 2
    assert said("--list", "--json")[1][0]["counts"]["impossible"] == 0


def test_a_cell_that_was_made_in_another_way_says_so(
    home: Path, said: Said, making: list[OnMake]
) -> None:
    def climb(attempt: Attempt) -> None:
        if attempt.job.cell == 1:
            attempt.climb({"vae_slicing": "on"})

    making.append(climb)
    html = home / "grid.html"
    code, out, _ = said(*sweep("--html", str(html)))
    assert code == 0
    assert (
        out.count("with VAE slicing") == Page(html.read_text()).text.count("with VAE slicing") == 1
    )
    _, told, _ = said("--resume", "last", "--json")
    assert [cell["note"] for cell in told["cells"]][:3] == ["", "with VAE slicing", ""]


def test_what_is_left_is_foretold_by_what_is_to_come(capsys: pytest.CaptureFixture[str]) -> None:
    plan = parse_sweep(["steps=3,6,12,60"], RunSpec("a"))
    told: SimpleQueue[events.Event] = SimpleQueue()
    for cell in range(4):
        told.put(events.RunQueued(cell + 1, RunSpec("a"), 1, "abc234", cell))
    ends = {0: Status.FAILED, 1: Status.FINISHED, 2: Status.FINISHED, 3: Status.FINISHED}
    for cell, status in ends.items():
        record = record_of(cell + 1, plan.cell(cell).spec, cell=cell, status=status)
        if status is Status.FAILED:
            told.put(events.RunFailed(cell + 1, record))
        else:
            told.put(events.RunFinished(cell + 1, record, ()))
    engine = cast("EngineAPI", None)
    # The second takes 1.5 s, half as long again as was foretold without its loading.
    foretold = Outlook(4, 0, 4, 4, Bill(), ahead={1: 3.0, 2: 42.0}, besides={1: 2.0, 2: 2.0})
    follow_sweep.follow(engine, "abc234", plan, range(1, 5), told, foretold)
    lines = capsys.readouterr().err.splitlines()
    assert lines[0].endswith("  45.0 s left"), lines
    assert lines[1].endswith("  77.0 s left"), "60 + 2 s, and ten times what 6 steps took"
    assert lines[2].endswith("  10.0 s left"), "60 steps, as 18 took 3 s"


def test_hostile_text_does_nothing(home: Path, said: Said) -> None:
    html = home / "grid.html"
    nasty = "prompt:red=red,\x1b]0;x\x07<script>"
    code, told, err = said(PROMPT, "--axis", nasty, "--html", str(html))
    assert code == 0
    assert "\x1b" not in told + err
    assert Page(html.read_text("utf-8")).tags["script"] == 0
    assert History(home / "data", read_only=True).groups.latest(Kind.SWEEP)
